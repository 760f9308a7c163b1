// HorizontalPodAutoscaler (autoscaling/v2): keeps the number of Pods of a workload where its metrics want it. The stored form.
// upstream: pkg/apis/autoscaling/validation/validation.go, pkg/apis/autoscaling/v2/defaults.go, pkg/printers/internalversion/printers.go
import { child, forbidden, invalid, notSupported, required as requiredFault, type Fault } from '../../apimachinery/fault.ts';
import { dropNew } from '../../schema/off-fields.ts';
import { defineResource, type ObjectHead, type ObjectOf } from '../../schema/resource.ts';
import { array, field, int32, int64, object, quantity, required, string, time, type FieldsValue } from '../../schema/schema.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { crossVersionObjectReference, metricSpec, metricStatus, referenceFaults, type MetricSpec, type MetricStatus } from './metrics.ts';

const v2 = 'io.k8s.api.autoscaling.v2';
const longestWindow = 3600;
const longestPeriod = 1800;
const selections = ['Disabled', 'Max', 'Min'];

export const hpaScalingPolicy = object('HPAScalingPolicy', {
  type: string(1, { required: true, unchecked: true, doc: 'Pods or Percent.' }),
  value: int32(2, { required: true, unchecked: true, doc: 'Pods, or the percentage of the present number, by which the number may change.' }),
  periodSeconds: int32(3, { required: true, unchecked: true, doc: 'Seconds in which it may change by that much, at most 1800.' }),
}, {
  package: v2, doc: 'How fast the number of Pods may change.',
  validate: ({ type, value, periodSeconds }, path) => [
    ...(type === 'Pods' || type === 'Percent' ? [] : [notSupported(child(path, 'type'), type, ['Percent', 'Pods'])]),
    ...(value > 0 ? [] : [invalid(child(path, 'value'), value, 'must be greater than zero')]),
    ...(periodSeconds > 0 ? [] : [invalid(child(path, 'periodSeconds'), periodSeconds, 'must be greater than zero')]),
    ...(periodSeconds > longestPeriod ? [invalid(child(path, 'periodSeconds'), periodSeconds, `must be less than or equal to ${longestPeriod}`)] : []),
  ],
});

export const hpaScalingRules = object('HPAScalingRules', {
  stabilizationWindowSeconds: int32(3, { pointer: true, doc: 'Seconds of past recommendations that are looked at, to avoid flapping.' }),
  selectPolicy: string(1, { pointer: true, doc: 'Which policy counts: Max, Min, or Disabled for no change in this direction.' }),
  policies: array(2, hpaScalingPolicy, { listType: 'atomic', doc: 'How fast the number may change.' }),
  tolerance: quantity(4, { pointer: true, doc: 'Share by which a metric may be off without a change; not in use.' }),
}, {
  package: v2, doc: 'Rules for one direction.', dropOff: dropNew('tolerance'),
  validate: ({ stabilizationWindowSeconds: seconds, selectPolicy, policies }, path) => {
    const at = child(path, 'stabilizationWindowSeconds');
    const faults: Fault[] = [];
    if (seconds !== undefined && seconds < 0) faults.push(invalid(at, seconds, 'must be greater than or equal to zero'));
    if (seconds !== undefined && seconds > longestWindow) faults.push(invalid(at, seconds, `must be less than or equal to ${longestWindow}`));
    if (selectPolicy !== undefined && !selections.includes(selectPolicy)) faults.push(notSupported(child(path, 'selectPolicy'), selectPolicy, selections));
    return policies?.length ? faults : [...faults, requiredFault(child(path, 'policies'), 'must specify at least one Policy')];
  },
});
type ScalingRules = FieldsValue<typeof hpaScalingRules.fields>;

/** A direction that is named at all gets what is missing; one that is not is the controller's to know. */
function behaviorDefaults(value: Record<string, any>): void {
  const { scaleUp, scaleDown } = value as { scaleUp?: ScalingRules; scaleDown?: ScalingRules };
  const percent = { type: 'Percent', value: 100, periodSeconds: 15 };
  value['scaleUp'] = { ...scaleUp, stabilizationWindowSeconds: scaleUp?.stabilizationWindowSeconds ?? 0, selectPolicy: scaleUp?.selectPolicy ?? 'Max', policies: scaleUp?.policies ?? [{ type: 'Pods', value: 4, periodSeconds: 15 }, percent] };
  value['scaleDown'] = { ...scaleDown, selectPolicy: scaleDown?.selectPolicy ?? 'Max', policies: scaleDown?.policies ?? [percent] };
}

