// What admission webhooks and policies look up of the server they stand in.
import type { Labels } from '../../../../src/apimachinery/selectors.ts';
import type { ApiObject, ResourceDefinition } from '../../../../src/schema/resource.ts';
import { Authorizer } from '../../../../src/schema/structural/cel-authorizer.ts';
import type { Registry } from '../../registry.ts';
import { prefixOf } from '../../stored-object.ts';
import type { AdmissionRequest } from '../admission.ts';
import { namespaceOf } from './matching.ts';

/** The versions over the same storage. */
export function equivalentsOf({ served }: Registry, resource: ResourceDefinition): ResourceDefinition[] {
  const prefix = prefixOf(resource);
  return served.current.filter((other) => prefixOf(other) === prefix);
}

export const namespaceNamed = (registry: Registry, name: string): ApiObject | undefined => registry.find('', 'v1', 'namespaces')?.find(undefined, name)?.object;
/** Null where there is no such namespace. */
export function namespaceLabels(registry: Registry, name: string): Labels | null | undefined {
  const found = namespaceNamed(registry, name);
  return found ? found.metadata.labels : null;
}

/** The variable `authorizer` of expressions about a request that is seen as one for `asked`. */
export function authorizerOf(registry: Registry, request: AdmissionRequest, asked: ResourceDefinition): Authorizer {
  const { subresource, name, context: { user } } = request;
  return new Authorizer(user, registry.decideAccess, { group: asked.group, resource: asked.plural, subresource, namespace: namespaceOf(request), name });
}
