// The pure part of the Job controller: which Pods to make and to end, what the status becomes, and which Pods have been
// counted and may go. A Pod loses its finalizer only when the stored status shows that it is counted.
// upstream: pkg/controller/job/job_controller.go (syncJob, manageJob, trackJobStatusAndRemoveFinalizers)
import { isPodReady } from '../../../src/api/core/pod-conditions.ts';
import { findCondition, isConditionTrue } from '../../../src/apimachinery/conditions.ts';
import type { Job, JobStatus } from '../../../src/api/batch/job.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { isPodActive } from '../pod-state.ts';
import { jobEnd, type JobEnd } from './ending.ts';
import { formatIndexes, hasIndex, total } from './indexes.ts';
import { completionIndex, hasValidIndex, isFailed, isIndexed, isSucceeded, isTracked } from './job-pods.ts';
import type { JobFacts } from './facts.ts';
import { managePods, type PodChanges } from './manage.ts';
import { judgeFailure } from './policies.ts';

type JobCondition = NonNullable<JobStatus['conditions']>[number];
export interface JobEvent { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string }

export interface JobPlan extends PodChanges {
  /** As if all changes of Pods succeed. */
  readonly status: JobStatus;
  /** Pods that are counted in the stored status: their finalizers go when the status has nothing new to say. */
  readonly untrack: readonly Pod[];
  readonly events: readonly JobEvent[];
}

/** So many Pods are in the status at most before they are counted, which bounds its size. */
const mostUncounted = 500;

export const isJobFinished = ({ status }: Job): boolean => isConditionTrue(status?.conditions, 'Complete') || isConditionTrue(status?.conditions, 'Failed');

const condition = (type: string, { reason, message }: { reason: string; message: string }, now: number, status = 'True'): JobCondition =>
  ({ type, status, lastProbeTime: timestamp(now), lastTransitionTime: timestamp(now), reason, message }) as JobCondition;

