// HorizontalPodAutoscaler (autoscaling/v1): the older form, which knows one metric. The rest of what the stored v2 form says
// travels in annotations. (upstream: pkg/apis/autoscaling/v1/conversion.go)
import type { Fault } from '../../apimachinery/fault.ts';
import { defineResource, type ObjectHead, type ObjectOf } from '../../schema/resource.ts';
import { decode } from '../../schema/decode.ts';
import { arrayOf, field, int32, int64, object, required, string, time, type FieldsValue, type Type } from '../../schema/schema.ts';
import { validateValue } from '../../schema/validation.ts';
import { cloneJson } from '../../util/json.ts';
import {
  autoscalerFaults, autoscalerStatusFaults, defaultMetrics, horizontalPodAutoscalerBehavior, horizontalPodAutoscalerCondition, horizontalPodAutoscalerSpec, HorizontalPodAutoscalers, judgedAutoscaler,
  type Autoscaler, type HorizontalPodAutoscalerBehavior, type HorizontalPodAutoscalerStatus,
} from './horizontal-pod-autoscaler.ts';
import { metricFromV1, metricStatusFromV1, metricStatusToV1, metricToV1 } from './metrics-v1.ts';
import { metricSpec, metricStatus, type MetricSpec, type MetricStatus } from './metrics.ts';

const v1 = 'io.k8s.api.autoscaling.v1';
const metricsAnnotation = 'autoscaling.alpha.kubernetes.io/metrics';
const behaviorAnnotation = 'autoscaling.alpha.kubernetes.io/behavior';
const currentMetricsAnnotation = 'autoscaling.alpha.kubernetes.io/current-metrics';
const conditionsAnnotation = 'autoscaling.alpha.kubernetes.io/conditions';
const statusAnnotations = [currentMetricsAnnotation, conditionsAnnotation];
const annotations = [metricsAnnotation, behaviorAnnotation, ...statusAnnotations];

export const crossVersionObjectReferenceV1 = object('CrossVersionObjectReference', {
  kind: string(1, { required: true, unchecked: true, doc: 'Kind of the object.' }),
  name: string(2, { required: true, unchecked: true, doc: 'Name of the object.' }),
  apiVersion: string(3, { doc: 'API version of the object.' }),
}, { package: v1, atomic: true, doc: 'Names an object of the same namespace.' });

export const horizontalPodAutoscalerSpecV1 = object('HorizontalPodAutoscalerSpec', {
  scaleTargetRef: required(1, crossVersionObjectReferenceV1, { doc: 'The workload whose number of Pods is kept.' }),
  minReplicas: int32(2, { pointer: true, default: 1, doc: 'Least number of Pods.' }),
  maxReplicas: int32(3, { required: true, unchecked: true, doc: 'Most Pods.' }),
  targetCPUUtilizationPercentage: int32(4, { pointer: true, doc: 'Percentage of the requested cpu that is aimed at.' }),
}, { package: v1, doc: 'The autoscaler as it is wanted.' });
type SpecV1 = FieldsValue<typeof horizontalPodAutoscalerSpecV1.fields>;

export const horizontalPodAutoscalerStatusV1 = object('HorizontalPodAutoscalerStatus', {
  observedGeneration: int64(1, { pointer: true, doc: 'Generation the controller has seen.' }),
  lastScaleTime: time(2, { pointer: true, doc: 'When the number was last changed.' }),
  currentReplicas: int32(3, { required: true, unchecked: true, doc: 'Pods that are there.' }),
  desiredReplicas: int32(4, { required: true, unchecked: true, doc: 'Pods the metrics want.' }),
  currentCPUUtilizationPercentage: int32(5, { pointer: true, doc: 'Percentage of the requested cpu that is used.' }),
}, { package: v1, doc: 'The autoscaler as it is.' });
type StatusV1 = FieldsValue<typeof horizontalPodAutoscalerStatusV1.fields>;

interface AutoscalerV1 extends ObjectHead { spec: SpecV1; status: StatusV1 }

/** Go writes the names of the internal type's fields, and reads names in any case. */
const renameKeys = (value: unknown, rename: (name: string) => string): unknown => {
  if (Array.isArray(value)) return value.map((item) => renameKeys(item, rename));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null).map(([name, inner]) => [rename(name), renameKeys(inner, rename)]));
};
const upper = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
const lower = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** What an annotation holds, in the form of its type; what cannot be read counts as absent, as upstream has it. */
function noted<T>(text: string | undefined, type: Type, convert: (value: any) => unknown): T | undefined {
  if (text === undefined) return undefined;
  try {
    return decode(type, convert(JSON.parse(text)), { unknown: [] }) as T;
  } catch {
    return undefined;
  }
}
const each = (convert: (item: Record<string, any>) => unknown) => (items: Record<string, any>[]): unknown => items.map(convert);

const cpuMetric = (averageUtilization: number): MetricSpec => ({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } });
const isCpuUtilization = ({ type, resource }: MetricSpec): boolean => type === 'Resource' && resource?.name === 'cpu' && resource.target.averageUtilization !== undefined;

