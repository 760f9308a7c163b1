// How far a rolling update may go above and below the wanted size: maxSurge and maxUnavailable as whole Pods.
// upstream: pkg/controller/deployment/util/deployment_util.go (ResolveFenceposts, MaxSurge, MaxUnavailable)

export type IntOrString = number | string;
export interface Bounds { readonly maxSurge: number; readonly maxUnavailable: number }
interface Rollout {
  readonly replicas: number;
  readonly strategy: { readonly type?: string; readonly rollingUpdate?: { readonly maxSurge?: IntOrString; readonly maxUnavailable?: IntOrString } };
}

/** A number as it is, or a percentage of `total` rounded up or down. Absent counts as 0. */
export function scaledValue(value: IntOrString | undefined, total: number, round: 'up' | 'down'): number {
  if (value === undefined) return 0;
  if (typeof value === 'number') return value;
  const percent = Number.parseInt(value, 10);
  if (Number.isNaN(percent)) return 0;
  return round === 'up' ? Math.ceil((percent * total) / 100) : Math.floor((percent * total) / 100);
}

export const isRollingUpdate = (spec: Rollout): boolean => spec.strategy.type !== 'Recreate';

/**
 * The surge rounds up and the unavailable part down; when both come out as zero nothing could ever move, so one Pod may then
 * be unavailable. `25%` of 3 gives a surge of 1 and no unavailable Pod.
 */
export function boundsOf(spec: Rollout): Bounds {
  if (!isRollingUpdate(spec)) return { maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge: surge, maxUnavailable: unavailable } = spec.strategy.rollingUpdate ?? {};
  const maxSurge = scaledValue(surge, spec.replicas, 'up');
  const floor = scaledValue(unavailable, spec.replicas, 'down');
  const wanted = maxSurge === 0 && floor === 0 ? 1 : floor;
  return { maxSurge, maxUnavailable: spec.replicas === 0 ? 0 : Math.min(wanted, spec.replicas) };
}
