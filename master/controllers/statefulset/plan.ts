// The pure part of the StatefulSet controller: which Pods to make, to correct and to end now, so that order and bounds are kept.
// upstream: pkg/controller/statefulset/stateful_set_control.go (updateStatefulSet)
import type { StatefulSet } from '../../../src/api/apps/stateful-set.ts';
import { isPodReady, isPodTerminal } from '../../../src/api/core/pod-conditions.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { scaledValue } from '../deployment/bounds.ts';
import { availableIn } from '../pod-state.ts';
import { inOrdinalRange, missingLabels, ordinalOf, podRevision, startOrdinal } from './identity.ts';

export interface SetRevisions { readonly current: string; readonly update: string }

export type Step =
  | { readonly action: 'create'; readonly ordinal: number; readonly revision: 'current' | 'update' }
  /** A Pod that waits may wait for a claim that is missing. */
  | { readonly action: 'claims'; readonly pod: Pod }
  | { readonly action: 'relabel'; readonly pod: Pod; readonly labels: Readonly<Record<string, string>> }
  | { readonly action: 'delete'; readonly pod: Pod };

export const isRunningAndReady = (pod: Pod): boolean => pod.status?.phase === 'Running' && isPodReady(pod);
const isAvailable = (pod: Pod, set: StatefulSet, now: number): boolean => isRunningAndReady(pod) && availableIn(pod, set.spec.minReadySeconds, now) === 0;
const isEnding = (pod: Pod): boolean => Boolean(pod.metadata.deletionTimestamp);
const isHealthy = (pod: Pod | undefined, set: StatefulSet, now: number): boolean => pod !== undefined && isAvailable(pod, set, now) && !isEnding(pod);

/** Below the partition an update stops: Pods made anew there keep the revision they had. */
const partitionOf = ({ spec }: StatefulSet): number => spec.updateStrategy.rollingUpdate?.partition ?? 0;
const newRevisionOf = (set: StatefulSet, ordinal: number): 'current' | 'update' =>
  (set.spec.updateStrategy.type === 'RollingUpdate' && ordinal < startOrdinal(set) + partitionOf(set) ? 'current' : 'update');

/** One Pod may be missing, or as many as maxUnavailable says (a percentage rounds up, and is one at least). */
function maxUnavailable({ spec }: StatefulSet): number {
  const value = spec.updateStrategy.rollingUpdate?.maxUnavailable;
  return value === undefined ? 1 : Math.max(1, scaledValue(value, spec.replicas, 'up'));
}

interface Members { readonly replicas: readonly (Pod | undefined)[]; readonly condemned: readonly Pod[] }

/** Pods of wanted ordinals in order, the others from the highest ordinal down; names that are none of this set's are in neither. */
export function membersOf(set: StatefulSet, pods: readonly Pod[]): Members {
  const replicas = Array<Pod | undefined>(set.spec.replicas).fill(undefined);
  const condemned: Pod[] = [];
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod);
    if (ordinal === undefined) continue;
    if (inOrdinalRange(set, ordinal)) replicas[ordinal - startOrdinal(set)] = pod;
    else condemned.push(pod);
  }
  return { replicas, condemned: condemned.sort((a, b) => ordinalOf(set, b)! - ordinalOf(set, a)!) };
}

/**
 * All that may be done now. In order (OrderedReady) that is one step at most, and none while a Pod before it is not available. `wait` tells
 * for how many milliseconds a Pod that has ended is left as it is.
 */
export function planStatefulSet(set: StatefulSet, pods: readonly Pod[], revisions: SetRevisions, now: number, wait: (pod: Pod) => number = () => 0): Step[] {
  if (set.metadata.deletionTimestamp) return [];
  const ordered = set.spec.podManagementPolicy !== 'Parallel';
  const { replicas, condemned } = membersOf(set, pods);
  const steps: Step[] = [];
  for (const [index, pod] of replicas.entries()) {
    const { step, blocks } = planReplica(set, startOrdinal(set) + index, pod, now, wait);
    if (step) steps.push(step);
    if (ordered && (blocks || step)) return steps;
  }
  const scaling = planCondemned(set, replicas, condemned, ordered, now);
  steps.push(...scaling.steps);
  if (scaling.blocks || set.spec.updateStrategy.type === 'OnDelete') return steps;
  const ending = new Set(steps.flatMap((step) => (step.action === 'delete' ? [step.pod] : [])));
  return [...steps, ...planUpdate(set, replicas, revisions, ending, now)];
}

function planReplica(set: StatefulSet, ordinal: number, pod: Pod | undefined, now: number, wait: (pod: Pod) => number): { step?: Step; blocks: boolean } {
  if (!pod) return { step: { action: 'create', ordinal, revision: newRevisionOf(set, ordinal) }, blocks: true };
  // A finished Pod is made anew whatever its containers' exit codes were, but only when its name is free.
  if (isPodTerminal(pod)) return { ...(isEnding(pod) || wait(pod) > 0 ? {} : { step: { action: 'delete', pod } as const }), blocks: true };
  if (pod.status?.phase === 'Pending' && !isEnding(pod) && set.spec.volumeClaimTemplates?.length) return { step: { action: 'claims', pod }, blocks: true };
  if (!isHealthy(pod, set, now)) return { blocks: true };
  const labels = missingLabels(set, pod);
  return Object.keys(labels).length ? { step: { action: 'relabel', pod, labels }, blocks: false } : { blocks: false };
}

/** In order, the highest goes first, and only while all others are available or when it is itself the first that is not. */
function planCondemned(set: StatefulSet, replicas: readonly (Pod | undefined)[], condemned: readonly Pod[], ordered: boolean, now: number): { steps: Step[]; blocks: boolean } {
  if (!ordered) return { steps: condemned.filter((pod) => !isEnding(pod)).map((pod) => ({ action: 'delete', pod })), blocks: false };
  const highest = condemned[0];
  if (!highest) return { steps: [], blocks: false };
  const firstUnhealthy = [...replicas, ...[...condemned].reverse()].find((pod) => !isHealthy(pod, set, now));
  // One that has finished can never become available again: upstream would wait for it for ever.
  if (isEnding(highest) || (!isPodTerminal(highest) && !isAvailable(highest, set, now) && highest !== firstUnhealthy)) return { steps: [], blocks: true };
  return { steps: [{ action: 'delete', pod: highest }], blocks: true };
}

/** From the highest ordinal down to the partition: Pods of another revision go while no more are missing than may be. */
function planUpdate(set: StatefulSet, replicas: readonly (Pod | undefined)[], revisions: SetRevisions, ending: ReadonlySet<Pod>, now: number): Step[] {
  const limit = maxUnavailable(set);
  const missing = (pod: Pod | undefined): boolean => !isHealthy(pod, set, now) || ending.has(pod!);
  const allMissing = replicas.filter(missing).length;
  const steps: Step[] = [];
  let passed = 0;
  for (const pod of [...replicas.slice(partitionOf(set))].reverse()) {
    if (passed >= limit) break;
    const stale = pod !== undefined && podRevision(pod) !== revisions.update && !isEnding(pod) && !ending.has(pod);
    // A Pod that is not available costs nothing to replace; with several at a time those elsewhere count too.
    if (stale && limit > 1 && !missing(pod) && allMissing + steps.filter((step) => step.action === 'delete' && !missing(step.pod)).length >= limit) break;
    if (stale) steps.push({ action: 'delete', pod });
    if (stale || missing(pod)) passed++;
  }
  return steps;
}
