// ClusterRole: what may be done in the whole cluster, or in the namespace of a RoleBinding. (upstream: pkg/apis/rbac/validation/validation.go, ValidateClusterRole)
import { required } from '../../apimachinery/fault.ts';
import { labelSelector } from '../../schema/object-meta.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, field, object } from '../../schema/schema.ts';
import { policyRule, rbacPackage, ruleListFaults } from './policy-rule.ts';

export const aggregationRule = object('AggregationRule', {
  clusterRoleSelectors: array(1, labelSelector, { listType: 'atomic', doc: 'ClusterRoles whose rules are taken over; one match is enough.' }),
}, { package: rbacPackage, doc: 'How the rules are put together from other roles.' });

export const ClusterRoles = defineResource({
  group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'ClusterRole', plural: 'clusterroles', scope: 'Cluster', nameFormat: 'pathSegment',
  doc: 'What may be done by those a binding names: in the whole cluster, or in the namespace of a RoleBinding.',
  fields: {
    rules: array(2, policyRule, { written: true, listType: 'atomic', doc: 'What is allowed; kept by a controller when there is an aggregationRule.' }),
    aggregationRule: field(3, aggregationRule, { doc: 'How the rules are put together from other roles.' }),
  },
  validate: (role) => [
    ...ruleListFaults(role.rules, false),
    ...(role.aggregationRule && !role.aggregationRule.clusterRoleSelectors?.length ? [required('aggregationRule.clusterRoleSelectors', 'at least one clusterRoleSelector required if aggregationRule is non-nil')] : []),
  ],
});
export interface ClusterRole extends ObjectOf<typeof ClusterRoles> {}
