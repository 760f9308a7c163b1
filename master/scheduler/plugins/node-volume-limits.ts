// NodeVolumeLimits: a node takes no more volumes of a CSI driver than the driver says it can.
// upstream: pkg/scheduler/framework/plugins/nodevolumelimits/csi.go
import type { Pod } from '../../../src/api/core/pod.ts';
import { storageClassOf } from '../../../src/api/core/volume-columns.ts';
import type { Plugin, Storage } from '../framework.ts';
import { claimNames } from '../pod-volumes.ts';

/** The driver of each CSI volume of the Pod, by a name of the volume that is the same for all Pods that use it. */
function csiVolumes(pod: Pod, storage: Storage): Map<string, string> {
  const found = new Map<string, string>();
  for (const { name } of claimNames(pod)) {
    const namespace = pod.metadata.namespace ?? '';
    const claim = storage.claim(namespace, name);
    if (!claim) continue;
    const csi = claim.spec.volumeName ? storage.volume(claim.spec.volumeName)?.spec.csi : undefined;
    if (csi) found.set(`${csi.driver}/${csi.volumeHandle}`, csi.driver);
    // A volume that is still to be made counts for the driver that will make it.
    const provisioner = csi || claim.spec.volumeName ? undefined : storage.storageClass(storageClassOf(claim as never))?.provisioner;
    if (provisioner) found.set(`${provisioner}/${namespace}/${name}`, provisioner);
  }
  return found;
}

export const nodeVolumeLimits: Plugin = {
  name: 'NodeVolumeLimits',
  curedBy: ['CSINode', 'Pod/delete', 'PersistentVolumeClaim'],
  check(pod, { related: { storage } }) {
    const wanted = csiVolumes(pod, storage);
    if (!wanted.size) return {};
    return {
      filter(node) {
        const limits = new Map((storage.csiNode(node.name)?.spec.drivers ?? []).flatMap(({ name, allocatable }) => (allocatable?.count === undefined ? [] : [[name, allocatable.count] as const])));
        if (![...wanted.values()].some((driver) => limits.has(driver))) return undefined;
        const attached = new Map<string, string>();
        for (const other of node.pods) for (const [volume, driver] of csiVolumes(other, storage)) attached.set(volume, driver);
        const counts = new Map<string, number>();
        for (const driver of attached.values()) counts.set(driver, (counts.get(driver) ?? 0) + 1);
        for (const [volume, driver] of wanted) if (!attached.has(volume)) counts.set(driver, (counts.get(driver) ?? 0) + 1);
        const exceeded = [...wanted].some(([volume, driver]) => !attached.has(volume) && limits.has(driver) && counts.get(driver)! > limits.get(driver)!);
        return exceeded ? { reasons: ['node(s) exceed max volume count'] } : undefined;
      },
    };
  },
};
