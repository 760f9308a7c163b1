// How full a node may be to be liked: the three strategies of NodeResourcesFit, each a number from 0 to 100 over weighted resources.
// upstream: pkg/scheduler/framework/plugins/noderesources/least_allocated.go, most_allocated.go, requested_to_capacity_ratio.go
import { maxScore } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { ResourceList } from '../resources.ts';

export interface ResourceWeight { readonly name: string; readonly weight: number }
/** Utilization in percent, score from 0 to 10. */
export interface ShapePoint { readonly utilization: number; readonly score: number }
export type ScoringStrategy =
  | { readonly type: 'LeastAllocated' | 'MostAllocated'; readonly resources: readonly ResourceWeight[] }
  | { readonly type: 'RequestedToCapacityRatio'; readonly resources: readonly ResourceWeight[]; readonly shape: readonly ShapePoint[] };

export const cpuAndMemory: readonly ResourceWeight[] = [{ name: 'cpu', weight: 1 }, { name: 'memory', weight: 1 }];
/** What every node has; other resources count only for Pods that ask for them. */
export const nativeResources: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);

/** Between two points the line through them, beyond the outer ones their score. At 30 % the points (0, 0) and (100, 10) make 3. */
export function onShape(shape: readonly ShapePoint[], utilization: number): number {
  const next = shape.findIndex((point) => utilization <= point.utilization);
  if (next < 0) return shape.at(-1)!.score;
  if (next === 0) return shape[0]!.score;
  const [from, to] = [shape[next - 1]!, shape[next]!];
  return from.score + Math.trunc(((to.score - from.score) * (utilization - from.utilization)) / (to.utilization - from.utilization));
}

/** Points of one resource of which `used` of `all` (more than 0) would be taken. */
type Points = (used: number, all: number) => number;
const least: Points = (used, all) => (used > all ? 0 : Math.floor(((all - used) * maxScore) / all));
const most: Points = (used, all) => Math.floor((Math.min(used, all) * maxScore) / all);
function ratio(shape: readonly ShapePoint[]): Points {
  const scaled = shape.map(({ utilization, score }) => ({ utilization, score: score * (maxScore / 10) }));
  return (used, all) => onShape(scaled, used > all ? 100 : Math.floor((used * 100) / all));
}

/** What would be used of a resource, containers that ask for nothing counted with the assumed minimum. */
const usedOf = (name: string, requests: ResourceList, { requested, assumedRequests }: NodeInfo): number =>
  ((name === 'cpu' || name === 'memory' ? assumedRequests : requested)[name] ?? 0) + (requests[name] ?? 0);

/** The score of a node for a Pod with these requests (with the assumed minimum). */
export function scorerOf(strategy: ScoringStrategy): (requests: ResourceList, node: NodeInfo) => number {
  const byShape = strategy.type === 'RequestedToCapacityRatio';
  const points = byShape ? ratio(strategy.shape) : strategy.type === 'MostAllocated' ? most : least;
  return (requests, node) => {
    let [sum, weights] = [0, 0];
    for (const { name, weight } of strategy.resources) {
      const all = node.allocatable[name] ?? 0;
      if (all <= 0 || (!requests[name] && !nativeResources.has(name))) continue;
      const score = points(usedOf(name, requests, node), all);
      // By shape a resource without points does not count against the others.
      if (byShape && score <= 0) continue;
      sum += score * weight;
      weights += weight;
    }
    if (weights === 0) return 0;
    return byShape ? Math.round(sum / weights) : Math.floor(sum / weights);
  };
}
