// What an autoscaler measures, and what it has measured (autoscaling/v2).
// upstream: staging/src/k8s.io/api/autoscaling/v2/types.go, pkg/apis/autoscaling/validation/validation.go (validateMetricSpec)
import { child, forbidden, invalid, notSupported, required as requiredFault, type Fault } from '../../apimachinery/fault.ts';
import { compareQuantities, isQuantity } from '../../apimachinery/quantity.ts';
import { labelSelector } from '../../schema/object-meta.ts';
import { field, int32, object, quantity, required, string, type FieldsValue, type ObjectType } from '../../schema/schema.ts';
import { validateValue } from '../../schema/validation.ts';
import { containerResourceNameFaults } from '../core/resources.ts';
import { labelFaults, segmentFaults } from '../value-faults.ts';

const v2 = 'io.k8s.api.autoscaling.v2';

export const crossVersionObjectReference = object('CrossVersionObjectReference', {
  kind: string(1, { required: true, unchecked: true, doc: 'Kind of the object.' }),
  name: string(2, { required: true, unchecked: true, doc: 'Name of the object.' }),
  apiVersion: string(3, { doc: 'API version of the object.' }),
}, { package: v2, doc: 'Names an object of the same namespace.' });
interface Reference { readonly kind: string; readonly name: string }

export const referenceFaults = (reference: Reference, path: string): Fault[] => [...segmentFaults(reference.kind, child(path, 'kind')), ...segmentFaults(reference.name, child(path, 'name'))];

export const metricIdentifier = object('MetricIdentifier', {
  name: string(1, { required: true, unchecked: true, doc: 'Name of the metric.' }),
  selector: field(2, labelSelector, { doc: 'Which series of the metric.' }),
}, { package: v2, doc: 'Names a metric.', validate: ({ name }, path) => segmentFaults(name, child(path, 'name'), 'must specify a metric name') });

const positive = (value: string | undefined): boolean => value !== undefined && isQuantity(value) && compareQuantities(value, '0') > 0;

export const metricTarget = object('MetricTarget', {
  type: string(1, { required: true, unchecked: true, doc: 'Utilization, Value or AverageValue.' }),
  value: quantity(2, { pointer: true, doc: 'Value of the metric as a whole.' }),
  averageValue: quantity(3, { pointer: true, doc: 'Value for each Pod.' }),
  averageUtilization: int32(4, { pointer: true, doc: 'Percentage of what the Pods request, on average.' }),
}, {
  package: v2, doc: 'The value that is aimed at.',
  validate: ({ type, value, averageValue, averageUtilization }, path) => {
    const faults: Fault[] = [];
    if (!type) faults.push(requiredFault(child(path, 'type'), 'must specify a metric target type'));
    if (type !== 'Utilization' && type !== 'Value' && type !== 'AverageValue') faults.push(invalid(child(path, 'type'), type, 'must be either Utilization, Value, or AverageValue'));
    if (value !== undefined && !positive(value)) faults.push(invalid(child(path, 'value'), value, 'must be positive'));
    if (averageValue !== undefined && !positive(averageValue)) faults.push(invalid(child(path, 'averageValue'), averageValue, 'must be positive'));
    if (averageUtilization !== undefined && averageUtilization < 1) faults.push(invalid(child(path, 'averageUtilization'), averageUtilization, 'must be greater than 0'));
    return faults;
  },
});
interface Target { readonly value?: string; readonly averageValue?: string; readonly averageUtilization?: number }

/** A resource of Pods has a percentage or an average, one of them. */
function resourceTargetFaults({ averageValue, averageUtilization }: Target, path: string): Fault[] {
  if (averageUtilization === undefined && averageValue === undefined) return [requiredFault(child(path, 'averageUtilization'), 'must set either a target raw value or a target utilization')];
  return averageUtilization !== undefined && averageValue !== undefined ? [forbidden(child(path, 'averageValue'), 'may not set both a target raw value and a target utilization')] : [];
}

