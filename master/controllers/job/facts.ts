// What a pass of the Job controller starts from: Pods sorted by state, counts with what ended since the last pass, indexes.
// upstream: pkg/controller/job/job_controller.go (syncJob), tracking_utils.go
import type { Job, JobStatus } from '../../../src/api/batch/job.ts';
import { isPodTerminal } from '../../../src/api/core/pod-conditions.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { isPodActive } from '../pod-state.ts';
import { finishedAt, nextBackoff, type BackoffRecord } from './backoff.ts';
import { hasIndex, parseIndexes, total, withIndexes, type Indexes } from './indexes.ts';
import { allFailures, completionIndex, failureCount, hasValidIndex, isFailed, isIndexed, isSucceeded, isTracked } from './job-pods.ts';
import { judgeFailure } from './policies.ts';

/** Names of Pods that ended, their finalizers not yet removed: as the stored status has them. */
export interface Uncounted { readonly succeeded: ReadonlySet<string>; readonly failed: ReadonlySet<string> }

export interface JobFacts {
  readonly job: Job;
  readonly pods: readonly Pod[];
  readonly active: readonly Pod[];
  readonly terminating: number;
  readonly stored: Uncounted;
  /** The stored status with those counted that have lost their finalizer. */
  readonly counted: JobStatus;
  readonly succeeded: number;
  readonly failed: number;
  readonly backoff: BackoffRecord;
  readonly storedIndexes: { readonly completed: Indexes; readonly failed: Indexes };
  readonly completed: Indexes;
  readonly failedIndexes: Indexes;
  /** Failed Pods kept until the next Pod of their index carries on their count. */
  readonly delayed: ReadonlyMap<number, Pod>;
}

/** `record`: failures before this pass. */
export function jobFacts(job: Job, pods: readonly Pod[], record: BackoffRecord): JobFacts {
  const { spec } = job;
  const completions = spec.completions ?? 0;
  const active = pods.filter(isPodActive);
  const counted = countUntracked(job.status ?? {}, pods);
  const stored = { succeeded: new Set(counted.uncountedTerminatedPods?.succeeded), failed: new Set(counted.uncountedTerminatedPods?.failed) };
  const fresh = pods.filter((pod) => isTracked(pod) && !stored.succeeded.has(pod.metadata.uid) && !stored.failed.has(pod.metadata.uid) && hasValidIndex(pod, job));
  const storedIndexes = { completed: parseIndexes(job.status?.completedIndexes, completions), failed: parseIndexes(job.status?.failedIndexes, completions) };
  const newSucceeded = fresh.filter((pod) => isSucceeded(pod) && !(isIndexed(job) && hasIndex(storedIndexes.completed, completionIndex(pod)!)));
  const newFailed = fresh.filter((pod) => isFailed(pod, job));
  const completed = isIndexed(job) ? withIndexes(storedIndexes.completed, newSucceeded.map((pod) => completionIndex(pod)!)) : [];
  const failedIndexes = spec.backoffLimitPerIndex === undefined ? [] : withIndexes(storedIndexes.failed, pods.filter((pod) => isTracked(pod) && hasValidIndex(pod, job) && failsIndex(pod, job)).map((pod) => completionIndex(pod)!));
  return {
    job, pods, active, stored, counted, storedIndexes, completed, failedIndexes,
    terminating: pods.filter((pod) => pod.metadata.deletionTimestamp && !isPodTerminal(pod)).length,
    succeeded: isIndexed(job) ? total(completed) : (counted.succeeded ?? 0) + newSucceeded.length + stored.succeeded.size,
    failed: (counted.failed ?? 0) + newFailed.filter((pod) => judgeFailure(spec.podFailurePolicy, pod).counted).length + stored.failed.size,
    backoff: nextBackoff(record, newSucceeded, newFailed),
    delayed: spec.backoffLimitPerIndex === undefined ? new Map() : delayedPods(job, pods, active, completed, failedIndexes),
  };
}

/** Pods of the uncounted lists without a finalizer, or gone, are counted for good. */
function countUntracked(status: JobStatus, pods: readonly Pod[]): JobStatus {
  const tracked = new Set(pods.filter(isTracked).map((pod) => pod.metadata.uid));
  const left: Record<'succeeded' | 'failed', string[]> = { succeeded: [], failed: [] };
  const counts = { succeeded: status.succeeded ?? 0, failed: status.failed ?? 0 };
  for (const list of ['succeeded', 'failed'] as const) {
    for (const uid of status.uncountedTerminatedPods?.[list] ?? []) {
      if (tracked.has(uid)) left[list].push(uid);
      else counts[list]++;
    }
  }
  return { ...status, ...counts, uncountedTerminatedPods: left };
}

function failsIndex(pod: Pod, job: Job): boolean {
  if (!isFailed(pod, job)) return false;
  const { action, counted } = judgeFailure(job.spec.podFailurePolicy, pod);
  return action === 'FailIndex' || (counted && failureCount(pod) >= job.spec.backoffLimitPerIndex!);
}

function delayedPods(job: Job, pods: readonly Pod[], active: readonly Pod[], completed: Indexes, failedIndexes: Indexes): Map<number, Pod> {
  const running = new Set(active.map(completionIndex));
  const delayed = new Map<number, Pod>();
  for (const pod of pods) {
    if (!isTracked(pod) || !hasValidIndex(pod, job) || !isFailed(pod, job)) continue;
    const index = completionIndex(pod)!;
    if (hasIndex(completed, index) || hasIndex(failedIndexes, index) || running.has(index)) continue;
    const before = delayed.get(index);
    if (!before || (allFailures(before) <= allFailures(pod) && finishedAt(pod) >= finishedAt(before))) delayed.set(index, pod);
  }
  return delayed;
}
