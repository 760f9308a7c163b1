// downwardAPI: fields of the Pod as files that follow its labels and annotations. upstream: pkg/volume/downwardapi
import { wasWritten, writeAtomically } from './atomic-writer.ts';
import { downwardPayload } from './payload.ts';
import type { VolumePlugin } from './plugin.ts';

export const downwardApi: VolumePlugin = {
  name: 'kubernetes.io/downward-api',
  readOnly: true,
  supports: (volume) => volume.downwardAPI !== undefined,
  find: async ({ memoryDirectory }) => wasWritten(await memoryDirectory()),
  async setUp({ pod, volume, memoryDirectory, sources }) {
    const { items, defaultMode } = volume.downwardAPI!;
    const directory = await memoryDirectory();
    await writeAtomically(directory, downwardPayload(pod, items, defaultMode ?? 0o644, sources.allocatable), pod.spec.securityContext?.fsGroup);
    return directory;
  },
};
