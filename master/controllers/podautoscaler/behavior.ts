// From what the metrics ask for to what is done: the bounds, how fast the number may change, and what was asked for lately.
// upstream: pkg/controller/podautoscaler/horizontal.go (normalizeDesiredReplicas, normalizeDesiredReplicasWithBehaviors)
import type { HorizontalPodAutoscalerBehavior } from '../../../src/api/autoscaling/horizontal-pod-autoscaler.ts';

/** Times are monotonic, in ms. */
export interface History {
  readonly recommendations: readonly { readonly at: number; readonly replicas: number }[];
  /** Changes that were made; positive numbers are additions. */
  readonly changes: readonly { readonly at: number; readonly by: number }[];
}
export interface Wish {
  readonly behavior: HorizontalPodAutoscalerBehavior | undefined;
  readonly current: number;
  readonly desired: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly now: number;
}
export interface Decision {
  readonly replicas: number;
  readonly history: History;
  readonly conditions: readonly { readonly type: 'AbleToScale' | 'ScalingLimited'; readonly status: 'True' | 'False'; readonly reason: string; readonly message: string }[];
}
type Rules = NonNullable<HorizontalPodAutoscalerBehavior['scaleUp']>;
interface Limited { readonly replicas: number; readonly reason: string; readonly message: string }

/** Fewer Pods only when so long no more were asked for, unless the autoscaler says otherwise. */
const downscaleStabilizationSeconds = 300;
const longestWindowMs = 3_600_000;

const within = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' };
const tooMany = { reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' };
const tooFew = { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' };
const tooFast = { reason: 'ScaleUpLimit', message: 'the desired replica count is increasing faster than the maximum scale rate' };
const tooFastDown = { reason: 'ScaleDownLimit', message: 'the desired replica count is decreasing faster than the maximum scale rate' };
const upStabilized = { reason: 'ScaleUpStabilized', message: 'recent recommendations were lower than current one, applying the lowest recent recommendation' };
const downStabilized = { reason: 'ScaleDownStabilized', message: 'recent recommendations were higher than current one, applying the highest recent recommendation' };
const ready = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };

/** The number to have now, why, and the history with this wish in it. */
export function decideReplicas(wish: Wish, history: History): Decision {
  const { behavior, desired, now } = wish;
  const stable = behavior ? stabilized(wish, history) : Math.max(desired, ...recommended(history, downscaleStabilizationSeconds, now));
  const { replicas, ...why } = behavior ? limitedByRules({ ...wish, desired: stable }, history) : limited({ ...wish, desired: stable });
  const able = stable === desired ? ready : behavior && desired >= wish.current ? upStabilized : downStabilized;
  return {
    replicas,
    history: { ...history, recommendations: [...history.recommendations.filter(({ at }) => at >= now - longestWindowMs), { at: now, replicas: desired }] },
    conditions: [{ type: 'AbleToScale', status: 'True', ...able }, { type: 'ScalingLimited', status: replicas === stable ? 'False' : 'True', ...why }],
  };
}

/** Remembers a change that was made, for as long as any policy may look back. */
export const withChange = (history: History, by: number, now: number): History =>
  ({ ...history, changes: [...history.changes.filter(({ at }) => at >= now - longestWindowMs), { at: now, by }] });

const recommended = ({ recommendations }: History, seconds: number, now: number): number[] => recommendations.filter(({ at }) => at > now - seconds * 1000).map(({ replicas }) => replicas);

/** As near to the present number as what was asked for lately allows. */
function stabilized({ behavior, current, desired, now }: Wish, history: History): number {
  const lowest = Math.min(desired, ...recommended(history, behavior!.scaleUp?.stabilizationWindowSeconds ?? 0, now));
  const highest = Math.max(desired, ...recommended(history, behavior!.scaleDown?.stabilizationWindowSeconds ?? downscaleStabilizationSeconds, now));
  return Math.min(highest, Math.max(lowest, current));
}

/** Without rules it doubles at most, from four on. */
function limited({ current, desired, minimum, maximum }: Wish): Limited {
  const fastest = Math.max(2 * current, 4);
  if (desired < minimum) return { replicas: minimum, ...tooFew };
  const most = Math.min(maximum, fastest);
  return desired > most ? { replicas: most, ...(maximum > fastest ? tooFast : tooMany) } : { replicas: desired, ...within };
}

function limitedByRules({ behavior, current, desired, minimum, maximum, now }: Wish, history: History): Limited {
  if (desired > current) {
    const fastest = Math.max(current, mostUp(current, behavior!.scaleUp, history, now));
    const most = Math.min(maximum, fastest);
    if (desired > most) return { replicas: most, ...(maximum > fastest ? tooFast : tooMany) };
  } else if (desired < current) {
    const fastest = Math.min(current, leastDown(current, behavior!.scaleDown, history, now));
    const least = Math.max(minimum, fastest);
    if (desired < least) return { replicas: least, ...(minimum < fastest ? tooFastDown : tooFew) };
  }
  return { replicas: desired, ...within };
}

/** What the number was when the policy's period began. */
const before = (current: number, { changes }: History, seconds: number, now: number): number => changes.filter(({ at }) => at > now - seconds * 1000).reduce((replicas, { by }) => replicas - by, current);

function mostUp(current: number, rules: Rules | undefined, history: History, now: number): number {
  if (!rules || rules.selectPolicy === 'Disabled') return current;
  const choices = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
    const start = before(current, history, periodSeconds, now);
    // Up, so that it can grow at all.
    return type === 'Pods' ? start + value : Math.ceil(start * (1 + value / 100));
  });
  return rules.selectPolicy === 'Min' ? Math.min(...choices) : Math.max(...choices);
}

function leastDown(current: number, rules: Rules | undefined, history: History, now: number): number {
  if (!rules || rules.selectPolicy === 'Disabled') return current;
  const choices = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
    const start = before(current, history, periodSeconds, now);
    return type === 'Pods' ? start - value : Math.trunc(start * (1 - value / 100));
  });
  return rules.selectPolicy === 'Min' ? Math.max(...choices) : Math.min(...choices);
}
