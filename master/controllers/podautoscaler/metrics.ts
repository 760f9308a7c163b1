// What each metric of an autoscaler says: the number of Pods it asks for, or why it cannot tell. Resources of Pods and of their
// containers come from metrics.k8s.io, all others from the APIs of adapters (metrics-apis.ts).
// upstream: pkg/controller/podautoscaler/horizontal.go (computeReplicasForMetric), metrics/client.go
import { parseDuration } from '../../../src/apimachinery/duration.ts';
import { formatQuantity, milliValue } from '../../../src/apimachinery/quantity.ts';
import { labelSelectorText } from '../../../src/apimachinery/selectors.ts';
import type { MetricSpec, MetricStatus } from '../../../src/api/autoscaling/metrics.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { PodMetricses, type PodMetrics as PodUsage } from '../../../src/api/metrics/pod-metrics.ts';
import type { Client } from '../../../src/client/client.ts';
import type { ServedResources } from '../../../src/schema/resource-set.ts';
import { externalMetric, objectMetric, podMetrics, type Metric } from './metrics-apis.ts';
import { averageReplicas, sharedReplicas, utilizationReplicas, wholeReplicas, type PodMetric, type PodMetrics } from './replica-calculator.ts';

export interface Target {
  readonly namespace: string;
  /** The text of the scale's selector, and the Pods it selects. */
  readonly selector: string;
  readonly pods: readonly Pod[];
  /** The number the target is to have now, and that which its own controller tells of. */
  readonly current: number;
  readonly told: number;
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

type Measured = { readonly replicas: number; readonly metric: string; readonly current: { readonly value?: string; readonly averageValue?: string } };

/** A selector as Go prints it, which is part of what a metric is called. */
export function goSelector(selector: Metric['selector'] | undefined): string {
  if (!selector) return 'nil';
  const labels = Object.entries(selector.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}: ${value},`).join('');
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`).join('');
  return `&LabelSelector{MatchLabels:map[string]string{${labels}},MatchExpressions:[]LabelSelectorRequirement{${expressions}},}`;
}
const wrapped = (words: string) => (error: unknown): never => { throw new Error(`${words}${(error as Error).message}`, { cause: error }); };

async function measurePods(client: Client, { metric, target: aim }: NonNullable<MetricSpec['pods']>, { namespace, selector, pods, current }: Target, now: number): Promise<Measured> {
  const metrics = await podMetrics(client, namespace, selector, metric).catch(wrapped(`unable to get metric ${metric.name}: `));
  const { replicas, average } = averageReplicas({ pods, metrics, current, now, resource: '' }, milliValue(aim.averageValue!));
  return { replicas, metric: `pods metric ${metric.name}`, current: { averageValue: milliQuantity(average) } };
}

async function measureObject(client: Client, served: ServedResources, { metric, describedObject, target: aim }: NonNullable<MetricSpec['object']>, target: Target): Promise<Measured> {
  // The order of the words is upstream's.
  const get = (): Promise<number> => objectMetric(client, served, target.namespace, describedObject, metric).catch(wrapped(`unable to get metric ${metric.name}: ${describedObject.kind} on ${target.namespace} ${describedObject.name}/`));
  if (aim.type === 'Value') {
    const value = await get();
    return { replicas: wholeReplicas(target, value, milliValue(aim.value!)), metric: `${describedObject.kind} metric ${metric.name}`, current: { value: milliQuantity(value) } };
  }
  const { replicas, average } = sharedReplicas(target.told, await get().catch(wrapped(`failed to get ${metric.name} object metric: `)), milliValue(aim.averageValue!));
  return { replicas, metric: `external metric ${metric.name}(${goSelector(metric.selector)})`, current: { averageValue: milliQuantity(average) } };
}

async function measureExternal(client: Client, { metric, target: aim }: NonNullable<MetricSpec['external']>, target: Target): Promise<Measured> {
  const get = (): Promise<number> => externalMetric(client, target.namespace, metric).catch(wrapped(`unable to get external metric ${target.namespace}/${metric.name}/${labelSelectorText(metric.selector)}: `));
  const name = `external metric ${metric.name}(${goSelector(metric.selector)})`;
  if (aim.averageValue !== undefined) {
    const { replicas, average } = sharedReplicas(target.told, await get().catch(wrapped(`failed to get ${metric.name} external metric: `)), milliValue(aim.averageValue));
    return { replicas, metric: name, current: { averageValue: milliQuantity(average) } };
  }
  try {
    const value = await get();
    return { replicas: wholeReplicas(target, value, milliValue(aim.value!)), metric: name, current: { value: milliQuantity(value) } };
  } catch (error) {
    return wrapped(`failed to get external metric ${metric.name}: `)(error);
  }
}

/** `served`: all that can be described by a metric. @throws MetricFailure */
export async function measure(client: Client, served: ServedResources, spec: MetricSpec, target: Target, now: number): Promise<Proposal> {
  const { resource, containerResource, pods, object, external } = spec;
  const told = async <T>(measured: Promise<T>, kind: string, of: string): Promise<T> => measured.catch((error: unknown) => {
    const cause = (error as Error).message;
    throw new MetricFailure(`FailedGet${kind}Metric`, cause, `failed to get ${of} metric value: ${cause}`);
  });
  if (resource) {
    const { replicas, metric, current } = await told(measureResource(client, resource, target, now), 'Resource', `${resource.name} resource`);
    return { replicas, metric, status: { type: 'Resource', resource: { name: resource.name, current } } };
  }
  if (containerResource) {
    const { name, container } = containerResource;
    const { replicas, metric, current } = await told(measureResource(client, containerResource, target, now), 'ContainerResource', `${container} container`);
    return { replicas, metric, status: { type: 'ContainerResource', containerResource: { name, container, current } } };
  }
  if (pods) {
    const { replicas, metric, current } = await told(measurePods(client, pods, target, now), 'Pods', 'pods');
    return { replicas, metric, status: { type: 'Pods', pods: { metric: pods.metric, current } } };
  }
  if (object) {
    const { replicas, metric, current } = await told(measureObject(client, served, object, target), 'Object', 'object');
    return { replicas, metric, status: { type: 'Object', object: { metric: object.metric, describedObject: object.describedObject, current } } };
  }
  const { replicas, metric, current } = await told(measureExternal(client, external!, target), 'External', `${external!.metric.name} external`);
  return { replicas, metric, status: { type: 'External', external: { metric: external!.metric, current } } };
}
