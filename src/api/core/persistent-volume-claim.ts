// PersistentVolumeClaim: a request for storage, bound to a PersistentVolume.
// upstream: pkg/apis/core/validation/validation.go (ValidatePersistentVolumeClaimUpdate), pkg/registry/core/persistentvolumeclaim/strategy.go
import { forbidden, invalid, key, notSupported, required, type Fault } from '../../apimachinery/fault.ts';
import { isDNS1123Subdomain, isQualifiedName } from '../../apimachinery/names.ts';
import { compareQuantities } from '../../apimachinery/quantity.ts';
import { dropNew } from '../../schema/off-fields.ts';
import { defineResource, type ObjectHead, type ObjectOf } from '../../schema/resource.ts';
import { array, field, map, object, string, time, types, type FieldsValue } from '../../schema/schema.ts';
import { equalJson } from '../../util/json.ts';
import { difference } from '../difference.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { immutableFaults, messages } from '../value-faults.ts';
import { basicQuantityFaults, resourceQuantityFaults } from './resources.ts';
import { claimSpecWarnings, persistentVolumeClaimSpec, type PersistentVolumeClaimSpec } from './volume-claim-spec.ts';
import { accessModesText, storageClassAnnotation, storageClassOf, useClassName } from './volume-columns.ts';

export const persistentVolumeClaimCondition = object('PersistentVolumeClaimCondition', {
  type: string(1, { required: true, unchecked: true, doc: 'Kind of condition, for example Resizing.' }),
  status: string(2, { required: true, unchecked: true, doc: 'True, False or Unknown.' }),
  lastProbeTime: time(3, { written: true, doc: 'When it was last looked at.' }),
  lastTransitionTime: time(4, { written: true, doc: 'When status last changed.' }),
  reason: string(5, { doc: 'One CamelCase word for the last change.' }),
  message: string(6, { doc: 'Text for people about the last change.' }),
}, { doc: 'One observed aspect of a claim.' });

export const modifyVolumeStatus = object('ModifyVolumeStatus', {
  targetVolumeAttributesClassName: string(1, { doc: 'VolumeAttributesClass the volume is changed to.' }),
  status: string(2, { required: true, unchecked: true, enum: ['InProgress', 'Infeasible', 'Pending'], doc: 'Pending, InProgress or Infeasible.' }),
}, { doc: 'How a change of the volume\'s attributes goes.' });

export const persistentVolumeClaimStatus = object('PersistentVolumeClaimStatus', {
  phase: string(1, { default: 'Pending', enum: ['Bound', 'Lost', 'Pending'], doc: 'Pending, Bound, or Lost when its volume is gone.' }),
  accessModes: array(2, types.string, { listType: 'atomic', doc: 'Ways the bound volume can be mounted.' }),
  capacity: map(3, types.quantity, { doc: 'Size of the bound volume.' }),
  conditions: array(4, persistentVolumeClaimCondition, { listType: 'map', keys: ['type'], patchStrategy: 'merge', patchMergeKey: 'type', doc: 'Observed aspects of the claim.' }),
  allocatedResources: map(5, types.quantity, { doc: 'Size that is set aside while the volume grows.' }),
  allocatedResourceStatuses: map(7, types.string, { mapType: 'granular', doc: 'How growing goes, by resource.' }),
  currentVolumeAttributesClassName: string(8, { pointer: true, doc: 'VolumeAttributesClass the volume has.' }),
  modifyVolumeStatus: field(9, modifyVolumeStatus, { doc: 'How a change of attributes goes.' }),
}, { doc: 'The claim as it is.', dropOff: dropNew('currentVolumeAttributesClassName', 'modifyVolumeStatus') });
export interface PersistentVolumeClaimStatus extends FieldsValue<typeof persistentVolumeClaimStatus.fields> {}

interface Claim extends ObjectHead { spec: PersistentVolumeClaimSpec; status: PersistentVolumeClaimStatus }
const sizeOf = (spec: PersistentVolumeClaimSpec): string => spec.resources?.requests?.['storage'] ?? '0';

