// Whether a rule of RBAC allows a request. Pure. (upstream: plugin/pkg/auth/authorizer/rbac/rbac.go, pkg/apis/rbac/v1/evaluation_helpers.go)
import type { PolicyRule } from '../../../src/api/rbac/policy-rule.ts';
import { nameAsked, type RequestInfo } from '../request-info.ts';

export type { PolicyRule };
export const all = '*';

const has = (list: readonly string[] | undefined, value: string): boolean => list !== undefined && list.includes(value);
const hasOrAll = (list: readonly string[] | undefined, value: string): boolean => has(list, all) || has(list, value);

/** `*`, the same path, or a pattern that ends in `*`. */
function pathMatches(patterns: readonly string[] | undefined, path: string): boolean {
  return patterns !== undefined && patterns.some((pattern) => pattern === all || pattern === path || (pattern.endsWith(all) && path.startsWith(pattern.replace(/\*+$/, ''))));
}

/** The resource itself, all of them, or this subresource of all. */
function resourceMatches(resources: readonly string[] | undefined, resource: string, subresource: string): boolean {
  if (hasOrAll(resources, subresource === '' ? resource : `${resource}/${subresource}`)) return true;
  return subresource !== '' && has(resources, `*/${subresource}`);
}

export function ruleAllows(rule: PolicyRule, info: RequestInfo): boolean {
  if (!hasOrAll(rule.verbs, info.verb)) return false;
  if (!info.isResource) return pathMatches(rule.nonResourceURLs, info.path);
  return hasOrAll(rule.apiGroups, info.group) && resourceMatches(rule.resources, info.resource, info.subresource) && (!rule.resourceNames?.length || rule.resourceNames.includes(nameAsked(info)));
}
