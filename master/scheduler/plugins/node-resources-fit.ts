// NodeResourcesFit: the node has room for what the Pod requests; emptier nodes score higher (LeastAllocated).
// upstream: pkg/scheduler/framework/plugins/noderesources/fit.go, least_allocated.go
import { maxScore, type Plugin, type Rejection } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { requestsOf, type ResourceList } from '../resources.ts';

const builtIn = ['cpu', 'memory', 'ephemeral-storage'];

export function insufficient(requests: ResourceList, node: NodeInfo): Rejection | undefined {
  const { allocatable, requested } = node;
  const reasons: string[] = [];
  let unresolvable = false;
  if (node.podCount + 1 > (allocatable['pods'] ?? 0)) reasons.push('Too many pods');
  for (const name of [...builtIn, ...Object.keys(requests).filter((r) => !builtIn.includes(r))]) {
    const wanted = requests[name] ?? 0;
    const offered = allocatable[name] ?? 0;
    if (wanted === 0 || wanted <= offered - (requested[name] ?? 0)) continue;
    reasons.push(`Insufficient ${name}`);
    // More than the empty node has: removing other Pods would not help.
    unresolvable ||= wanted > offered;
  }
  return reasons.length ? { reasons, unresolvable } : undefined;
}

/** The share of cpu and memory that stays free, in points, each rounded down. */
export function leastAllocated(requests: ResourceList, { allocatable, assumedRequests }: NodeInfo): number {
  const offered = ['cpu', 'memory'].filter((name) => (allocatable[name] ?? 0) > 0);
  if (!offered.length) return 0;
  const points = offered.map((name) => {
    const free = allocatable[name]! - (assumedRequests[name] ?? 0) - (requests[name] ?? 0);
    return free < 0 ? 0 : Math.floor((free * maxScore) / allocatable[name]!);
  });
  return Math.floor(points.reduce((a, b) => a + b, 0) / points.length);
}

export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  curedBy: ['Pod/delete', 'Node/add', 'Node/update'],
  weight: 1,
  check: (pod) => {
    const { exact, assumed } = requestsOf(pod);
    return { filter: (node) => insufficient(exact, node), score: (node) => leastAllocated(assumed, node) };
  },
};
