// The Recreate strategy: all old Pods go, and only when none is left the new ReplicaSet gets its Pods.
// upstream: pkg/controller/deployment/recreate.go
import { isPodTerminal } from '../../../src/api/core/pod-conditions.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import type { ReplicaSet } from '../../../src/api/apps/replica-set.ts';
import type { Scaling, SetSize } from './rolling.ts';
import type { ReplicaSetsOf } from './replica-sets.ts';

export const planOldSetsForRecreate = (oldSets: readonly SetSize[]): Scaling[] => oldSets.filter((s) => s.replicas > 0).map((s) => ({ name: s.name, replicas: 0 }));

/** Whether a Pod of an old revision may still run; `podsOf` gives the Pods a ReplicaSet controls. */
export function oldPodsRunning({ old }: ReplicaSetsOf, podsOf: (set: ReplicaSet) => readonly Pod[]): boolean {
  if (old.some((set) => (set.status?.replicas ?? 0) > 0)) return true;
  return old.some((set) => podsOf(set).some((pod) => !isPodTerminal(pod)));
}
