// NodeResourcesBalancedAllocation: prefers nodes whose cpu and memory would be used to the same degree.
// upstream: pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go
import { maxScore, type Plugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { requestsOf, type ResourceList } from '../resources.ts';

/** With cpu used to 50 % and memory to 30 % the deviation is 0.1, which makes 90 points. */
export function balance(requests: ResourceList, { allocatable, requested }: NodeInfo): number {
  const [cpuOffered, memoryOffered] = [allocatable['cpu'] ?? 0, allocatable['memory'] ?? 0];
  if (cpuOffered <= 0 || memoryOffered <= 0) return maxScore;
  const cpu = Math.min(1, ((requested['cpu'] ?? 0) + (requests['cpu'] ?? 0)) / cpuOffered);
  const memory = Math.min(1, ((requested['memory'] ?? 0) + (requests['memory'] ?? 0)) / memoryOffered);
  return Math.floor((1 - Math.abs(cpu - memory) / 2) * maxScore);
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
