// The shape of a scheduler plugin. A plugin prepares itself once per Pod and then answers for each node; a check owns the
// words of its own failure and says which events could cure it.
// upstream: pkg/scheduler/framework/interface.go
import type { Selector } from '../../src/apimachinery/selectors.ts';
import type { PersistentVolumeClaim } from '../../src/api/core/persistent-volume-claim.ts';
import type { PersistentVolume } from '../../src/api/core/persistent-volume.ts';
import type { Pod } from '../../src/api/core/pod.ts';
import type { PodDisruptionBudget } from '../../src/api/policy/pod-disruption-budget.ts';
import type { CSINode } from '../../src/api/storage/csi-node.ts';
import type { StorageClass } from '../../src/api/storage/storage-class.ts';
import type { NodeInfo } from './node-info.ts';
import type { Candidate } from './preemption.ts';
import type { Trial } from './trial.ts';

/** What happens in the cluster that may make room for a Pod. */
export type ClusterEvent = 'Node/add' | 'Node/update' | 'Pod/add' | 'Pod/update' | 'Pod/delete' | 'PersistentVolumeClaim' | 'PersistentVolume' | 'StorageClass' | 'CSINode';

/** Why a node does not suit; `unresolvable` when removing other Pods from it would not help, `everywhere` when it is no matter of nodes at all. */
export interface Rejection { readonly reasons: readonly string[]; readonly unresolvable?: boolean; readonly everywhere?: boolean }

/** One Pod against the nodes. Absent parts have nothing to say about this Pod. */
export interface PodCheck {
  /** The only nodes that come into question, by name; the others need not be asked. */
  only?: ReadonlySet<string>;
  filter?(node: NodeInfo): Rejection | undefined;
  /** Counts another Pod in or out on the node, for checks that look beyond the node they filter; undone by its opposite. */
  changed?(other: Pod, node: NodeInfo, by: 1 | -1): void;
  /** Sees the nodes that passed every filter, before the first `score`. */
  beforeScore?(feasible: readonly NodeInfo[]): void;
  /** Any number; higher is better once normalised. */
  score?(node: NodeInfo): number;
  /** Brings scores into 0 to 100; the default leaves them. */
  normalize?(scores: number[], feasible: readonly NodeInfo[]): number[];
}

export interface Snapshot {
  readonly nodes: readonly NodeInfo[];
  readonly related: Related;
  /** Pods without a node for which room is made, or kept, on this one. */
  nominated(node: string): readonly Pod[];
}
/** What plugins read beside nodes and Pods. */
export interface Related {
  /** Selects the Pods a Pod is spread among by default: those of its Services and its controller; undefined when there are none. */
  siblings(pod: Pod): Selector | undefined;
  namespaceLabels(name: string): Readonly<Record<string, string>> | undefined;
  budgets(): readonly PodDisruptionBudget[];
  readonly storage: Storage;
}
export interface Storage {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  volumes(): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  /** What the drivers of the node of this name say of it. */
  csiNode(name: string): CSINode | undefined;
}

/** What is left when no node suits. `message` is empty when something was found to be done. */
export interface PostFilterResult {
  readonly message: string;
  /** The node to make room on, with whom to remove from it. */
  readonly nominated?: Candidate;
  /** The node nominated before is of no use any more. */
  readonly clear?: boolean;
}

export interface Plugin {
  /** Upstream's name. */
  readonly name: string;
  readonly curedBy: readonly ClusterEvent[];
  /** Weight of the score among the others. */
  readonly weight?: number;
  /** Keeps a Pod out of the queue while it returns true. */
  holdsBack?(pod: Pod): boolean;
  check?(pod: Pod, snapshot: Snapshot): PodCheck;
  /** Asked when every node was rejected. `random` is 0 up to 1. */
  postFilter?(trial: Trial, rejections: ReadonlyMap<string, Rejection>, snapshot: Snapshot, random: () => number): PostFilterResult;
}

export const maxScore = 100;

/** Scales so that the highest becomes 100; `reverse` when the raw number counts faults. */
export function scaleToMax(scores: readonly number[], reverse = false): number[] {
  const highest = Math.max(0, ...scores);
  if (highest === 0) return scores.map(() => (reverse ? maxScore : 0));
  return scores.map((score) => (reverse ? maxScore - Math.floor((maxScore * score) / highest) : Math.floor((maxScore * score) / highest)));
}