const target = { doc: 'The value that is aimed at.' } as const;
const metric = { doc: 'The metric.' } as const;
const resourceName = string(1, { required: true, unchecked: true, doc: 'Resource, for example cpu.' });

export const objectMetricSource = object('ObjectMetricSource', {
  describedObject: required(1, crossVersionObjectReference, { doc: 'Object the metric describes.' }),
  target: required(2, metricTarget, target),
  metric: required(3, metricIdentifier, metric),
}, {
  package: v2, doc: 'A metric of one object.',
  validate: (source, path) => [
    ...referenceFaults(source.describedObject, child(path, 'describedObject')),
    ...(source.target.value === undefined && source.target.averageValue === undefined ? [requiredFault(child(path, 'target.averageValue'), 'must set either a target value or averageValue')] : []),
  ],
});

export const podsMetricSource = object('PodsMetricSource', {
  metric: required(1, metricIdentifier, metric),
  target: required(2, metricTarget, target),
}, {
  package: v2, doc: 'A metric of each Pod, averaged.',
  validate: (source, path) => (source.target.averageValue === undefined ? [requiredFault(child(path, 'target.averageValue'), 'must specify a positive target averageValue')] : []),
});

const resourceFaults = ({ name, target: aim }: { name: string; target: Target }, path: string): Fault[] => [
  ...(name ? [] : [requiredFault(child(path, 'name'), 'must specify a resource name')]), ...resourceTargetFaults(aim, child(path, 'target')),
];

export const resourceMetricSource = object('ResourceMetricSource', {
  name: resourceName,
  target: required(2, metricTarget, target),
}, { package: v2, doc: 'A resource of the Pods, such as cpu.', validate: resourceFaults });

export const containerResourceMetricSource = object('ContainerResourceMetricSource', {
  name: resourceName,
  target: required(2, metricTarget, target),
  container: string(3, { required: true, unchecked: true, doc: 'Container that is measured.' }),
}, {
  package: v2, doc: 'A resource of one container of each Pod.',
  validate: (source, path) => [
    ...(source.name ? containerResourceNameFaults(source.name, child(path, 'name')) : []),
    ...(source.container ? labelFaults(source.container, child(path, 'container')) : [requiredFault(child(path, 'container'), 'must specify a container')]),
    ...resourceFaults(source, path),
  ],
});

export const externalMetricSource = object('ExternalMetricSource', {
  metric: required(1, metricIdentifier, metric),
  target: required(2, metricTarget, target),
}, {
  package: v2, doc: 'A metric from outside the cluster.',
  validate: ({ target: { value, averageValue } }, path) => {
    if (value === undefined && averageValue === undefined) return [requiredFault(child(path, 'target.averageValue'), 'must set either a target value for metric or a per-pod target')];
    return value !== undefined && averageValue !== undefined ? [forbidden(child(path, 'target.value'), 'may not set both a target value for metric and a per-pod target')] : [];
  },
});

/** Types of metrics and the fields that hold them, in the order in which they are looked for. */
const sources: Readonly<Record<string, string>> = { Object: 'object', External: 'external', Pods: 'pods', Resource: 'resource', ContainerResource: 'containerResource' };
const sourceTypes: Readonly<Record<string, ObjectType>> = {
  object: objectMetricSource, external: externalMetricSource, pods: podsMetricSource, resource: resourceMetricSource, containerResource: containerResourceMetricSource,
};