export function planJob(facts: JobFacts, now: number): JobPlan {
  const { job, counted } = facts;
  const suspended = job.spec.suspend === true;
  const conditions = [...(counted.conditions ?? [])];
  const events: JobEvent[] = [];
  let { startTime } = counted;
  if (!startTime && !suspended) startTime = timestamp(now);

  let end = jobEnd(facts, now);
  let changes: PodChanges = end ? endPods(facts, end) : job.metadata.deletionTimestamp ? nothing : managePods(facts, now);
  const left = facts.active.length - changes.remove.length + changes.create.length;
  if (!end && isReached(facts, left)) {
    end = { type: 'SuccessCriteriaMet', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods', stored: false };
  }
  if (end && !end.stored) conditions.push(condition(end.type, end, now));
  if (!end && !job.metadata.deletionTimestamp) {
    const told = suspension(conditions, suspended, now);
    if (told) events.push(told);
    if (told?.reason === 'Resumed') startTime = timestamp(now);
  }
  const deadline = !end && !suspended && job.spec.activeDeadlineSeconds !== undefined && startTime ? Date.parse(startTime) + job.spec.activeDeadlineSeconds * 1000 - now : undefined;
  changes = { ...changes, ...earliest(changes.requeueAfter, deadline) };

  const tracking = track(facts, end);
  const ready = facts.active.filter(isPodReady).length - changes.remove.filter(isPodReady).length;
  let status: JobStatus = {
    ...counted, conditions, ...(startTime ? { startTime } : {}), active: left, ready, terminating: facts.terminating + changes.remove.length,
    uncountedTerminatedPods: { ...(tracking.succeeded.length ? { succeeded: tracking.succeeded } : {}), ...(tracking.failed.length ? { failed: tracking.failed } : {}) },
    ...(isIndexed(job) ? { completedIndexes: formatIndexes(facts.completed), succeeded: total(facts.completed) } : {}),
    ...(job.spec.backoffLimitPerIndex === undefined ? {} : { failedIndexes: formatIndexes(facts.failedIndexes) }),
  };
  const over = end?.stored && left === 0 && status.terminating === 0 && tracking.succeeded.length + tracking.failed.length === 0 && !facts.pods.some(isTracked);
  if (over) {
    const type = end!.type === 'SuccessCriteriaMet' ? 'Complete' : 'Failed';
    status = { ...status, conditions: [...conditions, condition(type, end!, now)], startTime: startTime ?? timestamp(now), ...(type === 'Complete' ? { completionTime: timestamp(now) } : {}) };
    if (type === 'Failed') events.push({ type: 'Warning', reason: end!.reason, message: end!.message });
    else {
      if (job.spec.completions !== undefined && (status.succeeded ?? 0) > job.spec.completions) events.push({ type: 'Warning', reason: 'TooManySucceededPods', message: 'Too many succeeded pods running after completion count reached' });
      events.push({ type: 'Normal', reason: 'Completed', message: 'Job completed' });
    }
  }
  return { ...changes, status, untrack: tracking.untrack, events };
}

const nothing: PodChanges = { create: [], remove: [], keepTracking: false };

function earliest(...times: (number | undefined)[]): { requeueAfter?: number } {
  const set = times.filter((time) => time !== undefined);
  return set.length ? { requeueAfter: Math.max(1, Math.min(...set)) } : {};
}

/** What runs on is ended once the stored status says how the Job ends, so that it cannot be taken for a failure of its own. */
const endPods = ({ active }: JobFacts, end: JobEnd): PodChanges => ({ create: [], remove: end.stored ? active : [], keepTracking: true });

function isReached({ job: { spec }, succeeded }: JobFacts, active: number): boolean {
  return active === 0 && (spec.completions === undefined ? succeeded > 0 : succeeded >= spec.completions);
}

/** Sets the Suspended condition (mutates); the Event when it changed. Being resumed is told only after being suspended. */
function suspension(conditions: JobCondition[], suspended: boolean, now: number): JobEvent | undefined {
  const old = findCondition(conditions, 'Suspended');
  if (suspended ? old?.status === 'True' : !old || old.status === 'False') return undefined;
  const next = suspended ? condition('Suspended', { reason: 'JobSuspended', message: 'Job suspended' }, now) : condition('Suspended', { reason: 'JobResumed', message: 'Job resumed' }, now, 'False');
  if (old) conditions[conditions.indexOf(old)] = next;
  else conditions.push(next);
  return suspended ? { type: 'Normal', reason: 'Suspended', message: 'Job suspended' } : { type: 'Normal', reason: 'Resumed', message: 'Job resumed' };
}

interface Tracking { readonly succeeded: string[]; readonly failed: string[]; readonly untrack: Pod[] }

/** Which Pods are to be counted, and which are already. */
function track(facts: JobFacts, end: JobEnd | undefined): Tracking {
  const { job, stored, storedIndexes, failedIndexes, delayed } = facts;
  const perIndex = job.spec.backoffLimitPerIndex !== undefined;
  const result: Tracking = { succeeded: [...stored.succeeded], failed: [...stored.failed], untrack: [] };
  let newIndexes = 0;
  for (const pod of [...facts.pods].sort((a, b) => (completionIndex(a) ?? 0) - (completionIndex(b) ?? 0))) {
    const { uid } = pod.metadata;
    const failed = isFailed(pod, job);
    const index = completionIndex(pod);
    // A Job that ends waits for each of its Pods to be deleted; one that goes on for those that run or hand on their count.
    const needed = end ? isPodActive(pod) : !isSucceeded(pod) && (!failed || (index !== undefined && delayed.get(index) === pod));
    const kept = needed && !job.metadata.deletionTimestamp;
    if (!isTracked(pod) || kept) continue;
    let isCounted = true;
    if (isSucceeded(pod) && !stored.failed.has(uid)) {
      if (isIndexed(job)) {
        isCounted = !hasValidIndex(pod, job) || hasIndex(storedIndexes.completed, index!);
        if (!isCounted) newIndexes++;
      } else {
        isCounted = stored.succeeded.has(uid);
        if (!isCounted) result.succeeded.push(uid);
      }
    } else if (countsAsFailed(pod, failed, end) && hasValidIndex(pod, job) && judgeFailure(job.spec.podFailurePolicy, pod).counted) {
      isCounted = stored.failed.has(uid);
      if (!isCounted) result.failed.push(uid);
    }
    const indexStored = !perIndex || index === undefined || !hasIndex(failedIndexes, index) || hasIndex(storedIndexes.failed, index);
    if (isCounted && indexStored && (!end || end.stored)) result.untrack.push(pod);
    if (newIndexes + result.succeeded.length + result.failed.length >= mostUncounted) break;
  }
  return result;
}

/** What a failed Job ends has failed; what a successful one ends has not. */
function countsAsFailed(pod: Pod, failed: boolean, end: JobEnd | undefined): boolean {
  if (!end) return failed;
  return end.type === 'FailureTarget' || pod.status?.phase === 'Failed';
}
