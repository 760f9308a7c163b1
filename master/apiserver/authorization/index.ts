// The authorizers of a server, in the order they are asked, and what guards writes that give away rights.
import type { Registry } from '../../registry/registry.ts';
import { decide, superusers, type Authorizer } from '../filters/authorization.ts';
import { forbidEscalation } from './escalation.ts';
import { nodeAuthorizer } from './node-authorizer.ts';
import { NodeGraph } from './node-graph.ts';
import { rbacAuthorizer } from './rbac.ts';
import { RbacIndex } from './rbac-index.ts';
import { guardSigners } from './signers.ts';

/** The registry has been started. */
export function createAuthorizers(registry: Registry): readonly Authorizer[] {
  const rbac = new RbacIndex(registry);
  const authorizers = [superusers, nodeAuthorizer(new NodeGraph(registry)), rbacAuthorizer(rbac)];
  forbidEscalation(registry, rbac, authorizers);
  guardSigners(registry, authorizers);
  registry.askAccessOf((user, { verb, path, group = '', resource = '', subresource = '', namespace = '', name = '' }) => {
    const { allowed, reason } = decide(user, { isResource: path === undefined, path: path ?? '', verb, group, version: '*', namespace, resource, subresource, name, rest: [] }, authorizers);
    return { allowed, reason: reason() };
  });
  return authorizers;
}
