// The pure part of the disruption controller: how many Pods there should be, how many are healthy, how many may be evicted.
// upstream: pkg/controller/disruption/disruption.go (trySync, getExpectedPodCount, buildDisruptedPodMap)
import { isPodReady } from '../../../src/api/core/pod-conditions.ts';
import { controllerOf, type OwnerRef } from '../../../src/apimachinery/owners.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { withDisruptionAllowed } from '../../../src/api/policy/disruption-allowed.ts';
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../../src/api/policy/pod-disruption-budget.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { scaledValue } from '../deployment/bounds.ts';

/** A Pod whose eviction was granted counts as gone for so long, though it is still there. */
const deletionTimeoutMs = 120_000;

export interface Scale { readonly uid: string; readonly replicas: number }
/** The number of Pods a controller is to keep. @throws Error when it has none */
export type ScaleLookup = (owner: OwnerRef, pod: Pod) => Scale;

export interface BudgetPlan {
  readonly status: PodDisruptionBudgetStatus;
  /** Pods without a controller, where that makes the numbers wrong. */
  readonly unmanaged: readonly string[];
  /** Pods that were to be deleted and were not. */
  readonly notDeleted: readonly Pod[];
  /** Milliseconds until a granted eviction is given up. */
  readonly requeueAfter?: number;
}

/** Whether the size of the Pods' controllers matters, and not only the number of Pods. */
export const needsScale = ({ minAvailable, maxUnavailable }: PodDisruptionBudget['spec']): boolean => maxUnavailable !== undefined || typeof minAvailable === 'string';

/** @throws Error when the number of Pods there should be cannot be told */
export function planBudget(budget: PodDisruptionBudget, pods: readonly Pod[], scaleOf: ScaleLookup, now: number): BudgetPlan {
  const { expected, desired, unmanaged } = wanted(budget, pods, scaleOf);
  const { disruptedPods, notDeleted, recheck } = stillDisrupted(budget, pods, now);
  const currentHealthy = pods.filter((pod) => !pod.metadata.deletionTimestamp && disruptedPods[pod.metadata.name] === undefined && isPodReady(pod)).length;
  // A budget that has no Pods yet is safe when the first of them appear.
  const disruptionsAllowed = expected > 0 ? Math.max(0, currentHealthy - desired) : 0;
  const { conditions } = budget.status ?? {};
  const status: PodDisruptionBudgetStatus = {
    ...(conditions ? { conditions } : {}), ...(Object.keys(disruptedPods).length ? { disruptedPods } : {}),
    currentHealthy, desiredHealthy: desired, expectedPods: expected, disruptionsAllowed, observedGeneration: budget.metadata.generation ?? 0,
  };
  return { status: withDisruptionAllowed(status, timestamp(now)), unmanaged, notDeleted, ...(recheck === undefined ? {} : { requeueAfter: recheck }) };
}

function wanted({ spec }: PodDisruptionBudget, pods: readonly Pod[], scaleOf: ScaleLookup): { expected: number; desired: number; unmanaged: string[] } {
  const { minAvailable, maxUnavailable } = spec;
  if (maxUnavailable !== undefined) {
    const { expected, unmanaged } = expectedScale(pods, scaleOf);
    return { expected, desired: Math.max(0, expected - scaledValue(maxUnavailable, expected, 'up')), unmanaged };
  }
  if (typeof minAvailable === 'number') return { expected: pods.length, desired: minAvailable, unmanaged: [] };
  if (minAvailable === undefined) return { expected: 0, desired: 0, unmanaged: [] };
  const { expected, unmanaged } = expectedScale(pods, scaleOf);
  return { expected, desired: scaledValue(minAvailable, expected, 'up'), unmanaged };
}

/** The sizes of all that control a Pod of the budget. */
function expectedScale(pods: readonly Pod[], scaleOf: ScaleLookup): { expected: number; unmanaged: string[] } {
  const scales = new Map<string, Scale>();
  const unmanaged: string[] = [];
  for (const pod of pods) {
    const owner = controllerOf(pod);
    if (!owner) unmanaged.push(pod.metadata.name);
    else if (!scales.has(owner.uid)) scales.set(owner.uid, scaleOf(owner, pod));
  }
  // Several ReplicaSets of one Deployment have one scale.
  const byController = new Map([...scales.values()].map(({ uid, replicas }) => [uid, replicas]));
  return { expected: [...byController.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged };
}

function stillDisrupted({ status }: PodDisruptionBudget, pods: readonly Pod[], now: number): { disruptedPods: Record<string, string>; notDeleted: Pod[]; recheck?: number } {
  const disruptedPods: Record<string, string> = {};
  const notDeleted: Pod[] = [];
  const waits: number[] = [];
  for (const pod of pods) {
    const since = status?.disruptedPods?.[pod.metadata.name];
    if (!since || pod.metadata.deletionTimestamp) continue;
    const left = Date.parse(since) + deletionTimeoutMs - now;
    if (left < 0) notDeleted.push(pod);
    else {
      disruptedPods[pod.metadata.name] = since;
      waits.push(left);
    }
  }
  return { disruptedPods, notDeleted, ...(waits.length ? { recheck: Math.min(...waits) + 1 } : {}) };
}
