// Why a Pod fits nowhere, in one sentence summed over the nodes.
// upstream: pkg/scheduler/framework/types.go (FitError), framework/preemption/preemption.go
import type { Rejection } from './framework.ts';

export interface NodeRejection extends Rejection { readonly plugin: string }

function histogram(reasons: Iterable<string>): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => `${count} ${reason}`).sort((a, b) => (a < b ? -1 : 1)).join(', ');
}

export class FitError extends Error {
  /** Plugins that rejected any node: their events may cure it. Empty when there was no node at all: any event may. */
  readonly plugins: ReadonlySet<string>;

  /** `preemption` is false for Pods that never preempt. */
  constructor(rejections: ReadonlyMap<string, NodeRejection>, nodeCount: number, preemption = true) {
    super(nodeCount === 0 ? 'no nodes available to schedule pods' : fitMessage(rejections, nodeCount, preemption));
    this.plugins = new Set([...rejections.values()].map((r) => r.plugin));
  }
}

function fitMessage(rejections: ReadonlyMap<string, NodeRejection>, nodeCount: number, preemption: boolean): string {
  const all = [...rejections.values()];
  const head = `0/${nodeCount} nodes are available`;
  // What is wrong on every node alike is told once, uncounted.
  const general = all.find((r) => r.everywhere);
  const filtered = `${head}: ${general ? general.reasons.join(', ') : histogram(all.flatMap((r) => r.reasons))}.`;
  if (!preemption) return `${filtered} preemption: not eligible due to preemptionPolicy=Never.`;
  const victims = histogram(all.map((r) => (r.unresolvable ? 'Preemption is not helpful for scheduling' : 'No preemption victims found for incoming pod')));
  return `${filtered} preemption: ${head}: ${victims}.`;
}
