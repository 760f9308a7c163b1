// What the caller may do: an ordered list of authorizers; the first that says yes decides, and nobody saying yes is 403 with the
// reasons they gave. (upstream: apiserver authorization/union)
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { User } from '../../registry/request-context.ts';
import { nameAsked, type RequestInfo } from '../request-info.ts';

export interface Authorizer {
  readonly name: string;
  /** True allows; undefined has no opinion, and a text says why not. */
  authorize(user: User, info: RequestInfo): boolean | string | undefined;
}

/** `system:masters` may do everything. */
export const superusers: Authorizer = { name: 'AlwaysAllowMasters', authorize: (user) => user.groups.includes('system:masters') || undefined };

/** The master's own scheduler and controllers act under their own names and are trusted as a whole. */
export const controlPlane: Authorizer = {
  name: 'ControlPlane',
  authorize: (user) => user.groups.includes('system:controllers') || undefined,
};

const publicPaths = /^\/(version|healthz|livez|readyz)\/?$/;
const discoveryPaths = /^\/(api|apis|openapi|version|healthz|livez|readyz)(\/|$)/;

/** Everyone may see that the server lives, and those who are known what it serves. (upstream: system:public-info-viewer, system:discovery) */
export const discovery: Authorizer = {
  name: 'Discovery',
  authorize: (user, info) => (!info.isResource && info.verb === 'get' && (user.groups.includes('system:authenticated') ? discoveryPaths : publicPaths).test(info.path)) || undefined,
};

export function authorize(user: User, info: RequestInfo, authorizers: readonly Authorizer[]): void {
  const reasons: string[] = [];
  for (const authorizer of authorizers) {
    const verdict = authorizer.authorize(user, info);
    if (verdict === true) return;
    if (typeof verdict === 'string') reasons.push(verdict);
  }
  const why = reasons.length ? `: ${reasons.join('\n')}` : '';
  if (!info.isResource) throw new errors.StatusError(403, 'Forbidden', `forbidden: User "${user.name}" cannot ${info.verb} path "${info.path}"${why}`, {});
  const resource = info.subresource ? `${info.resource}/${info.subresource}` : info.resource;
  const where = info.namespace && info.resource !== 'namespaces' ? `in the namespace "${info.namespace}"` : 'at the cluster scope';
  throw errors.forbidden({ group: info.group, resource: info.resource }, nameAsked(info), `User "${user.name}" cannot ${info.verb} resource "${resource}" in API group "${info.group}" ${where}${why}`);
}
