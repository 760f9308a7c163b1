// What controllers ask of a Pod: active, available, and since when it is ready.
// upstream: pkg/api/v1/pod/util.go, pkg/controller/controller_utils.go (IsPodActive)
import { isPodTerminal } from '../../src/api/core/pod-conditions.ts';
import { findCondition } from '../../src/apimachinery/conditions.ts';
import type { Pod } from '../../src/api/core/pod.ts';

export const readyCondition = (pod: Pod) => findCondition(pod.status?.conditions, 'Ready');
/** Counts towards the wanted number: neither finished nor on its way out. */
export const isPodActive = (pod: Pod): boolean => !isPodTerminal(pod) && !pod.metadata.deletionTimestamp;

/** When the Pod became ready (ms), undefined while it is not. */
export function readySince(pod: Pod): number | undefined {
  const condition = readyCondition(pod);
  return condition?.status === 'True' ? Date.parse(condition.lastTransitionTime ?? '') || 0 : undefined;
}

/** Milliseconds until a ready Pod counts as available; 0 when it does, undefined while it is not ready, or nobody knows since when. */
export function availableIn(pod: Pod, minReadySeconds: number | undefined, now: number): number | undefined {
  const since = readySince(pod);
  if (since === undefined) return undefined;
  if (!minReadySeconds) return 0;
  return since === 0 ? undefined : Math.max(0, since + minReadySeconds * 1000 - now);
}
