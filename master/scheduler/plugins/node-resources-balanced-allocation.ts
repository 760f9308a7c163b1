// NodeResourcesBalancedAllocation: prefers nodes whose cpu and memory would be used to the same degree.
// upstream: pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go
import { maxScore, type Plugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { requestsOf, type ResourceList } from '../resources.ts';

/** With cpu used to 50 % and memory to 30 % the deviation is 0.1, which makes 90 points. */
export function balance(requests: ResourceList, { allocatable, requested }: NodeInfo): number {
  const fractions = ['cpu', 'memory'].filter((name) => (allocatable[name] ?? 0) > 0)
    .map((name) => Math.min(1, ((requested[name] ?? 0) + (requests[name] ?? 0)) / allocatable[name]!));
  const deviation = fractions.length === 2 ? Math.abs(fractions[0]! - fractions[1]!) / 2 : 0;
  return Math.floor((1 - deviation) * maxScore);
}

export const nodeResourcesBalancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  curedBy: [],
  weight: 1,
  check: (pod) => {
    const { exact } = requestsOf(pod);
    return exact['cpu'] || exact['memory'] ? { score: (node) => balance(exact, node) } : {};
  },
};