export const metricSpec = object('MetricSpec', {
  type: string(1, { required: true, unchecked: true, doc: 'Resource, ContainerResource, Pods, Object or External; the field of that name tells more.' }),
  object: field(2, objectMetricSource, { unjudged: true, doc: 'A metric of one object.' }),
  pods: field(3, podsMetricSource, { unjudged: true, doc: 'A metric of each Pod, averaged.' }),
  resource: field(4, resourceMetricSource, { unjudged: true, doc: 'A resource of the Pods.' }),
  containerResource: field(7, containerResourceMetricSource, { unjudged: true, doc: 'A resource of one container of each Pod.' }),
  external: field(5, externalMetricSource, { unjudged: true, doc: 'A metric from outside the cluster.' }),
}, {
  package: v2, doc: 'One metric and the value that is aimed at.',
  validate: (spec, path) => {
    const faults: Fault[] = [];
    const given = Object.values(sources).filter((name) => spec[name as 'object'] !== undefined);
    if (!spec.type) faults.push(requiredFault(child(path, 'type'), 'must specify a metric source type'));
    const expected = Object.hasOwn(sources, spec.type) ? sources[spec.type] : undefined;
    const unknown = expected === undefined ? [notSupported(child(path, 'type'), spec.type, Object.keys(sources))] : [];
    faults.push(...unknown);
    // Only the first is looked into, and a type that is none is told twice.
    const [first] = given;
    if (first !== undefined) faults.push(...validateValue(sourceTypes[first]!, spec[first as 'object'], child(path, first)));
    faults.push(...unknown);
    if (expected !== undefined && !given.includes(expected)) faults.push(requiredFault(child(path, expected), 'must populate information for the given metric source'));
    if (given.length !== 1) faults.push(...given.filter((name) => name !== expected).map((name) => forbidden(child(path, name), 'must populate the given metric source only')));
    return faults;
  },
});
export interface MetricSpec extends FieldsValue<typeof metricSpec.fields> {}

export const metricValueStatus = object('MetricValueStatus', {
  value: quantity(1, { pointer: true, doc: 'Value of the metric as a whole.' }),
  averageValue: quantity(2, { pointer: true, doc: 'Value for each Pod.' }),
  averageUtilization: int32(3, { pointer: true, doc: 'Percentage of what the Pods request, on average.' }),
}, { package: v2, doc: 'A measured value.' });

const current = { doc: 'The measured value.' } as const;

export const objectMetricStatus = object('ObjectMetricStatus', {
  metric: required(1, metricIdentifier, metric), current: required(2, metricValueStatus, current),
  describedObject: required(3, crossVersionObjectReference, { doc: 'Object the metric describes.' }),
}, { package: v2, doc: 'A measured metric of one object.' });
export const podsMetricStatus = object('PodsMetricStatus', {
  metric: required(1, metricIdentifier, metric), current: required(2, metricValueStatus, current),
}, { package: v2, doc: 'A measured metric of Pods.' });
export const resourceMetricStatus = object('ResourceMetricStatus', {
  name: resourceName, current: required(2, metricValueStatus, current),
}, { package: v2, doc: 'A measured resource of Pods.' });
export const containerResourceMetricStatus = object('ContainerResourceMetricStatus', {
  name: resourceName, current: required(2, metricValueStatus, current), container: string(3, { required: true, unchecked: true, doc: 'Container that is measured.' }),
}, { package: v2, doc: 'A measured resource of one container of Pods.' });
export const externalMetricStatus = object('ExternalMetricStatus', {
  metric: required(1, metricIdentifier, metric), current: required(2, metricValueStatus, current),
}, { package: v2, doc: 'A measured metric from outside the cluster.' });

export const metricStatus = object('MetricStatus', {
  type: string(1, { required: true, unchecked: true, doc: 'Type of the metric.' }),
  object: field(2, objectMetricStatus, { doc: 'A metric of one object.' }),
  pods: field(3, podsMetricStatus, { doc: 'A metric of each Pod, averaged.' }),
  resource: field(4, resourceMetricStatus, { doc: 'A resource of the Pods.' }),
  containerResource: field(7, containerResourceMetricStatus, { doc: 'A resource of one container of each Pod.' }),
  external: field(5, externalMetricStatus, { doc: 'A metric from outside the cluster.' }),
}, { package: v2, doc: 'One measured metric.' });
export interface MetricStatus extends FieldsValue<typeof metricStatus.fields> {}
