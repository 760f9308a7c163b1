// Writes what the cluster lacks of the default policy, at the master's start. All writes are under way at once, so that they share
// commits; a start that finds everything in place writes nothing. (upstream: pkg/registry/rbac/rest/storage_rbac.go)
import { isAlreadyExists, isConflict, isNotFound } from '../../src/apimachinery/status-error.ts';
import { ClusterRoleBindings } from '../../src/api/rbac/cluster-role-binding.ts';
import { ClusterRoles } from '../../src/api/rbac/cluster-role.ts';
import { RoleBindings } from '../../src/api/rbac/role-binding.ts';
import { Roles } from '../../src/api/rbac/role.ts';
import { keyOf, type Client } from '../../src/client/client.ts';
import type { ApiObject, ResourceDefinition } from '../../src/schema/resource.ts';
import { clusterRoleBindings, clusterRoles } from './cluster-roles.ts';
import { controllerRoleBindings, controllerRoles } from './controller-roles.ts';
import { joinRoleBindings, joinRoles } from './join-roles.ts';
import { namespaceRoleBindings, namespaceRoles } from './namespace-roles.ts';
import { ownRoleBindings, ownRoles } from './own-roles.ts';
import { planBinding, planRole, type Plan } from './reconcile.ts';

const attempts = 5;

async function reconcile<W extends { readonly metadata: { readonly name: string; readonly namespace?: string } }>(client: Client, resource: ResourceDefinition, wanted: readonly W[], plan: (wanted: W, existing: ApiObject | undefined) => Plan): Promise<void> {
  const existing = new Map((await client.list(resource)).items.map((object) => [keyOf(object), object as ApiObject]));
  await Promise.all(wanted.map(async (one) => {
    let found = existing.get(keyOf(one));
    for (let attempt = 1; ; attempt++) {
      try {
        return await carryOut(client, resource, plan(one, found));
      } catch (error) {
        // Somebody else wrote it meanwhile: judged again by what is there now.
        if (attempt === attempts || !(isConflict(error) || isAlreadyExists(error) || isNotFound(error))) throw error;
        found = await client.get(resource, one.metadata).catch((missing: unknown) => { if (isNotFound(missing)) return undefined; throw missing; });
      }
    }
  }));
}

async function carryOut(client: Client, resource: ResourceDefinition, plan: Plan): Promise<void> {
  if (plan.kind === 'none') return;
  if (plan.kind === 'recreate') await client.delete(resource, plan.object.metadata, { preconditions: { uid: plan.uid } });
  if (plan.kind === 'update') await client.update(resource, plan.object);
  else await client.create(resource, plan.object);
}

/** The system's namespaces exist. */
export async function bootstrapPolicy(client: Client): Promise<void> {
  await Promise.all([
    reconcile(client, ClusterRoles, [...clusterRoles, ...controllerRoles, ...ownRoles, ...joinRoles], planRole),
    reconcile(client, ClusterRoleBindings, [...clusterRoleBindings, ...controllerRoleBindings, ...ownRoleBindings, ...joinRoleBindings], planBinding),
    reconcile(client, Roles, namespaceRoles, planRole),
    reconcile(client, RoleBindings, namespaceRoleBindings, planBinding),
  ]);
}
