// ClusterRoleBinding: gives a ClusterRole to somebody, in the whole cluster.
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { bindingColumns, bindingFaults, bindingFields } from './binding.ts';

export const ClusterRoleBindings = defineResource({
  group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'ClusterRoleBinding', plural: 'clusterrolebindings', scope: 'Cluster', nameFormat: 'pathSegment',
  doc: 'Gives a ClusterRole to somebody, in all namespaces and for what has none.',
  fields: bindingFields,
  validate: (binding, old) => bindingFaults(binding, old, false),
  columns: bindingColumns,
});
export interface ClusterRoleBinding extends ObjectOf<typeof ClusterRoleBindings> {}
