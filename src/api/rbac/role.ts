// Role: what may be done in one namespace, by whoever a binding names. (upstream: pkg/apis/rbac/validation/validation.go, ValidateRole)
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array } from '../../schema/schema.ts';
import { policyRule, ruleListFaults } from './policy-rule.ts';

export const Roles = defineResource({
  group: 'rbac.authorization.k8s.io', version: 'v1', kind: 'Role', plural: 'roles', scope: 'Namespaced', nameFormat: 'pathSegment',
  doc: 'What may be done in the namespace by those a RoleBinding names.',
  fields: { rules: array(2, policyRule, { written: true, listType: 'atomic', doc: 'What is allowed.' }) },
  validate: ({ rules }) => ruleListFaults(rules, true),
});
export interface Role extends ObjectOf<typeof Roles> {}
