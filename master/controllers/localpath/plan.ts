// The volume a claim of a local-path class gets: a directory of the chosen node that only this node offers.
// upstream: sig-storage-lib-external-provisioner controller/controller.go (provisionClaimOperation)
import type { Node } from '../../../src/api/core/node.ts';
import type { PersistentVolumeClaim } from '../../../src/api/core/persistent-volume-claim.ts';
import type { PersistentVolume } from '../../../src/api/core/persistent-volume.ts';
import { provisionedBy, selectedNode } from '../../../src/api/core/volume-binding.ts';
import { defaultVolumesDirectory, localPathNode, localPathProvisioner, volumesDirectory } from '../../../src/api/storage/local-path.ts';
import type { StorageClass } from '../../../src/api/storage/storage-class.ts';
import type { Draft } from '../../../src/client/client.ts';

const hostname = 'kubernetes.io/hostname';

/** The volume, or why there can be none. */
export function planVolume(claim: PersistentVolumeClaim, storageClass: StorageClass, node: Node | undefined): { volume: Draft<PersistentVolume> } | { refused: string } {
  const { name, namespace, uid } = claim.metadata;
  const chosen = claim.metadata.annotations?.[selectedNode];
  if (chosen === undefined) return { refused: `the class ${storageClass.metadata.name} makes volumes on nodes and needs volumeBindingMode WaitForFirstConsumer` };
  if (!node) return { refused: `node "${chosen}" not found` };
  if (claim.spec.selector) return { refused: 'claim.spec.selector is not supported' };
  if (claim.spec.dataSource ?? claim.spec.dataSourceRef) return { refused: 'claim.spec.dataSource is not supported' };
  if (claim.spec.volumeMode === 'Block') return { refused: 'volumeMode Block is not supported' };
  const directory = storageClass.parameters?.['directory'] ?? node.metadata.annotations?.[volumesDirectory] ?? defaultVolumesDirectory;
  const volumeName = `pvc-${uid}`;
  const volume = {
    metadata: { name: volumeName, labels: { [localPathNode]: node.metadata.name }, annotations: { [provisionedBy]: localPathProvisioner } },
    spec: {
      capacity: { storage: claim.spec.resources?.requests?.['storage'] }, accessModes: claim.spec.accessModes, volumeMode: 'Filesystem',
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy, storageClassName: storageClass.metadata.name, mountOptions: storageClass.mountOptions,
      claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name, uid },
      hostPath: { path: `${directory}/${volumeName}`, type: 'DirectoryOrCreate' },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: hostname, operator: 'In', values: [node.metadata.labels?.[hostname] ?? node.metadata.name] }] }] } },
    },
  };
  return { volume: volume as Draft<PersistentVolume> };
}
