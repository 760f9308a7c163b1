// Where a PersistentVolume's bytes are. Most sources are those of Pods' volumes; the others differ in how they name a Secret.
// upstream: staging/src/k8s.io/api/core/v1/types.go, pkg/apis/core/validation/validation.go (ValidatePersistentVolumeSpec)
import { child, invalid, required, type Fault } from '../../apimachinery/fault.ts';
import { isDNS1123Label, isDNS1123Subdomain } from '../../apimachinery/names.ts';
import { boolean, field, map, object, string, types } from '../../schema/schema.ts';
import { csiDriverNameFaults, messages } from '../value-faults.ts';
import { objectReference, secretReference } from './references.ts';
import { hostPathVolumeSource, nfsVolumeSource } from './volume.ts';
import {
  awsElasticBlockStoreVolumeSource, azureDiskVolumeSource, azureFileFields, cephFSFields, chapFaults, cinderFields, fcVolumeSource, flexFields, flockerVolumeSource,
  gcePersistentDiskVolumeSource, glusterfsFields, iscsiFields, photonPersistentDiskVolumeSource, portworxVolumeSource, quobyteVolumeSource, rbdFields, scaleIOFields,
  storageOSFaults, storageOSFields, vsphereVirtualDiskVolumeSource,
} from './volume-network.ts';
import { noBackstepsFaults } from './volume-paths.ts';

const secretRef = (number: number) => field(number, secretReference, { doc: 'Secret with the credentials.' });

/** Both parts of a Secret's name, where it is named at all. */
const secretPartFaults = (secret: { name?: string; namespace?: string } | undefined, parts: readonly ('name' | 'namespace')[], path: string): Fault[] =>
  (secret ? parts.filter((part) => !secret[part]).map((part) => required(child(child(path, 'secretRef'), part))) : []);

export const glusterfsPersistentVolumeSource = object('GlusterfsPersistentVolumeSource', {
  ...glusterfsFields,
  endpointsNamespace: string(4, {
    pointer: true, doc: 'Namespace of the Endpoints; the claim\'s when absent.', validate: (namespace, path) => messages(path, namespace, isDNS1123Label(namespace)),
  }),
}, {
  doc: 'A Glusterfs volume.',
  validate: ({ endpointsNamespace: namespace }, path) =>
    (namespace === '' ? [invalid(child(path, 'endpointsNamespace'), '', 'if the endpointnamespace is set, it must be a valid namespace name')] : []),
});

export const rbdPersistentVolumeSource = object('RBDPersistentVolumeSource', { ...rbdFields, secretRef: secretRef(7) }, { doc: 'A Ceph block device.' });
export const cinderPersistentVolumeSource = object('CinderPersistentVolumeSource', { ...cinderFields, secretRef: secretRef(4) }, {
  doc: 'A volume of OpenStack Cinder.', validate: ({ secretRef: secret }, path) => secretPartFaults(secret, ['name', 'namespace'], path),
});
export const cephFSPersistentVolumeSource = object('CephFSPersistentVolumeSource', { ...cephFSFields, secretRef: secretRef(5) }, { doc: 'A Ceph file system.' });
export const flexPersistentVolumeSource = object('FlexPersistentVolumeSource', { ...flexFields, secretRef: secretRef(3) }, { doc: 'A volume of an exec-based driver.' });
export const iscsiPersistentVolumeSource = object('ISCSIPersistentVolumeSource', { ...iscsiFields, secretRef: secretRef(10) }, { doc: 'A disk reached over iSCSI.', validate: chapFaults });

export const azureFilePersistentVolumeSource = object('AzureFilePersistentVolumeSource', {
  ...azureFileFields, secretNamespace: string(4, { pointer: true, written: true, doc: 'Namespace of the Secret; the claim\'s when absent.' }),
}, { doc: 'A file share of Azure.', validate: ({ secretNamespace }, path) => (secretNamespace === '' ? [required(child(path, 'secretNamespace'))] : []) });

export const scaleIOPersistentVolumeSource = object('ScaleIOPersistentVolumeSource', {
  ...scaleIOFields, secretRef: field(3, secretReference, { required: true, pointer: true, unchecked: true, doc: 'Secret with the credentials.' }),
}, { doc: 'A ScaleIO volume.', validate: ({ volumeName }, path) => (volumeName ? [] : [required(child(path, 'volumeName'))]) });

export const storageOSPersistentVolumeSource = object('StorageOSPersistentVolumeSource', {
  ...storageOSFields, secretRef: field(5, objectReference, { doc: 'Secret with the credentials.' }),
}, {
  doc: 'A StorageOS volume.',
  validate: (source, path) => [...storageOSFaults(source, path), ...secretPartFaults(source.secretRef, ['name', 'namespace'], path)],
});

export const localVolumeSource = object('LocalVolumeSource', {
  path: string(1, { required: true, validate: noBackstepsFaults, doc: 'Path on the node of a directory or block device.' }),
  fsType: string(2, { pointer: true, doc: 'File system a block device is formatted with.' }),
}, { doc: 'A disk that is attached to one node.' });

