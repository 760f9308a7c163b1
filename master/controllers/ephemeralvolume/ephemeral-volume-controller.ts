// Makes the claims of Pods' generic ephemeral volumes; each goes with its Pod. (upstream: pkg/controller/volume/ephemeral)
import { isPodTerminal } from '../../../src/api/core/pod-conditions.ts';
import { newControllerRef } from '../../../src/apimachinery/owners.ts';
import { PersistentVolumeClaims, type PersistentVolumeClaim } from '../../../src/api/core/persistent-volume-claim.ts';
import { Pods } from '../../../src/api/core/pod.ts';
import type { Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';

export const ephemeralVolumeController: Controller = {
  name: 'ephemeral-volume-controller',
  component: 'ephemeral_volume',
  for: Pods,
  owns: [PersistentVolumeClaims],
  async reconcile({ client, cached, events }: ControllerContext, key: string): Promise<void> {
    const pod = cached(Pods).get(key);
    if (!pod || pod.metadata.deletionTimestamp || isPodTerminal(pod)) return;
    const { namespace } = pod.metadata;
    for (const volume of pod.spec.volumes ?? []) {
      const template = volume.ephemeral?.volumeClaimTemplate;
      if (!template) continue;
      const name = `${pod.metadata.name}-${volume.name}`;
      const existing = cached(PersistentVolumeClaims).get(`${namespace}/${name}`);
      if (existing) {
        if (!existing.metadata.ownerReferences?.some((owner) => owner.uid === pod.metadata.uid && owner.controller)) throw new Error(`PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`);
        continue;
      }
      const claim = { metadata: { ...template.metadata, name, namespace, ownerReferences: [newControllerRef(pod, Pods)] }, spec: template.spec };
      await client.create(PersistentVolumeClaims, claim as Draft<PersistentVolumeClaim>).catch((error: unknown) => {
        events.warning(pod, 'FailedBinding', `ephemeral volume controller: create PVC ${namespace}/${name}: ${(error as Error).message}`);
        throw error;
      });
    }
  },
};
