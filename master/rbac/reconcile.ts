// What is to be written so that a role or binding of the default policy is at least what it should be. Pure: what somebody has added
// stays, and objects marked `autoupdate: "false"` are left alone.
// upstream: staging/src/k8s.io/component-helpers/auth/rbac/reconciliation/reconcile_role.go, reconcile_rolebindings.go
import type { Subject } from '../../src/api/rbac/binding.ts';
import { missingRules } from '../../src/api/rbac/covering.ts';
import type { PolicyRule } from '../../src/api/rbac/policy-rule.ts';
import type { ApiObject } from '../../src/schema/resource.ts';
import { cloneJson, equalJson } from '../../src/util/json.ts';
import { autoUpdate, type PolicyBinding, type PolicyRole } from './policy.ts';

export type Plan =
  | { readonly kind: 'none' }
  | { readonly kind: 'create' | 'update'; readonly object: ApiObject }
  /** The role a binding is to cannot change. */
  | { readonly kind: 'recreate'; readonly object: ApiObject; readonly uid: string };

type Texts = Readonly<Record<string, string>> | undefined;

/** The existing metadata with what is wanted and lacking; undefined when nothing lacks. */
function completed(existing: ApiObject, wanted: PolicyRole | PolicyBinding): ApiObject | undefined {
  const lacks = (have: Texts, want: Texts): boolean => Object.keys(want ?? {}).some((name) => have?.[name] === undefined);
  const { labels, annotations } = existing.metadata;
  if (!lacks(labels, wanted.metadata.labels) && !lacks(annotations, wanted.metadata.annotations)) return undefined;
  const object = cloneJson(existing);
  Object.assign(object.metadata, { labels: { ...wanted.metadata.labels, ...labels }, annotations: { ...wanted.metadata.annotations, ...annotations } });
  return object;
}

const isProtected = (existing: ApiObject): boolean => existing.metadata.annotations?.[autoUpdate] === 'false';

export function planRole(wanted: PolicyRole, existing: ApiObject | undefined): Plan {
  if (!existing) return { kind: 'create', object: wanted as unknown as ApiObject };
  if (isProtected(existing)) return { kind: 'none' };
  let object = completed(existing, wanted);
  if (wanted.aggregationRule) {
    const have = (existing['aggregationRule'] as PolicyRole['aggregationRule'])?.clusterRoleSelectors ?? [];
    const lacking = (wanted.aggregationRule.clusterRoleSelectors ?? []).filter((selector) => !have.some((other) => equalJson(other, selector)));
    if (lacking.length) {
      object ??= cloneJson(existing);
      object['aggregationRule'] = { clusterRoleSelectors: [...have, ...lacking] };
    }
  } else {
    const have = (existing['rules'] as PolicyRule[] | null | undefined) ?? [];
    const lacking = missingRules(have, wanted.rules ?? []);
    if (lacking.length) {
      object ??= cloneJson(existing);
      object['rules'] = [...have, ...lacking];
    }
  }
  return object ? { kind: 'update', object } : { kind: 'none' };
}

export function planBinding(wanted: PolicyBinding, existing: ApiObject | undefined): Plan {
  if (!existing) return { kind: 'create', object: wanted as unknown as ApiObject };
  if (isProtected(existing)) return { kind: 'none' };
  const have = (existing['subjects'] as Subject[] | undefined) ?? [];
  const lacking = wanted.subjects.filter((subject) => !have.some((other) => equalJson(other, subject)));
  const otherRole = !equalJson(existing['roleRef'], wanted.roleRef);
  let object = completed(existing, wanted);
  if (!lacking.length && !otherRole) return object ? { kind: 'update', object } : { kind: 'none' };
  object ??= cloneJson(existing);
  if (lacking.length) object['subjects'] = [...have, ...lacking];
  if (!otherRole) return { kind: 'update', object };
  const { name, namespace, labels, annotations } = object.metadata;
  return { kind: 'recreate', uid: existing.metadata.uid, object: { ...object, metadata: { name, ...(namespace ? { namespace } : {}), labels, annotations }, roleRef: wanted.roleRef } as unknown as ApiObject };
}
