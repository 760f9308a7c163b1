// VolumeRestrictions: a disk that takes one writer is not given to a second on the same node, and a claim for one Pod alone
// (ReadWriteOncePod) not to a second anywhere. (upstream: pkg/scheduler/framework/plugins/volumerestrictions)
import type { Pod } from '../../../src/api/core/pod.ts';
import type { Volume } from '../../../src/api/core/volume.ts';
import type { Plugin, PodCheck } from '../framework.ts';
import { claimNames } from '../pod-volumes.ts';

/** What identifies the disk of a volume (several names when any of them does), and whether it is only read. */
interface Disk { readonly names: readonly string[]; readonly shareable: boolean }

function diskOf({ gcePersistentDisk: gce, awsElasticBlockStore: ebs, iscsi, rbd }: Volume): Disk | undefined {
  if (gce) return { names: [`gce/${gce.pdName}`], shareable: gce.readOnly ?? false };
  if (ebs) return { names: [`ebs/${ebs.volumeID}`], shareable: false };
  if (iscsi) return { names: [`iscsi/${iscsi.iqn}`], shareable: iscsi.readOnly ?? false };
  return rbd && { names: rbd.monitors.map((monitor) => JSON.stringify(['rbd', monitor, rbd.pool, rbd.image])), shareable: rbd.readOnly ?? false };
}
const disksOf = ({ spec }: Pod): Disk[] => (spec.volumes ?? []).flatMap((volume) => diskOf(volume) ?? []);
const clash = (a: Disk, b: Disk): boolean => a.names.some((name) => b.names.includes(name)) && !(a.shareable && b.shareable);

export const volumeRestrictions: Plugin = {
  name: 'VolumeRestrictions',
  curedBy: ['Pod/delete', 'Node/add', 'PersistentVolumeClaim'],
  check(pod, { nodes, related: { storage } }): PodCheck {
    const { namespace = '' } = pod.metadata;
    const disks = disksOf(pod);
    const alone = new Set(claimNames(pod).map(({ name }) => name).filter((name) => storage.claim(namespace, name)?.spec.accessModes?.includes('ReadWriteOncePod')));
    if (!disks.length && !alone.size) return {};
    const uses = (other: Pod): number => (alone.size && other.metadata.namespace === namespace ? claimNames(other).filter(({ name }) => alone.has(name)).length : 0);
    let inUse = 0;
    if (alone.size) for (const node of nodes) for (const other of node.pods) inUse += uses(other);
    return {
      filter(node) {
        if (disks.length) for (const other of node.pods) if (disksOf(other).some((used) => disks.some((disk) => clash(disk, used)))) return { reasons: ['node(s) had no available disk'] };
        return inUse > 0 ? { reasons: ['node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode'] } : undefined;
      },
      changed(other, _, by) { inUse += by * uses(other); },
    };
  },
};
