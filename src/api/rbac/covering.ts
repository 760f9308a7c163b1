// Whether rules allow at least what others allow, and what is missing where they do not. Pure.
// upstream: staging/src/k8s.io/component-helpers/auth/rbac/validation/policy_comparator.go, pkg/registry/rbac/validation/policy_compact.go
import type { PolicyRule } from './policy-rule.ts';

const all = '*';

/** The rule as rules of one verb on one thing each. */
function breakdown({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule): PolicyRule[] {
  const named = (verb: string, group: string, resource: string): PolicyRule[] => {
    const rule = { verbs: [verb], apiGroups: [group], resources: [resource] };
    return resourceNames.length ? resourceNames.map((name) => ({ ...rule, resourceNames: [name] })) : [rule];
  };
  return [
    ...apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.flatMap((verb) => named(verb, group, resource)))),
    ...nonResourceURLs.flatMap((url) => verbs.map((verb) => ({ verbs: [verb], nonResourceURLs: [url] }))),
  ];
}

const has = (list: readonly string[] | undefined, wanted: readonly string[] | undefined): boolean => list !== undefined && (list.includes(all) || (wanted ?? []).every((item) => list.includes(item)));

function resourceCovers(owned: readonly string[] = [], wanted: readonly string[] = []): boolean {
  if (has(owned, wanted)) return true;
  return wanted.every((path) => {
    const slash = path.indexOf('/');
    return owned.includes(path) || (slash >= 0 && owned.includes(`*/${path.slice(slash + 1)}`));
  });
}

const pathCovers = (owned: string, wanted: string): boolean => owned === wanted || (owned.endsWith(all) && wanted.startsWith(owned.replace(/\*+$/, '')));

/** `part` is one of `breakdown`. */
function covers(owned: PolicyRule, part: PolicyRule): boolean {
  if (!has(owned.verbs, part.verbs)) return false;
  if (part.nonResourceURLs?.length) return part.nonResourceURLs.every((url) => (owned.nonResourceURLs ?? []).some((pattern) => pathCovers(pattern, url)));
  const names = owned.resourceNames ?? [];
  return has(owned.apiGroups, part.apiGroups) && resourceCovers(owned.resources, part.resources) && (names.length === 0 || (Boolean(part.resourceNames?.length) && part.resourceNames!.every((name) => names.includes(name))));
}

/** What `wanted` allows and `owned` does not, in rules of one verb on one thing each; empty when all is covered. */
export function missingRules(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakdown).filter((part) => !owned.some((rule) => covers(rule, part)));
}

/** Rules about one and the same thing as one rule with all their verbs. */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const complex: PolicyRule[] = [];
  const simple = new Map<string, PolicyRule>();
  for (const rule of rules) {
    const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
    if (resourceNames.length > 1 || nonResourceURLs.length || apiGroups.length !== 1 || resources.length !== 1) {
      complex.push(rule);
      continue;
    }
    const key = JSON.stringify([apiGroups, resources, resourceNames]);
    const known = simple.get(key);
    simple.set(key, known ? { ...known, verbs: [...known.verbs, ...rule.verbs] } : rule);
  }
  return [...complex, ...simple.values()];
}

const quoted = (list: readonly string[]): string => `[${list.map((item) => JSON.stringify(item)).join(' ')}]`;
/** `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}` */
export function ruleText({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule): string {
  const parts: readonly (readonly [string, readonly string[]])[] = [['APIGroups', apiGroups], ['Resources', resources], ['NonResourceURLs', nonResourceURLs], ['ResourceNames', resourceNames], ['Verbs', verbs]];
  return `{${parts.filter(([, list]) => list.length).map(([name, list]) => `${name}:${quoted(list)}`).join(', ')}}`;
}
