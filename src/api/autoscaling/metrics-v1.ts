// Metrics as autoscaling/v1 writes them into annotations. (upstream: staging/src/k8s.io/api/autoscaling/v1/types.go, pkg/apis/autoscaling/v1/conversion.go)
import { cloneJson } from '../../util/json.ts';
import type { MetricSpec, MetricStatus } from './metrics.ts';

type Json = Record<string, any>;

/** Leaves out what is not there. */
const present = (value: Json): Json => Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined));

/** v1 has `targetValue`, v2 a target with a type. */
const targetFrom = (value: unknown, averageValue: unknown, averageUtilization?: unknown): Json =>
  present({ type: value !== undefined ? 'Value' : averageUtilization !== undefined ? 'Utilization' : 'AverageValue', value, averageValue, averageUtilization });

const containerFields = { Resource: 'resource', ContainerResource: 'containerResource' } as const;

export function metricToV1(metric: MetricSpec): Json {
  const { type, object: of, pods, external } = cloneJson(metric);
  if (type === 'Object' && of) return { type, object: present({ target: of.describedObject, metricName: of.metric.name, targetValue: of.target.value ?? '0', selector: of.metric.selector, averageValue: of.target.averageValue }) };
  if (type === 'Pods' && pods) return { type, pods: present({ metricName: pods.metric.name, targetAverageValue: pods.target.averageValue ?? '0', selector: pods.metric.selector }) };
  if (type === 'External' && external) return { type, external: present({ metricName: external.metric.name, metricSelector: external.metric.selector, targetValue: external.target.value, targetAverageValue: external.target.averageValue }) };
  const name = containerFields[type as keyof typeof containerFields];
  const source = name && cloneJson(metric)[name];
  if (!source) return { type };
  return { type, [name]: present({ name: source.name, targetAverageUtilization: source.target.averageUtilization, targetAverageValue: source.target.averageValue, container: (source as { container?: string }).container }) };
}

export function metricFromV1(metric: Json): MetricSpec {
  const { type = '', object: of, pods, external } = cloneJson(metric);
  const spec: Json = { type };
  if (of) spec['object'] = { describedObject: of.target, target: targetFrom(of.averageValue === undefined ? of.targetValue : undefined, of.averageValue), metric: present({ name: of.metricName, selector: of.selector }) };
  if (pods) spec['pods'] = { metric: present({ name: pods.metricName, selector: pods.selector }), target: { type: 'AverageValue', averageValue: pods.targetAverageValue } };
  if (external) spec['external'] = { metric: present({ name: external.metricName, selector: external.metricSelector }), target: targetFrom(external.targetValue, external.targetAverageValue) };
  for (const name of Object.values(containerFields)) {
    const source = metric[name] as Json | undefined;
    if (source) spec[name] = present({ name: source['name'], target: targetFrom(undefined, source['targetAverageValue'], source['targetAverageUtilization']), container: source['container'] });
  }
  return spec as MetricSpec;
}

export function metricStatusToV1(metric: MetricStatus): Json {
  const { type, object: of, pods, external } = cloneJson(metric);
  if (type === 'Object' && of) return { type, object: present({ target: of.describedObject, metricName: of.metric.name, currentValue: of.current.value ?? '0', selector: of.metric.selector, averageValue: of.current.averageValue }) };
  if (type === 'Pods' && pods) return { type, pods: present({ metricName: pods.metric.name, currentAverageValue: pods.current.averageValue ?? '0', selector: pods.metric.selector }) };
  if (type === 'External' && external) return { type, external: present({ metricName: external.metric.name, metricSelector: external.metric.selector, currentValue: external.current.value ?? '0', currentAverageValue: external.current.averageValue }) };
  const name = containerFields[type as keyof typeof containerFields];
  const source = name && cloneJson(metric)[name];
  if (!source) return { type };
  return { type, [name]: present({ name: source.name, currentAverageUtilization: source.current.averageUtilization, currentAverageValue: source.current.averageValue ?? '0', container: (source as { container?: string }).container }) };
}

export function metricStatusFromV1(metric: Json): MetricStatus {
  const { type = '', object: of, pods, external } = cloneJson(metric);
  const status: Json = { type };
  if (of) status['object'] = { metric: present({ name: of.metricName, selector: of.selector }), current: present({ value: of.currentValue, averageValue: of.averageValue }), describedObject: of.target };
  if (pods) status['pods'] = { metric: present({ name: pods.metricName, selector: pods.selector }), current: { averageValue: pods.currentAverageValue } };
  if (external) status['external'] = { metric: present({ name: external.metricName, selector: external.metricSelector }), current: present({ value: external.currentValue, averageValue: external.currentAverageValue }) };
  for (const name of Object.values(containerFields)) {
    const source = metric[name] as Json | undefined;
    if (source) status[name] = present({ name: source['name'], current: present({ averageValue: source['currentAverageValue'], averageUtilization: source['currentAverageUtilization'] }), container: source['container'] });
  }
  return status as MetricStatus;
}