/** What a claim may be filled from is another claim or a snapshot, or what `dataSourceRef` names in its own namespace; everything else is as if it were not there. */
function dropDataSources(spec: PersistentVolumeClaimSpec, old?: PersistentVolumeClaimSpec): void {
  if (spec.dataSourceRef?.namespace && !old?.dataSourceRef) delete spec.dataSourceRef;
  if (old?.dataSource ?? old?.dataSourceRef ?? spec.dataSourceRef) return;
  const { apiGroup, kind } = spec.dataSource ?? {};
  const known = (kind === 'PersistentVolumeClaim' && !apiGroup) || (kind === 'VolumeSnapshot' && apiGroup === 'snapshot.storage.k8s.io');
  if (!known) delete spec.dataSource;
}

/** Data sources that old and new clients name in different fields stand in both. */
function copyDataSource(spec: PersistentVolumeClaimSpec): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource };
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { namespace: _none, ...local } = dataSourceRef;
    spec.dataSource = local;
  }
}

/** A group that is none may stay where it was, as older servers took any text. */
function groupFaults({ dataSource, dataSourceRef }: PersistentVolumeClaimSpec, old: PersistentVolumeClaimSpec | undefined): Fault[] {
  if (old?.dataSource?.apiGroup || old?.dataSourceRef?.apiGroup) return [];
  return Object.entries({ dataSource, dataSourceRef }).flatMap(([name, source]) => (source?.apiGroup ? messages(`spec.${name}.apiGroup`, source.apiGroup, isDNS1123Subdomain(source.apiGroup)) : []));
}

function dataSourceFaults({ dataSource, dataSourceRef }: PersistentVolumeClaimSpec): Fault[] {
  if (!dataSource || !dataSourceRef) return [];
  if (dataSourceRef.namespace) return [invalid('spec', 'spec.dataSource', 'may not be specified when dataSourceRef.namespace is specified')];
  const same = (['apiGroup', 'kind', 'name'] as const).every((name) => (dataSource[name] ?? '') === (dataSourceRef[name] ?? ''));
  return same ? [] : [invalid('spec', 'spec.dataSource', 'must match dataSourceRef')];
}

/** The old claim's spec with what may have changed as it is in the new one. */
function withChangeable(claim: Claim, old: Claim): Record<string, unknown> {
  const before: Record<string, unknown> = { ...old.spec };
  const take = (name: keyof PersistentVolumeClaimSpec): void => {
    if (claim.spec[name] === undefined) delete before[name];
    else before[name] = claim.spec[name];
  };
  const annotated = old.metadata.annotations?.[storageClassAnnotation];
  if (!old.spec.volumeName) take('volumeName');
  if (old.spec.storageClassName === undefined && claim.spec.storageClassName !== undefined && (annotated ?? claim.spec.storageClassName) === claim.spec.storageClassName) take('storageClassName');
  if (claim.status.phase === 'Bound') {
    take('volumeAttributesClassName');
    if (claim.spec.resources?.requests?.['storage'] !== undefined) before['resources'] = { ...old.spec.resources, requests: { ...old.spec.resources?.requests, storage: sizeOf(claim.spec) } };
  }
  return before;
}

