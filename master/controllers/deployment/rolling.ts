// The plan of a rolling update, in whole Pods: scale the new ReplicaSet up if the surge allows, else the old ones down if
// availability allows. The controller acts on the answer, waits for the caches and asks again.
// upstream: pkg/controller/deployment/rolling.go, util/deployment_util.go (NewRSNewReplicas)
import type { Bounds } from './bounds.ts';

/** What the plan needs of a ReplicaSet; `created` is any value that sorts by age, oldest first. */
export interface SetSize { readonly name: string; readonly replicas: number; readonly available: number; readonly created: number }
export interface Scaling { readonly name: string; readonly replicas: number }

/** A status may still count Pods of a set that has been made smaller since, which are about to go. Upstream gives up such a pass. */
const staying = ({ available, replicas }: SetSize): number => Math.min(available, replicas);
const sum = (sets: readonly SetSize[], of: (set: SetSize) => number): number => sets.reduce((total, set) => total + of(set), 0);

/** The size the new ReplicaSet may have now. With 10 wanted, a surge of 3 and 10 old Pods it is 3. */
export function newSetSize(wanted: number, maxSurge: number, current: number, total: number): number {
  const room = wanted + maxSurge - total;
  return room <= 0 ? current : current + Math.min(room, wanted - current);
}

/** Size changes to make in this pass, empty when there is nothing to do now. */
export function planRolling(wanted: number, bounds: Bounds, newSet: SetSize, oldSets: readonly SetSize[]): Scaling[] {
  const up = planNewSet(wanted, bounds, newSet, oldSets);
  return up ? [up] : planOldSets(wanted, bounds, newSet, oldSets);
}

function planNewSet(wanted: number, bounds: Bounds, newSet: SetSize, oldSets: readonly SetSize[]): Scaling | undefined {
  if (newSet.replicas === wanted) return undefined;
  if (newSet.replicas > wanted) return { name: newSet.name, replicas: wanted };
  const replicas = newSetSize(wanted, bounds.maxSurge, newSet.replicas, newSet.replicas + sum(oldSets, (s) => s.replicas));
  return replicas === newSet.replicas ? undefined : { name: newSet.name, replicas };
}

/**
 * Pods of the new set that are not available yet count against the budget: 13 Pods of 10 wanted, 2 may be missing and 5 new
 * ones are not available leave 13 - 8 - 5 = 0 to remove. Unhealthy old Pods go first, as losing them costs no availability.
 */
function planOldSets(wanted: number, { maxUnavailable }: Bounds, newSet: SetSize, oldSets: readonly SetSize[]): Scaling[] {
  const old = oldSets.filter((s) => s.replicas > 0).sort((a, b) => a.created - b.created);
  const minAvailable = wanted - maxUnavailable;
  const total = newSet.replicas + sum(old, (s) => s.replicas);
  let removable = total - minAvailable - (newSet.replicas - staying(newSet));
  if (old.length === 0 || removable <= 0) return [];

  const sizes = new Map(old.map((s) => [s.name, s.replicas]));
  for (const set of old) {
    const unhealthy = Math.min(removable, set.replicas - set.available);
    if (unhealthy <= 0) continue;
    sizes.set(set.name, set.replicas - unhealthy);
    removable -= unhealthy;
  }
  let spare = staying(newSet) + sum(old, staying) - minAvailable;
  for (const set of old) {
    const size = sizes.get(set.name)!;
    const less = Math.min(size, spare);
    if (less <= 0) continue;
    sizes.set(set.name, size - less);
    spare -= less;
  }
  return old.filter((s) => sizes.get(s.name) !== s.replicas).map((s) => ({ name: s.name, replicas: sizes.get(s.name)! }));
}
