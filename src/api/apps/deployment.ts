// Deployment: keeps a number of equal Pods and rolls them from one template to the next.
// upstream: pkg/apis/apps/validation/validation.go (ValidateDeployment), pkg/apis/apps/v1/defaults.go, pkg/registry/apps/deployment
import { child, forbidden, invalid, notSupported, required as requiredFault, type Fault } from '../../apimachinery/fault.ts';
import { selectorFromObject } from '../../apimachinery/selectors.ts';
import { dropNew } from '../../schema/off-fields.ts';
import { labelSelector } from '../../schema/object-meta.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, boolean, field, int32, int64, intOrString, object, required, string, time, type FieldsValue } from '../../schema/schema.ts';
import { podTemplateSpec } from '../core/pod-template.ts';
import { podOwnerWarnings } from '../core/pod-warnings.ts';
import { collisionFaults, judgedTemplate, negativeCountFaults, replicaCountFaults, selectedTemplateFaults } from '../core/replica-workload.ts';
import { amount, intOrPercentFaults, overHundredFaults } from '../int-or-percent.ts';
import { ageColumn, nameColumn, templateColumns } from '../table-columns.ts';

const apps = 'io.k8s.api.apps.v1';

export const rollingUpdateDeployment = object('RollingUpdateDeployment', {
  maxUnavailable: intOrString(1, { doc: 'How many Pods may be missing during an update, as a number or a percentage (rounded down).', validate: intOrPercentFaults }),
  maxSurge: intOrString(2, { doc: 'How many Pods may be there beyond the wanted number during an update, as a number or a percentage (rounded up).', validate: intOrPercentFaults }),
}, {
  package: apps, doc: 'How far a rolling update may stray from the wanted number of Pods.',
  validate: ({ maxUnavailable, maxSurge }, path) => {
    const at = child(path, 'maxUnavailable');
    const faults: Fault[] = [];
    if (amount(maxUnavailable) === 0 && amount(maxSurge) === 0) faults.push(invalid(at, maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
    faults.push(...overHundredFaults(maxUnavailable, at));
    return faults;
  },
});
export interface RollingUpdateDeployment extends FieldsValue<typeof rollingUpdateDeployment.fields> {}

const strategyTypes = ['Recreate', 'RollingUpdate'];
export const deploymentStrategy = object('DeploymentStrategy', {
  type: string(1, { default: 'RollingUpdate', doc: 'Recreate ends all old Pods first; RollingUpdate replaces them bit by bit.' }),
  rollingUpdate: field(2, rollingUpdateDeployment, { doc: 'Limits of a rolling update.' }),
}, {
  package: apps, doc: 'How old Pods are replaced by new ones.',
  defaults: (strategy) => {
    if (strategy['type'] === 'RollingUpdate') strategy['rollingUpdate'] = { maxUnavailable: '25%', maxSurge: '25%', ...strategy['rollingUpdate'] };
  },
  validate: (strategy, path) => {
    const { type, rollingUpdate } = strategy;
    const at = child(path, 'rollingUpdate');
    // Upstream names the whole strategy.
    if (!strategyTypes.includes(type)) return [notSupported(path, strategy, strategyTypes)];
    if (type === 'Recreate' && rollingUpdate) return [forbidden(at, "may not be specified when strategy `type` is 'Recreate'")];
    return type === 'RollingUpdate' && !rollingUpdate ? [requiredFault(at, 'this should be defaulted and never be nil')] : [];
  },
});
export interface DeploymentStrategy extends FieldsValue<typeof deploymentStrategy.fields> {}

export const deploymentSpec = object('DeploymentSpec', {
  replicas: int32(1, { pointer: true, default: 1, minimum: 0, doc: 'Number of Pods wanted.' }),
  selector: required(2, labelSelector, { pointer: true, immutable: true, doc: 'Which Pods are this Deployment\'s; must match the labels of the template.' }),
  template: required(3, podTemplateSpec, { doc: 'The Pods to make; only restartPolicy Always will do.' }),
  strategy: field(4, deploymentStrategy, { written: true, patchStrategy: 'retainKeys', doc: 'How old Pods are replaced by new ones.' }),
  minReadySeconds: int32(5, { minimum: 0, doc: 'Seconds a new Pod must be ready to count as available.' }),
  revisionHistoryLimit: int32(6, { pointer: true, default: 10, minimum: 0, doc: 'How many old ReplicaSets are kept to roll back to.' }),
  paused: boolean(7, { doc: 'True holds updates of the Pods back.' }),
  progressDeadlineSeconds: int32(9, { pointer: true, default: 600, minimum: 0, doc: 'Seconds without progress after which an update is reported as failed.' }),
}, { package: apps, doc: 'The Deployment as it is wanted.' });
export interface DeploymentSpec extends FieldsValue<typeof deploymentSpec.fields> {}

export const deploymentCondition = object('DeploymentCondition', {
  type: string(1, { required: true, unchecked: true, doc: 'Available, Progressing or ReplicaFailure.' }),
  status: string(2, { required: true, unchecked: true, doc: 'True, False or Unknown.' }),
  lastUpdateTime: time(6, { written: true, doc: 'When the condition was last written.' }),
  lastTransitionTime: time(7, { written: true, doc: 'When status last changed.' }),
  reason: string(4, { doc: 'One CamelCase word for the last change.' }),
  message: string(5, { doc: 'Text for people about the last change.' }),
}, { package: apps, doc: 'One observed aspect of a Deployment.' });
export interface DeploymentCondition extends FieldsValue<typeof deploymentCondition.fields> {}

export const deploymentStatus = object('DeploymentStatus', {
  observedGeneration: int64(1, { doc: 'Generation the controller has seen.' }),
  replicas: int32(2, { doc: 'Pods that are there, of any template.' }),
  updatedReplicas: int32(3, { doc: 'Pods of the current template.' }),
  readyReplicas: int32(7, { doc: 'Pods that are ready.' }),
  availableReplicas: int32(4, { doc: 'Pods that have been ready for minReadySeconds.' }),
  unavailableReplicas: int32(5, { doc: 'Pods that are missing for full availability.' }),
  terminatingReplicas: int32(9, { pointer: true, doc: 'Pods that are being deleted and have not ended.' }),
  conditions: array(6, deploymentCondition, { listType: 'map', keys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type', doc: 'Observed aspects of the Deployment.' }),
  collisionCount: int32(8, { pointer: true, doc: 'How often the name of a new ReplicaSet was taken; part of the next hash.' }),
}, { package: apps, doc: 'The Deployment as it is.', dropOff: dropNew('terminatingReplicas') });
export interface DeploymentStatus extends FieldsValue<typeof deploymentStatus.fields> {}

function specFaults({ selector, template, minReadySeconds = 0, progressDeadlineSeconds }: DeploymentSpec): Fault[] {
  const faults = selectedTemplateFaults(selector, template);
  if (progressDeadlineSeconds !== undefined && progressDeadlineSeconds <= minReadySeconds) faults.push(invalid('spec.progressDeadlineSeconds', progressDeadlineSeconds, 'must be greater than minReadySeconds'));
  return faults;
}

function statusFaults(status: DeploymentStatus, old: DeploymentStatus): Fault[] {
  return [
    ...negativeCountFaults({ ...status }, ['observedGeneration', 'replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas', 'terminatingReplicas', 'collisionCount']),
    ...replicaCountFaults({ ...status }, ['updatedReplicas', 'readyReplicas', 'availableReplicas']),
    ...collisionFaults(status, old),
  ];
}

/** The selector in query form; empty when there is none. */
function selectorQuery(selector: DeploymentSpec['selector']): string {
  try { return selectorFromObject(selector).toString(); } catch { return ''; }
}

export const Deployments = defineResource({
  group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments', shortNames: ['deploy'], categories: ['all'], scope: 'Namespaced',
  doc: 'Keeps a number of equal Pods, and replaces them when their template changes.',
  fields: {
    spec: field(2, deploymentSpec, { written: true, doc: 'The Deployment as it is wanted.' }),
    status: field(3, deploymentStatus, { written: true, doc: 'The Deployment as it is.' }),
  },
  subresources: { status: true, scale: { specReplicasPath: 'spec.replicas', statusReplicasPath: 'status.replicas', labelSelectorPath: 'spec.selector' } },
  generation: true,
  generationMetadata: ['annotations'],
  statusKeeps: ['labels'],
  validate: ({ spec }) => specFaults(spec),
  judged: [
    'spec.replicas', 'spec.selector', ...judgedTemplate('spec.template'), 'spec.strategy', 'spec.minReadySeconds', 'spec.revisionHistoryLimit', 'spec.progressDeadlineSeconds',
  ],
  validateStatus: ({ status }, old) => statusFaults(status, old.status),
  warnings: podOwnerWarnings,
  columns: [
    nameColumn,
    { name: 'Ready', type: 'string', description: 'Pods that are ready, of those wanted.', value: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas}` },
    { name: 'Up-to-date', type: 'string', description: 'Pods of the current template.', value: ({ status }) => status?.updatedReplicas ?? 0 },
    { name: 'Available', type: 'string', description: 'Pods that have been ready for minReadySeconds.', value: ({ status }) => status?.availableReplicas ?? 0 },
    ageColumn,
    ...templateColumns,
    { name: 'Selector', type: 'string', priority: 1, description: 'Which Pods are meant.', value: ({ spec }) => selectorQuery(spec.selector) },
  ],
});
export interface Deployment extends ObjectOf<typeof Deployments> {}
