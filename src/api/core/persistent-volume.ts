// PersistentVolume: a piece of storage of the cluster, to be bound to a claim.
// upstream: pkg/apis/core/validation/validation.go (ValidatePersistentVolume), pkg/registry/core/persistentvolume/strategy.go
import { child, forbidden, index, invalid, key, notSupported, required, type Fault } from '../../apimachinery/fault.ts';
import { compareQuantities, isQuantity } from '../../apimachinery/quantity.ts';
import { dropNew } from '../../schema/off-fields.ts';
import { defineResource, type ObjectHead, type ObjectOf } from '../../schema/resource.ts';
import { array, embed, field, map, object, string, time, types, type FieldsValue } from '../../schema/schema.ts';
import { equalJson } from '../../util/json.ts';
import { difference } from '../difference.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { immutableFaults } from '../value-faults.ts';
import { nodeSelector } from './affinity.ts';
import { nodeSelectorTermWarnings } from './node-labels.ts';
import { oldVolumeSources } from './old-volume-sources.ts';
import { persistentVolumeSource, persistentVolumeSourceNames } from './persistent-volume-source.ts';
import { objectReference } from './references.ts';
import { basicQuantityFaults } from './resources.ts';
import { accessModeFaults } from './volume-claim-spec.ts';
import { accessModesText, storageClassAnnotation, storageClassOf, useClassName } from './volume-columns.ts';

export const volumeNodeAffinity = object('VolumeNodeAffinity', {
  required: field(1, nodeSelector, { doc: 'Nodes the volume can be reached from.' }),
}, { doc: 'Where a volume can be used.', validate: (affinity, path) => (affinity.required ? [] : [required(child(path, 'required'), 'must specify required node constraints')]) });

const granularReference = object('ObjectReference', objectReference.fields, { doc: objectReference.doc });

export const persistentVolumeSpec = object('PersistentVolumeSpec', {
  capacity: map(1, types.quantity, { doc: 'Size of the volume, under storage.' }),
  ...embed(2, persistentVolumeSource),
  accessModes: array(3, types.string, { listType: 'atomic', doc: 'All ways the volume can be mounted.' }),
  claimRef: field(4, granularReference, { doc: 'Claim the volume is, or is to be, bound to.' }),
  persistentVolumeReclaimPolicy: string(5, { default: 'Retain', enum: ['Delete', 'Recycle', 'Retain'], doc: 'What happens when the claim is gone: Retain, Delete or Recycle.' }),
  storageClassName: string(6, { format: 'dns1123Subdomain', doc: 'StorageClass of the volume; empty when it has none.' }),
  mountOptions: array(7, types.string, { listType: 'atomic', doc: 'Options of the mount.' }),
  volumeMode: string(8, { pointer: true, default: 'Filesystem', enum: ['Block', 'Filesystem'], doc: 'Filesystem, or Block for a raw device.' }),
  nodeAffinity: field(9, volumeNodeAffinity, { doc: 'Nodes the volume can be reached from.' }),
  volumeAttributesClassName: string(10, { pointer: true, doc: 'VolumeAttributesClass that tunes the volume.' }),
}, {
  doc: 'The volume as it is wanted.', dropOff: dropNew('volumeAttributesClassName'),
  validate: (spec, path) => secondSourceFaults({ ...spec }, path),
});
export interface PersistentVolumeSpec extends FieldsValue<typeof persistentVolumeSpec.fields> {}

export const persistentVolumeStatus = object('PersistentVolumeStatus', {
  phase: string(1, { default: 'Pending', enum: ['Available', 'Bound', 'Failed', 'Pending', 'Released'], doc: 'Pending, Available, Bound, Released or Failed.' }),
  message: string(2, { doc: 'Why it is so, for people.' }),
  reason: string(3, { doc: 'Why it failed, in one CamelCase word.' }),
  lastPhaseTransitionTime: time(4, { pointer: true, doc: 'When the phase last changed.' }),
}, { doc: 'The volume as it is.' });
export interface PersistentVolumeStatus extends FieldsValue<typeof persistentVolumeStatus.fields> {}

type Sources = Readonly<Record<string, unknown>>;
/** Those that are given, in the order upstream looks for them. */
const sourcesOf = (spec: Sources): Sources => Object.fromEntries(persistentVolumeSourceNames.filter((name) => spec[name] !== undefined).map((name) => [name, spec[name]]));