// Upstream does not judge nodeStageSecretRef.
const secretUses = ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef'] as const;
type SecretUses = { readonly [use in (typeof secretUses)[number]]?: { readonly name?: string; readonly namespace?: string } };
const secretFaults = (source: SecretUses, path: string): Fault[] => secretUses.flatMap((use) => {
  const secret = source[use];
  if (!secret) return [];
  const at = child(path, use);
  return [
    ...(secret.name ? messages(child(at, 'name'), secret.name, isDNS1123Subdomain(secret.name)) : [required(child(at, 'name'))]),
    ...(secret.namespace ? messages(child(at, 'namespace'), secret.namespace, isDNS1123Label(secret.namespace)) : [required(child(at, 'namespace'))]),
  ];
});

export const csiPersistentVolumeSource = object('CSIPersistentVolumeSource', {
  driver: string(1, { required: true, unchecked: true, doc: 'Name of the CSI driver.' }),
  volumeHandle: string(2, { required: true, doc: 'The driver\'s own name of the volume.' }),
  readOnly: boolean(3, { doc: 'Mounted read-only when true.' }),
  fsType: string(4, { doc: 'File system of the volume.' }),
  volumeAttributes: map(5, types.string, { doc: 'Settings for the driver.' }),
  controllerPublishSecretRef: field(6, secretReference, { doc: 'Secret for attaching and detaching.' }),
  nodeStageSecretRef: field(7, secretReference, { doc: 'Secret for staging on a node.' }),
  nodePublishSecretRef: field(8, secretReference, { doc: 'Secret for mounting into a Pod.' }),
  controllerExpandSecretRef: field(9, secretReference, { doc: 'Secret for growing the volume.' }),
  nodeExpandSecretRef: field(10, secretReference, { doc: 'Secret for growing the file system on a node.' }),
}, { doc: 'A volume of a CSI driver.', validate: (source, path) => [...csiDriverNameFaults(source.driver, child(path, 'driver')), ...secretFaults(source, path)] });

export const persistentVolumeSource = object('PersistentVolumeSource', {
  gcePersistentDisk: field(1, gcePersistentDiskVolumeSource, { doc: 'A disk of Google Compute Engine.' }),
  awsElasticBlockStore: field(2, awsElasticBlockStoreVolumeSource, { doc: 'A disk of Amazon EBS.' }),
  hostPath: field(3, hostPathVolumeSource, { doc: 'A directory of the node, for clusters of one node.' }),
  glusterfs: field(4, glusterfsPersistentVolumeSource, { doc: 'A Glusterfs volume.' }),
  nfs: field(5, nfsVolumeSource, { doc: 'A directory of an NFS server.' }),
  rbd: field(6, rbdPersistentVolumeSource, { doc: 'A Ceph block device.' }),
  iscsi: field(7, iscsiPersistentVolumeSource, { doc: 'A disk reached over iSCSI.' }),
  cinder: field(8, cinderPersistentVolumeSource, { doc: 'A volume of OpenStack Cinder.' }),
  cephfs: field(9, cephFSPersistentVolumeSource, { doc: 'A Ceph file system.' }),
  fc: field(10, fcVolumeSource, { doc: 'A disk reached over Fibre Channel.' }),
  flocker: field(11, flockerVolumeSource, { doc: 'A Flocker dataset.' }),
  flexVolume: field(12, flexPersistentVolumeSource, { doc: 'A volume of an exec-based driver.' }),
  azureFile: field(13, azureFilePersistentVolumeSource, { doc: 'A file share of Azure.' }),
  vsphereVolume: field(14, vsphereVirtualDiskVolumeSource, { doc: 'A virtual disk of vSphere.' }),
  quobyte: field(15, quobyteVolumeSource, { doc: 'A Quobyte volume.' }),
  azureDisk: field(16, azureDiskVolumeSource, { doc: 'A disk of Azure.' }),
  photonPersistentDisk: field(17, photonPersistentDiskVolumeSource, { doc: 'A disk of the Photon controller.' }),
  portworxVolume: field(18, portworxVolumeSource, { doc: 'A Portworx volume.' }),
  scaleIO: field(19, scaleIOPersistentVolumeSource, { doc: 'A ScaleIO volume.' }),
  local: field(20, localVolumeSource, { doc: 'A disk that is attached to one node.' }),
  storageos: field(21, storageOSPersistentVolumeSource, { doc: 'A StorageOS volume.' }),
  csi: field(22, csiPersistentVolumeSource, { doc: 'A volume of a CSI driver.' }),
}, { doc: 'Where the bytes are; exactly one is given.' });

/** In the order upstream looks for them. */
export const persistentVolumeSourceNames = ['hostPath', ...Object.keys(persistentVolumeSource.fields).filter((name) => name !== 'hostPath')];
