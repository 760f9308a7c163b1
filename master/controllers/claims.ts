// Which objects a controller owns: keeps what it controls and selects, adopts orphans it selects, releases what it no longer selects.
// upstream: pkg/controller/controller_ref_manager.go
import { controllerOf, newControllerRef } from '../../src/apimachinery/owners.ts';
import type { Selector } from '../../src/apimachinery/selectors.ts';
import { isNotFound, StatusError } from '../../src/apimachinery/status-error.ts';
import type { ControllerContext } from '../../src/controller/controller.ts';
import type { ObjectHead, ResourceDefinition } from '../../src/schema/resource.ts';

export interface Claims<T> { readonly kept: readonly T[]; readonly adopt: readonly T[]; readonly release: readonly T[] }

/** Sorts candidates; those of other controllers are in no list. Nothing is adopted or released by an owner that is ending. */
export function planClaims<T extends ObjectHead>(owner: ObjectHead, selector: Selector, candidates: readonly T[]): Claims<T> {
  const claims = { kept: [] as T[], adopt: [] as T[], release: [] as T[] };
  for (const object of candidates) {
    const controller = controllerOf(object);
    const selected = selector.matches(object.metadata.labels);
    if (controller) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (selected) claims.kept.push(object);
      else if (!owner.metadata.deletionTimestamp) claims.release.push(object);
    } else if (selected && !owner.metadata.deletionTimestamp && !object.metadata.deletionTimestamp) {
      claims.adopt.push(object);
    }
  }
  return claims;
}

/** Carries the claims out and returns the objects owned afterwards. What is adopted gets `finalizers`, and loses them when it is released. */
export async function claim<T extends ObjectHead>(context: ControllerContext, owner: ObjectHead, ownerResource: ResourceDefinition, resource: ResourceDefinition<T>, claims: Claims<T>, finalizers: readonly string[] = []): Promise<T[]> {
  if (claims.adopt.length) await refuseIfEnding(context, owner, ownerResource);
  const adopted = await Promise.all(claims.adopt.map((object) => adopt(context, owner, ownerResource, resource, object, finalizers)));
  await Promise.all(claims.release.map((object) => release(context, owner, resource, object, finalizers)));
  return [...claims.kept, ...adopted.filter((object) => object !== undefined)];
}

/** The cache may not know yet that the owner is being deleted; adopting then would make the collector delete the orphan. */
async function refuseIfEnding({ client }: ControllerContext, owner: ObjectHead, resource: ResourceDefinition): Promise<void> {
  const { name, namespace, uid } = owner.metadata;
  const fresh = await client.get<ObjectHead>(resource, { name, namespace });
  if (fresh.metadata.uid !== uid) throw new Error(`original ${resource.kind} ${namespace}/${name} is gone: got uid ${fresh.metadata.uid}, wanted ${uid}`);
  if (fresh.metadata.deletionTimestamp) throw new Error(`${namespace}/${name} has just been deleted at ${fresh.metadata.deletionTimestamp}`);
}

function adopt<T extends ObjectHead>({ client }: ControllerContext, owner: ObjectHead, ownerResource: ResourceDefinition, resource: ResourceDefinition<T>, object: T, finalizers: readonly string[]): Promise<T | undefined> {
  const { name, namespace, uid } = object.metadata;
  const patch = { metadata: { uid, ownerReferences: [newControllerRef(owner, ownerResource)], ...(finalizers.length ? { finalizers } : {}) } };
  return client.patch(resource, { name, namespace }, patch, { type: 'strategic' }).catch(ignoreGone);
}

async function release<T extends ObjectHead>({ client }: ControllerContext, owner: ObjectHead, resource: ResourceDefinition<T>, object: T, finalizers: readonly string[]): Promise<void> {
  const { name, namespace, uid } = object.metadata;
  const patch = { metadata: { uid, ownerReferences: [{ $patch: 'delete', uid: owner.metadata.uid }], ...(finalizers.length ? { '$deleteFromPrimitiveList/finalizers': finalizers } : {}) } };
  await client.patch(resource, { name, namespace }, patch, { type: 'strategic' }).catch(ignoreGone);
}

/** Gone, or another object of that name now: there is nothing to claim any more. */
function ignoreGone(error: unknown): undefined {
  if (isNotFound(error) || (error instanceof StatusError && (error.reason === 'Conflict' || error.code === 422))) return undefined;
  throw error;
}
