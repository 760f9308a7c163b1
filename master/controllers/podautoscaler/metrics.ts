// What each metric of an autoscaler says: the number of Pods it asks for, or why it cannot tell. Resources of Pods and of their
// containers come from metrics.k8s.io; the APIs of other kinds, which add-ons serve, are not asked yet.
// upstream: pkg/controller/podautoscaler/horizontal.go (computeReplicasForMetric), metrics/client.go
import { parseDuration } from '../../../src/apimachinery/duration.ts';
import { formatQuantity, milliValue } from '../../../src/apimachinery/quantity.ts';
import { labelSelectorText } from '../../../src/apimachinery/selectors.ts';
import type { MetricSpec, MetricStatus } from '../../../src/api/autoscaling/metrics.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { PodMetricses, type PodMetrics as PodUsage } from '../../../src/api/metrics/pod-metrics.ts';
import type { Client } from '../../../src/client/client.ts';
import { averageReplicas, utilizationReplicas, type PodMetric, type PodMetrics } from './replica-calculator.ts';

export interface Target {
  readonly namespace: string;
  /** The text of the scale's selector, and the Pods it selects. */
  readonly selector: string;
  readonly pods: readonly Pod[];
  /** The number the target is to have now. */
  readonly current: number;
}
export interface Proposal { readonly replicas: number; readonly metric: string; readonly status: MetricStatus }

/** A metric cannot be told: `reason` and `message` are those of the Event and the condition, the error's own is the whole story. */
export class MetricFailure extends Error {
  readonly reason: string;
  readonly why: string;
  constructor(reason: string, why: string, message: string) {
    super(message);
    this.reason = reason;
    this.why = why;
  }
}

const milliQuantity = (milli: number): string => formatQuantity({ nanos: BigInt(milli) * 1_000_000n, format: 'DecimalSI' });

/** What each Pod, or its container of that name, uses of a resource. A Pod of which some container says nothing is left out. @throws Error */
export function usageOf(items: readonly PodUsage[], resource: string, container: string | undefined): PodMetrics {
  if (items.length === 0) throw new Error('no metrics returned from resource metrics API');
  const metrics = new Map<string, PodMetric>();
  for (const { metadata: { name, namespace }, containers = [], timestamp, window } of items) {
    const measured = container === undefined ? containers : containers.filter((c) => c.name === container);
    if (container !== undefined && measured.length === 0) throw new Error(`container ${container} not present in metrics for pod ${namespace}/${name}`);
    const values = measured.map(({ usage }) => usage?.[resource]).filter((value) => value !== undefined);
    if (values.length < measured.length) continue;
    metrics.set(name, { value: values.reduce<number>((sum, value) => sum + milliValue(value), 0), at: Date.parse(timestamp ?? ''), windowMs: parseDuration(window ?? '0') });
  }
  return metrics;
}

type ResourceMetric = Pick<NonNullable<MetricSpec['containerResource']>, 'name' | 'target'> & { readonly container?: string };

async function measureResource(client: Client, { name, target, container }: ResourceMetric, { namespace, selector, pods, current }: Target, now: number) {
  const percent = target.averageUtilization;
  const what = target.averageValue === undefined ? 'utilization' : 'usage';
  const failed = (error: unknown, before = ''): Error => new Error(`failed to get ${name} ${what}: ${before}${(error as Error).message}`);
  const { items } = await client.list(PodMetricses, { namespace, labelSelector: selector }).catch((error: unknown) => { throw failed(error, `unable to get metrics for resource ${name}: unable to fetch metrics from resource metrics API: `); });
  let metrics: PodMetrics;
  try {
    metrics = usageOf(items, name, container);
  } catch (error) {
    throw failed(error, `unable to get metrics for resource ${name}: `);
  }
  const situation = { pods, metrics, current, now, resource: name };
  try {
    if (target.averageValue !== undefined) {
      const { replicas, average } = averageReplicas(situation, milliValue(target.averageValue));
      return { replicas, metric: `${name} resource`, current: { averageValue: milliQuantity(average) } };
    }
    const { replicas, utilization, average } = utilizationReplicas(situation, percent!, container);
    return { replicas, metric: `${name} ${container === undefined ? '' : 'container '}resource utilization (percentage of request)`, current: { averageUtilization: utilization, averageValue: milliQuantity(average) } };
  } catch (error) {
    throw failed(error);
  }
}

const noCustomMetrics = 'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered';

/** @throws MetricFailure */
export async function measure(client: Client, spec: MetricSpec, target: Target, now: number): Promise<Proposal> {
  const { resource, containerResource, pods, object, external } = spec;
  const failure = (reason: string, of: string, cause: string): MetricFailure => new MetricFailure(reason, cause, `failed to get ${of} metric value: ${cause}`);
  if (resource) {
    const { replicas, metric, current } = await measureResource(client, resource, target, now).catch((error: unknown) => { throw failure('FailedGetResourceMetric', `${resource.name} resource`, (error as Error).message); });
    return { replicas, metric, status: { type: 'Resource', resource: { name: resource.name, current } } };
  }
  if (containerResource) {
    const { name, container } = containerResource;
    const { replicas, metric, current } = await measureResource(client, containerResource, target, now).catch((error: unknown) => { throw failure('FailedGetContainerResourceMetric', `${container} container`, (error as Error).message); });
    return { replicas, metric, status: { type: 'ContainerResource', containerResource: { name, container, current } } };
  }
  if (pods) throw failure('FailedGetPodsMetric', 'pods', `unable to get metric ${pods.metric.name}: ${noCustomMetrics}`);
  if (object) {
    // The order of the words is upstream's.
    const { metric: { name }, describedObject, target: aim } = object;
    const cause = aim.type === 'Value' ? `unable to get metric ${name}: ${describedObject.kind} on ${target.namespace} ${describedObject.name}/${noCustomMetrics}` : `failed to get ${name} object metric: unable to get metric ${name}: ${describedObject.kind} on ${target.namespace} ${describedObject.name}/${noCustomMetrics}`;
    throw failure('FailedGetObjectMetric', 'object', cause);
  }
  const { metric: { name, selector }, target: aim } = external!;
  const missing = `unable to get external metric ${target.namespace}/${name}/${labelSelectorText(selector)}: unable to fetch metrics from external metrics API: the server could not find the requested resource (get ${name}.external.metrics.k8s.io)`;
  throw failure('FailedGetExternalMetric', `${name} external`, aim.averageValue === undefined ? `failed to get external metric ${name}: ${missing}` : `failed to get ${name} external metric: ${missing}`);
}
