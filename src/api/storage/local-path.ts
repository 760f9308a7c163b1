// The class every cluster starts with: directories on the node where the first Pod of a claim runs.
import type { PersistentVolume } from '../core/persistent-volume.ts';
import { provisionedBy } from '../core/volume-binding.ts';
import { defaultClassAnnotation } from './storage-class.ts';

export const localPathProvisioner = 'dray.local/local-path';
export const localPathClass = 'local-path';
/** On a Node: the directory its volumes are made in, which its agent chooses. */
export const volumesDirectory = 'dray.local/volumes-directory';
/** On a volume: the node that has its directory. */
export const localPathNode = 'dray.local/node';
/** Where volumes are made on a node that does not say. */
export const defaultVolumesDirectory = '/var/lib/dray/volumes';

export const localPathStorageClass = {
  metadata: { name: localPathClass, annotations: { [defaultClassAnnotation]: 'true' } },
  provisioner: localPathProvisioner, reclaimPolicy: 'Delete', volumeBindingMode: 'WaitForFirstConsumer',
};

/** Its claim is gone and its data is to go, which the agent of its node does. */
export const isLocalPathGarbage = ({ metadata, spec, status }: PersistentVolume): boolean => metadata.annotations?.[provisionedBy] === localPathProvisioner
  && spec.persistentVolumeReclaimPolicy === 'Delete' && status.phase === 'Released' && spec.hostPath !== undefined;
