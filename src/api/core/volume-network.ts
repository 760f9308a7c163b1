// Volumes on network and cloud storage whose drivers Kubernetes once had built in; kept so that every manifest is understood.
// Field groups are shared with the persistent volume forms, which differ in how they name their Secret.
// upstream: pkg/apis/core/validation/validation.go
import { child, invalid, key, required, type Fault } from '../../apimachinery/fault.ts';
import { isDNS1123Label, rangeError } from '../../apimachinery/names.ts';
import { array, boolean, field, int32, map, object, string, types } from '../../schema/schema.ts';
import { localObjectReference } from './references.ts';
import { messages } from '../value-faults.ts';
import { localDescendingPathFaults } from './volume-paths.ts';

const fsType = (number: number) => string(number, { doc: 'File system of the volume; the node\'s usual one when empty.' });
const readOnly = (number: number) => boolean(number, { doc: 'Mounted read-only when true.' });
const secretRef = (number: number) => field(number, localObjectReference, { doc: 'Secret with the credentials.' });
const outOfByte = (number: number): boolean => number < 0 || number > 255;
const lunFaults = (lun: number, path: string): Fault[] => (outOfByte(lun) ? [invalid(path, lun, rangeError(0, 255))] : []);
// 0 is the whole disk and allowed, though the words leave it out.
const partitionFaults = (partition: number, path: string): Fault[] => (outOfByte(partition) ? [invalid(path, partition, rangeError(1, 255))] : []);

export const gcePersistentDiskVolumeSource = object('GCEPersistentDiskVolumeSource', {
  pdName: string(1, { required: true, unchecked: true, doc: 'Name of the disk.' }),
  fsType: fsType(2),
  partition: int32(3, { doc: 'Partition to mount; 0 is the whole disk.' }),
  readOnly: readOnly(4),
}, {
  doc: 'A disk of Google Compute Engine.',
  validate: ({ pdName, partition = 0 }, path) => {
    const at = path.replace(/gcePersistentDisk$/, 'persistentDisk');
    return [...(pdName ? [] : [required(child(at, 'pdName'))]), ...partitionFaults(partition, child(at, 'partition'))];
  },
});

export const awsElasticBlockStoreVolumeSource = object('AWSElasticBlockStoreVolumeSource', {
  volumeID: string(1, { required: true, doc: 'ID of the volume.' }),
  fsType: fsType(2),
  partition: int32(3, { validate: partitionFaults, doc: 'Partition to mount; 0 is the whole disk.' }),
  readOnly: readOnly(4),
}, { doc: 'A disk of Amazon EBS.' });

export const gitRepoVolumeSource = object('GitRepoVolumeSource', {
  repository: string(1, { required: true, doc: 'URL of the repository.' }),
  revision: string(2, { doc: 'Commit to check out.' }),
  directory: string(3, { validate: localDescendingPathFaults, doc: 'Directory to clone into.' }),
}, { doc: 'A clone of a git repository.' });

const iscsiName = /iqn\.\d{4}-\d{2}\.[A-Za-z0-9.-]+:[^,;*&$|\s]+$|^eui.[A-Za-z0-9]{16}$|^naa.[A-Za-z0-9]{32}$/;
/** Whether it is well formed, by its first letters; volumes of Pods say more of the first fault than PersistentVolumes. */
function iscsiNameFaults(name: string, path: string): Fault[] {
  if (!/^(iqn|eui|naa)/.test(name)) return [invalid(path, name, path.includes('.volumes[') ? 'must be valid format starting with iqn, eui, or naa' : 'must be valid format')];
  return iscsiName.test(name) ? [] : [invalid(path, name, 'must be valid format')];
}

