// The pure part of keeping a number of Pods: how many to make or remove, and the status that describes them.
// upstream: pkg/controller/replicaset/replica_set.go (manageReplicas), replica_set_utils.go (calculateStatus)
import { isPodReady } from '../../../src/api/core/pod-conditions.ts';
import { findCondition, removeCondition } from '../../../src/apimachinery/conditions.ts';
import { selectorFromSet } from '../../../src/apimachinery/selectors.ts';
import type { ReplicaSetCondition as ReplicasCondition, ReplicaSetStatus as ReplicasStatus } from '../../../src/api/apps/replica-set.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { availableIn } from '../pod-state.ts';

/** Pods made or removed in one pass at most. */
const burst = 500;

/** Positive: Pods to create; negative: Pods to delete. */
export const planReplicas = (wanted: number, active: number): number => Math.max(-burst, Math.min(burst, wanted - active));

/** Batches that double while all goes well: 10 Pods come in batches of 1, 2, 4 and 3. */
export function slowStartBatches(count: number): number[] {
  const batches: number[] = [];
  for (let left = count, size = 1; left > 0; size *= 2) {
    batches.push(Math.min(size, left));
    left -= Math.min(size, left);
  }
  return batches;
}

export interface StatusInput {
  readonly status: ReplicasStatus | undefined; readonly generation: number; readonly replicas: number; readonly minReadySeconds: number | undefined;
  readonly templateLabels: Readonly<Record<string, string>>;
}

/** `failure` is the error the pass met while making or removing Pods. */
export function replicasStatus(input: StatusInput, pods: readonly Pod[], failure: Error | undefined, now: number): ReplicasStatus {
  const template = selectorFromSet(input.templateLabels);
  return {
    replicas: pods.length,
    fullyLabeledReplicas: pods.filter((pod) => template.matches(pod.metadata.labels)).length,
    readyReplicas: pods.filter(isPodReady).length,
    availableReplicas: pods.filter((pod) => availableIn(pod, input.minReadySeconds, now) === 0).length,
    observedGeneration: input.generation,
    conditions: failureConditions(input, pods.length, failure, now),
  } as ReplicasStatus;
}

function failureConditions({ status, replicas }: StatusInput, actual: number, failure: Error | undefined, now: number): ReplicasCondition[] {
  const conditions = status?.conditions ?? [];
  if (!failure) return removeCondition<ReplicasCondition>(conditions, 'ReplicaFailure');
  if (findCondition(conditions, 'ReplicaFailure')) return [...conditions];
  const reason = actual < replicas ? 'FailedCreate' : 'FailedDelete';
  return [...conditions, { type: 'ReplicaFailure', status: 'True', lastTransitionTime: timestamp(now), reason, message: failure.message } as ReplicasCondition];
}

/** Whether the status says anything new; absent counts are zero. */
export function statusDiffers(old: ReplicasStatus | undefined, next: ReplicasStatus): boolean {
  const counts = ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'] as const;
  return counts.some((key) => (old?.[key] ?? 0) !== (next[key] ?? 0)) || JSON.stringify(old?.conditions ?? []) !== JSON.stringify(next.conditions ?? []);
}

/** Milliseconds until the next ready Pod becomes available; undefined when none waits. */
export function nextAvailability(pods: readonly Pod[], minReadySeconds: number | undefined, now: number): number | undefined {
  const waits = pods.map((pod) => availableIn(pod, minReadySeconds, now)).filter((ms) => ms !== undefined && ms > 0) as number[];
  return waits.length ? Math.min(...waits) : undefined;
}
