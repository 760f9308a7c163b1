// What a DELETE does to an object, as a pure plan. (upstream: apiserver registry/rest/delete.go, generic/registry/store.go)
import type { ApiObject, ResourceDefinition } from '../../src/schema/resource.ts';
import { timestamp } from '../../src/util/clock.ts';
import type { DeleteOptions } from './request-context.ts';
import { cloneJson } from '../../src/util/json.ts';

export type DeletionPlan =
  | { readonly kind: 'remove' }
  /** Already ending, and nothing changes. */
  | { readonly kind: 'none' }
  /** Stays until its grace or its finalizers are over. */
  | { readonly kind: 'mark'; readonly object: ApiObject };

const orphan = 'orphan';
const foreground = 'foregroundDeletion';

export function planDeletion(resource: ResourceDefinition, old: ApiObject, options: DeleteOptions, now: number): DeletionPlan {
  const finalizers = finalizersFor(old, options);
  const isNamespace = resource.group === '' && resource.plural === 'namespaces';
  const grace = resource.deletionGrace ? resource.deletionGrace(old, options.gracePeriodSeconds) : undefined;
  const ending = old.metadata.deletionTimestamp != null;
  const finalizersChanged = JSON.stringify(finalizers) !== JSON.stringify(old.metadata.finalizers ?? []);

  if (ending) {
    const left = old.metadata.deletionGracePeriodSeconds ?? 0;
    const shortened = grace !== undefined ? grace < left : resource.deletionGrace !== undefined && left > 0;
    if ((grace === undefined || grace === 0) && resource.deletionGrace && finalizers.length === 0 && (shortened || left === 0)) return { kind: 'remove' };
    if (!shortened && !finalizersChanged) return { kind: 'none' };
    const object = cloneJson(old);
    if (shortened) {
      const period = grace ?? 0;
      // The clock of the first delete goes on: the new time counts from when the object began to end.
      const began = Date.parse(old.metadata.deletionTimestamp!) - left * 1000;
      object.metadata.deletionTimestamp = timestamp(Math.max(began, now) + period * 1000);
      object.metadata.deletionGracePeriodSeconds = period;
    }
    setFinalizers(object, finalizers);
    return { kind: 'mark', object };
  }

  const held = finalizers.length > 0 || (isNamespace && (old['spec']?.finalizers?.length ?? 0) > 0);
  if (!held && !grace) return { kind: 'remove' };
  const object = cloneJson(old);
  object.metadata.deletionTimestamp = timestamp(now + (grace ?? 0) * 1000);
  object.metadata.deletionGracePeriodSeconds = grace ?? 0;
  if (resource.generation && object.metadata.generation !== undefined) object.metadata.generation += 1;
  if (isNamespace) {
    object['status'] = { ...(object['status'] as object | undefined), phase: 'Terminating' };
    delete object.metadata.deletionGracePeriodSeconds;
  }
  setFinalizers(object, finalizers);
  return { kind: 'mark', object };
}

function finalizersFor(old: ApiObject, options: DeleteOptions): string[] {
  const policy = options.propagationPolicy ?? (options.orphanDependents === true ? 'Orphan' : undefined);
  let finalizers = [...(old.metadata.finalizers ?? [])];
  if (policy === 'Orphan') finalizers = [...finalizers.filter((f) => f !== foreground && f !== orphan), orphan];
  else if (policy === 'Foreground') finalizers = [...finalizers.filter((f) => f !== orphan && f !== foreground), foreground];
  else if (policy === 'Background' || options.orphanDependents === false) finalizers = finalizers.filter((f) => f !== orphan && f !== foreground);
  return finalizers;
}

function setFinalizers(object: ApiObject, finalizers: readonly string[]): void {
  if (finalizers.length) object.metadata.finalizers = [...finalizers];
  else delete object.metadata.finalizers;
}