export const iscsiFields = {
  targetPortal: string(1, { required: true, doc: 'Address of the target, host or host:port.' }),
  iqn: string(2, {
    required: true, doc: 'Qualified name of the target.',
    validate: (iqn: string, path: string) => iscsiNameFaults(iqn, path),
  }),
  lun: int32(3, { required: true, unchecked: true, validate: lunFaults, doc: 'Logical unit number.' }),
  iscsiInterface: string(4, { default: 'default', tellsDefault: true, doc: 'Transport to use; TCP by default.' }),
  fsType: fsType(5),
  readOnly: readOnly(6),
  portals: array(7, types.string, { listType: 'atomic', doc: 'Further portals of the target.' }),
  chapAuthDiscovery: boolean(8, { doc: 'CHAP authentication for discovery.' }),
  chapAuthSession: boolean(11, { doc: 'CHAP authentication for the session.' }),
  initiatorName: string(12, { pointer: true, validate: (name: string, path: string) => iscsiNameFaults(name, path.replace(/initiatorName$/, 'initiatorname')), doc: 'Initiator name to use.' }),
};

export function chapFaults(source: { chapAuthDiscovery?: boolean; chapAuthSession?: boolean; secretRef?: { name?: string } }, path: string): Fault[] {
  if (source.secretRef) return source.secretRef.name ? [] : [required(child(child(path, 'secretRef'), 'name'))];
  return source.chapAuthDiscovery || source.chapAuthSession ? [required(child(path, 'secretRef'))] : [];
}

export const iscsiVolumeSource = object('ISCSIVolumeSource', { ...iscsiFields, secretRef: secretRef(10) }, { doc: 'A disk reached over iSCSI.', validate: chapFaults });

export const glusterfsFields = {
  endpoints: string(1, { required: true, doc: 'Endpoints object with the servers.' }),
  path: string(2, { required: true, doc: 'Name of the volume.' }),
  readOnly: readOnly(3),
};
export const glusterfsVolumeSource = object('GlusterfsVolumeSource', glusterfsFields, { doc: 'A Glusterfs volume.' });

export const rbdFields = {
  monitors: array(1, types.string, { required: true, listType: 'atomic', doc: 'Ceph monitors.' }),
  image: string(2, { required: true, doc: 'Name of the image.' }),
  fsType: fsType(3),
  pool: string(4, { default: 'rbd', tellsDefault: true, doc: 'Name of the pool.' }),
  user: string(5, { default: 'admin', tellsDefault: true, doc: 'Name of the user.' }),
  keyring: string(6, { default: '/etc/ceph/keyring', tellsDefault: true, doc: 'Path of the key ring.' }),
  readOnly: readOnly(8),
};
export const rbdVolumeSource = object('RBDVolumeSource', { ...rbdFields, secretRef: secretRef(7) }, { doc: 'A Ceph block device.' });

export const flexFields = {
  driver: string(1, { required: true, doc: 'Name of the driver.' }),
  fsType: fsType(2),
  readOnly: readOnly(4),
  options: map(5, types.string, {
    doc: 'Options for the driver.',
    validate: (options: Readonly<Record<string, string>>, path: string) => Object.keys(options)
      .filter((name) => /\.(kubernetes|k8s)\.io$/.test(`.${(name.includes('/') ? name.slice(0, name.indexOf('/')) : name).toLowerCase()}`))
      .map((name) => invalid(key(path, name), name, 'kubernetes.io and k8s.io namespaces are reserved')),
  }),
};
export const flexVolumeSource = object('FlexVolumeSource', { ...flexFields, secretRef: secretRef(3) }, { doc: 'A volume of an exec-based driver.' });

export const cinderFields = { volumeID: string(1, { required: true, doc: 'ID of the volume.' }), fsType: fsType(2), readOnly: readOnly(3) };
export const cinderVolumeSource = object('CinderVolumeSource', { ...cinderFields, secretRef: secretRef(4) }, {
  doc: 'A volume of OpenStack Cinder.', validate: ({ secretRef: secret }, path) => (secret && !secret.name ? [required(child(child(path, 'secretRef'), 'name'))] : []),
});

