// DaemonSet: one Pod on each node that fits.
// upstream: pkg/apis/apps/validation/validation.go (ValidateDaemonSet), pkg/apis/apps/v1/defaults.go, pkg/registry/apps/daemonset/strategy.go
import { child, forbidden, invalid, notSupported, required as requiredFault, type Fault } from '../../apimachinery/fault.ts';
import { labelSelectorText, labelsText, selectorFromObject } from '../../apimachinery/selectors.ts';
import { labelSelector } from '../../schema/object-meta.ts';
import { defineResource, type ObjectHead, type ObjectOf } from '../../schema/resource.ts';
import { array, field, int32, int64, intOrString, object, required, string, time, type FieldsValue } from '../../schema/schema.ts';
import { equalJson } from '../../util/json.ts';
import { podTemplateSpec } from '../core/pod-template.ts';
import { podTemplateWarnings } from '../core/pod-warnings.ts';
import { collisionFaults, judgedTemplate, negativeCountFaults } from '../core/replica-workload.ts';
import { amount, intOrPercentFaults, overHundredFaults } from '../int-or-percent.ts';
import { ageColumn, nameColumn, templateColumns } from '../table-columns.ts';
import { immutableFaults } from '../value-faults.ts';

const apps = 'io.k8s.api.apps.v1';
/** Where v1 keeps the number of the template, which older versions had in the spec. */
const templateGenerationAnnotation = 'deprecated.daemonset.template.generation';

export const rollingUpdateDaemonSet = object('RollingUpdateDaemonSet', {
  maxUnavailable: intOrString(1, { pointer: true, default: 1, doc: 'On how many nodes the Pod may be missing during an update, as a number or a percentage (rounded up).', validate: intOrPercentFaults }),
  maxSurge: intOrString(2, { pointer: true, default: 0, doc: 'On how many nodes a new Pod may start before the old one ends, as a number or a percentage (rounded up).', validate: intOrPercentFaults }),
}, {
  package: apps, doc: 'Limits of a rolling update.',
  validate: ({ maxUnavailable, maxSurge }, path) => {
    const unavailablePath = child(path, 'maxUnavailable');
    const faults = [...overHundredFaults(maxUnavailable, unavailablePath), ...overHundredFaults(maxSurge, child(path, 'maxSurge'))];
    if (amount(maxUnavailable) !== 0 && amount(maxSurge) !== 0) faults.push(invalid(child(path, 'maxSurge'), maxSurge, 'may not be set when maxUnavailable is non-zero'));
    if (amount(maxUnavailable) === 0 && amount(maxSurge) === 0) faults.push(requiredFault(unavailablePath, 'cannot be 0 when maxSurge is 0'));
    return faults;
  },
});

export const daemonSetUpdateStrategy = object('DaemonSetUpdateStrategy', {
  type: string(1, { default: 'RollingUpdate', doc: 'RollingUpdate replaces Pods node by node; OnDelete waits until they are deleted.' }),
  rollingUpdate: field(2, rollingUpdateDaemonSet, { doc: 'Limits of a rolling update.' }),
}, {
  package: apps, doc: 'How old Pods are replaced by new ones.',
  defaults: (strategy) => {
    if (strategy['type'] === 'RollingUpdate') strategy['rollingUpdate'] = { maxUnavailable: 1, maxSurge: 0, ...strategy['rollingUpdate'] };
  },
  validate: (strategy, path) => {
    if (strategy.type === 'RollingUpdate') return strategy.rollingUpdate ? [] : [requiredFault(child(path, 'rollingUpdate'))];
    return strategy.type === 'OnDelete' ? [] : [notSupported(path, strategy, ['RollingUpdate', 'OnDelete'], 'given')];
  },
});
export interface DaemonSetUpdateStrategy extends FieldsValue<typeof daemonSetUpdateStrategy.fields> {}

export const daemonSetSpec = object('DaemonSetSpec', {
  selector: required(1, labelSelector, { pointer: true, unchecked: true, doc: 'Which Pods are this DaemonSet\'s; must match the labels of the template.' }),
  template: required(2, podTemplateSpec, { doc: 'The Pods to make; only restartPolicy Always will do.' }),
  updateStrategy: field(3, daemonSetUpdateStrategy, { written: true, doc: 'How old Pods are replaced by new ones.' }),
  minReadySeconds: int32(4, { minimum: 0, doc: 'Seconds a new Pod must be ready to count as available.' }),
  revisionHistoryLimit: int32(6, { pointer: true, default: 10, minimum: 0, doc: 'How many old revisions are kept to roll back to.' }),
}, { package: apps, doc: 'The DaemonSet as it is wanted.' });
export interface DaemonSetSpec extends FieldsValue<typeof daemonSetSpec.fields> {}

export const daemonSetCondition = object('DaemonSetCondition', {
  type: string(1, { required: true, unchecked: true, doc: 'Kind of condition.' }),
  status: string(2, { required: true, unchecked: true, doc: 'True, False or Unknown.' }),
  lastTransitionTime: time(3, { written: true, doc: 'When status last changed.' }),
  reason: string(4, { doc: 'One CamelCase word for the last change.' }),
  message: string(5, { doc: 'Text for people about the last change.' }),
}, { package: apps, doc: 'One observed aspect of a DaemonSet.' });

