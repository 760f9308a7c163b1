// What a change of spec.replicas does to the ReplicaSets while several of them have Pods: each keeps its share, so that
// scaling in the middle of a roll-out (or while paused) neither speeds it up nor reverts it.
// upstream: pkg/controller/deployment/sync.go (scale), util/deployment_util.go (GetReplicaSetProportion)
import type { Bounds } from './bounds.ts';
import type { Scaling, SetSize } from './rolling.ts';

/** `maxReplicas` is the value of the max-replicas annotation, `desired` that of desired-replicas, when they are there. */
export interface ScaledSet extends SetSize { readonly maxReplicas?: number | undefined; readonly desired?: number | undefined }
export interface ScalingInput {
  readonly wanted: number; readonly bounds: Bounds; readonly rolling: boolean;
  /** status.replicas of the Deployment: the base of the share when a set has no annotation. */
  readonly statusReplicas: number;
  readonly newSet?: ScaledSet | undefined; readonly oldSets: readonly ScaledSet[];
}

const newestFirst = (a: SetSize, b: SetSize): number => b.created - a.created;

/** The only ReplicaSet with Pods; the new or the newest when none has any; undefined when several have. */
export function activeOrLatest<S extends SetSize>(newSet: S | undefined, oldSets: readonly S[]): S | undefined {
  const old = [...oldSets].sort(newestFirst);
  const active = [...old, ...(newSet ? [newSet] : [])].filter((s) => s.replicas > 0);
  if (active.length === 0) return newSet ?? old[0];
  return active.length === 1 ? active[0] : undefined;
}

/** All wanted Pods of this revision run and are available. */
const isSaturated = (wanted: number, set: ScaledSet | undefined): boolean =>
  set !== undefined && set.replicas === wanted && set.desired === wanted && set.available === wanted;

/** The sizes to set; sets that keep theirs are listed too when their annotations have to follow. */
export function planScaling({ wanted, bounds, rolling, statusReplicas, newSet, oldSets }: ScalingInput): Scaling[] {
  const only = activeOrLatest(newSet, oldSets);
  if (only) return [{ name: only.name, replicas: wanted }];
  if (isSaturated(wanted, newSet)) return oldSets.filter((s) => s.replicas > 0).map((s) => ({ name: s.name, replicas: 0 }));
  if (!rolling) return [];

  const active = [...oldSets, ...(newSet ? [newSet] : [])].filter((s) => s.replicas > 0);
  const total = active.reduce((n, s) => n + s.replicas, 0);
  const toAdd = (wanted > 0 ? wanted + bounds.maxSurge : 0) - total;
  // Larger sets take their share first; among equals the newer grows first and the older shrinks first.
  active.sort((a, b) => b.replicas - a.replicas || (toAdd > 0 ? newestFirst(a, b) : newestFirst(b, a)));
  let added = 0;
  const sizes = active.map((set) => {
    const share = proportion(set, { wanted, maxReplicas: wanted + bounds.maxSurge, statusReplicas, toAdd, added });
    added += share;
    return { name: set.name, replicas: set.replicas + share };
  });
  const largest = sizes[0];
  if (largest && toAdd !== 0) sizes[0] = { name: largest.name, replicas: Math.max(0, largest.replicas + toAdd - added) };
  return sizes;
}

function proportion(set: ScaledSet, now: { wanted: number; maxReplicas: number; statusReplicas: number; toAdd: number; added: number }): number {
  const { toAdd, added } = now;
  if (toAdd === 0 || toAdd === added) return 0;
  const fraction = fractionOf(set, now);
  return toAdd > 0 ? Math.min(fraction, toAdd - added) : Math.max(fraction, toAdd - added);
}

function fractionOf(set: ScaledSet, { wanted, maxReplicas, statusReplicas }: { wanted: number; maxReplicas: number; statusReplicas: number }): number {
  if (wanted === 0) return -set.replicas;
  const before = set.maxReplicas || statusReplicas;
  if (before === 0) return 0;
  return Math.round((set.replicas * maxReplicas) / before) - set.replicas;
}
