// emptyDir: a directory that lives as long as the Pod, on disk or (medium Memory) in a tmpfs. upstream: pkg/volume/emptydir
import { chmod, chown, mkdir } from 'node:fs/promises';
import { quantityValue } from '../../../src/apimachinery/quantity.ts';
import type { VolumePlugin } from './plugin.ts';

export const emptyDir: VolumePlugin = {
  name: 'kubernetes.io/empty-dir',
  supports: (volume) => volume.emptyDir !== undefined,
  async setUp({ pod, volume, directory, mountTmpfs }) {
    const { medium, sizeLimit } = volume.emptyDir!;
    await mkdir(directory, { recursive: true });
    if (medium === 'Memory') await mountTmpfs(directory, sizeLimit && sizeLimit !== '0' ? quantityValue(sizeLimit) : undefined);
    const group = pod.spec.securityContext?.fsGroup;
    if (group !== undefined) await chown(directory, 0, group);
    // Any user a container runs as may write here; the set-group bit hands the group on to what is made inside.
    await chmod(directory, group === undefined ? 0o777 : 0o2777);
    return directory;
  },
};
