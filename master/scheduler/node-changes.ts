// Whether a change of a node could make it suit more Pods: heartbeats alone do not.
// upstream: pkg/scheduler/framework/events.go (NodeSchedulingPropertiesChange)
import { isDeepStrictEqual } from 'node:util';
import type { Node } from '../../src/api/core/node.ts';

export function schedulingChanged(node: Node, old: Node): boolean {
  return (node.spec.unschedulable ?? false) !== (old.spec.unschedulable ?? false)
    || !isDeepStrictEqual(node.status?.allocatable, old.status?.allocatable)
    || !isDeepStrictEqual(node.metadata.labels, old.metadata.labels)
    || !isDeepStrictEqual(node.spec.taints ?? [], old.spec.taints ?? []);
}
