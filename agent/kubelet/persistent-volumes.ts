// Which PersistentVolume a Pod's claim stands for, as the API has it now.
// upstream: pkg/kubelet/volumemanager/populator/desired_state_of_world_populator.go (getPVCExtractPV, getPVSpec)
import { PersistentVolumeClaims } from '../../src/api/core/persistent-volume-claim.ts';
import { PersistentVolumes, type PersistentVolume } from '../../src/api/core/persistent-volume.ts';
import type { Client } from '../../src/client/client.ts';
import type { Pod } from './pod.ts';
import { VolumeProcessingError } from './volumes/plugin.ts';

/** `name` is that of the claim. @throws VolumeProcessingError while the Pod must not use it */
export async function persistentVolumeOf(client: Client, pod: Pod, name: string, ephemeral: boolean): Promise<PersistentVolume> {
  const namespace = pod.metadata.namespace ?? 'default';
  const fail = (why: string): never => { throw new VolumeProcessingError(`error processing PVC ${namespace}/${name}: ${why}`); };
  const claim = await client.get(PersistentVolumeClaims, { namespace, name }).catch((error: unknown) => fail(`failed to fetch PVC from API server: ${(error as Error).message}`));
  if (claim.metadata.deletionTimestamp) fail('PVC is being deleted');
  if (claim.status.phase !== 'Bound') fail('PVC is not bound');
  if (!claim.spec.volumeName) fail('PVC has empty pvc.Spec.VolumeName');
  if (ephemeral && !claim.metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === pod.metadata.uid)) fail(`PVC was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`);
  const volume = await client.get(PersistentVolumes, { name: claim.spec.volumeName! }).catch((error: unknown) => fail(`failed to fetch PV ${claim.spec.volumeName!} from API server: ${(error as Error).message}`));
  if (volume.spec.claimRef?.uid !== claim.metadata.uid) fail(`found PV object ${volume.metadata.name} with unexpected claimRef.UID`);
  return volume;
}
