// The authorizers of a server, in the order they are asked, and what guards writes that give away rights.
import type { Registry } from '../../registry/registry.ts';
import { superusers, type Authorizer } from '../filters/authorization.ts';
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
  return authorizers;
}
