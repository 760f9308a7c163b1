// The notation the default policy is written in: rules and bindings as one line each.
// upstream: plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go
import type { RoleRef, Subject } from '../../src/api/rbac/binding.ts';
import type { ClusterRole } from '../../src/api/rbac/cluster-role.ts';
import type { ClusterRoleBinding } from '../../src/api/rbac/cluster-role-binding.ts';
import type { PolicyRule } from '../../src/api/rbac/policy-rule.ts';
import type { Role } from '../../src/api/rbac/role.ts';
import type { RoleBinding } from '../../src/api/rbac/role-binding.ts';

interface Head { readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels: Readonly<Record<string, string>>; readonly annotations: Readonly<Record<string, string>> } }
export type PolicyRole = Head & { readonly rules: readonly PolicyRule[] | null; readonly aggregationRule?: ClusterRole['aggregationRule'] };
export type PolicyBinding = Head & { readonly roleRef: RoleRef; readonly subjects: readonly Subject[] };
export type RbacObject = Role | ClusterRole | RoleBinding | ClusterRoleBinding;

export const autoUpdate = 'rbac.authorization.kubernetes.io/autoupdate';
const rbacGroup = 'rbac.authorization.k8s.io';

const words = (text: string): string[] => text.split(' ').sort();

/** Groups, resources and verbs are separated by blanks; `core` is the group without a name. */
export function rule(verbs: string, groups: string, resources: string, names?: string): PolicyRule {
  const apiGroups = groups.split(' ').map((group) => (group === 'core' ? '' : group)).sort();
  return { verbs: words(verbs), apiGroups, resources: words(resources), ...(names === undefined ? {} : { resourceNames: words(names) }) };
}
export const urls = (verbs: string, paths: string): PolicyRule => ({ verbs: words(verbs), nonResourceURLs: words(paths) });

export const read = 'get list watch';
export const write = 'create delete deletecollection patch update';
export const events = rule('create patch update', 'core events.k8s.io', 'events');

const metadata = (name: string, extra: { readonly namespace?: string; readonly labels?: Readonly<Record<string, string>> } = {}): Head['metadata'] => ({
  name, ...(extra.namespace === undefined ? {} : { namespace: extra.namespace }),
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...extra.labels }, annotations: { [autoUpdate]: 'true' },
});
const aggregationLabel = (to: string): Record<string, string> => ({ [`${rbacGroup}/aggregate-to-${to}`]: 'true' });

/** `to`: the roles these rules become part of. */
export const clusterRole = (name: string, rules: readonly PolicyRule[], ...to: readonly string[]): PolicyRole => ({ metadata: metadata(name, { labels: Object.assign({}, ...to.map(aggregationLabel)) as Record<string, string> }), rules });
/** A role a controller puts together from the roles labelled for it. */
export const aggregatedRole = (name: string, to?: string): PolicyRole => ({
  ...clusterRole(name, [], ...(to === undefined ? [] : [to])), rules: null, aggregationRule: { clusterRoleSelectors: [{ matchLabels: aggregationLabel(name) }] },
});
export const role = (namespace: string, name: string, rules: readonly PolicyRule[]): PolicyRole => ({ metadata: metadata(name, { namespace }), rules });

export const user = (name: string): Subject => ({ kind: 'User', apiGroup: rbacGroup, name });
export const group = (name: string): Subject => ({ kind: 'Group', apiGroup: rbacGroup, name });
export const systemAccount = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' });

export const clusterRoleBinding = (name: string, ...subjects: readonly Subject[]): PolicyBinding => ({ metadata: metadata(name), roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name }, subjects });
/** Bound under another name than the role's. */
export const clusterRoleBindingNamed = (name: string, role: string, ...subjects: readonly Subject[]): PolicyBinding => ({ ...clusterRoleBinding(role, ...subjects), metadata: metadata(name) });
export const roleBinding = (namespace: string, name: string, roleName: string, ...subjects: readonly Subject[]): PolicyBinding => ({ metadata: metadata(name, { namespace }), roleRef: { apiGroup: rbacGroup, kind: 'Role', name: roleName }, subjects });