function capacityFaults(capacity: Readonly<Record<string, string>>, path: string): Fault[] {
  const names = Object.keys(capacity);
  return [
    ...(names.length === 0 ? [required(path)] : []),
    ...(names.length === 1 && names[0] === 'storage' ? [] : [notSupported(path, capacity, ['storage'])]),
    ...names.flatMap((name) => {
      const quantity = capacity[name]!;
      const at = key(path, name);
      return [...basicQuantityFaults(quantity, at), ...(isQuantity(quantity) && compareQuantities(quantity, '0') <= 0 ? [invalid(at, quantity, 'must be greater than zero')] : [])];
    }),
  ];
}

export interface VolumeSpecValue { capacity?: Record<string, string>; accessModes?: string[] | null; persistentVolumeReclaimPolicy?: string; nodeAffinity?: { required?: object }; hostPath?: { path: string }; local?: object; csi?: object; claimRef?: object; storageClassName?: string }

/** Of several sources the first may stay. */
const secondSourceFaults = (spec: Sources, path: string): Fault[] =>
  Object.keys(sourcesOf(spec)).slice(1).map((name) => forbidden(child(path, name), 'may not specify more than 1 volume type'));

/** At least one source, and what a source needs beside itself. */
function sourceFaults(spec: VolumeSpecValue, path: string): Fault[] {
  const given = Object.keys(sourcesOf(spec as Sources));
  return [
    ...(given.length === 0 ? [required(path, 'must specify a volume type')] : []),
    ...(given[0] === 'local' && !spec.nodeAffinity?.required ? [required(child(path, 'nodeAffinity'), 'Local volume requires node affinity')] : []),
    ...(spec.hostPath && /^\/+$/.test(spec.hostPath.path) && spec.persistentVolumeReclaimPolicy === 'Recycle'
      ? [forbidden(child(path, 'persistentVolumeReclaimPolicy'), "may not be 'recycle' for a hostPath mount of '/'")] : []),
  ];
}

const specFaults = (spec: VolumeSpecValue, path: string): Fault[] => [
  ...accessModeFaults(spec.accessModes, child(path, 'accessModes'), ''), ...capacityFaults(spec.capacity ?? {}, child(path, 'capacity')), ...sourceFaults(spec, path),
];

/** A volume spec inside another object, as attachments of in-tree volumes that became CSI have it. */
export function inlineVolumeFaults(spec: VolumeSpecValue, path: string): Fault[] {
  const words = 'may not be specified in the context of inline volumes';
  return [
    ...accessModeFaults(spec.accessModes, child(path, 'accessModes'), ''), ...sourceFaults(spec, path), ...secondSourceFaults(spec as Sources, path),
    ...(spec.csi ? [] : [required(child(path, 'csi'), 'has to be specified in the context of inline volumes')]),
    ...(['claimRef', 'capacity', 'storageClassName'] as const).flatMap((name) => (spec[name] === undefined ? [] : [forbidden(child(path, name), words)])),
  ];
}

/** The secret for growing may be named later: a volume may be older than the wish to grow it. */
function withExpandSecret(old: Sources, next: Sources): Sources {
  const [csi, nextCsi] = [old['csi'], next['csi']] as (Record<string, unknown> | undefined)[];
  const added = nextCsi?.['controllerExpandSecretRef'];
  return csi && csi['controllerExpandSecretRef'] === undefined && added !== undefined ? { ...old, csi: { ...csi, controllerExpandSecretRef: added } } : old;
}

const stableLabels: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os', 'beta.kubernetes.io/arch': 'kubernetes.io/arch', 'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};
type VolumeAffinity = PersistentVolumeSpec['nodeAffinity'];
/** Whether nothing but labels that got stable names differs. */
function sameAffinity(next: VolumeAffinity, old: VolumeAffinity): boolean {
  const terms = (affinity: VolumeAffinity) => affinity?.required?.nodeSelectorTerms ?? [];
  const renamed = terms(old).map((term, i) => ({
    ...term,
    ...(term.matchExpressions && { matchExpressions: term.matchExpressions.map((one, j) => {
      const key = terms(next)[i]?.matchExpressions?.[j]?.key;
      return key !== undefined && stableLabels[one.key] === key ? { ...one, key } : one;
    }) }),
  }));
  return equalJson(terms(next), renamed);
}

