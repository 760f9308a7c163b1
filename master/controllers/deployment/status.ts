// The status of a Deployment, computed from its ReplicaSets: counts, and the conditions Available, Progressing and ReplicaFailure.
// upstream: pkg/controller/deployment/sync.go (calculateStatus), progress.go
import { findCondition, removeCondition } from '../../../src/apimachinery/conditions.ts';
import type { Deployment, DeploymentCondition, DeploymentStatus } from '../../../src/api/apps/deployment.ts';
import type { ReplicaSet } from '../../../src/api/apps/replica-set.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { boundsOf } from './bounds.ts';

type ConditionText = Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'>;

/** No deadline: the largest int32, or none given. */
const noDeadline = 2 ** 31 - 1;
export const deadlineOf = ({ spec }: Deployment): number | undefined => (spec.progressDeadlineSeconds === undefined || spec.progressDeadlineSeconds === noDeadline ? undefined : spec.progressDeadlineSeconds);

const count = (sets: readonly ReplicaSet[], of: (set: ReplicaSet) => number | undefined): number => sets.reduce((total, set) => total + (of(set) ?? 0), 0);

/** Sets a condition; one of the same status and reason stays as it is, times included. */
export function withCondition(conditions: readonly DeploymentCondition[], next: ConditionText, now: number): DeploymentCondition[] {
  const old = findCondition(conditions, next.type);
  if (old && old.status === next.status && old.reason === next.reason) return [...conditions];
  return [...removeCondition<DeploymentCondition>(conditions, next.type), stamped(next, old, now)];
}
const stamped = (next: ConditionText, old: DeploymentCondition | undefined, now: number): DeploymentCondition => ({
  ...next, lastUpdateTime: timestamp(now), lastTransitionTime: old?.status === next.status ? old.lastTransitionTime! : timestamp(now),
}) as DeploymentCondition;

