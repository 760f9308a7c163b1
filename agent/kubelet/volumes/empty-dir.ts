// emptyDir: a directory that lives as long as the Pod, on disk or (medium Memory) in a tmpfs. Owner and mode are given once:
// what containers make of them stays. upstream: pkg/volume/emptydir
import { chmod, chown, lstat, mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { quantityValue } from '../../../src/apimachinery/quantity.ts';
import type { VolumePlugin } from './plugin.ts';

/** Any user a container runs as may write here; the set-group bit hands the group on to what is made inside. */
const modeFor = (group: number | undefined): number => (group === undefined ? 0o777 : 0o2777);

export const emptyDir: VolumePlugin = {
  name: 'kubernetes.io/empty-dir',
  supports: (volume) => volume.emptyDir !== undefined,
  async setUp({ pod, volume, directory, mountTmpfs }) {
    const { medium, sizeLimit } = volume.emptyDir!;
    const group = pod.spec.securityContext?.fsGroup;
    if (medium === 'Memory') {
      const sizeBytes = sizeLimit && sizeLimit !== '0' ? quantityValue(sizeLimit) : undefined;
      // The sticky bit is that of every tmpfs that is mounted without a mode.
      await mountTmpfs(directory, { mode: (modeFor(group) | 0o1000).toString(8), ...(sizeBytes ? { sizeBytes } : {}), ...(group === undefined ? {} : { group }) });
    } else if (!(await lstat(directory).catch(() => undefined))) await make(directory, group);
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
