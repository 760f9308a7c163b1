// The taints a node's conditions call for, and how long a Pod tolerates those that evict.
// upstream: pkg/controller/nodelifecycle/node_lifecycle_controller.go, pkg/controller/tainteviction/taint_eviction.go
import { findCondition } from '../../../src/apimachinery/conditions.ts';
import { tolerates } from '../../../src/apimachinery/tolerations.ts';
import type { Node, Taint } from '../../../src/api/core/node.ts';
import type { Toleration } from '../../../src/api/core/toleration.ts';
import { timestamp } from '../../../src/util/clock.ts';

const notReadyTaint = 'node.kubernetes.io/not-ready';
const unreachableTaint = 'node.kubernetes.io/unreachable';
const unschedulableTaint = 'node.kubernetes.io/unschedulable';

/** Condition → status → the taint that keeps new Pods away. */
const noScheduleTaints: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: notReadyTaint, Unknown: unreachableTaint },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
};
const managedNoSchedule = new Set([...Object.values(noScheduleTaints).flatMap((t) => Object.values(t)), unschedulableTaint]);

const managed = ({ key, effect }: Taint): boolean => (effect === 'NoSchedule' && managedNoSchedule.has(key)) || (effect === 'NoExecute' && (key === notReadyTaint || key === unreachableTaint));
const same = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect;

/** Whether it is lost, so that its Pods are to leave it. */
export const isLost = (node: Node): boolean => Object.hasOwn(noScheduleTaints['Ready']!, findCondition(node.status?.conditions, 'Ready')?.status ?? '');
/** Whether they are leaving it already. */
export const isEvicting = ({ spec: { taints = [] } }: Node): boolean => taints.some((taint) => taint.effect === 'NoExecute' && managed(taint));

/** `evict`: whether a node that is lost loses its Pods. */
function wantedTaints(node: Node, evict: boolean, now: number): Taint[] {
  const wanted: Taint[] = [];
  for (const [type, taints] of Object.entries(noScheduleTaints)) {
    const key = taints[findCondition(node.status?.conditions, type)?.status ?? ''];
    if (key) wanted.push({ key, effect: 'NoSchedule' } as Taint);
  }
  if (node.spec.unschedulable) wanted.push({ key: unschedulableTaint, effect: 'NoSchedule' } as Taint);
  const lost = noScheduleTaints['Ready']![findCondition(node.status?.conditions, 'Ready')?.status ?? ''];
  if (lost && evict) wanted.push({ key: lost, effect: 'NoExecute', timeAdded: timestamp(now) } as Taint);
  return wanted;
}

/** The node's taints with the managed ones brought up to date; undefined when they are. Those that stay keep their time. */
export function planTaints(node: Node, evict: boolean, now: number): Taint[] | undefined {
  const current = node.spec.taints ?? [];
  const wanted = wantedTaints(node, evict, now);
  const missing = wanted.filter((taint) => !current.some((t) => same(t, taint)));
  const obsolete = current.filter((taint) => managed(taint) && !wanted.some((t) => same(t, taint)));
  if (!missing.length && !obsolete.length) return undefined;
  return [...current.filter((taint) => !obsolete.includes(taint)), ...missing];
}

/**
 * How long a Pod may stay (ms) once it is seen that its node has these taints: undefined when none evicts, Infinity when every
 * one is tolerated for good, 0 when one is not tolerated, else the shortest time tolerated.
 */
export function toleratedMs(taints: readonly Taint[], tolerations: readonly Toleration[]): number | undefined {
  const evicting = taints.filter((taint) => taint.effect === 'NoExecute');
  if (!evicting.length) return undefined;
  let shortest = Infinity;
  for (const taint of evicting) {
    const matching = tolerations.filter((t) => tolerates(t, taint));
    if (!matching.length) return 0;
    for (const { tolerationSeconds } of matching) if (tolerationSeconds !== undefined && tolerationSeconds !== null) shortest = Math.min(shortest, Math.max(0, tolerationSeconds) * 1000);
  }
  return shortest;
}
