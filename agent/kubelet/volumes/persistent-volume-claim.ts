// Claims whose volume is a directory of this host (hostPath, local, and those made here for a local-path class) or of an NFS server, or a
// block device of this host (local).
// upstream: pkg/volume/hostpath, pkg/volume/local, pkg/volume/nfs
import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import { provisionedBy } from '../../../src/api/core/volume-binding.ts';
import { localPathProvisioner } from '../../../src/api/storage/local-path.ts';
import { allContainers, quoted, type Pod } from '../pod.ts';
import { hostPath } from './host-path.ts';
import { nfsVolume } from './nfs.ts';
import { setOwnership } from './ownership.ts';
import { MapVolumeError, VolumeProcessingError, type BlockDevice, type VolumePlugin } from './plugin.ts';
import { ifThere } from '../../../src/util/if-there.ts';

export const persistentVolumeClaim: VolumePlugin = {
  name: 'kubernetes.io/persistent-volume-claim',
  supports: (volume) => volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined,
  async setUp(context) {
    const { pod, volume, directory, sources } = context;
    const name = volume.persistentVolumeClaim?.claimName ?? `${pod.metadata.name}-${volume.name}`;
    const { metadata, spec } = await sources.persistentVolume(pod, name, volume.ephemeral !== undefined);
    const mode = spec.volumeMode ?? 'Filesystem';
    const misused = mode === 'Block' ? 'volumeMounts' : 'volumeDevices';
    if (isIn(pod, volume.name, misused)) throw new VolumeProcessingError(`volume ${volume.name} has volumeMode ${mode}, but is specified in ${misused}`);
    if (mode === 'Block') return blockDevice(metadata.name, spec.local?.path);
    if (spec.hostPath) {
      if (metadata.annotations?.[provisionedBy] === localPathProvisioner) await make(spec.hostPath.path, pod.spec.securityContext?.fsGroup);
      return hostPath.setUp({ ...context, volume: { name: volume.name, hostPath: spec.hostPath } });
    }
    if (spec.nfs) return nfsVolume(spec.nfs, spec.mountOptions);
    if (!spec.local) throw new VolumeProcessingError(`failed to get Plugin from volumeSpec for volume ${quoted(metadata.name)} err=no volume plugin matched`);
    const { path } = spec.local;
    if (!(await ifThere(stat(path)))) throw new Error(`path ${quoted(path)} does not exist`);
    // Once a Pod: what its containers make of modes and groups stays. The directory is there for a later agent to know.
    if (volume.persistentVolumeClaim?.readOnly !== true && !(await ifThere(stat(directory)))) {
      await setOwnership(path, pod.spec.securityContext);
      await mkdir(directory, { recursive: true, mode: 0o750 });
    }
    return path;
  },
};

const isIn = (pod: Pod, volume: string, list: 'volumeMounts' | 'volumeDevices'): boolean => allContainers(pod).some((container) => container[list]?.some(({ name }) => name === volume));

/** Of the plugins for volumes of a host, only that of local ones knows devices. upstream: pkg/volume/util/operationexecutor (GenerateMapVolumeFunc) */
async function blockDevice(volume: string, path: string | undefined): Promise<BlockDevice> {
  if (path === undefined) throw new MapVolumeError(`MapVolume.FindMapperPluginBySpec failed to find BlockVolumeMapper plugin. Volume plugin is nil. for volume ${quoted(volume)}`);
  const found = await ifThere(stat(path));
  if (!found?.isBlockDevice()) throw new MapVolumeError(`MapVolume.MapBlockVolume failed for volume ${quoted(volume)} : path ${quoted(path)} ${found ? 'is not a block device' : 'does not exist'}`);
  return { blockDevice: path };
}

/** Made for the claim, so that any user a container runs as may write; what containers make of it stays. */
async function make(path: string, group: number | undefined): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o755 });
  if (first === undefined) return;
  if (group !== undefined) await chown(path, 0, group);
  await chmod(path, group === undefined ? 0o777 : 0o2777);
}
