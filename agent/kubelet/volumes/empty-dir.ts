// emptyDir: a directory that lives as long as the Pod, on disk or (medium Memory) in a tmpfs. Owner and mode are given once:
// what containers make of them stays. upstream: pkg/volume/emptydir
import { chmod, chown, lstat, mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { quantityValue } from '../../../src/apimachinery/quantity.ts';
import type { NodeAllocatable } from '../downward.ts';
import { quoted, type Pod } from '../pod.ts';
import { podMemoryLimit } from '../resources.ts';
import type { VolumePlugin } from './plugin.ts';
import { ifThere } from '../../../src/util/if-there.ts';

/** Any user a container runs as may write here; the set-group bit hands the group on to what is made inside. */
const modeFor = (group: number | undefined): number => (group === undefined ? 0o777 : 0o2777);

export const emptyDir: VolumePlugin = {
  name: 'kubernetes.io/empty-dir',
  supports: (volume) => volume.emptyDir !== undefined,
  async setUp({ pod, volume, directory, mountTmpfs, sources }) {
    const { medium, sizeLimit } = volume.emptyDir!;
    const group = pod.spec.securityContext?.fsGroup;
    if (medium === 'Memory') {
      // The sticky bit is that of every tmpfs that is mounted without a mode.
      await mountTmpfs(directory, { mode: (modeFor(group) | 0o1000).toString(8), sizeBytes: memorySize(pod, sizeLimit, sources.allocatable), ...(group === undefined ? {} : { group }) });
    } else if (medium) throw new Error(`unknown storage medium ${quoted(medium)}`);
    else if (!(await ifThere(lstat(directory)))) await make(directory, group);
    return directory;
  },
};

/** The directory has its name only once it is complete: a later agent knows by the name that nothing is left to do. */
async function make(directory: string, group: number | undefined): Promise<void> {
  const unnamed = `${directory}~new`;
  await rm(unnamed, { recursive: true, force: true });
  await mkdir(dirname(directory), { recursive: true, mode: 0o750 });
  await mkdir(unnamed);
  if (group !== undefined) await chown(unnamed, 0, group);
  await chmod(unnamed, modeFor(group));
  await rename(unnamed, directory);
}

/** The least of what the volume, the Pod's limits and the node allow. upstream: pkg/volume/emptydir (calculateEmptyDirMemorySize) */
export function memorySize(pod: Pod, sizeLimit: string | undefined, allocatable: NodeAllocatable): number {
  const sizes = [quantityValue(allocatable.memory), podMemoryLimit(pod) ?? 0, sizeLimit ? quantityValue(sizeLimit) : 0];
  return Math.min(...sizes.filter((size) => size > 0));
}
