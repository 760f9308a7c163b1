// How many Pods a measurement asks for. Pods that have not started, are not ready or told nothing are reckoned with only so far
// as that makes the change smaller: what is not known never makes the autoscaler bolder.
// upstream: pkg/controller/podautoscaler/replica_calculator.go, metrics/utilization.go
import { milliValue } from '../../../src/apimachinery/quantity.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { readyCondition } from '../pod-state.ts';

/** Milli-units of one Pod, when they were measured (ms since the epoch) and over how long. */
export interface PodMetric { readonly value: number; readonly at: number; readonly windowMs: number }
/** By Pod name. */
export type PodMetrics = ReadonlyMap<string, PodMetric>;

export interface Situation {
  /** Those the target's selector selects. */
  readonly pods: readonly Pod[];
  readonly metrics: PodMetrics;
  /** The number the target is to have now. */
  readonly current: number;
  readonly now: number;
  /** The resource that is measured. */
  readonly resource: string;
}

/** So far from the aim nothing is done. */
const tolerance = 0.1;
/** A Pod's processor time while it starts says little: that of a Pod which is not ready, or became so a moment ago, does not count. */
const cpuInitializationMs = 5 * 60_000;
/** One that has not been ready since so long after its start never was. */
const initialReadinessMs = 30_000;

const withinTolerance = (ratio: number): boolean => 1 - tolerance <= ratio && ratio <= 1 + tolerance;
const total = (metrics: PodMetrics): number => [...metrics.values()].reduce((sum, { value }) => sum + value, 0);

interface Groups { readonly ready: number; readonly unready: ReadonlySet<string>; readonly missing: ReadonlySet<string>; readonly ignored: ReadonlySet<string> }

export function groupPods({ pods, metrics, resource, now }: Situation): Groups {
  const groups = { ready: 0, unready: new Set<string>(), missing: new Set<string>(), ignored: new Set<string>() };
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata;
    const metric = metrics.get(name);
    if (deletionTimestamp || pod.status?.phase === 'Failed') groups.ignored.add(name);
    else if (pod.status?.phase === 'Pending') groups.unready.add(name);
    else if (!metric) groups.missing.add(name);
    else if (resource === 'cpu' && isStarting(pod, metric, now)) groups.unready.add(name);
    else groups.ready++;
  }
  return groups;
}

function isStarting(pod: Pod, metric: PodMetric, now: number): boolean {
  const condition = readyCondition(pod);
  if (!condition || !pod.status?.startTime) return true;
  const started = Date.parse(pod.status.startTime);
  const changed = Date.parse(condition.lastTransitionTime ?? '') || 0;
  const unready = condition.status === 'False';
  return started + cpuInitializationMs > now ? unready || metric.at < changed + metric.windowMs : unready && started + initialReadinessMs > changed;
}

