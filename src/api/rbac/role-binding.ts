// RoleBinding: gives a role to somebody, in one namespace.
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { bindingColumns, bindingFaults, bindingFields } from './binding.ts';

export const RoleBindings = defineResource({
  group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'RoleBinding', plural: 'rolebindings', scope: 'Namespaced', nameFormat: 'pathSegment',
  doc: 'Gives a Role of the namespace, or a ClusterRole for the namespace, to somebody.',
  fields: bindingFields,
  validate: (binding, old) => bindingFaults(binding, old, true),
  columns: bindingColumns,
});
export interface RoleBinding extends ObjectOf<typeof RoleBindings> {}
