// Binding: puts a Pod on a node; the body of pods/binding, and a resource of its own that can only be created.
// upstream: staging/src/k8s.io/api/core/v1/types.go, pkg/registry/core/pod/storage/storage.go (LegacyBindingREST)
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { required } from '../../schema/schema.ts';
import { objectReference } from './references.ts';

export const Bindings = defineResource({
  group: '', version: 'v1', kind: 'Binding', plural: 'bindings', scope: 'Namespaced', verbs: ['create'],
  doc: 'Puts one object on another, for example a Pod on a node.',
  fields: { target: required(2, objectReference, { doc: 'The node the Pod goes to.' }) },
});
export interface Binding extends ObjectOf<typeof Bindings> {}
