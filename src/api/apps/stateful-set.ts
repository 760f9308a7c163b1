// StatefulSet: Pods with names that last, started and stopped in order, each with claims of its own.
// upstream: pkg/apis/apps/validation/validation.go (ValidateStatefulSet), pkg/apis/apps/v1/defaults.go, pkg/registry/apps/statefulset
import { child, forbidden, index, invalid, notSupported, required as requiredFault, type Fault } from '../../apimachinery/fault.ts';
import { selectorFromObject } from '../../apimachinery/selectors.ts';
import { validateAnnotations, validateLabels } from '../../schema/metadata-validation.ts';
import { dropNew } from '../../schema/off-fields.ts';
import { labelSelector } from '../../schema/object-meta.ts';
import { defineResource, type ObjectOf } from '../../schema/resource.ts';
import { array, field, int32, int64, intOrString, object, required, string, time, type FieldsValue } from '../../schema/schema.ts';
import { equalJson } from '../../util/json.ts';
import { PersistentVolumeClaims } from '../core/persistent-volume-claim.ts';
import { podAnnotationFaults } from '../core/pod-annotations.ts';
import { podTemplateSpec } from '../core/pod-template.ts';
import { podTemplateWarnings } from '../core/pod-warnings.ts';
import { collisionFaults, judgedTemplate, negativeCountFaults, replicaCountFaults } from '../core/replica-workload.ts';
import { claimSpecWarnings } from '../core/volume-claim-spec.ts';
import { ageColumn, nameColumn, templateColumns } from '../table-columns.ts';

const apps = 'io.k8s.api.apps.v1';
const updatable = ['replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy', 'minReadySeconds'] as const;
const updateWords = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

export const rollingUpdateStatefulSetStrategy = object('RollingUpdateStatefulSetStrategy', {
  partition: int32(1, { pointer: true, default: 0, minimum: 0, doc: 'Only Pods with this ordinal or a higher one are updated.' }),
  maxUnavailable: intOrString(2, { pointer: true, doc: 'How many Pods may be missing during an update; not in use.' }),
}, { package: apps, doc: 'Limits of a rolling update.', dropOff: dropNew('maxUnavailable') });