export const cephFSFields = {
  monitors: array(1, types.string, { required: true, listType: 'atomic', doc: 'Ceph monitors.' }),
  path: string(2, { doc: 'Path to mount; / when empty.' }),
  user: string(3, { doc: 'Name of the user; admin when empty.' }),
  secretFile: string(4, { doc: 'Path of the key ring of the user.' }),
  readOnly: readOnly(6),
};
export const cephFSVolumeSource = object('CephFSVolumeSource', { ...cephFSFields, secretRef: secretRef(5) }, { doc: 'A Ceph file system.' });

export const flockerVolumeSource = object('FlockerVolumeSource', {
  datasetName: string(1, { doc: 'Name of the dataset.' }),
  datasetUUID: string(2, { doc: 'UUID of the dataset.' }),
}, {
  doc: 'A Flocker dataset.',
  validate: ({ datasetName = '', datasetUUID = '' }, path) => [
    ...(datasetName === '' && datasetUUID === '' ? [required(path, 'one of datasetName and datasetUUID is required')] : []),
    ...(datasetName !== '' && datasetUUID !== '' ? [invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously')] : []),
    ...(datasetName.includes('/') ? [invalid(child(path, 'datasetName'), datasetName, "must not contain '/'")] : []),
  ],
});

export const fcVolumeSource = object('FCVolumeSource', {
  targetWWNs: array(1, types.string, { listType: 'atomic', doc: 'World wide names of the target.' }),
  lun: int32(2, { pointer: true, doc: 'Logical unit number of the target.' }),
  fsType: fsType(3),
  readOnly: readOnly(4),
  wwids: array(5, types.string, { listType: 'atomic', doc: 'World wide identifiers, instead of targetWWNs and lun.' }),
}, {
  doc: 'A disk reached over Fibre Channel.',
  validate: ({ targetWWNs = [], wwids = [], lun }, path) => {
    const namesPath = child(path, 'targetWWNs');
    if (targetWWNs.length === 0) return wwids.length === 0 ? [required(namesPath, 'must specify either targetWWNs or wwids, but not both')] : [];
    return [
      ...(wwids.length > 0 ? [invalid(namesPath, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously')] : []),
      ...(lun === undefined ? [required(child(path, 'lun'), 'lun is required if targetWWNs is specified')] : lunFaults(lun, child(path, 'lun'))),
    ];
  },
});

export const azureFileFields = {
  secretName: string(1, { required: true, doc: 'Secret with the account\'s name and key.' }),
  shareName: string(2, { required: true, doc: 'Name of the share.' }),
  readOnly: readOnly(3),
};
export const azureFileVolumeSource = object('AzureFileVolumeSource', azureFileFields, { doc: 'A file share of Azure.' });

export const vsphereVirtualDiskVolumeSource = object('VsphereVirtualDiskVolumeSource', {
  volumePath: string(1, { required: true, doc: 'Path of the virtual disk.' }),
  fsType: fsType(2),
  storagePolicyName: string(3, { doc: 'Name of the storage policy.' }),
  storagePolicyID: string(4, { doc: 'ID of the storage policy.' }),
}, { doc: 'A virtual disk of vSphere.' });

const registryWords = 'must be a host:port pair or multiple pairs separated by commas';
export const quobyteVolumeSource = object('QuobyteVolumeSource', {
  registry: string(1, { required: true, unchecked: true, doc: 'Registry servers, host:port joined by commas.' }),
  volume: string(2, { required: true, doc: 'Name of the volume.' }),
  readOnly: readOnly(3),
  user: string(4, { doc: 'User to map access to.' }),
  group: string(5, { doc: 'Group to map access to.' }),
  tenant: string(6, { doc: 'Tenant that owns the volume.' }),
}, {
  doc: 'A Quobyte volume.',
  validate: ({ registry, tenant = '' }, path) => {
    if (!registry) return [required(child(path, 'registry'), registryWords)];
    if (tenant.length >= 65) return [required(child(path, 'tenant'), 'must be a UUID and may not exceed a length of 64 characters')];
    return registry.split(',').filter((pair) => !/^(\[[^\]]*\]|[^:]*):[^:]*$/.test(pair)).map(() => invalid(child(path, 'registry'), registry, registryWords));
  },
});

export const azureDiskVolumeSource = object('AzureDiskVolumeSource', {
  diskName: string(1, { required: true, doc: 'Name of the disk.' }),
  diskURI: string(2, { required: true, doc: 'URI of the disk.' }),
  cachingMode: string(3, { pointer: true, default: 'ReadWrite', tellsDefault: true, enum: ['None', 'ReadOnly', 'ReadWrite'], doc: 'Host caching: None, ReadOnly or ReadWrite.' }),
  fsType: string(4, { pointer: true, default: 'ext4', tellsDefault: true, doc: 'File system of the volume.' }),
  readOnly: boolean(5, { pointer: true, default: false, tellsDefault: true, doc: 'Mounted read-only when true.' }),
  kind: string(6, { pointer: true, default: 'Shared', tellsDefault: true, enum: ['Dedicated', 'Managed', 'Shared'], doc: 'Shared, Dedicated or Managed.' }),
}, { doc: 'A disk of Azure.' });

export const photonPersistentDiskVolumeSource = object('PhotonPersistentDiskVolumeSource', {
  pdID: string(1, { required: true, doc: 'ID of the disk.' }),
  fsType: fsType(2),
}, { doc: 'A disk of the Photon controller.' });

export const portworxVolumeSource = object('PortworxVolumeSource', {
  volumeID: string(1, { required: true, doc: 'ID of the volume.' }),
  fsType: fsType(2),
  readOnly: readOnly(3),
}, { doc: 'A Portworx volume.' });

export const scaleIOFields = {
  gateway: string(1, { required: true, doc: 'Address of the gateway.' }),
  system: string(2, { required: true, doc: 'Name of the storage system.' }),
  sslEnabled: boolean(4, { doc: 'Speaks TLS with the gateway.' }),
  protectionDomain: string(5, { doc: 'Protection domain of the storage.' }),
  storagePool: string(6, { doc: 'Storage pool of the domain.' }),
  storageMode: string(7, { default: 'ThinProvisioned', tellsDefault: true, doc: 'ThickProvisioned or ThinProvisioned.' }),
  volumeName: string(8, { doc: 'Name of the volume.' }),
  fsType: string(9, { default: 'xfs', tellsDefault: true, doc: 'File system of the volume.' }),
  readOnly: readOnly(10),
};
export const scaleIOVolumeSource = object('ScaleIOVolumeSource', {
  ...scaleIOFields, secretRef: field(3, localObjectReference, { required: true, pointer: true, unchecked: true, doc: 'Secret with the credentials.' }),
}, { doc: 'A ScaleIO volume.', validate: ({ volumeName }, path) => (volumeName ? [] : [required(child(path, 'volumeName'))]) });

export const storageOSFields = {
  volumeName: string(1, { doc: 'Name of the volume.' }),
  volumeNamespace: string(2, { doc: 'StorageOS namespace of the volume.' }),
  fsType: fsType(3),
  readOnly: readOnly(4),
};
export function storageOSFaults({ volumeName = '', volumeNamespace = '' }: { volumeName?: string; volumeNamespace?: string }, path: string): Fault[] {
  const [namePath, namespacePath] = [child(path, 'volumeName'), child(path, 'volumeNamespace')];
  return [
    ...(volumeName === '' ? [required(namePath)] : messages(namePath, volumeName, isDNS1123Label(volumeName))),
    ...(volumeNamespace === '' ? [] : messages(namespacePath, volumeNamespace, isDNS1123Label(volumeNamespace))),
  ];
}
export const storageOSVolumeSource = object('StorageOSVolumeSource', { ...storageOSFields, secretRef: secretRef(5) }, {
  doc: 'A StorageOS volume.',
  validate: (source, path) => [...storageOSFaults(source, path), ...(source.secretRef && !source.secretRef.name ? [required(child(child(path, 'secretRef'), 'name'))] : [])],
});
