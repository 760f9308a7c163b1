// What RoleBindings and ClusterRoleBindings share: who is given which role.
// upstream: pkg/apis/rbac/validation/validation.go (ValidateRoleBinding), pkg/apis/rbac/v1/defaults.go
import { child, index, invalid, notSupported, required as requiredFault, type Fault } from '../../apimachinery/fault.ts';
import { isDNS1123Subdomain } from '../../apimachinery/names.ts';
import type { Column, ObjectHead } from '../../schema/resource.ts';
import { array, object, required, string, type FieldsValue } from '../../schema/schema.ts';
import { equalJson } from '../../util/json.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { messages, segmentFaults } from '../value-faults.ts';
import { rbacPackage } from './policy-rule.ts';

export const rbacGroup = 'rbac.authorization.k8s.io';

export const subject = object('Subject', {
  kind: string(1, { required: true, unchecked: true, doc: 'User, Group or ServiceAccount.' }),
  apiGroup: string(2, { doc: 'API group of the kind; chosen when empty.' }),
  name: string(3, { required: true, doc: 'Name of the subject.' }),
  namespace: string(4, { doc: 'Namespace of a ServiceAccount.' }),
}, {
  package: rbacPackage, atomic: true, doc: 'Who is given the role.',
  defaults: (value) => { if (!value['apiGroup'] && (value['kind'] === 'User' || value['kind'] === 'Group')) value['apiGroup'] = rbacGroup; },
});
export interface Subject extends FieldsValue<typeof subject.fields> {}

export const roleRef = object('RoleRef', {
  apiGroup: string(1, { required: true, unchecked: true, default: rbacGroup, doc: 'API group of the role.' }),
  kind: string(2, { required: true, unchecked: true, doc: 'Role or ClusterRole.' }),
  name: string(3, { required: true, unchecked: true, doc: 'Name of the role.' }),
}, { package: rbacPackage, atomic: true, doc: 'Which role is given; it cannot change.' });
export interface RoleRef extends FieldsValue<typeof roleRef.fields> {}

export const bindingFields = {
  subjects: array(2, subject, { listType: 'atomic', doc: 'Who is given the role.' }),
  roleRef: required(3, roleRef, { doc: 'The role.' }),
};
interface Binding { readonly subjects?: readonly Subject[]; readonly roleRef: RoleRef }

function subjectFaults({ kind, apiGroup = '', name, namespace }: Subject, namespaced: boolean, path: string): Fault[] {
  const group = (expected: string): Fault[] => (apiGroup === expected ? [] : [notSupported(child(path, 'apiGroup'), apiGroup, [expected])]);
  switch (kind) {
    case 'User': case 'Group': return group(rbacGroup);
    case 'ServiceAccount': return [
      ...(name ? messages(child(path, 'name'), name, isDNS1123Subdomain(name)) : []), ...group(''),
      ...(!namespaced && !namespace ? [requiredFault(child(path, 'namespace'))] : []),
    ];
    default: return [notSupported(child(path, 'kind'), kind, ['ServiceAccount', 'User', 'Group'], 'given')];
  }
}

export function bindingFaults({ roleRef: ref, subjects }: Binding, old: Binding | undefined, namespaced: boolean): Fault[] {
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  return [
    ...(ref.apiGroup === rbacGroup ? [] : [notSupported('roleRef.apiGroup', ref.apiGroup, [rbacGroup])]),
    ...(kinds.includes(ref.kind) ? [] : [notSupported('roleRef.kind', ref.kind, kinds, 'given')]),
    ...segmentFaults(ref.name, 'roleRef.name'),
    ...(subjects ?? []).flatMap((item, i) => subjectFaults(item, namespaced, index('subjects', i))),
    ...(old && !equalJson(ref, old.roleRef) ? [invalid('roleRef', ref, 'cannot change roleRef')] : []),
  ];
}

const subjectsText = ({ subjects }: Binding, kind: string): string =>
  (subjects ?? []).filter((item) => item.kind === kind).map(({ namespace, name }) => (kind === 'ServiceAccount' && namespace ? `${namespace}/${name}` : name)).join(', ');

export const bindingColumns: readonly Column<ObjectHead & Binding>[] = [
  nameColumn,
  { name: 'Role', type: 'string', description: 'The role.', value: (binding) => `${binding.roleRef.kind}/${binding.roleRef.name}` },
  ageColumn,
  { name: 'Users', type: 'string', priority: 1, description: 'Users that are given the role.', value: (binding) => subjectsText(binding, 'User') },
  { name: 'Groups', type: 'string', priority: 1, description: 'Groups that are given the role.', value: (binding) => subjectsText(binding, 'Group') },
  { name: 'ServiceAccounts', type: 'string', priority: 1, description: 'ServiceAccounts that are given the role.', value: (binding) => subjectsText(binding, 'ServiceAccount') },
];
