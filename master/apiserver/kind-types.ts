// Kinds that are no resources of their own but bodies of subresources: their types by version and kind.
import { tokenRequestType } from '../../src/api/authentication/token-request.ts';
import { Bindings } from '../../src/api/core/binding.ts';
import { evictionType } from '../../src/api/policy/eviction.ts';
import type { ObjectType } from '../../src/schema/schema.ts';
import { scaleType } from './subresources/scale.ts';

export const subresourceKinds: ReadonlyMap<string, ObjectType> = new Map<string, ObjectType>([
  ['v1/Binding', Bindings.type], ['policy/v1/Eviction', evictionType], ['autoscaling/v1/Scale', scaleType], ['authentication.k8s.io/v1/TokenRequest', tokenRequestType],
]);
