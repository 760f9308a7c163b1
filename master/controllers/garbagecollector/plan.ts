// The rules of garbage collection: what an object's owners, looked at one by one, mean for the object.
// upstream: pkg/controller/garbagecollector/garbagecollector.go (attemptToDeleteItem)
import type { ObjectHead } from '../../../src/schema/resource.ts';
import type { OwnerRef } from '../../../src/apimachinery/owners.ts';

export const orphanFinalizer = 'orphan';
export const foregroundFinalizer = 'foregroundDeletion';

export const refsOf = (object: ObjectHead): readonly OwnerRef[] => (object.metadata.ownerReferences ?? []) as OwnerRef[];
const hasFinalizer = (object: ObjectHead, finalizer: string): boolean => object.metadata.finalizers?.includes(finalizer) ?? false;
export const waitsForDependents = (object: ObjectHead): boolean => Boolean(object.metadata.deletionTimestamp) && hasFinalizer(object, foregroundFinalizer);
export const orphansDependents = (object: ObjectHead): boolean => Boolean(object.metadata.deletionTimestamp) && hasFinalizer(object, orphanFinalizer);

/** `solid` exists, `dangling` does not, `waiting` is deleted in the foreground, `unknown` cannot be looked up. */
export type OwnerState = 'solid' | 'dangling' | 'waiting' | 'unknown';
export type Verdict =
  | { readonly action: 'keep' }
  /** Some owners remain; the references to the others go. */
  | { readonly action: 'removeReferences'; readonly uids: readonly string[] }
  | { readonly action: 'delete'; readonly propagationPolicy: 'Orphan' | 'Foreground' | 'Background' };

/** `hasDependents` counts only when an owner waits for this object in the foreground. */
export function judge(object: ObjectHead, states: readonly { readonly uid: string; readonly state: OwnerState }[], hasDependents: boolean): Verdict {
  if (states.length === 0) return { action: 'keep' };
  const gone = states.filter(({ state }) => state === 'dangling' || state === 'waiting').map(({ uid }) => uid);
  if (states.some(({ state }) => state === 'unknown')) return { action: 'keep' };
  if (states.some(({ state }) => state === 'solid')) return gone.length ? { action: 'removeReferences', uids: gone } : { action: 'keep' };
  // The owner is to see its dependents go before it goes itself, and theirs before them.
  if (hasDependents && states.some(({ state }) => state === 'waiting')) return { action: 'delete', propagationPolicy: 'Foreground' };
  if (hasFinalizer(object, orphanFinalizer)) return { action: 'delete', propagationPolicy: 'Orphan' };
  return { action: 'delete', propagationPolicy: hasFinalizer(object, foregroundFinalizer) ? 'Foreground' : 'Background' };
}

/** Whether the owner's foreground deletion has to wait for this dependent. */
export const blocks = (dependent: ObjectHead, ownerUid: string): boolean => refsOf(dependent).some((ref) => ref.uid === ownerUid && ref.blockOwnerDeletion === true);
