// What to do about a claim and about a volume, as pure functions of both sides.
// upstream: pkg/controller/volume/persistentvolume/pv_controller.go (syncUnboundClaim, syncBoundClaim, syncVolume)
import type { PersistentVolumeClaim } from '../../../src/api/core/persistent-volume-claim.ts';
import type { PersistentVolume } from '../../../src/api/core/persistent-volume.ts';
import { bestVolume, bindCompleted, boundByController, isBoundTo, mismatch, provisionedBy, selectedNode } from '../../../src/api/core/volume-binding.ts';
import { storageClassAnnotation, storageClassOf } from '../../../src/api/core/volume-columns.ts';
import type { StorageClass } from '../../../src/api/storage/storage-class.ts';

export interface News { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string }
export type ClaimPlan =
  | { readonly kind: 'bind'; readonly volume: PersistentVolume }
  /** It named no class when there was no default one; now there is. */
  | { readonly kind: 'class'; readonly name: string }
  /** `provision` asks the class's provisioner for a volume. */
  | { readonly kind: 'wait'; readonly news?: News; readonly provision?: StorageClass }
  | { readonly kind: 'lost'; readonly news: News };

const warning = (reason: string, message: string): News => ({ type: 'Warning', reason, message });
const normal = (reason: string, message: string): News => ({ type: 'Normal', reason, message });

export interface Storage {
  volume(name: string): PersistentVolume | undefined;
  volumes(): readonly PersistentVolume[];
  storageClass(name: string): StorageClass | undefined;
  defaultClass(): StorageClass | undefined;
  /** Names of Pods that use the claim and have no node yet. */
  unscheduledPods(claim: PersistentVolumeClaim): readonly string[];
}

export const planClaim = (claim: PersistentVolumeClaim, storage: Storage): ClaimPlan => (claim.metadata.annotations?.[bindCompleted] === undefined ? planUnbound(claim, storage) : planBound(claim, storage));

function planBound(claim: PersistentVolumeClaim, storage: Storage): ClaimPlan {
  if (!claim.spec.volumeName) return { kind: 'lost', news: warning('ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!') };
  const volume = storage.volume(claim.spec.volumeName);
  if (!volume) return { kind: 'lost', news: warning('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!') };
  if (!volume.spec.claimRef || volume.spec.claimRef.uid === claim.metadata.uid) return { kind: 'bind', volume };
  return { kind: 'lost', news: warning('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly') };
}

function planUnbound(claim: PersistentVolumeClaim, storage: Storage): ClaimPlan {
  if (claim.spec.volumeName) return planNamed(claim, storage.volume(claim.spec.volumeName));
  const className = storageClassOf(claim as never);
  const storageClass = className ? storage.storageClass(className) : undefined;
  const delayed = storageClass?.volumeBindingMode === 'WaitForFirstConsumer' && claim.metadata.annotations?.[selectedNode] === undefined;
  const volume = bestVolume(claim, storage.volumes(), { delayed });
  if (volume) return { kind: 'bind', volume };
  const byDefault = namesClass(claim) ? undefined : storage.defaultClass();
  if (byDefault) return { kind: 'class', name: byDefault.metadata.name };
  if (delayed) return { kind: 'wait', news: consumers(storage.unscheduledPods(claim)) };
  if (!className) return { kind: 'wait', news: normal('FailedBinding', 'no persistent volumes available for this claim and no storage class is set') };
  if (!storageClass) return { kind: 'wait', news: warning('ProvisioningFailed', `storageclass.storage.k8s.io "${className}" not found`) };
  return { kind: 'wait', provision: storageClass, news: normal('ExternalProvisioning', `Waiting for a volume to be created either by the external provisioner '${storageClass.provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`) };
}

/** An empty name is one too: of claims that want no class. */
export const namesClass = ({ metadata, spec }: PersistentVolumeClaim): boolean => spec.storageClassName !== undefined || metadata.annotations?.[storageClassAnnotation] !== undefined;

function consumers(pods: readonly string[]): News {
  if (!pods.length) return normal('WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
  return normal('WaitForPodScheduled', `waiting for ${pods.length > 1 ? 'pods' : 'pod'} ${pods.join(',')} to be scheduled`);
}

function planNamed(claim: PersistentVolumeClaim, volume: PersistentVolume | undefined): ClaimPlan {
  if (!volume) return { kind: 'wait' };
  if (!volume.spec.claimRef) {
    const why = mismatch(volume, claim);
    return why ? { kind: 'wait', news: warning('VolumeMismatch', `Cannot bind to requested volume "${volume.metadata.name}": ${why}`) } : { kind: 'bind', volume };
  }
  if (isBoundTo(volume, claim)) return { kind: 'bind', volume };
  return { kind: 'wait', news: warning('FailedBinding', `volume "${volume.metadata.name}" already bound to a different claim.`) };
}

export type VolumePlan =
  | { readonly kind: 'phase'; readonly phase: 'Available' | 'Bound' | 'Released' }
  | { readonly kind: 'failed'; readonly message: string }
  /** Forget the claim: altogether when the binder chose it, else who it was. */
  | { readonly kind: 'unbind'; readonly altogether: boolean }
  /** The binding is half written: the claim's turn. */
  | { readonly kind: 'claim' };

/** `claim` is the one the volume names, of any uid. */
export function planVolume(volume: PersistentVolume, claim: PersistentVolumeClaim | undefined): VolumePlan {
  const { claimRef, persistentVolumeReclaimPolicy } = volume.spec;
  if (!claimRef?.uid) return { kind: 'phase', phase: 'Available' };
  const own = claim?.metadata.uid === claimRef.uid ? claim : undefined;
  if (!own) return released(volume);
  if (!own.spec.volumeName) return { kind: 'claim' };
  if (own.spec.volumeName === volume.metadata.name) return { kind: 'phase', phase: 'Bound' };
  if (volume.metadata.annotations?.[provisionedBy] !== undefined && persistentVolumeReclaimPolicy === 'Delete') return released(volume);
  return { kind: 'unbind', altogether: volume.metadata.annotations?.[boundByController] !== undefined };
}

/** A volume that was provisioned is its provisioner's to delete; others nobody here can. */
function released({ metadata, spec, status }: PersistentVolume): VolumePlan {
  if (status.phase === 'Failed') return { kind: 'failed', message: status.message ?? '' };
  if (status.phase !== 'Released' || metadata.annotations?.[provisionedBy] !== undefined) return { kind: 'phase', phase: 'Released' };
  if (spec.persistentVolumeReclaimPolicy === 'Delete') return { kind: 'failed', message: `error getting deleter volume plugin for volume "${metadata.name}": no deletable volume plugin matched` };
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') return { kind: 'failed', message: 'no recyclable volume plugin matched' };
  return { kind: 'phase', phase: 'Released' };
}
