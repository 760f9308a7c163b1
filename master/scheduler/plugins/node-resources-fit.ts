// NodeResourcesFit: the node has room for what the Pod requests; emptier nodes score higher (LeastAllocated).
// upstream: pkg/scheduler/framework/plugins/noderesources/fit.go, least_allocated.go
import { maxScore, type Plugin, type Rejection } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { requestsOf, type ResourceList } from '../resources.ts';

const builtIn = ['cpu', 'memory', 'ephemeral-storage'];

/** Asked of every node for every Pod: makes nothing unless the node is too full. */
export function insufficient(requests: ResourceList, node: NodeInfo, names: readonly string[] = wantedNames(requests)): Rejection | undefined {
  const { allocatable, requested } = node;
  let reasons: string[] | undefined;
  let unresolvable = false;
  if (node.podCount + 1 > (allocatable['pods'] ?? 0)) reasons = ['Too many pods'];
  for (const name of names) {
    const wanted = requests[name]!;
    const offered = allocatable[name] ?? 0;
    if (wanted <= offered - (requested[name] ?? 0)) continue;
    (reasons ??= []).push(`Insufficient ${name}`);
    // More than the empty node has: removing other Pods would not help.
    unresolvable ||= wanted > offered;
  }
  return reasons && { reasons, unresolvable };
}
/** What is asked for at all, in the order it is told. */
const wantedNames = (requests: ResourceList): string[] => [...builtIn, ...Object.keys(requests).filter((name) => !builtIn.includes(name))].filter((name) => (requests[name] ?? 0) !== 0);

/** The share of cpu and memory that stays free, in points, each rounded down. */
export function leastAllocated(requests: ResourceList, { allocatable, assumedRequests }: NodeInfo): number {
  let [sum, offered] = [0, 0];
  for (const name of scored) {
    const all = allocatable[name] ?? 0;
    if (all <= 0) continue;
    const free = all - (assumedRequests[name] ?? 0) - (requests[name] ?? 0);
    sum += free < 0 ? 0 : Math.floor((free * maxScore) / all);
    offered++;
  }
  return offered === 0 ? 0 : Math.floor(sum / offered);
}
const scored = ['cpu', 'memory'];

export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  curedBy: ['Pod/delete', 'Node/add', 'Node/update'],
  weight: 1,
  check: (pod) => {
    const { exact, assumed } = requestsOf(pod);
    const names = wantedNames(exact);
    return { filter: (node) => insufficient(exact, node, names), score: (node) => leastAllocated(assumed, node) };
  },
};
