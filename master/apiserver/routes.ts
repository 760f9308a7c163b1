// Which paths and methods a resource has, from its definition.
import * as errors from '../../src/apimachinery/status-error.ts';
import type { ResourceDefinition } from '../../src/schema/resource.ts';
import type { RequestInfo } from './request-info.ts';
import type { AdmittedRequest } from './request.ts';

/** A custom resource outside of where its objects are: upstream has nothing mounted there. */
export const isMisplaced = ({ namespaced }: ResourceDefinition, { namespace, verb }: RequestInfo): boolean => (namespaced ? !namespace && verb !== 'list' && verb !== 'watch' : namespace !== '');

/** What can be done with a subresource; undefined when the resource has none of that name. */
export function subresourceVerbs({ subresources: { status, scale, others = [] } }: ResourceDefinition, name: string): readonly string[] | undefined {
  return (name === 'status' && status) || (name === 'scale' && scale) ? ['get', 'update', 'patch'] : others.find((s) => s.name === name)?.verbs;
}

const methodVerbs: Readonly<Record<string, readonly string[]>> = {
  collection: ['create', 'list', 'watch', 'deletecollection'], object: ['get', 'update', 'patch', 'delete', 'watch'],
};

/** Which methods a resource's paths take, from its definition. @throws StatusError 404, 405 */
export function checkRoute(resource: ResourceDefinition, { info, method }: AdmittedRequest): void {
  // One object, or all in a namespace, is found under its namespace; only lists go across.
  if (resource.namespaced && !info.namespace && info.name) throw errors.pageNotFound();
  if (!resource.namespaced && info.namespace && info.resource !== 'namespaces') throw errors.pageNotFound();
  if (info.subresource) {
    const verbs = subresourceVerbs(resource, info.subresource);
    if (!verbs) throw resource.custom ? errors.notFound({ group: resource.group, resource: resource.plural }, info.name) : errors.pageNotFound();
    // What is behind a proxy is asked with these, too.
    if (info.subresource === 'proxy' && (method === 'HEAD' || method === 'OPTIONS')) return;
    if (method === 'HEAD' || !verbs.includes(info.verb)) throw errors.methodNotAllowed();
    return;
  }
  const across = resource.namespaced && !info.namespace;
  const possible = across ? ['list', 'watch'] : methodVerbs[info.name ? 'object' : 'collection']!;
  if (resource.ending && info.verb === 'create') throw errors.ending({ group: resource.group, resource: resource.plural });
  if (method !== 'HEAD' && possible.includes(info.verb) && (resource.verbs as readonly string[]).includes(info.verb)) return;
  throw resource.custom ? errors.methodNotSupported({ group: resource.group, resource: resource.plural }, info.verb) : errors.methodNotAllowed();
}
