// What the APIs of metrics adapters say, custom.metrics.k8s.io and external.metrics.k8s.io: who serves them is an APIService's affair.
// upstream: staging/src/k8s.io/metrics/pkg/client, pkg/controller/podautoscaler/metrics/client.go
import { milliValue } from '../../../src/apimachinery/quantity.ts';
import { selectorFromObject } from '../../../src/apimachinery/selectors.ts';
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import type { MetricSpec } from '../../../src/api/autoscaling/metrics.ts';
import type { Client } from '../../../src/client/client.ts';
import { distinctResources, type ServedResources } from '../../../src/schema/resource-set.ts';
import type { PodMetric, PodMetrics } from './replica-calculator.ts';

export type Metric = NonNullable<MetricSpec['pods']>['metric'];
export type DescribedObject = NonNullable<MetricSpec['object']>['describedObject'];
interface MetricValue { readonly describedObject?: { readonly name?: string }; readonly timestamp?: string; readonly windowSeconds?: number; readonly value: string }

const group = 'custom.metrics.k8s.io';
/** The one that says more comes first. */
const versions = ['v1beta2', 'v1beta1'];
/** upstream: metricServerDefaultMetricWindow */
const usualWindowMs = 60_000;

/** A metric without a selector is all of its series. */
const seriesOf = ({ selector }: Metric): string | undefined => (selector ? selectorFromObject(selector as never).toString() : '') || undefined;

/** Values of the custom metrics API; `path` is that below the version. @throws Error in upstream's words */
async function customMetrics(client: Client, path: string, query: Readonly<Record<string, string | undefined>>): Promise<readonly MetricValue[]> {
  const words = (why: string): Error => new Error(`unable to fetch metrics from custom metrics API: ${why}`);
  try {
    const found = await client.transport.request({ method: 'GET', path: `/apis/${group}` }).catch((error: unknown) => {
      if (isNotFound(error)) throw new Error(`no custom metrics API (${group}) registered`, { cause: error });
      throw error;
    }) as { versions?: { version: string }[] };
    const version = versions.find((known) => found.versions?.some((served) => served.version === known));
    if (version === undefined) throw new Error('no known available metric versions found');
    return ((await client.transport.request({ method: 'GET', path: `/apis/${group}/${version}/${path}`, query })) as { items?: readonly MetricValue[] }).items ?? [];
  } catch (error) {
    throw words((error as Error).message);
  }
}

/** Of each Pod the selector (a text) selects. @throws Error */
export async function podMetrics(client: Client, namespace: string, selector: string, metric: Metric): Promise<PodMetrics> {
  const items = await customMetrics(client, `namespaces/${namespace}/pods/*/${encodeURIComponent(metric.name)}`, { labelSelector: selector, metricLabelSelector: seriesOf(metric) });
  if (items.length === 0) throw new Error('no metrics returned from custom metrics API');
  return new Map(items.map(({ describedObject, value, timestamp, windowSeconds }): [string, PodMetric] => [describedObject?.name ?? '', { value: milliValue(value), at: Date.parse(timestamp ?? ''), windowMs: windowSeconds === undefined ? usualWindowMs : windowSeconds * 1000 }]));
}

/** Of one object of the namespace, or of the namespace itself, in milli-units. @throws Error */
export async function objectMetric(client: Client, served: ServedResources, namespace: string, { apiVersion = '', kind, name }: DescribedObject, metric: Metric): Promise<number> {
  const objects = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  const resource = distinctResources(served.current).find((r) => r.kind === kind && r.group === objects);
  if (!resource) throw new Error(`unable to fetch metrics from custom metrics API: unable to map kind ${objects ? `${kind}.${objects}` : kind} to resource: no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(objects)}`);
  const of = kind === 'Namespace' && objects === '' ? 'metrics' : `${objects ? `${resource.plural}.${objects}` : resource.plural}/${encodeURIComponent(name)}`;
  const items = await customMetrics(client, `namespaces/${namespace}/${of}/${encodeURIComponent(metric.name)}`, { metricLabelSelector: seriesOf(metric) });
  if (items.length !== 1) throw new Error(`unable to fetch metrics from custom metrics API: the custom metrics API server returned ${items.length} results when we asked for exactly one`);
  return milliValue(items[0]!.value);
}

/** Sum of all its series, in milli-units. @throws Error */
export async function externalMetric(client: Client, namespace: string, metric: Metric): Promise<number> {
  const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/${encodeURIComponent(metric.name)}`;
  const { items = [] } = await client.transport.request({ method: 'GET', path, query: { labelSelector: seriesOf(metric) } }).catch((error: Error) => {
    // A path nobody serves has no words of its own; an adapter that has no such metric says so itself.
    const nobody = isNotFound(error) && error.message === '404 page not found';
    throw new Error(`unable to fetch metrics from external metrics API: ${nobody ? `the server could not find the requested resource (get ${metric.name}.external.metrics.k8s.io)` : error.message}`, { cause: error });
  }) as { items?: readonly MetricValue[] };
  if (items.length === 0) throw new Error('no metrics returned from external metrics API');
  return items.reduce((sum, { value }) => sum + milliValue(value), 0);
}
