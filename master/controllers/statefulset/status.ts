// The status of a StatefulSet, counted from its Pods. upstream: stateful_set_control.go (computeReplicaStatus), stateful_set_utils.go (completeRollingUpdate)
import type { StatefulSet, StatefulSetStatus } from '../../../src/api/apps/stateful-set.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { availableIn } from '../pod-state.ts';
import { podRevision } from './identity.ts';
import { isRunningAndReady, type SetRevisions } from './plan.ts';

/** The update is complete when every wanted Pod is of the new revision and ready: it is the current one then. */
export function statefulSetStatus(set: StatefulSet, pods: readonly Pod[], revisions: SetRevisions, collisionCount: number, now: number): StatefulSetStatus {
  const { replicas, minReadySeconds, updateStrategy } = set.spec;
  const count = (of: (pod: Pod) => boolean): number => pods.filter(of).length;
  const revisionCount = (revision: string): number => count((pod) => !pod.metadata.deletionTimestamp && podRevision(pod) === revision);
  const status: StatefulSetStatus = {
    ...(set.status?.conditions ? { conditions: set.status.conditions } : {}),
    observedGeneration: set.metadata.generation ?? 0, collisionCount,
    replicas: pods.length, readyReplicas: count(isRunningAndReady), availableReplicas: count((pod) => isRunningAndReady(pod) && availableIn(pod, minReadySeconds, now) === 0),
    currentReplicas: revisionCount(revisions.current), updatedReplicas: revisionCount(revisions.update),
    currentRevision: revisions.current, updateRevision: revisions.update,
  };
  const complete = updateStrategy.type === 'RollingUpdate' && status.updatedReplicas === replicas && status.readyReplicas === replicas && status.replicas === replicas;
  return complete ? { ...status, currentReplicas: status.updatedReplicas!, currentRevision: revisions.update } : status;
}
