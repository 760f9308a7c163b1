// Which Pods nobody else would ever remove: of nodes that are gone, ending before they had a node, or finished and too many.
// upstream: pkg/controller/podgc/gc_controller.go
import { findCondition } from '../../../src/apimachinery/conditions.ts';
import type { Node } from '../../../src/api/core/node.ts';
import type { Pod } from '../../../src/api/core/pod.ts';

/** A node missing from the cache gets this long to show up before the API is asked. */
export const quarantineMs = 40_000;
const outOfServiceTaint = 'node.kubernetes.io/out-of-service';

export type PodFate = 'keep' | 'unscheduled' | 'outOfService' | 'nodeMissing';

/** Somebody says of a node that is lost that it will not come back as it was. */
export const isOutOfService = (node: Node): boolean => findCondition(node.status?.conditions, 'Ready')?.status !== 'True' && (node.spec.taints ?? []).some((t) => t.key === outOfServiceTaint);

export function fateOf(pod: Pod, node: Node | undefined): PodFate {
  if (!pod.spec.nodeName) return pod.metadata.deletionTimestamp ? 'unscheduled' : 'keep';
  if (!node) return 'nodeMissing';
  return isOutOfService(node) && pod.metadata.deletionTimestamp ? 'outOfService' : 'keep';
}

const created = (pod: Pod): number => Date.parse(pod.metadata.creationTimestamp ?? '') || 0;
const evicted = (pod: Pod): boolean => pod.status?.phase === 'Failed' && pod.status.reason === 'Evicted';

/** Finished Pods above the threshold: evicted ones first, then the oldest. */
export function surplusFinished(finished: readonly Pod[], threshold: number): Pod[] {
  const surplus = finished.length - threshold;
  if (threshold <= 0 || surplus <= 0) return [];
  return [...finished].sort((a, b) => Number(evicted(b)) - Number(evicted(a)) || created(a) - created(b) || (a.metadata.name < b.metadata.name ? -1 : 1)).slice(0, surplus);
}
