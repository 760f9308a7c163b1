// Why a Pod fits nowhere, in one sentence summed over the nodes.
// upstream: pkg/scheduler/framework/types.go (FitError)
import type { PostFilterResult, Rejection } from './framework.ts';

export interface NodeRejection extends Rejection { readonly plugin: string }

function histogram(reasons: Iterable<string>): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => `${count} ${reason}`).sort((a, b) => (a < b ? -1 : 1)).join(', ');
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
export function nodesMessage(rejections: readonly Rejection[], nodeCount: number): string {
  // What is wrong on every node alike is told once, uncounted.
  const general = rejections.find((r) => r.everywhere);
  return `0/${nodeCount} nodes are available: ${general ? general.reasons.join(', ') : histogram(rejections.flatMap((r) => r.reasons))}.`;
}

export class FitError extends Error {
  /** Plugins that rejected any node: their events may cure it. Empty when there was no node at all: any event may. */
  readonly plugins: ReadonlySet<string>;
  readonly after: PostFilterResult;

  constructor(rejections: ReadonlyMap<string, NodeRejection>, nodeCount: number, after: PostFilterResult = { message: '' }) {
    const all = [...rejections.values()];
    super(nodeCount === 0 ? 'no nodes available to schedule pods' : [nodesMessage(all, nodeCount), after.message].filter(Boolean).join(' '));
    this.plugins = new Set(all.map((r) => r.plugin));
    this.after = after;
  }
}
