// Nobody hands out more than they hold: whoever writes a role needs its permissions, and whoever binds one too, unless they may
// `escalate` or `bind` it. (upstream: pkg/registry/rbac/escalation_check.go, pkg/registry/rbac/*/policybased/storage.go, validation/rule.go)
import type { RoleRef } from '../../../src/api/rbac/binding.ts';
import { compactRules, missingRules, ruleText } from '../../../src/api/rbac/covering.ts';
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { ApiObject } from '../../../src/schema/resource.ts';
import { equalJson } from '../../../src/util/json.ts';
import type { User } from '../../registry/request-context.ts';
import type { Registry } from '../../registry/registry.ts';
import type { WriteGuard } from '../../registry/resource-store.ts';
import { decide, mastersGroup, type Authorizer } from '../filters/authorization.ts';
import { aggregate } from './rbac.ts';
import { missingRole, rbacGroup, type RbacIndex } from './rbac-index.ts';
import type { PolicyRule } from './rules.ts';

const fullAuthority: readonly PolicyRule[] = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] }];

/** Makes the registry refuse roles and bindings that give more than their writer holds. */
export function forbidEscalation(registry: Registry, rbac: RbacIndex, authorizers: readonly Authorizer[]): void {
  const may = (user: User, verb: string, resource: string, namespace: string, name: string): boolean =>
    decide(user, { isResource: true, verb, path: '', group: rbacGroup, version: 'v1', namespace, resource, subresource: '', name, rest: [] }, authorizers).allowed;
  const missing = (user: User, namespace: string, rules: readonly PolicyRule[]): PolicyRule[] =>
    missingRules([...rbac.rulesFor(user, namespace)].flatMap((applied) => ('rule' in applied ? [applied.rule] : [])), rules);
  const refuse = (plural: string, object: ApiObject, why: string): never => { throw errors.forbidden({ group: rbacGroup, resource: plural }, object.metadata.name ?? '', why); };
  /** What bindings of the user name and is not there, as upstream's list of errors. */
  const unresolved = (user: User, namespace: string): string => {
    const texts = new Set([...rbac.rulesFor(user, namespace)].flatMap((applied) => ('missing' in applied ? [missingRole(applied.missing).message] : [])));
    return texts.size > 0 ? `; resolution errors: [${aggregate(texts)}]` : '';
  };
  const confirm = (plural: string, object: ApiObject, user: User, rules: readonly PolicyRule[]): void => {
    const namespace = object.metadata.namespace ?? '';
    const lacking = missing(user, namespace, rules);
    if (lacking.length) refuse(plural, object, `user ${JSON.stringify(user.name)} (groups=[${user.groups.map((g) => JSON.stringify(g)).join(' ')}]) is attempting to grant RBAC permissions not currently held:\n${[...new Set(compactRules(lacking).map(ruleText))].sort().join('\n')}${unresolved(user, namespace)}`);
  };

  const roles = (plural: 'roles' | 'clusterroles'): WriteGuard => (object, old, { user }) => {
    if (user.groups.includes(mastersGroup) || onlyCollected(object, old)) return;
    if (may(user, 'escalate', plural, object.metadata.namespace ?? '', old?.metadata.name ?? '')) return;
    confirm(plural, object, user, (object['rules'] as PolicyRule[] | null | undefined) ?? []);
    // An aggregation rule takes in whatever comes to carry its labels.
    if ((object['aggregationRule'] || old?.['aggregationRule']) && missing(user, '', fullAuthority).length) refuse(plural, object, 'must have cluster-admin privileges to use an aggregationRule');
  };
  const bindings = (plural: 'rolebindings' | 'clusterrolebindings'): WriteGuard => (object, old, { user }) => {
    if (user.groups.includes(mastersGroup) || onlyCollected(object, old)) return;
    const namespace = object.metadata.namespace ?? '';
    const roleRef = object['roleRef'] as RoleRef;
    // What binds no kind of role there is says validation.
    if (roleRef.kind !== 'ClusterRole' && roleRef.kind !== 'Role') return;
    if (may(user, 'bind', roleRef.kind === 'Role' ? 'roles' : 'clusterroles', namespace, roleRef.name)) return;
    const rules = rbac.rulesOf(roleRef, namespace);
    if (!rules) throw missingRole(roleRef);
    confirm(plural, object, user, rules);
  };
  for (const plural of ['roles', 'clusterroles'] as const) registry.find(rbacGroup, 'v1', plural)?.protect(roles(plural));
  for (const plural of ['rolebindings', 'clusterrolebindings'] as const) registry.find(rbacGroup, 'v1', plural)?.protect(bindings(plural));
}

/** A write that only lets the object be collected gives nothing to anybody. */
function onlyCollected(object: ApiObject, old: ApiObject | undefined): boolean {
  if (!old) return false;
  const rest = ({ metadata, ...others }: ApiObject): unknown => {
    const { ownerReferences: _owners, finalizers: _finalizers, managedFields: _managers, resourceVersion: _revision, ...meta } = metadata;
    return { ...others, metadata: meta };
  };
  return equalJson(rest(object), rest(old));
}
