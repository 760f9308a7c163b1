// ReplicaSet: keeps a number of equal Pods. (upstream: pkg/apis/apps/validation/validation.go, ValidateReplicaSet)
import { labelSelectorText } from '../../apimachinery/selectors.ts';
import { dropNew } from '../../schema/off-fields.ts';
import { labelSelector } from '../../schema/object-meta.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, field, int32, int64, object, required, string, time, type FieldsValue } from '../../schema/schema.ts';
import { podTemplateSpec } from '../core/pod-template.ts';
import { podOwnerWarnings } from '../core/pod-warnings.ts';
import { judgedTemplate, negativeCountFaults, replicaCountFaults, selectedTemplateFaults } from '../core/replica-workload.ts';
import { ageColumn, nameColumn, templateColumns } from '../table-columns.ts';

const apps = 'io.k8s.api.apps.v1';

export const replicaSetSpec = object('ReplicaSetSpec', {
  replicas: int32(1, { pointer: true, default: 1, minimum: 0, doc: 'Number of Pods wanted.' }),
  minReadySeconds: int32(4, { minimum: 0, doc: 'Seconds a new Pod must be ready to count as available.' }),
  selector: required(2, labelSelector, { pointer: true, immutable: true, doc: 'Which Pods are this ReplicaSet\'s; must match the labels of the template.' }),
  template: field(3, podTemplateSpec, { written: true, doc: 'The Pods to make when there are too few.' }),
}, { package: apps, doc: 'The ReplicaSet as it is wanted.' });
export interface ReplicaSetSpec extends FieldsValue<typeof replicaSetSpec.fields> {}

export const replicaSetCondition = object('ReplicaSetCondition', {
  type: string(1, { required: true, unchecked: true, doc: 'Kind of condition: ReplicaFailure.' }),
  status: string(2, { required: true, unchecked: true, doc: 'True, False or Unknown.' }),
  lastTransitionTime: time(3, { written: true, doc: 'When status last changed.' }),
  reason: string(4, { doc: 'One CamelCase word for the last change.' }),
  message: string(5, { doc: 'Text for people about the last change.' }),
}, { package: apps, doc: 'One observed aspect of a ReplicaSet.' });
export interface ReplicaSetCondition extends FieldsValue<typeof replicaSetCondition.fields> {}

export const replicaSetStatus = object('ReplicaSetStatus', {
  replicas: int32(1, { required: true, unchecked: true, doc: 'Pods that are there.' }),
  fullyLabeledReplicas: int32(2, { doc: 'Pods that have all labels of the template.' }),
  readyReplicas: int32(4, { doc: 'Pods that are ready.' }),
  availableReplicas: int32(5, { doc: 'Pods that have been ready for minReadySeconds.' }),
  terminatingReplicas: int32(7, { pointer: true, doc: 'Pods that are being deleted and have not ended.' }),
  observedGeneration: int64(3, { doc: 'Generation the controller has seen.' }),
  conditions: array(6, replicaSetCondition, { listType: 'map', keys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type', doc: 'Observed aspects of the ReplicaSet.' }),
}, { package: apps, doc: 'The ReplicaSet as it is.', dropOff: dropNew('terminatingReplicas') });
export interface ReplicaSetStatus extends FieldsValue<typeof replicaSetStatus.fields> {}

export const ReplicaSets = defineResource({
  group: 'apps', version: 'v1', kind: 'ReplicaSet', plural: 'replicasets', shortNames: ['rs'], categories: ['all'], scope: 'Namespaced',
  doc: 'Keeps a number of equal Pods; Deployments make one per template.',
  fields: {
    spec: field(2, replicaSetSpec, { written: true, doc: 'The ReplicaSet as it is wanted.' }),
    status: field(3, replicaSetStatus, { written: true, doc: 'The ReplicaSet as it is.' }),
  },
  subresources: { status: true, scale: { specReplicasPath: 'spec.replicas', statusReplicasPath: 'status.replicas', labelSelectorPath: 'spec.selector' } },
  generation: true,
  selectable: { 'status.replicas': ({ status }) => String(status.replicas ?? 0) },
  validate: ({ spec }) => selectedTemplateFaults(spec.selector, spec.template),
  judged: ['spec.replicas', 'spec.minReadySeconds', 'spec.selector', ...judgedTemplate('spec.template')],
  validateStatus: ({ status }) => [
    ...negativeCountFaults({ ...status }, ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'terminatingReplicas', 'observedGeneration']),
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
    { name: 'Selector', type: 'string', priority: 1, description: 'Which Pods are meant.', value: ({ spec }) => labelSelectorText(spec.selector) },
  ],
});
export interface ReplicaSet extends ObjectOf<typeof ReplicaSets> {}