/** @throws Error when a container that is measured requests nothing */
function requestsOf(pods: readonly Pod[], resource: string, container: string | undefined): Map<string, number> {
  return new Map(pods.map((pod) => {
    const lasting = [...pod.spec.containers, ...(pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')];
    const sum = lasting.filter(({ name }) => container === undefined || name === container).reduce((of, { name, resources }) => {
      const request = resources?.requests?.[resource];
      if (request === undefined) throw new Error(`missing request for ${resource} in container ${name} of Pod ${pod.metadata.name}`);
      return of + milliValue(request);
    }, 0);
    return [pod.metadata.name, sum];
  }));
}

/** How the used relates to the aim, and what a Pod that told nothing is taken to use when the first look says so. */
interface Measure { ratio(metrics: PodMetrics): number; missing(ratio: number, pod: string): number | undefined }

function replicasBy(situation: Situation, { ready, unready, missing }: Groups, known: PodMetrics, { ratio, missing: missingValue }: Measure): number {
  const { current } = situation;
  const first = ratio(known);
  const upWithUnready = unready.size > 0 && first > 1;
  if (!upWithUnready && missing.size === 0) return withinTolerance(first) ? current : Math.ceil(first * ready);
  const all = new Map(known);
  const put = (name: string, value: number | undefined): void => { if (value !== undefined) all.set(name, { value, at: situation.now, windowMs: 0 }); };
  for (const name of missing) put(name, missingValue(first, name));
  if (upWithUnready) for (const name of unready) put(name, 0);
  const second = ratio(all);
  // Neither against the first look, nor in its direction by the mere number of Pods.
  if (withinTolerance(second) || (first < 1 && second > 1) || (first > 1 && second < 1)) return current;
  const replicas = Math.ceil(second * all.size);
  return (second < 1 && replicas > current) || (second > 1 && replicas < current) ? current : replicas;
}

/** The groups, and the metrics of those Pods that count. @throws Error when nothing is known */
function known(situation: Situation): { groups: Groups; metrics: PodMetrics } {
  if (situation.pods.length === 0) throw new Error('no pods returned by selector while calculating replica count');
  const groups = groupPods(situation);
  const metrics = new Map([...situation.metrics].filter(([name]) => !groups.ignored.has(name) && !groups.unready.has(name)));
  if (metrics.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)');
  return { groups, metrics };
}

/** `target` in percent of what the Pods (or that container of each) request. @throws Error when it cannot be told */
export function utilizationReplicas(situation: Situation, target: number, container?: string): { replicas: number; utilization: number; average: number } {
  const { groups, metrics } = known(situation);
  const requests = requestsOf(situation.pods, situation.resource, container);
  const utilizationOf = (of: PodMetrics): { utilization: number; average: number } => {
    const ours = new Map([...of].filter(([name]) => requests.has(name)));
    const requested = [...ours.keys()].reduce((sum, name) => sum + requests.get(name)!, 0);
    if (requested === 0) throw new Error('no metrics returned matched known pods');
    return { utilization: Math.trunc((total(ours) * 100) / requested), average: Math.trunc(total(ours) / ours.size) };
  };
  const replicas = replicasBy(situation, groups, metrics, {
    ratio: (of) => utilizationOf(of).utilization / target,
    missing: (ratio, pod) => (ratio < 1 ? Math.trunc((requests.get(pod)! * Math.max(100, target)) / 100) : ratio > 1 ? 0 : undefined),
  });
  return { replicas, ...utilizationOf(metrics) };
}

/** `target` in milli-units for each Pod. @throws Error when it cannot be told */
export function averageReplicas(situation: Situation, target: number): { replicas: number; average: number } {
  const { groups, metrics } = known(situation);
  const averageOf = (of: PodMetrics): number => Math.trunc(total(of) / of.size);
  const replicas = replicasBy(situation, groups, metrics, { ratio: (of) => averageOf(of) / target, missing: (ratio) => (ratio < 1 ? target : 0) });
  return { replicas, average: averageOf(metrics) };
}

/**
 * `value` of something that belongs to all Pods, against `target`. Nothing runs of a target with no Pods that a tolerance could spare.
 * @throws Error when no Pod is there. upstream: getUsageRatioReplicaCount
 */
export function wholeReplicas({ pods, current }: Pick<Situation, 'pods' | 'current'>, value: number, target: number): number {
  const ratio = value / target;
  if (current === 0) return Math.ceil(ratio);
  if (withinTolerance(ratio)) return current;
  if (pods.length === 0) throw new Error('unable to calculate ready pods: no pods returned by selector while calculating replica count');
  return Math.ceil(ratio * pods.filter((pod) => pod.status?.phase === 'Running' && readyCondition(pod)?.status === 'True').length);
}
/** `value` shared out among the Pods there are (`told`), against `target` for each. upstream: GetObjectPerPodMetricReplicas, GetExternalPerPodMetricReplicas */
export const sharedReplicas = (told: number, value: number, target: number): { replicas: number; average: number } =>
  ({ replicas: withinTolerance(value / (target * told)) ? told : Math.ceil(value / target), average: told === 0 ? value : Math.ceil(value / told) });