export const horizontalPodAutoscalerBehavior = object('HorizontalPodAutoscalerBehavior', {
  scaleUp: field(1, hpaScalingRules, { doc: 'Rules for more Pods.' }),
  scaleDown: field(2, hpaScalingRules, { doc: 'Rules for fewer Pods.' }),
}, { package: v2, doc: 'How fast the number of Pods may change.', defaults: behaviorDefaults });
export type HorizontalPodAutoscalerBehavior = FieldsValue<typeof horizontalPodAutoscalerBehavior.fields>;

export const defaultMetrics = (): MetricSpec[] => [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }];

export const horizontalPodAutoscalerSpec = object('HorizontalPodAutoscalerSpec', {
  scaleTargetRef: required(1, crossVersionObjectReference, { doc: 'The workload whose number of Pods is kept.' }),
  minReplicas: int32(2, { pointer: true, default: 1, doc: 'Least number of Pods.' }),
  maxReplicas: int32(3, { required: true, unchecked: true, doc: 'Most Pods.' }),
  metrics: array(4, metricSpec, { listType: 'atomic', doc: 'What is measured; the metric that wants most Pods counts. Cpu at 80 % when empty.' }),
  behavior: field(5, horizontalPodAutoscalerBehavior, { doc: 'How fast the number may change.' }),
}, { package: v2, doc: 'The autoscaler as it is wanted.', defaults: (spec) => { if (!spec['metrics']?.length) spec['metrics'] = defaultMetrics(); } });
export interface HorizontalPodAutoscalerSpec extends FieldsValue<typeof horizontalPodAutoscalerSpec.fields> {}

export const horizontalPodAutoscalerCondition = object('HorizontalPodAutoscalerCondition', {
  type: string(1, { required: true, unchecked: true, doc: 'ScalingActive, AbleToScale or ScalingLimited.' }),
  status: string(2, { required: true, unchecked: true, doc: 'True, False or Unknown.' }),
  lastTransitionTime: time(3, { written: true, doc: 'When status last changed.' }),
  reason: string(4, { doc: 'One CamelCase word for the last change.' }),
  message: string(5, { doc: 'Text for people about the last change.' }),
}, { package: v2, doc: 'One observed aspect of an autoscaler.' });