export const daemonSetStatus = object('DaemonSetStatus', {
  currentNumberScheduled: int32(1, { required: true, unchecked: true, doc: 'Nodes that run a Pod and should.' }),
  numberMisscheduled: int32(2, { required: true, unchecked: true, doc: 'Nodes that run a Pod and should not.' }),
  desiredNumberScheduled: int32(3, { required: true, unchecked: true, doc: 'Nodes that should run a Pod.' }),
  numberReady: int32(4, { required: true, unchecked: true, doc: 'Nodes whose Pod is ready.' }),
  observedGeneration: int64(5, { doc: 'Generation the controller has seen.' }),
  updatedNumberScheduled: int32(6, { doc: 'Nodes that run a Pod of the current template.' }),
  numberAvailable: int32(7, { doc: 'Nodes whose Pod has been ready for minReadySeconds.' }),
  numberUnavailable: int32(8, { doc: 'Nodes that should have an available Pod and have none.' }),
  collisionCount: int32(9, { pointer: true, doc: 'How often the name of a new revision was taken; part of the next hash.' }),
  conditions: array(10, daemonSetCondition, { listType: 'map', keys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type', doc: 'Observed aspects of the DaemonSet.' }),
}, { package: apps, doc: 'The DaemonSet as it is.' });
export interface DaemonSetStatus extends FieldsValue<typeof daemonSetStatus.fields> {}

function specFaults({ selector, template }: DaemonSetSpec): Fault[] {
  const faults: Fault[] = [];
  const labels = template.metadata?.labels ?? {};
  try {
    if (!selectorFromObject(selector).matches(labels)) faults.push(invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  } catch {
    // A selector that cannot be read has been reported as such.
  }
  if (selector && Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0) === 0) faults.push(invalid('spec.selector', selector, 'empty selector is invalid for daemonset'));
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {};
  if (restartPolicy !== undefined && restartPolicy !== 'Always') faults.push(notSupported('spec.template.spec.restartPolicy', restartPolicy, ['Always']));
  if (activeDeadlineSeconds !== undefined) faults.push(forbidden('spec.template.spec.activeDeadlineSeconds', 'activeDeadlineSeconds in DaemonSet is not Supported'));
  return faults;
}

function setTemplateGeneration({ metadata }: ObjectHead, generation: number): void {
  metadata.annotations = { ...metadata.annotations, [templateGenerationAnnotation]: String(generation) };
}
const templateGeneration = ({ metadata }: ObjectHead): number => Number(metadata.annotations?.[templateGenerationAnnotation] ?? 0) || 0;

export const DaemonSets = defineResource({
  group: 'apps', version: 'v1', kind: 'DaemonSet', plural: 'daemonsets', shortNames: ['ds'], categories: ['all'], scope: 'Namespaced',
  doc: 'Keeps one Pod on each node that fits.',
  fields: {
    spec: field(2, daemonSetSpec, { written: true, doc: 'The DaemonSet as it is wanted.' }),
    status: field(3, daemonSetStatus, { written: true, doc: 'The DaemonSet as it is.' }),
  },
  subresources: { status: true },
  generation: true,
  prepareCreate: (set) => setTemplateGeneration(set, Math.max(1, templateGeneration(set))),
  prepareUpdate: (set, old) => setTemplateGeneration(set, templateGeneration(old) + (equalJson(set.spec.template, old.spec.template) ? 0 : 1)),
  validate: ({ spec }, old) => [...specFaults(spec), ...(old ? immutableFaults(spec.selector, old.spec.selector, 'spec.selector') : [])],
  judged: ['spec.selector', ...judgedTemplate('spec.template'), 'spec.minReadySeconds', 'spec.updateStrategy', 'spec.revisionHistoryLimit'],
  validateStatus: ({ status }, old) => [
    ...negativeCountFaults({ ...status }, [
      'currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled', 'numberReady', 'observedGeneration', 'updatedNumberScheduled', 'numberAvailable', 'numberUnavailable', 'collisionCount',
    ]),
    ...collisionFaults(status, old.status),
  ],
  warnings: (set, old) => (old && templateGeneration(set) === templateGeneration(old) ? [] : podTemplateWarnings(set.spec.template, 'spec.template')),
  columns: [
    nameColumn,
    { name: 'Desired', type: 'integer', description: 'Nodes that should run a Pod.', value: ({ status }) => status?.desiredNumberScheduled ?? 0 },
    { name: 'Current', type: 'integer', description: 'Nodes that run a Pod and should.', value: ({ status }) => status?.currentNumberScheduled ?? 0 },
    { name: 'Ready', type: 'integer', description: 'Nodes whose Pod is ready.', value: ({ status }) => status?.numberReady ?? 0 },
    { name: 'Up-to-date', type: 'integer', description: 'Nodes that run a Pod of the current template.', value: ({ status }) => status?.updatedNumberScheduled ?? 0 },
    { name: 'Available', type: 'integer', description: 'Nodes whose Pod has been ready for minReadySeconds.', value: ({ status }) => status?.numberAvailable ?? 0 },
    { name: 'Node Selector', type: 'string', description: 'Labels nodes must have.', value: ({ spec }) => labelsText(spec.template?.spec?.nodeSelector) },
    ageColumn,
    ...templateColumns,
    { name: 'Selector', type: 'string', priority: 1, description: 'Which Pods are meant.', value: ({ spec }) => labelSelectorText(spec.selector) },
  ],
});
export interface DaemonSet extends ObjectOf<typeof DaemonSets> {}
