// Roles and bindings as authorization asks for them: rules by role, bindings by subject. Kept by every change as the watch cache takes
// it in, so that whoever has written a role is judged by it with their next request.
// upstream: pkg/registry/rbac/validation/rule.go (DefaultRuleResolver)
import type { RoleRef, Subject } from '../../../src/api/rbac/binding.ts';
import { notFound } from '../../../src/apimachinery/status-error.ts';
import type { ApiObject } from '../../../src/schema/resource.ts';
import type { Registry } from '../../registry/registry.ts';
import type { User } from '../../registry/request-context.ts';
import type { StoredObject } from '../../registry/stored-object.ts';
import type { CacheEvent } from '../../storage/bucket.ts';
import type { PolicyRule } from './rules.ts';

export const rbacGroup = 'rbac.authorization.k8s.io';

export interface Binding { readonly name: string; readonly namespace: string; readonly roleRef: RoleRef; readonly subjects: readonly Subject[] }
/** One rule that applies to a user, with the binding that gives it; or what a binding names and is not there. */
export type AppliedRule = { readonly rule: PolicyRule; readonly binding: Binding; readonly subject: Subject } | { readonly missing: RoleRef };

const userKey = (name: string): string => `u:${name}`;
const groupKey = (name: string): string => `g:${name}`;

/** By what a user is found; undefined for subjects that match nobody. */
function keyOf(subject: Subject, namespace: string): string | undefined {
  if (subject.kind === 'User') return userKey(subject.name);
  if (subject.kind === 'Group') return groupKey(subject.name);
  const home = subject.namespace || namespace;
  return subject.kind === 'ServiceAccount' && home !== '' ? userKey(`system:serviceaccount:${home}:${subject.name}`) : undefined;
}

/** Bindings of one place (the cluster or a namespace) by subject. */
type Place = Map<string, Map<string, { readonly binding: Binding; readonly subject: Subject }>>;

export class RbacIndex {
  /** `name` of a ClusterRole, `namespace/name` of a Role. */
  readonly #rules = new Map<string, readonly PolicyRule[]>();
  /** '' is the cluster. */
  readonly #places = new Map<string, Place>();

  /** The registry has been started: what it holds is taken in at once. */
  constructor(registry: Registry) {
    this.#follow(registry, 'clusterroles', (path, role) => this.#setRole(path, role));
    this.#follow(registry, 'roles', (path, role) => this.#setRole(path, role));
    this.#follow(registry, 'clusterrolebindings', (path, binding, old) => this.#setBinding('', path, binding, old));
    this.#follow(registry, 'rolebindings', (path, binding, old) => this.#setBinding(path.slice(0, path.indexOf('/')), path, binding, old));
  }

  #follow(registry: Registry, plural: string, set: (path: string, object: ApiObject | undefined, old: ApiObject | undefined) => void): void {
    const store = registry.find(rbacGroup, 'v1', plural);
    if (!store) return;
    for (const { key, object } of registry.cache.list(store.prefix)) set(key.slice(store.prefix.length), object, undefined);
    registry.cache.observe(store.prefix, ({ current, previous }: CacheEvent<StoredObject>) => {
      set((current ?? previous)!.key.slice(store.prefix.length), current?.object, previous?.object);
    });
  }

  #setRole(path: string, role: ApiObject | undefined): void {
    if (role) this.#rules.set(path, (role['rules'] as PolicyRule[] | null | undefined) ?? []);
    else this.#rules.delete(path);
  }

  #setBinding(namespace: string, path: string, object: ApiObject | undefined, old: ApiObject | undefined): void {
    const place: Place = this.#places.get(namespace) ?? new Map();
    this.#places.set(namespace, place);
    for (const subject of (old?.['subjects'] as Subject[] | undefined) ?? []) {
      const key = keyOf(subject, namespace) ?? '';
      const bindings = place.get(key);
      bindings?.delete(path);
      if (bindings?.size === 0) place.delete(key);
    }
    if (object) {
      const subjects = (object['subjects'] as Subject[] | undefined) ?? [];
      const binding: Binding = { name: object.metadata.name, namespace, roleRef: object['roleRef'] as RoleRef, subjects };
      for (const subject of subjects) {
        const key = keyOf(subject, namespace);
        if (key === undefined) continue;
        const bindings = place.get(key);
        if (bindings) bindings.set(path, { binding, subject });
        else place.set(key, new Map([[path, { binding, subject }]]));
      }
    }
    if (place.size === 0) this.#places.delete(namespace);
  }

  /** Rules of the role a binding of `namespace` ('' for the cluster) names; undefined when it is not there. */
  rulesOf(roleRef: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    return this.#rules.get(roleRef.kind === 'Role' ? `${namespace}/${roleRef.name}` : roleRef.name);
  }

  /** Every rule that applies to the user in the namespace ('' for the cluster alone), the cluster's first. */
  *rulesFor(user: User, namespace: string): Generator<AppliedRule> {
    const keys = [userKey(user.name), ...user.groups.map(groupKey)];
    for (const where of namespace === '' ? [''] : ['', namespace]) {
      const place = this.#places.get(where);
      if (!place) continue;
      const seen = new Set<Binding>();
      for (const key of keys) {
        for (const { binding, subject } of place.get(key)?.values() ?? []) {
          if (seen.has(binding)) continue;
          seen.add(binding);
          const rules = this.rulesOf(binding.roleRef, where);
          if (!rules) yield { missing: binding.roleRef };
          else for (const rule of rules) yield { rule, binding, subject };
        }
      }
    }
  }
}

/** As storage answers who names a role that is not there; who only looks roles up tells their kind (`missingRoleText`). */
export const missingRole = ({ kind, name }: RoleRef): ReturnType<typeof notFound> => notFound({ group: rbacGroup, resource: kind === 'Role' ? 'roles' : 'clusterroles' }, name);
/** Upstream's authorizer looks roles up in a cache, whose errors name the kind. */
export const missingRoleText = ({ kind, name }: RoleRef): string => notFound({ group: rbacGroup, resource: kind.toLowerCase() }, name).message;
