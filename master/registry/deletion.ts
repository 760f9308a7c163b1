// What a DELETE does to an object, as a pure plan; and when an object that is ending has ended. (upstream: apiserver registry/rest/delete.go, generic/registry/store.go)
import * as errors from '../../src/apimachinery/status-error.ts';
import type { ApiObject, ResourceDefinition } from '../../src/schema/resource.ts';
import { lastInstant, timestamp } from '../../src/util/clock.ts';
import { cloneJson, equalJson } from '../../src/util/json.ts';
import type { DeleteOptions } from './request-context.ts';

export type DeletionPlan =
  /** Leaves the store now; `object` is its last state, as the answer shows it. */
  | { readonly kind: 'remove'; readonly object: ApiObject }
  /** Already ending, and nothing changes. */
  | { readonly kind: 'none' }
  /** Stays until its grace or its finalizers are over. */
  | { readonly kind: 'mark'; readonly object: ApiObject };

const orphan = 'orphan';
const foreground = 'foregroundDeletion';
const isNamespace = ({ group, plural }: ResourceDefinition): boolean => group === '' && plural === 'namespaces';

/** @throws StatusError 409 */
export function checkPreconditions({ group, kind }: ResourceDefinition, object: ApiObject, { preconditions }: DeleteOptions): void {
  const { uid, resourceVersion, name } = object.metadata;
  // Upstream names the kind where other conflicts name the resource.
  const refuse = (why: string): never => { throw errors.conflict({ group, resource: kind }, name, why); };
  if (preconditions?.uid !== undefined && preconditions.uid !== uid) refuse(`the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`);
  if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) refuse(`the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`);
}

/** An object that is ending leaves when nothing holds it: no finalizer and no grace left. */
export function hasEnded(resource: ResourceDefinition, object: ApiObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (!deletionTimestamp || finalizers?.length) return false;
  if (isNamespace(resource)) return !object['spec']?.finalizers?.length;
  return (deletionGracePeriodSeconds ?? 0) === 0;
}

export function planDeletion(resource: ResourceDefinition, old: ApiObject, options: DeleteOptions, now: number): DeletionPlan {
  const object = cloneJson(old);
  if (!object.metadata.deletionTimestamp) resource.beginDeletion?.(object, timestamp(now));
  const grace = resource.deletionGrace ? beginGrace(resource, object, options.gracePeriodSeconds, now) : undefined;
  // While its grace runs, options no longer change an object.
  if (grace === 'pending') return { kind: 'none' };
  const finalizers = finalizersFor(resource, object, options);
  if (finalizers.length) object.metadata.finalizers = finalizers;
  else delete object.metadata.finalizers;
  const held = finalizers.length > 0 || (isNamespace(resource) && (old['spec']?.finalizers?.length ?? 0) > 0);
  if (!held && !grace) return { kind: 'remove', object };
  if (grace === undefined) markEnding(object, now);
  if (isNamespace(resource)) {
    object['status'] = { ...(object['status'] as object | undefined), phase: 'Terminating' };
    delete object.metadata.deletionGracePeriodSeconds;
  }
  return equalJson(object, old) ? { kind: 'none' } : { kind: 'mark', object };
}

/** Seconds of grace that begin, or are shortened to, now; undefined when the object ends without grace. */
function beginGrace(resource: ResourceDefinition, object: ApiObject, asked: number | undefined, now: number): number | 'pending' | undefined {
  const requested = asked !== undefined && asked < 0 ? 1 : asked;
  const { metadata } = object;
  if (!metadata.deletionTimestamp) {
    const period = resource.deletionGrace!(object, requested);
    if (period === undefined) return undefined;
    metadata.deletionTimestamp = timestamp(Math.min(now + period * 1000, lastInstant));
    metadata.deletionGracePeriodSeconds = period;
    if (metadata.generation) metadata.generation += 1;
    return period;
  }
  const left = metadata.deletionGracePeriodSeconds ?? 0;
  if (left <= 0) return undefined;
  if (requested === undefined || requested >= left) return 'pending';
  // The clock of the first delete goes on: the new time counts from when the object began to end.
  const end = Date.parse(metadata.deletionTimestamp) - left * 1000 + requested * 1000;
  // A grace that would be over already is the shortest there is: its object still ends gracefully.
  const period = end < now && requested !== 0 ? 1 : requested;
  metadata.deletionTimestamp = timestamp(Math.max(end, now));
  metadata.deletionGracePeriodSeconds = period;
  return period;
}

function markEnding({ metadata }: ApiObject, now: number): void {
  if (!metadata.deletionTimestamp && metadata.generation) metadata.generation += 1;
  if (!metadata.deletionTimestamp || Date.parse(metadata.deletionTimestamp) > now) metadata.deletionTimestamp = timestamp(now);
  metadata.deletionGracePeriodSeconds = 0;
}

/** Finalizers with those the garbage collector works off, as the options (else what is there, else the kind) want them. upstream: shouldOrphanDependents */
function finalizersFor({ defaultPropagation }: ResourceDefinition, { metadata }: ApiObject, { propagationPolicy, orphanDependents }: DeleteOptions): string[] {
  const present = metadata.finalizers ?? [];
  const asked = orphanDependents === true ? 'Orphan' : orphanDependents === false ? 'Background' : propagationPolicy;
  const policy = asked ?? (present.includes(orphan) || present.includes(foreground) ? undefined : defaultPropagation);
  if (policy === undefined) return [...present];
  const others = present.filter((f) => f !== orphan && f !== foreground);
  const own = policy === 'Orphan' ? [orphan] : policy === 'Foreground' ? [foreground] : [];
  const wanted = [...others, ...own];
  return wanted.length === present.length && wanted.every((f) => present.includes(f)) ? [...present] : wanted;
}