export const statefulSetUpdateStrategy = object('StatefulSetUpdateStrategy', {
  type: string(1, { default: 'RollingUpdate', doc: 'RollingUpdate replaces Pods from the highest ordinal down; OnDelete waits until they are deleted.' }),
  rollingUpdate: field(2, rollingUpdateStatefulSetStrategy, { doc: 'Limits of a rolling update.' }),
}, {
  package: apps, doc: 'How old Pods are replaced by new ones.',
  // Runs after the type's own default, and an empty rollingUpdate gets its partition here.
  defaults: (strategy) => { if (strategy['type'] === 'RollingUpdate') strategy['rollingUpdate'] = { partition: 0, ...strategy['rollingUpdate'] }; },
  validate: (strategy, path) => {
    const { type, rollingUpdate } = strategy;
    if (!type) return [requiredFault(path)];
    if (type !== 'RollingUpdate' && type !== 'OnDelete') return [invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'")];
    return type === 'OnDelete' && rollingUpdate ? [invalid(child(path, 'rollingUpdate'), rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")] : [];
  },
});
export interface StatefulSetUpdateStrategy extends FieldsValue<typeof statefulSetUpdateStrategy.fields> {}

const retention = { default: 'Retain', validate: (value: string, path: string): Fault[] => (value === 'Retain' || value === 'Delete' ? [] : [notSupported(path, value, ['Retain', 'Delete'], 'given')]) } as const;
export const statefulSetPersistentVolumeClaimRetentionPolicy = object('StatefulSetPersistentVolumeClaimRetentionPolicy', {
  whenDeleted: string(1, { ...retention, doc: 'What becomes of the claims when the StatefulSet is deleted: Retain or Delete.' }),
  whenScaled: string(2, { ...retention, doc: 'What becomes of the claims of Pods that are scaled away: Retain or Delete.' }),
}, { package: apps, doc: 'What becomes of claims nobody needs.' });

export const statefulSetOrdinals = object('StatefulSetOrdinals', {
  start: int32(1, { written: true, minimum: 0, doc: 'Ordinal of the first Pod.' }),
}, { package: apps, doc: 'How Pods are numbered.' });

export const statefulSetSpec = object('StatefulSetSpec', {
  replicas: int32(1, { pointer: true, default: 1, minimum: 0, doc: 'Number of Pods wanted.' }),
  selector: required(2, labelSelector, { pointer: true, doc: 'Which Pods are this StatefulSet\'s; must match the labels of the template.' }),
  // Its volumes come from the claim templates too, so it cannot be judged as a Pod's.
  template: required(3, podTemplateSpec, { unjudged: true, doc: 'The Pods to make; each gets a name, an ordinal and its claims.' }),
  volumeClaimTemplates: array(4, PersistentVolumeClaims.type, { listType: 'atomic', unjudged: true, doc: 'Claims each Pod gets, named <template>-<pod>.' }),
  serviceName: string(5, { required: true, unchecked: true, doc: 'Headless Service that gives the Pods their DNS names.' }),
  podManagementPolicy: string(6, { default: 'OrderedReady', doc: 'OrderedReady starts and stops one Pod after the other, Parallel all at once.', validate: (policy, path) => (policy === 'OrderedReady' || policy === 'Parallel' ? [] : [invalid(path, policy, "must be 'OrderedReady' or 'Parallel'")]) }),
  updateStrategy: field(7, statefulSetUpdateStrategy, { written: true, doc: 'How old Pods are replaced by new ones.' }),
  revisionHistoryLimit: int32(8, { pointer: true, default: 10, minimum: 0, doc: 'How many old revisions are kept to roll back to.' }),
  minReadySeconds: int32(9, { minimum: 0, doc: 'Seconds a new Pod must be ready to count as available.' }),
  persistentVolumeClaimRetentionPolicy: field(10, statefulSetPersistentVolumeClaimRetentionPolicy, { default: { whenDeleted: 'Retain', whenScaled: 'Retain' }, doc: 'What becomes of claims nobody needs.' }),
  ordinals: field(11, statefulSetOrdinals, { doc: 'How Pods are numbered; from 0 when absent.' }),
}, { package: apps, doc: 'The StatefulSet as it is wanted.' });
export interface StatefulSetSpec extends FieldsValue<typeof statefulSetSpec.fields> {}

export const statefulSetCondition = object('StatefulSetCondition', {
  type: string(1, { required: true, unchecked: true, doc: 'Kind of condition.' }),
  status: string(2, { required: true, unchecked: true, doc: 'True, False or Unknown.' }),
  lastTransitionTime: time(3, { written: true, doc: 'When status last changed.' }),
  reason: string(4, { doc: 'One CamelCase word for the last change.' }),
  message: string(5, { doc: 'Text for people about the last change.' }),
}, { package: apps, doc: 'One observed aspect of a StatefulSet.' });

export const statefulSetStatus = object('StatefulSetStatus', {
  observedGeneration: int64(1, { doc: 'Generation the controller has seen.' }),
  replicas: int32(2, { required: true, unchecked: true, doc: 'Pods that are there.' }),
  readyReplicas: int32(3, { doc: 'Pods that are ready.' }),
  currentReplicas: int32(4, { doc: 'Pods of currentRevision.' }),
  updatedReplicas: int32(5, { doc: 'Pods of updateRevision.' }),
  currentRevision: string(6, { doc: 'Revision the lower ordinals have.' }),
  updateRevision: string(7, { doc: 'Revision the Pods are updated to.' }),
  collisionCount: int32(9, { pointer: true, doc: 'How often the name of a new revision was taken; part of the next hash.' }),
  conditions: array(10, statefulSetCondition, { listType: 'map', keys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type', doc: 'Observed aspects of the StatefulSet.' }),
  availableReplicas: int32(11, { written: true, doc: 'Pods that have been ready for minReadySeconds.' }),
}, { package: apps, doc: 'The StatefulSet as it is.' });
export interface StatefulSetStatus extends FieldsValue<typeof statefulSetStatus.fields> {}

function templateFaults({ selector, template }: StatefulSetSpec): Fault[] {
  const faults: Fault[] = [];
  const path = 'spec.template';
  const { labels, annotations } = template.metadata ?? {};
  if (selector) {
    if (Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0) === 0) faults.push(invalid('spec.selector', selector, 'empty selector is invalid for statefulset'));
    try {
      const ready = selectorFromObject(selector);
      if (!ready.empty && !ready.matches(labels ?? {})) faults.push(invalid(`${path}.metadata.labels`, labels ?? {}, '`selector` does not match template `labels`'));
    } catch {
      faults.push(invalid('spec.selector', selector, ''));
    }
  }
  faults.push(...validateLabels(labels, `${path}.labels`), ...validateAnnotations(annotations, `${path}.annotations`), ...podAnnotationFaults(annotations, template.spec ?? {}, `${path}.annotations`));
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {};
  if (restartPolicy !== 'Always') faults.push(notSupported(`${path}.spec.restartPolicy`, restartPolicy, ['Always']));
  if (activeDeadlineSeconds !== undefined) faults.push(forbidden(`${path}.spec.activeDeadlineSeconds`, 'activeDeadlineSeconds in StatefulSet is not Supported'));
  return faults;
}

function updateFaults(spec: StatefulSetSpec, old: StatefulSetSpec): Fault[] {
  const fixed = (whole: StatefulSetSpec): Record<string, unknown> => Object.fromEntries(Object.entries(whole).filter(([name]) => !updatable.some((free) => free === name)));
  return equalJson(fixed(spec), fixed(old)) ? [] : [forbidden('spec', updateWords)];
}

function statusFaults(status: StatefulSetStatus, old: StatefulSetStatus): Fault[] {
  const counts = { ...status };
  return [
    ...negativeCountFaults(counts, ['observedGeneration', 'replicas', 'readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas', 'collisionCount']),
    ...replicaCountFaults(counts, ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'], 'status.readyReplicas'),
    ...collisionFaults(status, old),
  ];
}

export const StatefulSets = defineResource({
  group: 'apps', version: 'v1', kind: 'StatefulSet', plural: 'statefulsets', shortNames: ['sts'], categories: ['all'], scope: 'Namespaced', nameFormat: 'dns1123Label',
  doc: 'Pods with names and claims that last, started and stopped in order.',
  fields: {
    spec: field(2, statefulSetSpec, { written: true, doc: 'The StatefulSet as it is wanted.' }),
    status: field(3, statefulSetStatus, { written: true, doc: 'The StatefulSet as it is.' }),
  },
  subresources: { status: true, scale: { specReplicasPath: 'spec.replicas', statusReplicasPath: 'status.replicas', labelSelectorPath: 'spec.selector' } },
  generation: true,
  defaults: ({ spec }) => {
    for (const claim of spec.volumeClaimTemplates ?? []) if (claim.apiVersion !== 'v1' || claim.kind !== 'PersistentVolumeClaim') Object.assign(claim, { apiVersion: 'v1', kind: 'PersistentVolumeClaim' });
  },
  validate: ({ spec }, old) => [...templateFaults(spec), ...(old ? updateFaults(spec, old.spec) : [])],
  judged: [
    ...['podManagementPolicy', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy', 'replicas', 'minReadySeconds', 'revisionHistoryLimit', 'ordinals', 'selector'].map((name) => `spec.${name}`),
    ...judgedTemplate('spec.template'), 'spec',
  ],
  validateStatus: ({ status }, old) => statusFaults(status, old.status),
  warnings: ({ metadata, spec }, old) => [
    ...(old && metadata.generation === old.metadata.generation ? [] : podTemplateWarnings(spec.template, 'spec.template')),
    // The path of an update has upstream's capital letter.
    ...(spec.volumeClaimTemplates ?? []).flatMap((claim, i) => claimSpecWarnings(claim.spec, index('spec.volumeClaimTemplates', i) + (old ? '.Spec' : ''))),
  ],
  columns: [
    nameColumn,
    { name: 'Ready', type: 'string', description: 'Pods that are ready, of those wanted.', value: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas}` },
    ageColumn,
    ...templateColumns,
  ],
});
export interface StatefulSet extends ObjectOf<typeof StatefulSets> {}
