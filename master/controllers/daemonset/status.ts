// The status of a DaemonSet, counted by node. upstream: pkg/controller/daemon/daemon_controller.go (updateDaemonSetStatus)
import type { DaemonSetStatus } from '../../../src/api/apps/daemon-set.ts';
import { isPodReady } from '../../../src/api/core/pod-conditions.ts';
import { availableIn } from '../pod-state.ts';
import { isUpdated, wants } from './daemon-pods.ts';
import { podsByNode, type DaemonState } from './plan.ts';

/** The oldest Pod of a node stands for the node. */
export function daemonSetStatus({ set, nodes, pods, hash, now }: DaemonState, collisionCount: number): DaemonSetStatus {
  const onNode = podsByNode(pods);
  const wanted = nodes.filter((node) => wants(set, node).run);
  const first = wanted.flatMap(({ metadata }) => onNode.get(metadata.name)?.slice(0, 1) ?? []);
  const available = first.filter((pod) => availableIn(pod, set.spec.minReadySeconds, now) === 0).length;
  return {
    ...(set.status?.conditions ? { conditions: set.status.conditions } : {}), ...(collisionCount > 0 ? { collisionCount } : {}),
    desiredNumberScheduled: wanted.length, currentNumberScheduled: first.length,
    numberMisscheduled: nodes.filter((node) => !wanted.includes(node) && onNode.has(node.metadata.name)).length,
    numberReady: first.filter(isPodReady).length, updatedNumberScheduled: first.filter((pod) => isUpdated(pod, set, hash)).length,
    numberAvailable: available, numberUnavailable: wanted.length - available, observedGeneration: set.metadata.generation ?? 0,
  };
}
