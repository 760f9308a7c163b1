// What a DELETE does to an object, as a pure plan. (upstream: apiserver registry/rest/delete.go, generic/registry/store.go)
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

export function planDeletion(resource: ResourceDefinition, old: ApiObject, options: DeleteOptions, now: number): DeletionPlan {
  const object = cloneJson(old);
  if (!object.metadata.deletionTimestamp) resource.beginDeletion?.(object, timestamp(now));
  const grace = resource.deletionGrace ? beginGrace(resource, object, options.gracePeriodSeconds, now) : undefined;
  // While its grace runs, options no longer change an object.
  if (grace === 'pending') return { kind: 'none' };
  const finalizers = finalizersFor(resource, object, options);
  if (finalizers.length) object.metadata.finalizers = finalizers;
  else delete object.metadata.finalizers;
  const isNamespace = resource.group === '' && resource.plural === 'namespaces';
  const held = finalizers.length > 0 || (isNamespace && (old['spec']?.finalizers?.length ?? 0) > 0);
  if (!held && !grace) return { kind: 'remove', object };
  if (grace === undefined) markEnding(object, now);
  if (isNamespace) {
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
