// How many Pods a Job that goes on makes or removes now. Either, never both in one pass.
// upstream: pkg/controller/job/job_controller.go (manageJob), indexed_job_utils.go (firstPendingIndexes)
import { isPodTerminal } from '../../../src/api/core/pod-conditions.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { compareForDeletion } from '../replicaset/rank.ts';
import { remainingBackoff, remainingIndexBackoff } from './backoff.ts';
import type { JobFacts } from './facts.ts';
import { firstFree, union, withIndexes } from './indexes.ts';
import { completionIndex, isIndexed, replacesOnlyFailed } from './job-pods.ts';

/** `index` is absent for Jobs without indexes; `replaced` is the failed Pod before of the same index. */
export interface NewPod { readonly index?: number; readonly replaced?: Pod }

export interface PodChanges {
  readonly create: readonly NewPod[];
  readonly remove: readonly Pod[];
  /** Removed Pods are counted (the Job ends); otherwise they lose their finalizer first. */
  readonly keepTracking: boolean;
  /** Milliseconds until Pods that have to wait may be made. */
  readonly requeueAfter?: number;
}

/** Pods made or removed in one pass at most. */
const burst = 500;
const remove = (pods: readonly Pod[]): PodChanges => ({ create: [], remove: pods, keepTracking: false });

export function managePods(facts: JobFacts, now: number): PodChanges {
  const { job, active, succeeded } = facts;
  const { parallelism = 1, completions, suspend } = job.spec;
  if (suspend) return remove(active);
  // Without a number of completions the first success stops new Pods; those that run go on.
  const wanted = completions === undefined ? (succeeded > 0 ? active.length : parallelism) : Math.max(0, Math.min(parallelism, completions - succeeded));
  const surplus = podsToRemove(facts, Math.max(0, active.length - wanted), now);
  if (surplus.length > 0) return remove(surplus.slice(0, burst));
  const missing = wanted - active.length - (replacesOnlyFailed(job) ? facts.terminating : 0);
  return missing > 0 ? createPods(facts, Math.min(burst, missing), now) : remove([]);
}

function createPods(facts: JobFacts, count: number, now: number): PodChanges {
  const { job, delayed } = facts;
  const perIndex = job.spec.backoffLimitPerIndex !== undefined;
  const wait = perIndex ? 0 : remainingBackoff(facts.backoff, now);
  if (wait > 0) return { ...remove([]), requeueAfter: wait };
  if (!isIndexed(job)) return { ...remove([]), create: Array.from({ length: count }, () => ({})) };
  const waits = freeIndexes(facts, count).map((index) => ({ index, ms: perIndex ? remainingIndexBackoff(delayed.get(index), now) : 0 }));
  const ready = waits.filter(({ ms }) => ms === 0);
  const later = waits.filter(({ ms }) => ms > 0).map(({ ms }) => ms);
  const create = ready.map(({ index }) => ({ index, ...(delayed.has(index) ? { replaced: delayed.get(index)! } : {}) }));
  return { ...remove([]), create, ...(later.length ? { requeueAfter: Math.min(...later) } : {}) };
}

const indexesOf = (pods: readonly Pod[]): number[] => pods.map(completionIndex).filter((index) => index !== undefined);

function freeIndexes({ job, pods, active, completed, failedIndexes }: JobFacts, count: number): number[] {
  const ending = replacesOnlyFailed(job) ? pods.filter((pod) => pod.metadata.deletionTimestamp && !isPodTerminal(pod)) : [];
  return firstFree(withIndexes(union(completed, failedIndexes), indexesOf([...active, ...ending])), count, job.spec.completions!);
}

/** Pods of no valid index and doubles go in any case; then as many as are too many, those first whose loss costs least. */
function podsToRemove({ job, active }: JobFacts, atLeast: number, now: number): Pod[] {
  const cheapest = [...active].sort((a, b) => compareForDeletion(a, b, () => 0, now));
  if (!isIndexed(job)) return cheapest.slice(0, atLeast);
  const seen = new Set<number>();
  const useless = new Set<Pod>();
  // From the dearest on, so that of doubles the dearest stays.
  for (const pod of [...cheapest].reverse()) {
    const index = completionIndex(pod);
    if (index === undefined || index >= job.spec.completions! || seen.has(index)) useless.add(pod);
    else seen.add(index);
  }
  const left = cheapest.filter((pod) => !useless.has(pod));
  return [...useless, ...left.slice(0, Math.max(0, atLeast - useless.size))];
}