function updateFaults(spec: PersistentVolumeSpec, old: PersistentVolumeSpec): Fault[] {
  const next = sourcesOf({ ...spec });
  const changes = difference(withExpandSecret(sourcesOf({ ...old }), next), next);
  return [
    ...(changes.length ? [forbidden('spec.persistentvolumesource', `spec.persistentvolumesource is immutable after creation\n${changes.join('\n')}`)] : []),
    ...immutableFaults(spec.volumeMode, old.volumeMode, 'volumeMode'),
    ...(old.nodeAffinity && !sameAffinity(spec.nodeAffinity, old.nodeAffinity) ? [invalid('nodeAffinity', spec.nodeAffinity, 'field is immutable, except for updating from beta label to GA')] : []),
  ];
}

/** Warnings about a volume. (upstream: pkg/api/persistentvolume/util.go) */
function volumeWarnings({ metadata, spec }: ObjectHead & { readonly spec: PersistentVolumeSpec }): string[] {
  return [
    ...(metadata.annotations?.[storageClassAnnotation] === undefined ? [] : [`metadata.annotations[${storageClassAnnotation}]: ${useClassName}`]),
    ...(spec.persistentVolumeReclaimPolicy === 'Recycle' ? ['spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.'] : []),
    ...(spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).flatMap((term, i) => nodeSelectorTermWarnings(term, index('spec.nodeAffinity.required.nodeSelectorTerms', i), false)),
    ...oldVolumeSources.flatMap(([field, name, message]) => ((spec as Sources)[field] === undefined ? [] : [`spec.${name}: ${message}`])),
  ];
}

const claimText = ({ claimRef }: PersistentVolumeSpec): string => (claimRef ? `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}` : '');
const phaseText = (volume: ObjectHead & { status?: { phase?: string } }): string => (volume.metadata.deletionTimestamp ? 'Terminating' : volume.status?.phase ?? '');

export const PersistentVolumes = defineResource({
  group: '', version: 'v1', kind: 'PersistentVolume', plural: 'persistentvolumes', shortNames: ['pv'], scope: 'Cluster',
  doc: 'A piece of storage of the cluster, with a life of its own.',
  fields: {
    spec: field(2, persistentVolumeSpec, { written: true, doc: 'The volume as it is wanted.' }),
    status: field(3, persistentVolumeStatus, { written: true, doc: 'The volume as it is.' }),
  },
  subresources: { status: true },
  prepareCreate: ({ metadata, status }) => {
    status.phase = 'Pending';
    status.lastPhaseTransitionTime = metadata.creationTimestamp;
  },
  validate: ({ spec }, old) => [...specFaults(spec, 'spec'), ...(old ? updateFaults(spec, old.spec) : [])],
  judged: ['spec.accessModes', 'spec.capacity', 'spec.persistentVolumeReclaimPolicy', 'spec.nodeAffinity', 'spec', 'spec.storageClassName', 'spec.volumeMode', 'spec.persistentvolumesource'],
  warnings: volumeWarnings,
  columns: [
    nameColumn,
    { name: 'Capacity', type: 'string', description: 'Size of the volume.', value: ({ spec }) => spec.capacity?.['storage'] ?? '0' },
    { name: 'Access Modes', type: 'string', description: 'Ways the volume can be mounted.', value: ({ spec }) => accessModesText(spec.accessModes) },
    { name: 'Reclaim Policy', type: 'string', description: 'What happens when the claim is gone.', value: ({ spec }) => spec.persistentVolumeReclaimPolicy },
    { name: 'Status', type: 'string', description: 'Phase of the volume.', value: phaseText },
    { name: 'Claim', type: 'string', description: 'Claim it is bound to.', value: ({ spec }) => claimText(spec) },
    { name: 'StorageClass', type: 'string', description: 'Class of the volume.', value: storageClassOf },
    { name: 'VolumeAttributesClass', type: 'string', description: 'VolumeAttributesClass of the volume.', value: ({ spec }) => spec.volumeAttributesClassName ?? '<unset>' },
    { name: 'Reason', type: 'string', description: 'Why the volume is in this phase.', value: ({ status }) => status?.reason ?? '' },
    ageColumn,
    { name: 'VolumeMode', type: 'string', priority: 1, description: 'Filesystem or Block.', value: ({ spec }) => spec.volumeMode ?? '<unset>' },
  ],
});
export interface PersistentVolume extends ObjectOf<typeof PersistentVolumes> {}