/** The v2 form of what a client wrote, without defaults. */
function converted({ metadata, spec, status }: AutoscalerV1): Autoscaler {
  const { targetCPUUtilizationPercentage: cpu, ...common } = cloneJson(spec);
  const { currentCPUUtilizationPercentage: currentCpu, ...statusRest } = cloneJson(status ?? { currentReplicas: 0, desiredReplicas: 0 });
  const notes = metadata.annotations ?? {};
  const others = noted<MetricSpec[]>(notes[metricsAnnotation], arrayOf(metricSpec), each(metricFromV1)) ?? [];
  const metrics = [...others, ...(cpu === undefined ? [] : [cpuMetric(cpu)])];
  const behavior = noted<HorizontalPodAutoscalerBehavior>(notes[behaviorAnnotation], horizontalPodAutoscalerBehavior, (value) => renameKeys(value, lower));
  const currentMetrics: MetricStatus[] | undefined = noted(notes[currentMetricsAnnotation], arrayOf(metricStatus), each(metricStatusFromV1))
    ?? (currentCpu === undefined ? undefined : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: currentCpu } } }]);
  const conditions = noted<HorizontalPodAutoscalerStatus['conditions']>(notes[conditionsAnnotation], arrayOf(horizontalPodAutoscalerCondition), (value) => value);
  const kept = Object.fromEntries(Object.entries(notes).filter(([name]) => !annotations.includes(name)));
  const { annotations: _all, ...meta } = cloneJson(metadata);
  return {
    apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler',
    metadata: { ...meta, ...(Object.keys(kept).length ? { annotations: kept } : {}) },
    spec: { ...common, ...(metrics.length ? { metrics } : {}), ...(behavior ? { behavior } : {}) },
    status: { ...statusRest, currentMetrics: (currentMetrics ?? null) as MetricStatus[], ...(conditions ? { conditions } : {}) },
  };
}

/** The stored form. */
function toAutoscaler(autoscaler: AutoscalerV1): Autoscaler {
  const stored = converted(autoscaler);
  if (!stored.spec.metrics?.length) stored.spec.metrics = defaultMetrics();
  return stored;
}

/** The v1 form: one metric of its own, and annotations. */
function fromAutoscaler({ metadata, spec, status }: Autoscaler): AutoscalerV1 {
  const { metrics, behavior, ...common } = cloneJson(spec);
  const { currentMetrics, conditions, currentReplicas = 0, desiredReplicas, ...statusRest } = cloneJson(status);
  const cpu = metrics?.find(isCpuUtilization)?.resource?.target.averageUtilization;
  const others = (metrics ?? []).filter((metric) => !isCpuUtilization(metric));
  const currentCpu = currentMetrics?.find(({ type, resource }) => type === 'Resource' && resource?.name === 'cpu')?.resource?.current.averageUtilization;
  const notes: Record<string, string> = { ...metadata.annotations };
  if (others.length) notes[metricsAnnotation] = JSON.stringify(others.map(metricToV1));
  if (behavior) notes[behaviorAnnotation] = JSON.stringify(renameKeys(behavior, upper));
  if (currentMetrics?.length) notes[currentMetricsAnnotation] = JSON.stringify(currentMetrics.map(metricStatusToV1));
  if (conditions?.length) notes[conditionsAnnotation] = JSON.stringify(conditions);
  const meta = cloneJson(metadata);
  if (Object.keys(notes).length) meta.annotations = Object.fromEntries(Object.entries(notes).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler', metadata: meta,
    spec: { ...common, ...(cpu === undefined ? {} : { targetCPUUtilizationPercentage: cpu }) },
    status: { ...statusRest, currentReplicas, desiredReplicas, ...(currentCpu === undefined ? {} : { currentCPUUtilizationPercentage: currentCpu }) },
  };
}

function faults(autoscaler: AutoscalerV1): Fault[] {
  const { spec } = converted(autoscaler);
  return [...autoscalerFaults(spec), ...validateValue(horizontalPodAutoscalerSpec, spec, 'spec')];
}

/** A client of this version must not lose what only annotations say of the status. */
function keepStatusAnnotations({ metadata }: AutoscalerV1, { metadata: old }: AutoscalerV1): void {
  for (const name of statusAnnotations) {
    const value = old.annotations?.[name];
    if (value !== undefined) metadata.annotations = { ...metadata.annotations, [name]: value };
    else if (metadata.annotations) delete metadata.annotations[name];
  }
}

export const HorizontalPodAutoscalersV1 = defineResource({
  group: 'autoscaling', version: 'v1', kind: 'HorizontalPodAutoscaler', plural: 'horizontalpodautoscalers', shortNames: ['hpa'], categories: ['all'], scope: 'Namespaced',
  doc: 'Keeps the number of Pods of a workload where its use of cpu wants it.',
  fields: {
    spec: field(2, horizontalPodAutoscalerSpecV1, { written: true, doc: 'The autoscaler as it is wanted.' }),
    status: field(3, horizontalPodAutoscalerStatusV1, { written: true, doc: 'The autoscaler as it is.' }),
  },
  storedAs: { group: 'autoscaling', plural: 'horizontalpodautoscalers', encode: toAutoscaler, decode: fromAutoscaler },
  hashVersion: 'v2',
  subresources: { status: true },
  prepareUpdate: keepStatusAnnotations,
  validate: faults,
  judged: judgedAutoscaler,
  validateStatus: ({ status }) => autoscalerStatusFaults(status),
  columns: HorizontalPodAutoscalers.columns!.map((column) => ({ ...column, value: (autoscaler: AutoscalerV1, now: number) => column.value(toAutoscaler(autoscaler), now) })),
});
export interface HorizontalPodAutoscalerV1 extends ObjectOf<typeof HorizontalPodAutoscalersV1> {}
