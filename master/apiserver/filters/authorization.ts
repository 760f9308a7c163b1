// What the caller may do: an ordered list of authorizers; the first that says yes decides, and nobody saying yes is 403.
// (upstream: apiserver authorization/union, plugin/pkg/auth/authorizer/node)
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { User } from '../../registry/request-context.ts';
import type { RequestInfo } from '../request-info.ts';

export interface Authorizer {
  readonly name: string;
  /** True allows; undefined has no opinion. */
  authorize(user: User, info: RequestInfo): boolean | undefined;
}

/** `system:masters` may do everything. */
export const superusers: Authorizer = { name: 'AlwaysAllowMasters', authorize: (user) => user.groups.includes('system:masters') || undefined };

/** The master's own scheduler and controllers act under their own names and are trusted as a whole. */
export const controlPlane: Authorizer = {
  name: 'ControlPlane',
  authorize: (user) => user.groups.includes('system:controllers') || undefined,
};

const read = new Set(['get', 'list', 'watch']);
const readable = new Set(['/nodes', '/pods', '/services', '/endpoints', '/configmaps', '/secrets', '/serviceaccounts', '/namespaces', 'discovery.k8s.io/endpointslices', 'coordination.k8s.io/leases']);
const writable: Readonly<Record<string, ReadonlySet<string>>> = {
  '/nodes': new Set(['create', 'update', 'patch', 'delete']), '/nodes/status': new Set(['update', 'patch']),
  '/pods': new Set(['create', 'delete']), '/pods/status': new Set(['update', 'patch']), '/pods/eviction': new Set(['create']),
  '/events': new Set(['create', 'update', 'patch']), 'coordination.k8s.io/leases': new Set(['create', 'update', 'patch', 'delete']),
  '/serviceaccounts/token': new Set(['create']),
};

/** Agents: read what runs on a node needs, write what a node reports. Whose objects is NodeRestriction's part. */
export const nodes: Authorizer = {
  name: 'Node',
  authorize(user, info) {
    if (!user.groups.includes('system:nodes')) return undefined;
    if (!info.isResource) return info.verb === 'get' || info.path.startsWith('/dray/v1/') || undefined;
    const id = `${info.group}/${info.resource}${info.subresource ? `/${info.subresource}` : ''}`;
    return (read.has(info.verb) && readable.has(id)) || writable[id]?.has(info.verb) || undefined;
  },
};

const publicPaths = /^\/(version|healthz|livez|readyz)\/?$/;
const discoveryPaths = /^\/(api|apis|openapi|version|healthz|livez|readyz)(\/|$)/;

/** Everyone may see that the server lives, and those who are known what it serves. (upstream: system:public-info-viewer, system:discovery) */
export const discovery: Authorizer = {
  name: 'Discovery',
  authorize: (user, info) => (!info.isResource && info.verb === 'get' && (user.groups.includes('system:authenticated') ? discoveryPaths : publicPaths).test(info.path)) || undefined,
};

export function authorize(user: User, info: RequestInfo, authorizers: readonly Authorizer[]): void {
  if (authorizers.some((a) => a.authorize(user, info) === true)) return;
  if (!info.isResource) throw new errors.StatusError(403, 'Forbidden', `forbidden: User "${user.name}" cannot ${info.verb} path "${info.path}"`, {});
  const resource = info.subresource ? `${info.resource}/${info.subresource}` : info.resource;
  const where = info.namespace && info.resource !== 'namespaces' ? `in the namespace "${info.namespace}"` : 'at the cluster scope';
  throw errors.forbidden({ group: info.group, resource: info.resource }, info.name, `User "${user.name}" cannot ${info.verb} resource "${resource}" in API group "${info.group}" ${where}`);
}
