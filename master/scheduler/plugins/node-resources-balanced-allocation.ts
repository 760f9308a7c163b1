// NodeResourcesBalancedAllocation: prefers nodes whose resources (cpu and memory, unless told otherwise) would be used to the same degree.
// upstream: pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go
import { maxScore, type Plugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import { requestsOf, type ResourceList } from '../resources.ts';
import { nativeResources } from './node-resources-scoring.ts';

export interface NodeResourcesBalancedAllocationArgs { readonly resources: readonly string[] }

/** With cpu used to 50 % and memory to 30 % the deviation is 0.1, which makes 90 points. */
export function balance(requests: ResourceList, { allocatable, requested }: NodeInfo, resources: readonly string[]): number {
  const shares: number[] = [];
  for (const name of resources) {
    const all = allocatable[name] ?? 0;
    if (all <= 0 || (!requests[name] && !nativeResources.has(name))) continue;
    shares.push(Math.min(1, ((requested[name] ?? 0) + (requests[name] ?? 0)) / all));
  }
  return Math.trunc((1 - deviation(shares)) * maxScore);
}
/** Of two numbers it is half their distance. */
function deviation(shares: readonly number[]): number {
  if (shares.length < 2) return 0;
  if (shares.length === 2) return Math.abs(shares[0]! - shares[1]!) / 2;
  const mean = shares.reduce((a, b) => a + b, 0) / shares.length;
  return Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length);
}

export const nodeResourcesBalancedAllocationWith = ({ resources }: NodeResourcesBalancedAllocationArgs): Plugin => ({
  name: 'NodeResourcesBalancedAllocation',
  curedBy: [],
  weight: 1,
  check: (pod) => {
    const { exact } = requestsOf(pod);
    return resources.some((name) => exact[name]) ? { score: (node) => balance(exact, node, resources) } : {};
  },
});

export const nodeResourcesBalancedAllocationDefaults: NodeResourcesBalancedAllocationArgs = { resources: ['cpu', 'memory'] };