export const horizontalPodAutoscalerStatus = object('HorizontalPodAutoscalerStatus', {
  observedGeneration: int64(1, { pointer: true, doc: 'Generation the controller has seen.' }),
  lastScaleTime: time(2, { pointer: true, doc: 'When the number was last changed.' }),
  currentReplicas: int32(3, { doc: 'Pods that are there.' }),
  desiredReplicas: int32(4, { required: true, unchecked: true, doc: 'Pods the metrics want.' }),
  currentMetrics: array(5, metricStatus, { written: true, listType: 'atomic', doc: 'What was last measured.' }),
  conditions: array(6, horizontalPodAutoscalerCondition, { listType: 'map', keys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type', doc: 'Observed aspects of the autoscaler.' }),
}, { package: v2, doc: 'The autoscaler as it is.' });
export interface HorizontalPodAutoscalerStatus extends FieldsValue<typeof horizontalPodAutoscalerStatus.fields> {}

/** The stored form. */
export interface Autoscaler extends ObjectHead { spec: HorizontalPodAutoscalerSpec; status: HorizontalPodAutoscalerStatus }

export const judgedAutoscaler = ['minReplicas', 'maxReplicas', 'scaleTargetRef', 'metrics', 'behavior'].map((name) => `spec.${name}`);

/** Faults of bounds and target; metrics and behaviour are judged by their types. */
export function autoscalerFaults({ scaleTargetRef, minReplicas, maxReplicas, metrics }: HorizontalPodAutoscalerSpec): Fault[] {
  const faults: Fault[] = [];
  if (minReplicas !== undefined && minReplicas < 1) faults.push(invalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'));
  if (maxReplicas < 1) faults.push(invalid('spec.maxReplicas', maxReplicas, 'must be greater than 0'));
  if (minReplicas !== undefined && maxReplicas < minReplicas) faults.push(invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'));
  faults.push(...referenceFaults(scaleTargetRef, 'spec.scaleTargetRef'));
  const canBeZero = (metrics ?? []).some(({ type }) => type === 'Object' || type === 'External');
  if (minReplicas === 0 && !canBeZero) faults.push(forbidden('spec.metrics', 'must specify at least one Object or External metric to support scaling to zero replicas'));
  return faults;
}

export const autoscalerStatusFaults = ({ currentReplicas = 0, desiredReplicas }: { currentReplicas?: number; desiredReplicas: number }): Fault[] => [
  ...(currentReplicas < 0 ? [invalid('status.currentReplicas', currentReplicas, 'must be greater than or equal to 0')] : []),
  ...(desiredReplicas < 0 ? [invalid('status.desiredReplicas', desiredReplicas, 'must be greater than or equal to 0')] : []),
];

const unknown = '<unknown>';
const metricFields = { Object: 'object', Pods: 'pods', Resource: 'resource', ContainerResource: 'containerResource', External: 'external' } as const;

function metricText({ type, ...spec }: MetricSpec, status: MetricStatus | undefined): string {
  const name = metricFields[type as keyof typeof metricFields];
  const source = name && spec[name];
  if (!source) return '<unknown type>';
  const { target } = source;
  const current = status?.[name]?.current;
  if (type === 'Resource' || type === 'ContainerResource') {
    const head = `${(source as { name: string }).name}: `;
    if (target.averageValue !== undefined) return `${head}${current?.averageValue ?? unknown}/${target.averageValue}`;
    return `${head}${current?.averageUtilization === undefined ? unknown : `${current.averageUtilization}%`}/${target.averageUtilization === undefined ? '<auto>' : `${target.averageUtilization}%`}`;
  }
  if (target.averageValue === undefined) return `${current?.value ?? unknown}/${target.value ?? '<auto>'}`;
  return `${current?.averageValue ?? unknown}/${target.averageValue}${type === 'Pods' ? '' : ' (avg)'}`;
}

function targetsText({ spec: { metrics }, status }: Autoscaler): string {
  const texts = (metrics ?? []).map((spec, i) => metricText(spec, status?.currentMetrics?.[i]));
  if (texts.length === 0) return '<none>';
  return texts.length > 2 ? `${texts.slice(0, 2).join(', ')} + ${texts.length - 2} more...` : texts.join(', ');
}

/** What autoscaling/v1 writes into annotations has fields here: an annotation of the name says nothing. (upstream: pkg/apis/autoscaling/annotations.go) */
export const roundTripAnnotations = ['metrics', 'behavior', 'current-metrics', 'conditions'].map((name) => `autoscaling.alpha.kubernetes.io/${name}`);
function dropNotes({ metadata }: ObjectHead): void {
  const { annotations } = metadata;
  if (!annotations) return;
  for (const name of roundTripAnnotations) delete annotations[name];
  if (Object.keys(annotations).length === 0) delete metadata.annotations;
}
export const HorizontalPodAutoscalers = defineResource({
  group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler', plural: 'horizontalpodautoscalers', shortNames: ['hpa'], categories: ['all'], scope: 'Namespaced',
  doc: 'Keeps the number of Pods of a workload where its metrics want it.',
  fields: {
    spec: field(2, horizontalPodAutoscalerSpec, { written: true, doc: 'The autoscaler as it is wanted.' }),
    status: field(3, horizontalPodAutoscalerStatus, { written: true, doc: 'The autoscaler as it is.' }),
  },
  subresources: { status: true },
  prepareCreate: dropNotes,
  prepareUpdate: dropNotes,
  validate: ({ spec }) => autoscalerFaults(spec),
  judged: judgedAutoscaler,
  validateStatus: ({ status }) => autoscalerStatusFaults(status),
  columns: [
    nameColumn,
    { name: 'Reference', type: 'string', description: 'The workload that is scaled.', value: ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}` },
    { name: 'Targets', type: 'string', description: 'Measured and wanted values.', value: targetsText },
    { name: 'MinPods', type: 'string', description: 'Least number of Pods.', value: ({ spec }) => (spec.minReplicas === undefined ? '<unset>' : String(spec.minReplicas)) },
    { name: 'MaxPods', type: 'string', description: 'Most Pods.', value: ({ spec }) => spec.maxReplicas },
    { name: 'Replicas', type: 'string', description: 'Pods that are there.', value: ({ status }) => status?.currentReplicas ?? 0 },
    ageColumn,
  ],
});
export interface HorizontalPodAutoscaler extends ObjectOf<typeof HorizontalPodAutoscalers> {}
