// The RBAC authorizer: who may do what, by the roles that are bound to them. (upstream: plugin/pkg/auth/authorizer/rbac/rbac.go)
import type { RoleRef, Subject } from '../../../src/api/rbac/binding.ts';
import type { Authorizer, NonResourceRule, ResourceRule } from '../filters/authorization.ts';
import { missingRoleText, type AppliedRule, type Binding, type RbacIndex } from './rbac-index.ts';
import { ruleAllows } from './rules.ts';

type Rules = Pick<RbacIndex, 'rulesFor'>;

export function rbacAuthorizer(index: Rules): Authorizer {
  return {
    name: 'RBAC',
    authorize(user, info) {
      const missing = new Set<string>();
      for (const applied of index.rulesFor(user, info.namespace)) {
        if ('missing' in applied) missing.add(missingRoleText(applied.missing));
        else if (ruleAllows(applied.rule, info)) return { allowed: true, reason: () => `RBAC: allowed by ${describe(applied)}` };
      }
      return missing.size ? `RBAC: ${aggregate(missing)}` : undefined;
    },
    rulesFor(user, namespace) {
      const missing = new Set<string>();
      const resourceRules: ResourceRule[] = [];
      const nonResourceRules: NonResourceRule[] = [];
      for (const applied of index.rulesFor(user, namespace)) {
        if ('missing' in applied) {
          missing.add(missingRoleText(applied.missing));
          continue;
        }
        const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } = applied.rule;
        const given = <K extends string>(name: K, list: readonly string[] | undefined): { [P in K]?: readonly string[] } => (list?.length ? { [name]: list } as { [P in K]: readonly string[] } : {});
        if (resources?.length) resourceRules.push({ verbs, ...given('apiGroups', apiGroups), resources, ...given('resourceNames', resourceNames) });
        if (nonResourceURLs?.length) nonResourceRules.push({ verbs, nonResourceURLs });
      }
      return { resourceRules, nonResourceRules, ...(missing.size ? { error: aggregate(missing) } : {}) };
    },
  };
}

/** Several errors as one text. (upstream: apimachinery util/errors) */
export const aggregate = (messages: ReadonlySet<string>): string => (messages.size === 1 ? [...messages][0]! : `[${[...messages].join(', ')}]`);

function describe({ binding, subject }: Exclude<AppliedRule, { missing: RoleRef }>): string {
  const { name, namespace, roleRef } = binding;
  const [kind, path] = namespace === '' ? ['ClusterRoleBinding', name] : ['RoleBinding', `${name}/${namespace}`];
  return `${kind} "${path}" of ${roleRef.kind} "${roleRef.name}" to ${describeSubject(subject, binding)}`;
}
const describeSubject = ({ kind, name, namespace }: Subject, binding: Binding): string => `${kind} "${kind === 'ServiceAccount' ? `${name}/${namespace || binding.namespace}` : name}"`;