function updateFaults(claim: Claim, old: Claim): Fault[] {
  const before = withChangeable(claim, old);
  const faults: Fault[] = [];
  const [annotated, wasAnnotated] = [claim, old].map(({ metadata }) => metadata.annotations?.[storageClassAnnotation]);
  // The annotation may give way to the field, and may not change otherwise.
  const moved = wasAnnotated !== undefined && old.spec.storageClassName === undefined && claim.spec.storageClassName === wasAnnotated && (annotated ?? wasAnnotated) === wasAnnotated;
  if (!moved && annotated !== wasAnnotated) faults.push(invalid(`metadata.annotations.${storageClassAnnotation}`, annotated ?? '', 'field is immutable'));
  if (!equalJson(claim.spec, before)) faults.push(forbidden('spec', `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${difference(before, claim.spec).join('\n')}`));
  // A grown claim may shrink again, but not below what it has.
  if (compareQuantities(sizeOf(claim.spec), sizeOf(old.spec)) < 0 && compareQuantities(sizeOf(claim.spec), old.status.capacity?.['storage'] ?? '0') <= 0) {
    faults.push(forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'));
  }
  return [...faults, ...immutableFaults(claim.spec.volumeMode, old.spec.volumeMode, 'volumeMode')];
}

const growingPhases = ['ControllerResizeInProgress', 'ControllerResizeInfeasible', 'NodeResizeInProgress', 'NodeResizeInfeasible', 'NodeResizePending'];
/** Of Kubernetes' own resources only storage can grow. */
function growingFaults(name: string, path: string): Fault[] {
  const problems = isQualifiedName(name);
  if (problems.length) return messages(path, name, problems);
  return name === 'storage' || (name.includes('/') && !name.includes('kubernetes.io/')) ? [] : [notSupported(path, name, ['storage'])];
}

const statusFaults = ({ spec, status }: Claim): Fault[] => [
  ...(spec.accessModes?.length ? [] : [required('Spec.accessModes')]),
  ...Object.entries(status.capacity ?? {}).flatMap(([name, quantity]) => basicQuantityFaults(quantity, key('status.capacity', name))),
  ...Object.entries(status.allocatedResourceStatuses ?? {}).flatMap(([name, phase]) => [
    ...growingFaults(name, 'status.allocatedResourceStatus'),
    ...(growingPhases.includes(phase) ? [] : [notSupported('status.allocatedResourceStatus', name, growingPhases)]),
  ]),
  ...Object.entries(status.allocatedResources ?? {}).flatMap(([name, quantity]) => {
    const at = key('status.allocatedResources', name);
    const unknown = growingFaults(name, 'status.allocatedResources');
    const faults = unknown.length ? unknown : basicQuantityFaults(quantity, at);
    return faults.length ? faults : resourceQuantityFaults('storage', quantity, at);
  }),
];

export const PersistentVolumeClaims = defineResource({
  group: '', version: 'v1', kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims', shortNames: ['pvc'], scope: 'Namespaced',
  doc: 'A request for storage, bound to a PersistentVolume that fits.',
  fields: {
    spec: field(2, persistentVolumeClaimSpec, { written: true, doc: 'What is asked of a volume.' }),
    status: field(3, persistentVolumeClaimStatus, { written: true, doc: 'The claim as it is.' }),
  },
  subresources: { status: true },
  prepareCreate: ({ spec, status }) => {
    status.phase = 'Pending';
    dropDataSources(spec);
    copyDataSource(spec);
  },
  prepareUpdate: ({ spec }, old) => {
    dropDataSources(spec, old.spec);
    copyDataSource(spec);
  },
  validate: (claim, old) => [...groupFaults(claim.spec, old?.spec), ...dataSourceFaults(claim.spec), ...(old ? updateFaults(claim, old) : [])],
  judged: [
    ...['accessModes', 'selector', 'resources', 'storageClassName', 'volumeMode', 'dataSource', 'dataSourceRef'].map((name) => `spec.${name}`),
    'spec', 'spec.resources.requests',
  ],
  validateStatus: statusFaults,
  warnings: ({ metadata, spec }) => [
    ...(metadata.annotations?.[storageClassAnnotation] === undefined ? [] : [`metadata.annotations[${storageClassAnnotation}]: ${useClassName}`]), ...claimSpecWarnings(spec, 'spec'),
  ],
  columns: [
    nameColumn,
    { name: 'Status', type: 'string', description: 'Phase of the claim.', value: ({ metadata, status }) => (metadata.deletionTimestamp ? 'Terminating' : status?.phase ?? '') },
    { name: 'Volume', type: 'string', description: 'Volume it is bound to.', value: ({ spec }) => spec.volumeName ?? '' },
    { name: 'Capacity', type: 'string', description: 'Size of the bound volume.', value: ({ spec, status }) => (spec.volumeName ? status?.capacity?.['storage'] ?? '0' : '') },
    { name: 'Access Modes', type: 'string', description: 'Ways the bound volume can be mounted.', value: ({ spec, status }) => (spec.volumeName ? accessModesText(status?.accessModes) : '') },
    { name: 'StorageClass', type: 'string', description: 'Class of the volume.', value: storageClassOf },
    { name: 'VolumeAttributesClass', type: 'string', description: 'VolumeAttributesClass of the volume.', value: ({ spec }) => spec.volumeAttributesClassName ?? '<unset>' },
    ageColumn,
    { name: 'VolumeMode', type: 'string', priority: 1, description: 'Filesystem or Block.', value: ({ spec }) => spec.volumeMode ?? '<unset>' },
  ],
});
export interface PersistentVolumeClaim extends ObjectOf<typeof PersistentVolumeClaims> {}
