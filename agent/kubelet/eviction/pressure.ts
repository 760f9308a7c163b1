// From what the node has left to the conditions it shows and the resource that is to be reclaimed. Pure: the state of one look is
// the input of the next. upstream: pkg/kubelet/eviction/eviction_manager.go (synchronize), helpers.go
import type { Observation } from './signals.ts';
import { amountOf, type Signal, type Threshold } from './thresholds.ts';

export type PressureType = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';
export type StarvedResource = 'memory' | 'ephemeral-storage' | 'inodes' | 'pids';
type Observations = ReadonlyMap<Signal, Observation>;

const conditionOf: Readonly<Record<Signal, PressureType>> = {
  'memory.available': 'MemoryPressure', 'nodefs.available': 'DiskPressure', 'nodefs.inodesFree': 'DiskPressure', 'imagefs.available': 'DiskPressure', 'imagefs.inodesFree': 'DiskPressure', 'pid.available': 'PIDPressure',
};
export const resourceOf: Readonly<Record<Signal, StarvedResource>> = {
  'memory.available': 'memory', 'nodefs.available': 'ephemeral-storage', 'nodefs.inodesFree': 'inodes', 'imagefs.available': 'ephemeral-storage', 'imagefs.inodesFree': 'inodes', 'pid.available': 'pids',
};

export interface PressureState {
  /** Since when a threshold has been crossed without a break. Monotonic ms, as all times here. */
  readonly crossedAt: ReadonlyMap<Threshold, number>;
  readonly conditionSeenAt: ReadonlyMap<PressureType, number>;
  /** Crossed for longer than their grace period, and not resolved since. */
  readonly met: readonly Threshold[];
}
export const noPressure: PressureState = { crossedAt: new Map(), conditionSeenAt: new Map(), met: [] };

/** Those that are crossed; with `reclaim` those too that are not yet so far behind as their minimum reclaim asks. */
export function crossed(thresholds: readonly Threshold[], observations: Observations, reclaim: boolean): Threshold[] {
  return thresholds.filter(({ signal, value, minReclaim }) => {
    const seen = observations.get(signal);
    return seen !== undefined && seen.available < amountOf(value, seen.capacity) + (reclaim && minReclaim ? amountOf(minReclaim, seen.capacity) : 0);
  });
}

export interface Pressure {
  readonly state: PressureState;
  readonly conditions: ReadonlySet<PressureType>;
  /** What Pods are to be evicted for, the most urgent first: memory before all others. */
  readonly toReclaim: readonly Threshold[];
}

export function judgePressure(before: PressureState, config: { readonly thresholds: readonly Threshold[]; readonly transitionMs: number }, observations: Observations, now: number): Pressure {
  const present = [...new Set([...crossed(config.thresholds, observations, false), ...crossed(before.met, observations, true)])];
  const crossedAt = new Map(present.map((t) => [t, before.crossedAt.get(t) ?? now]));
  const conditionSeenAt = new Map(before.conditionSeenAt);
  for (const { signal } of present) conditionSeenAt.set(conditionOf[signal], now);
  // One that was just seen holds in any case, however short the period.
  const conditions = new Set([...conditionSeenAt].filter(([, at]) => at === now || now - at < config.transitionMs).map(([type]) => type));
  const met = present.filter((t) => now - crossedAt.get(t)! >= t.graceMs);
  const toReclaim = [...met].sort((a, b) => Number(b.signal === 'memory.available') - Number(a.signal === 'memory.available'));
  return { state: { crossedAt, conditionSeenAt, met }, conditions, toReclaim };
}
