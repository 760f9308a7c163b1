// A Pod's volumes: one named volume with exactly one source, and the sources every cluster has.
// upstream: pkg/apis/core/validation/validation.go, ValidateVolumes; pkg/apis/core/v1/defaults.go, SetDefaults_Volume
import { child, duplicate, forbidden, index, invalid, required, type Fault } from '../../apimachinery/fault.ts';
import { isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { compareQuantities, isQuantity } from '../../apimachinery/quantity.ts';
import { validateAnnotations, validateLabels } from '../../schema/metadata-validation.ts';
import { objectMeta } from '../../schema/object-meta.ts';
import { boolean, embed, field, map, object, quantity, required as requiredField, string, types, type FieldsValue } from '../../schema/schema.ts';
import { validateValue } from '../../schema/validation.ts';
import { csiDriverNameFaults, messages } from '../value-faults.ts';
import { defaultPullPolicy } from './image-name.ts';
import { localObjectReference } from './references.ts';
import { persistentVolumeClaimSpec } from './volume-claim-spec.ts';
import { configMapVolumeSource, downwardAPIVolumeSource, projectedVolumeSource, secretVolumeSource } from './volume-files.ts';
import {
  awsElasticBlockStoreVolumeSource, azureDiskVolumeSource, azureFileVolumeSource, cephFSVolumeSource, cinderVolumeSource, fcVolumeSource, flexVolumeSource,
  flockerVolumeSource, gcePersistentDiskVolumeSource, gitRepoVolumeSource, glusterfsVolumeSource, iscsiVolumeSource, photonPersistentDiskVolumeSource,
  portworxVolumeSource, quobyteVolumeSource, rbdVolumeSource, scaleIOVolumeSource, storageOSVolumeSource, vsphereVirtualDiskVolumeSource,
} from './volume-network.ts';
import { noBackstepsFaults } from './volume-paths.ts';

export const hostPathVolumeSource = object('HostPathVolumeSource', {
  path: string(1, { required: true, validate: noBackstepsFaults, doc: 'Path on the node.' }),
  type: string(2, {
    pointer: true, default: '', enum: ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'],
    doc: 'What must be there or is made: Directory, DirectoryOrCreate, File, FileOrCreate, Socket, CharDevice, BlockDevice; empty checks nothing.',
  }),
}, { doc: 'A file or directory of the node.' });

export const emptyDirVolumeSource = object('EmptyDirVolumeSource', {
  medium: string(1, { doc: 'Empty for the node\'s disk, Memory for tmpfs, HugePages for huge pages.' }),
  sizeLimit: quantity(2, {
    pointer: true, doc: 'Most it may hold.',
    validate: (size, path) => (isQuantity(size) && compareQuantities(size, '0') < 0 ? [forbidden(path, 'SizeLimit field must be a valid resource quantity')] : []),
  }),
}, { doc: 'A directory that is empty at first and lives as long as the Pod.' });

export const nfsVolumeSource = object('NFSVolumeSource', {
  server: string(1, { required: true, doc: 'Name or address of the server.' }),
  path: string(2, { required: true, doc: 'Exported path.' }),
  readOnly: boolean(3, { doc: 'Mounted read-only when true.' }),
}, {
  doc: 'A directory of an NFS server.',
  validate: (source, path) => (source.path?.startsWith('/') ? [] : [invalid(child(path, 'path'), source.path ?? '', 'must be an absolute path')]),
});

export const persistentVolumeClaimVolumeSource = object('PersistentVolumeClaimVolumeSource', {
  claimName: string(1, { required: true, doc: 'Name of the claim in the same namespace.' }),
  readOnly: boolean(2, { doc: 'Mounted read-only everywhere when true.' }),
}, { doc: 'The volume bound to a PersistentVolumeClaim.' });

export const csiVolumeSource = object('CSIVolumeSource', {
  driver: string(1, { required: true, unchecked: true, doc: 'Name of the CSI driver.' }),
  readOnly: boolean(2, { pointer: true, doc: 'Mounted read-only when true.' }),
  fsType: string(3, { pointer: true, doc: 'File system of the volume; the driver\'s usual one when absent.' }),
  volumeAttributes: map(4, types.string, { doc: 'Settings for the driver.' }),
  nodePublishSecretRef: field(5, localObjectReference, { doc: 'Secret handed to the driver at the mount.' }),
}, {
  doc: 'A short-lived volume of a CSI driver.',
  validate: ({ driver, nodePublishSecretRef: secret }, path) => [
    ...csiDriverNameFaults(driver, child(path, 'driver')),
    ...(secret && !secret.name ? [required(child(child(path, 'nodePublishSecretRef'), 'name'))] : []),
    ...messages(child(path, 'name'), secret?.name, secret?.name ? isDNS1123Subdomain(secret.name) : []),
  ],
});

export const persistentVolumeClaimTemplate = object('PersistentVolumeClaimTemplate', {
  metadata: field(1, objectMeta, { written: true, doc: 'Labels and annotations of the claim.' }),
  spec: requiredField(2, persistentVolumeClaimSpec, { doc: 'What the claim asks for.' }),
}, {
  doc: 'The claim that is made for the Pod.',
  validate: ({ metadata = {} }, path) => {
    const at = child(path, 'metadata');
    const { labels, annotations, ...others } = metadata as Record<string, unknown> & { labels?: Record<string, string>; annotations?: Record<string, string> };
    return [
      ...validateAnnotations(annotations, child(at, 'annotations')), ...validateLabels(labels, child(at, 'labels')),
      ...Object.keys(others).filter((name) => others[name] !== null).map((name) => forbidden(child(at, name), 'cannot be set')),
    ];
  },
});

export const ephemeralVolumeSource = object('EphemeralVolumeSource', {
  volumeClaimTemplate: field(1, persistentVolumeClaimTemplate, { doc: 'The claim, named <pod>-<volume>, that is made and goes with the Pod.' }),
}, {
  doc: 'A volume made from a claim of its own, which lives as long as the Pod.',
  validate: ({ volumeClaimTemplate }, path) => (volumeClaimTemplate ? [] : [required(child(path, 'volumeClaimTemplate'))]),
});

export const imageVolumeSource = object('ImageVolumeSource', {
  reference: string(1, { doc: 'Image or artifact to mount.' }),
  pullPolicy: string(2, { enum: ['Always', 'IfNotPresent', 'Never'], doc: 'Always, IfNotPresent or Never; Always for the tag latest, else IfNotPresent.' }),
}, {
  doc: 'The files of an image, read-only.',
  defaults: (value) => {
    if (!value['pullPolicy']) value['pullPolicy'] = defaultPullPolicy((value['reference'] as string | undefined) ?? '');
  },
  validate: ({ reference }, path) => (reference ? [] : [required(child(path, 'reference'))]),
});

export const volumeSource = object('VolumeSource', {
  hostPath: field(1, hostPathVolumeSource, { doc: 'A file or directory of the node.' }),
  emptyDir: field(2, emptyDirVolumeSource, { doc: 'A directory that lives as long as the Pod.' }),
  gcePersistentDisk: field(3, gcePersistentDiskVolumeSource, { doc: 'A disk of Google Compute Engine.' }),
  awsElasticBlockStore: field(4, awsElasticBlockStoreVolumeSource, { doc: 'A disk of Amazon EBS.' }),
  gitRepo: field(5, gitRepoVolumeSource, { doc: 'A clone of a git repository.' }),
  secret: field(6, secretVolumeSource, { doc: 'The entries of a Secret as files.' }),
  nfs: field(7, nfsVolumeSource, { doc: 'A directory of an NFS server.' }),
  iscsi: field(8, iscsiVolumeSource, { doc: 'A disk reached over iSCSI.' }),
  glusterfs: field(9, glusterfsVolumeSource, { doc: 'A Glusterfs volume.' }),
  persistentVolumeClaim: field(10, persistentVolumeClaimVolumeSource, { doc: 'The volume bound to a claim.' }),
  rbd: field(11, rbdVolumeSource, { doc: 'A Ceph block device.' }),
  flexVolume: field(12, flexVolumeSource, { doc: 'A volume of an exec-based driver.' }),
  cinder: field(13, cinderVolumeSource, { doc: 'A volume of OpenStack Cinder.' }),
  cephfs: field(14, cephFSVolumeSource, { doc: 'A Ceph file system.' }),
  flocker: field(15, flockerVolumeSource, { doc: 'A Flocker dataset.' }),
  downwardAPI: field(16, downwardAPIVolumeSource, { doc: 'Files that show fields of the Pod.' }),
  fc: field(17, fcVolumeSource, { doc: 'A disk reached over Fibre Channel.' }),
  azureFile: field(18, azureFileVolumeSource, { doc: 'A file share of Azure.' }),
  configMap: field(19, configMapVolumeSource, { doc: 'The entries of a ConfigMap as files.' }),
  vsphereVolume: field(20, vsphereVirtualDiskVolumeSource, { doc: 'A virtual disk of vSphere.' }),
  quobyte: field(21, quobyteVolumeSource, { doc: 'A Quobyte volume.' }),
  azureDisk: field(22, azureDiskVolumeSource, { doc: 'A disk of Azure.' }),
  photonPersistentDisk: field(23, photonPersistentDiskVolumeSource, { doc: 'A disk of the Photon controller.' }),
  projected: field(26, projectedVolumeSource, { doc: 'Several sources together in one directory.' }),
  portworxVolume: field(24, portworxVolumeSource, { doc: 'A Portworx volume.' }),
  scaleIO: field(25, scaleIOVolumeSource, { doc: 'A ScaleIO volume.' }),
  storageos: field(27, storageOSVolumeSource, { doc: 'A StorageOS volume.' }),
  csi: field(28, csiVolumeSource, { doc: 'A short-lived volume of a CSI driver.' }),
  ephemeral: field(29, ephemeralVolumeSource, { doc: 'A volume made from a claim of its own.' }),
  image: field(30, imageVolumeSource, { doc: 'The files of an image, read-only.' }),
}, { doc: 'Where a volume comes from; exactly one is given.' });

/** Upstream looks for emptyDir first: of several sources the first it finds is the one that may stay. */
const sourceNames = ['emptyDir', ...Object.keys(volumeSource.fields).filter((name) => name !== 'emptyDir')];
const givenSources = (volume: Readonly<Record<string, unknown>>): string[] => sourceNames.filter((name) => volume[name] !== undefined);

export const volume = object('Volume', {
  name: string(1, { required: true, format: 'dns1123Label', doc: 'Name of the volume, unique in the Pod.' }),
  ...embed(2, volumeSource),
}, {
  doc: 'A volume containers of the Pod can mount.',
  defaults: (value) => {
    if (givenSources(value).length === 0) value['emptyDir'] = {};
  },
  validate: (value, path) => {
    const given = givenSources(value as Record<string, unknown>);
    if (given.length === 0) return [required(path, 'must specify a volume type')];
    return given.slice(1).map((name) => forbidden(child(path, name), 'may not specify more than 1 volume type'));
  },
});
export interface Volume extends FieldsValue<typeof volume.fields> {}

const isFaultless = (item: Volume): boolean => validateValue(volume, item, '').length === 0;

/** The volumes containers can mount, by name: of several with one name the first that has no fault of its own. */
export function mountableVolumes(volumes: readonly Volume[]): Map<string, Volume> {
  const mountable = new Map<string, Volume>();
  for (const item of volumes) if (!mountable.has(item.name) && isFaultless(item)) mountable.set(item.name, item);
  return mountable;
}

/** A volume name may be used once in a Pod. */
export function duplicateVolumeNames(volumes: readonly Volume[], path: string): Fault[] {
  const first = mountableVolumes(volumes);
  return volumes.flatMap((item, i) => {
    const holder = first.get(item.name);
    return holder && volumes.indexOf(holder) < i ? [duplicate(child(index(path, i), 'name'), item.name)] : [];
  });
}
