// Makes the volumes of local-path classes once the scheduler has said where. Their directories are made, and removed in the
// end, by the agent of that node. (upstream: sig-storage-lib-external-provisioner)
import { isAlreadyExists } from '../../../src/apimachinery/status-error.ts';
import { Nodes } from '../../../src/api/core/node.ts';
import { PersistentVolumeClaims, type PersistentVolumeClaim } from '../../../src/api/core/persistent-volume-claim.ts';
import { PersistentVolumes } from '../../../src/api/core/persistent-volume.ts';
import { selectedNode, storageProvisioner } from '../../../src/api/core/volume-binding.ts';
import { storageClassOf } from '../../../src/api/core/volume-columns.ts';
import { localPathProvisioner } from '../../../src/api/storage/local-path.ts';
import { StorageClasses } from '../../../src/api/storage/storage-class.ts';
import type { Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import { planVolume } from './plan.ts';

export const localPathProvisionerController: Controller = {
  name: 'local-path-provisioner',
  for: PersistentVolumeClaims,
  reads: [StorageClasses, Nodes],
  async reconcile({ client, cached, events }: ControllerContext, key: string): Promise<void> {
    const claim = cached(PersistentVolumeClaims).get(key);
    // The binder asks by its annotation, once nothing that exists will do.
    if (!claim || claim.metadata.deletionTimestamp || claim.spec.volumeName || claim.metadata.annotations?.[storageProvisioner] !== localPathProvisioner) return;
    const storageClass = cached(StorageClasses).get(storageClassOf(claim as never));
    if (storageClass?.provisioner !== localPathProvisioner) return;
    const plan = planVolume(claim, storageClass, cached(Nodes).get(claim.metadata.annotations[selectedNode] ?? ''));
    if ('refused' in plan) {
      events.warning(claim, 'ProvisioningFailed', `failed to provision volume with StorageClass "${storageClass.metadata.name}": ${plan.refused}`);
      // The scheduler chooses again when the node it chose will not do.
      const { [selectedNode]: chosen, ...annotations } = claim.metadata.annotations;
      if (chosen !== undefined) await client.update(PersistentVolumeClaims, { ...claim, metadata: { ...claim.metadata, annotations } } as Draft<PersistentVolumeClaim>);
      return;
    }
    try {
      await client.create(PersistentVolumes, plan.volume);
      events.normal(claim, 'ProvisioningSucceeded', `Successfully provisioned volume ${plan.volume.metadata!.name}`);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  },
};