/** Counts and availability; `sets` are all ReplicaSets, `newSet` among them. */
export function countStatus(deployment: Deployment, sets: readonly ReplicaSet[], newSet: ReplicaSet | undefined, now: number): DeploymentStatus {
  const available = count(sets, (s) => s.status?.availableReplicas);
  const minimum = available >= deployment.spec.replicas - boundsOf(deployment.spec).maxUnavailable;
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: count(sets, (s) => s.status?.replicas),
    updatedReplicas: newSet?.status?.replicas ?? 0,
    readyReplicas: count(sets, (s) => s.status?.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, count(sets, (s) => s.spec.replicas) - available),
    ...(deployment.status?.collisionCount === undefined ? {} : { collisionCount: deployment.status.collisionCount }),
    conditions: withCondition(deployment.status?.conditions ?? [], minimum
      ? { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
      : { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable', message: 'Deployment does not have minimum availability.' }, now),
  };
}

/** All wanted Pods are of the newest revision and available, and nothing of the old ones is left. */
export function isComplete({ spec, metadata }: Deployment, status: DeploymentStatus): boolean {
  return (status.updatedReplicas ?? 0) === spec.replicas && (status.replicas ?? 0) === spec.replicas && (status.availableReplicas ?? 0) === spec.replicas
    && (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
}

function hasProgressed(before: DeploymentStatus | undefined, now: DeploymentStatus): boolean {
  const of = (status: DeploymentStatus | undefined, key: 'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas'): number => status?.[key] ?? 0;
  const oldPods = (status: DeploymentStatus | undefined): number => of(status, 'replicas') - of(status, 'updatedReplicas');
  return of(now, 'updatedReplicas') > of(before, 'updatedReplicas') || oldPods(now) < oldPods(before)
    || of(now, 'readyReplicas') > of(before, 'readyReplicas') || of(now, 'availableReplicas') > of(before, 'availableReplicas');
}

function hasTimedOut(deployment: Deployment, progressing: DeploymentCondition | undefined, now: number): boolean {
  if (!progressing || progressing.reason === 'NewReplicaSetAvailable') return false;
  if (progressing.reason === 'ProgressDeadlineExceeded') return true;
  return Date.parse(progressing.lastUpdateTime ?? '') + deadlineOf(deployment)! * 1000 < now;
}

/** The status during a roll-out: counts, and how it gets on. */
export function rolloutStatus(deployment: Deployment, sets: readonly ReplicaSet[], newSet: ReplicaSet | undefined, now: number): DeploymentStatus {
  const status = countStatus(deployment, sets, newSet, now);
  const conditions = progressConditions(deployment, status, newSet, now);
  return { ...status, conditions: failureConditions(conditions, sets, newSet) };
}

function progressConditions(deployment: Deployment, status: DeploymentStatus, newSet: ReplicaSet | undefined, now: number): DeploymentCondition[] {
  const conditions = status.conditions ?? [];
  if (deadlineOf(deployment) === undefined) return removeCondition<DeploymentCondition>(conditions, 'Progressing');
  const current = findCondition(deployment.status?.conditions, 'Progressing');
  // One revision that is there already: a resync, not a roll-out.
  if (status.replicas === status.updatedReplicas && current?.reason === 'NewReplicaSetAvailable') return [...conditions];
  const subject = newSet ? `ReplicaSet "${newSet.metadata.name}"` : `Deployment "${deployment.metadata.name}"`;
  if (isComplete(deployment, status)) {
    return withCondition(conditions, { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message: `${subject} has successfully progressed.` }, now);
  }
  if (hasProgressed(deployment.status, status)) {
    // The same reason again still moves lastUpdateTime: the deadline counts from the last progress.
    const next = { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message: `${subject} is progressing.` };
    return [...removeCondition<DeploymentCondition>(conditions, 'Progressing'), stamped(next, current, now)];
  }
  if (hasTimedOut(deployment, current, now)) {
    return withCondition(conditions, { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: `${subject} has timed out progressing.` }, now);
  }
  return [...conditions];
}

/** A ReplicaSet that cannot make its Pods is reported; the new one's failure before an old one's. */
function failureConditions(conditions: readonly DeploymentCondition[], sets: readonly ReplicaSet[], newSet: ReplicaSet | undefined): DeploymentCondition[] {
  const failure = [newSet, ...sets].map((set) => findCondition(set?.status?.conditions, 'ReplicaFailure')).find((c) => c !== undefined);
  const others = removeCondition<DeploymentCondition>(conditions, 'ReplicaFailure');
  if (!failure) return others;
  const old = findCondition(conditions, 'ReplicaFailure');
  if (old && old.status === failure.status && old.reason === failure.reason) return [...conditions];
  return [...others, { ...failure, lastUpdateTime: failure.lastTransitionTime } as DeploymentCondition];
}

/** Milliseconds until the deadline has to be looked at again; undefined when it does not count now. */
export function progressCheckAfter(deployment: Deployment, status: DeploymentStatus, now: number): number | undefined {
  const current = findCondition(deployment.status?.conditions, 'Progressing');
  const deadline = deadlineOf(deployment);
  if (deadline === undefined || !current || deployment.spec.paused || isComplete(deployment, status) || current.reason === 'ProgressDeadlineExceeded' || current.reason === 'NewReplicaSetAvailable') return undefined;
  // One second more, as the condition's times are whole seconds.
  return Math.max(1000, Date.parse(current.lastUpdateTime ?? '') + deadline * 1000 - now + 1000);
}

/** Pausing and resuming are told by the Progressing condition, so that a long pause is no lack of progress. */
export function pausedCondition(deployment: Deployment): ConditionText | undefined {
  if (deadlineOf(deployment) === undefined) return undefined;
  const reason = findCondition(deployment.status?.conditions, 'Progressing')?.reason;
  if (reason === 'ProgressDeadlineExceeded') return undefined;
  if (deployment.spec.paused && reason !== 'DeploymentPaused') return { type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' };
  if (!deployment.spec.paused && reason === 'DeploymentPaused') return { type: 'Progressing', status: 'Unknown', reason: 'DeploymentResumed', message: 'Deployment is resumed' };
  return undefined;
}
