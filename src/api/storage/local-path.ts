// The class every cluster starts with: directories on the node where the first Pod of a claim runs.
import { defaultClassAnnotation } from './storage-class.ts';

export const localPathProvisioner = 'dray.local/local-path';
export const localPathClass = 'local-path';
/** On a Node: the directory its volumes are made in, which its agent chooses. */
export const volumesDirectory = 'dray.local/volumes-directory';
/** Where volumes are made on a node that does not say. */
export const defaultVolumesDirectory = '/var/lib/dray/volumes';

export const localPathStorageClass = {
  metadata: { name: localPathClass, annotations: { [defaultClassAnnotation]: 'true' } },
  provisioner: localPathProvisioner, reclaimPolicy: 'Delete', volumeBindingMode: 'WaitForFirstConsumer',
};
