// Chooses a node for one Pod: filter all nodes, score those that remain, take the best. Pure but for the random choice among equals.
// upstream: pkg/scheduler/schedule_one.go (schedulePod)
import type { Pod } from '../../src/api/core/pod.ts';
import { FitError, type NodeRejection } from './fit-error.ts';
import type { Plugin, Snapshot } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import { Trial, type Prepared } from './trial.ts';

/** Below this many nodes all are looked at. */
const minFeasible = 100;

/** How many suitable nodes are enough: all up to 100 nodes, then this share; 0 stands for one that falls from 50 % to 5 %. */
export function feasibleEnough(nodeCount: number, percentage = 0): number {
  if (nodeCount <= minFeasible) return nodeCount;
  const percent = percentage || Math.max(5, 50 - Math.floor(nodeCount / 125));
  return Math.max(minFeasible, Math.floor((nodeCount * percent) / 100));
}

/** `start` rotates where the search begins, so that in a large cluster every node gets its turn. @throws FitError */
export function schedulePod(pod: Pod, snapshot: Snapshot, plugins: readonly Plugin[], choose: { start: number; random: () => number; percentageOfNodesToScore?: number }): { node: NodeInfo; looked: number } {
  const { nodes } = snapshot;
  if (!nodes.length) throw new FitError(new Map(), 0);
  const trial = new Trial(pod, snapshot, plugins);
  // Where room was made for it, it goes as soon as it fits.
  const promised = pod.status?.nominatedNodeName ? nodes.find((node) => node.name === pod.status!.nominatedNodeName) : undefined;
  if (promised && !trial.reject(promised)) return { node: promised, looked: 0 };
  const rejections = new Map<string, NodeRejection>();
  const feasible: NodeInfo[] = [];
  const enough = feasibleEnough(nodes.length, choose.percentageOfNodesToScore);
  let looked = 0;
  const restricting = trial.checks.filter(({ check }) => check.only);
  for (; looked < nodes.length && feasible.length < enough; looked++) {
    const node = nodes[(choose.start + looked) % nodes.length]!;
    const unnamed = restricting.length === 0 ? undefined : restricting.find(({ check }) => !check.only!.has(node.name))?.plugin.name;
    const rejection = unnamed === undefined ? trial.reject(node) : { reasons: [`node(s) didn't satisfy plugin(s) [${unnamed}]`], unresolvable: true, plugin: unnamed };
    if (rejection) rejections.set(node.name, rejection);
    else feasible.push(node);
  }
  if (feasible.length === 0) throw new FitError(rejections, nodes.length, plugins.find((plugin) => plugin.postFilter)?.postFilter!(trial, rejections, snapshot, choose.random));
  if (feasible.length === 1) return { node: feasible[0]!, looked };
  return { node: best(feasible, totalScores(trial.checks, feasible), choose.random), looked };
}

function totalScores(checks: readonly Prepared[], feasible: readonly NodeInfo[]): number[] {
  const totals = feasible.map(() => 0);
  for (const { plugin, check } of checks) {
    if (!check.score) continue;
    check.beforeScore?.(feasible);
    const raw = feasible.map((node) => check.score!(node));
    const scores = check.normalize ? check.normalize(raw, feasible) : raw;
    const weight = plugin.weight ?? 1;
    for (let i = 0; i < scores.length; i++) totals[i]! += scores[i]! * weight;
  }
  return totals;
}

function best(feasible: readonly NodeInfo[], totals: readonly number[], random: () => number): NodeInfo {
  const highest = Math.max(...totals);
  const winners = feasible.filter((_, i) => totals[i] === highest);
  return winners[Math.floor(random() * winners.length)]!;
}
