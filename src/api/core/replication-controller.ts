// ReplicationController: keeps a number of equal Pods, chosen by a plain map of labels; ReplicaSets came after it.
// upstream: pkg/apis/core/validation/validation.go (ValidateReplicationController), pkg/apis/core/v1/defaults.go
import { required, type Fault } from '../../apimachinery/fault.ts';
import { labelsText, selectorFromSet } from '../../apimachinery/selectors.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, field, int32, int64, map, object, string, time, types, type FieldsValue } from '../../schema/schema.ts';
import { ageColumn, nameColumn, templateColumns } from '../table-columns.ts';
import { podTemplateSpec } from './pod-template.ts';
import { podOwnerWarnings } from './pod-warnings.ts';
import { judgedTemplate, missingTemplate, negativeCountFaults, replicaCountFaults, templateFaults } from './replica-workload.ts';

export const replicationControllerSpec = object('ReplicationControllerSpec', {
  replicas: int32(1, { pointer: true, default: 1, tellsDefault: true, minimum: 0, doc: 'Number of Pods wanted.' }),
  minReadySeconds: int32(4, { tellsDefault: true, minimum: 0, doc: 'Seconds a new Pod must be ready to count as available.' }),
  selector: map(2, types.string, { mapType: 'atomic', doc: 'Labels of the Pods that count; those of the template when left out.' }),
  template: field(3, podTemplateSpec, { doc: 'The Pods to make when there are too few.' }),
}, { doc: 'The ReplicationController as it is wanted.' });
export interface ReplicationControllerSpec extends FieldsValue<typeof replicationControllerSpec.fields> {}

export const replicationControllerCondition = object('ReplicationControllerCondition', {
  type: string(1, { required: true, unchecked: true, doc: 'Kind of condition: ReplicaFailure.' }),
  status: string(2, { required: true, unchecked: true, doc: 'True, False or Unknown.' }),
  lastTransitionTime: time(3, { written: true, doc: 'When status last changed.' }),
  reason: string(4, { doc: 'One CamelCase word for the last change.' }),
  message: string(5, { doc: 'Text for people about the last change.' }),
}, { doc: 'One observed aspect of a ReplicationController.' });
export interface ReplicationControllerCondition extends FieldsValue<typeof replicationControllerCondition.fields> {}

export const replicationControllerStatus = object('ReplicationControllerStatus', {
  replicas: int32(1, { required: true, unchecked: true, doc: 'Pods that are there.' }),
  fullyLabeledReplicas: int32(2, { doc: 'Pods that have all labels of the template.' }),
  readyReplicas: int32(4, { doc: 'Pods that are ready.' }),
  availableReplicas: int32(5, { doc: 'Pods that have been ready for minReadySeconds.' }),
  observedGeneration: int64(3, { doc: 'Generation the controller has seen.' }),
  conditions: array(6, replicationControllerCondition, { listType: 'map', keys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type', doc: 'Observed aspects of the ReplicationController.' }),
}, { doc: 'The ReplicationController as it is.' });
export interface ReplicationControllerStatus extends FieldsValue<typeof replicationControllerStatus.fields> {}

function specFaults({ selector, template }: ReplicationControllerSpec): Fault[] {
  const faults = Object.keys(selector ?? {}).length === 0 ? [required('spec.selector')] : [];
  return [...faults, ...missingTemplate(template), ...(template ? templateFaults(template, selectorFromSet(selector), 'ReplicationController') : [])];
}

export const ReplicationControllers = defineResource({
  group: '', version: 'v1', kind: 'ReplicationController', plural: 'replicationcontrollers', shortNames: ['rc'], categories: ['all'], scope: 'Namespaced',
  doc: 'Keeps a number of equal Pods.',
  fields: {
    spec: field(2, replicationControllerSpec, { written: true, doc: 'The ReplicationController as it is wanted.' }),
    status: field(3, replicationControllerStatus, { written: true, doc: 'The ReplicationController as it is.' }),
  },
  subresources: { status: true, scale: { specReplicasPath: 'spec.replicas', statusReplicasPath: 'status.replicas', labelSelectorPath: 'spec.selector' } },
  defaultPropagation: 'Orphan',
  generation: true,
  selectable: { 'status.replicas': ({ status }) => String(status.replicas ?? 0) },
  defaults: ({ metadata, spec }) => {
    const labels = spec.template?.metadata?.labels;
    if (!labels) return;
    if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
    if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
  },
  validate: ({ spec }) => specFaults(spec),
  judged: ['spec.minReadySeconds', 'spec.selector', 'spec.replicas', ...judgedTemplate('spec.template')],
  validateStatus: ({ status }) => [
    ...negativeCountFaults({ ...status }, ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration']),
    ...replicaCountFaults({ ...status }, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas']),
  ],
  warnings: podOwnerWarnings,
  columns: [
    nameColumn,
    { name: 'Desired', type: 'integer', description: 'Pods wanted.', value: ({ spec }) => spec.replicas },
    { name: 'Current', type: 'integer', description: 'Pods that are there.', value: ({ status }) => status?.replicas ?? 0 },
    { name: 'Ready', type: 'integer', description: 'Pods that are ready.', value: ({ status }) => status?.readyReplicas ?? 0 },
    ageColumn,
    ...templateColumns,
    { name: 'Selector', type: 'string', priority: 1, description: 'Labels of the Pods that count.', value: ({ spec }) => labelsText(spec.selector) },
  ],
});
export interface ReplicationController extends ObjectOf<typeof ReplicationControllers> {}
