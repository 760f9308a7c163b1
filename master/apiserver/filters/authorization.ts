// What the caller may do: an ordered list of authorizers; the first that says yes decides, and nobody saying yes is 403 with the
// reasons they gave. (upstream: apiserver authorization/union, endpoints/handlers/responsewriters/errors.go)
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { User } from '../../registry/request-context.ts';
import { kubeletAccess } from '../authorization/kubelet-access.ts';
import { nameAsked, type RequestInfo } from '../request-info.ts';

/** A yes that says why; the text is only built for who asks. */
export interface Allowed { readonly allowed: true; readonly reason: () => string }

export interface ResourceRule { readonly verbs: readonly string[]; readonly apiGroups?: readonly string[]; readonly resources?: readonly string[]; readonly resourceNames?: readonly string[] }
export interface NonResourceRule { readonly verbs: readonly string[]; readonly nonResourceURLs?: readonly string[] }
/** All an authorizer lets a user do in a namespace; `error` says why there may be more. */
export interface UserRules { readonly resourceRules: readonly ResourceRule[]; readonly nonResourceRules: readonly NonResourceRule[]; readonly incomplete?: boolean; readonly error?: string }

export interface Authorizer {
  readonly name: string;
  /** True (or Allowed) allows; undefined has no opinion, and a text says why not. */
  authorize(user: User, info: RequestInfo): boolean | string | Allowed | undefined;
  /** Absent where this cannot be told as rules. */
  rulesFor?(user: User, namespace: string): UserRules;
}

export const mastersGroup = 'system:masters';

/** `system:masters` may do everything. */
export const superusers: Authorizer = { name: 'AlwaysAllowMasters', authorize: (user) => user.groups.includes(mastersGroup) || undefined };

export interface Decision { readonly allowed: boolean; readonly reason: () => string }
const silent = (): string => '';

/** Asks the authorizers in order. */
export function decide(user: User, info: RequestInfo, authorizers: readonly Authorizer[]): Decision {
  const reasons: string[] = [];
  for (const authorizer of authorizers) {
    const verdict = authorizer.authorize(user, info);
    if (verdict === true) return { allowed: true, reason: silent };
    if (typeof verdict === 'object') return verdict;
    if (typeof verdict === 'string' && verdict !== '') reasons.push(verdict);
  }
  return { allowed: false, reason: () => reasons.join('\n') };
}

/** What browsers would take for markup is not sent back as such. */
const sanitized = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** What a filter refuses, before any handler judges: browsers are told not to guess what the answer is. */
export class AccessDenied extends errors.StatusError {}

/** @throws AccessDenied */
export function authorize(user: User, info: RequestInfo, authorizers: readonly Authorizer[]): void {
  const decision = decide(user, info, authorizers);
  if (decision.allowed) return;
  const finer = kubeletAccess(info);
  if (finer && decide(user, finer, authorizers).allowed) return;
  const { group, resource, subresource, namespace, verb } = info;
  const who = `User ${JSON.stringify(user.name)} cannot ${verb}`;
  const reason = decision.reason();
  const because = reason === '' ? '' : `: ${reason}`;
  if (!info.isResource) throw new AccessDenied(403, 'Forbidden', `forbidden: ${sanitized(`${who} path ${JSON.stringify(info.path)}`)}${because}`, {});
  const where = namespace ? `in the namespace "${namespace}"` : 'at the cluster scope';
  const what = sanitized(`${who} resource "${subresource ? `${resource}/${subresource}` : resource}" in API group "${group}" ${where}`);
  const { message = '', details } = errors.forbidden({ group, resource }, nameAsked(info), `${what}${because}`).status;
  throw new AccessDenied(403, 'Forbidden', message, details);
}
