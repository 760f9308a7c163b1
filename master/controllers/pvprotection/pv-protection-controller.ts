// Lets a volume that is being deleted go once it is bound to no claim. (upstream: pkg/controller/volume/pvprotection)
import { PersistentVolumes } from '../../../src/api/core/persistent-volume.ts';
import { volumeProtection } from '../../../src/api/core/volume-protection.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import { setFinalizer } from '../finalizers.ts';

export const pvProtectionController: Controller = {
  name: 'pv-protection-controller',
  for: PersistentVolumes,
  async reconcile(context: ControllerContext, key: string): Promise<void> {
    const volume = context.cached(PersistentVolumes).get(key);
    if (!volume) return;
    if (!volume.metadata.deletionTimestamp) return setFinalizer(context, PersistentVolumes, volume, volumeProtection, true);
    if (volume.status.phase !== 'Bound') await setFinalizer(context, PersistentVolumes, volume, volumeProtection, false);
  },
};
