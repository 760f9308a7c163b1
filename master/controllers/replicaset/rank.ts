// Which Pods go first when there are too many: those whose loss costs least.
// upstream: pkg/controller/controller_utils.go (ActivePodsWithRanks), pkg/controller/replicaset/replica_set.go (getPodsToDelete)
import { isPodReady } from '../../../src/api/core/pod-conditions.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { isPodActive, readySince } from '../pod-state.ts';

const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost';
const phaseOrder: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

const deletionCost = (pod: Pod): number => {
  const text = pod.metadata.annotations?.[deletionCostAnnotation];
  return text !== undefined && /^(0|-?[1-9]\d*)$/.test(text) ? Number(text) : 0;
};
const restarts = (pod: Pod): number => Math.max(0, ...(pod.status?.containerStatuses ?? []).map((c) => c.restartCount ?? 0));
const created = (pod: Pod): number => Date.parse(pod.metadata.creationTimestamp ?? '') || 0;

/** Ages are compared by order of magnitude, so that scaling down does not always hit the same rollout wave. */
const magnitude = (time: number, now: number): number => (now - time > 0 ? Math.trunc(Math.log2((now - time) * 1e6)) : -1);
function younger(a: number, b: number, aUid: string, bUid: string, now: number): number {
  if (a === b) return 0;
  // An unknown time counts as the newest.
  if (a === 0 || b === 0) return a === 0 ? -1 : 1;
  return magnitude(a, now) - magnitude(b, now) || (aUid < bUid ? -1 : 1);
}

/** Negative when `a` goes before `b`. `crowding` is the number of related active Pods on the Pod's node. */
export function compareForDeletion(a: Pod, b: Pod, crowding: (pod: Pod) => number, now: number): number {
  const ready = Number(isPodReady(a)) - Number(isPodReady(b));
  return Number(Boolean(a.spec.nodeName)) - Number(Boolean(b.spec.nodeName))
    || (phaseOrder[a.status?.phase ?? ''] ?? 0) - (phaseOrder[b.status?.phase ?? ''] ?? 0)
    || ready
    || deletionCost(a) - deletionCost(b)
    || crowding(b) - crowding(a)
    || (isPodReady(a) ? younger(readySince(a)!, readySince(b)!, a.metadata.uid, b.metadata.uid, now) : 0)
    || restarts(b) - restarts(a)
    || younger(created(a), created(b), a.metadata.uid, b.metadata.uid, now);
}

/** `related` are the Pods of all ReplicaSets of the same owner: those doubled up on one node go first. */
export function podsToDelete(pods: readonly Pod[], count: number, related: readonly Pod[], now: number): Pod[] {
  if (count >= pods.length) return [...pods];
  const onNode = new Map<string, number>();
  for (const pod of related) if (isPodActive(pod)) onNode.set(pod.spec.nodeName ?? '', (onNode.get(pod.spec.nodeName ?? '') ?? 0) + 1);
  const crowding = (pod: Pod): number => onNode.get(pod.spec.nodeName ?? '') ?? 0;
  return [...pods].sort((a, b) => compareForDeletion(a, b, crowding, now)).slice(0, count);
}
