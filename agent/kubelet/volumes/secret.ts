// secret: the entries of a Secret as files in memory, never on a disk. upstream: pkg/volume/secret
import { quoted } from '../pod.ts';
import { wasWritten, writeAtomically } from './atomic-writer.ts';
import { entriesPayload } from './payload.ts';
import type { VolumePlugin } from './plugin.ts';

export const secret: VolumePlugin = {
  name: 'kubernetes.io/secret',
  readOnly: true,
  supports: (volume) => volume.secret !== undefined,
  uses: (volume) => [{ kind: 'Secret', name: volume.secret!.secretName ?? '' }],
  find: async ({ memoryDirectory }) => wasWritten(await memoryDirectory()),
  async setUp({ pod, volume, memoryDirectory, sources }) {
    const { secretName = '', items, defaultMode, optional = false } = volume.secret!;
    const entries = await sources.secret(pod, secretName);
    if (!entries && !optional) throw new Error(`secret ${quoted(secretName)} not found`);
    const directory = await memoryDirectory();
    const payload = entriesPayload(entries ?? new Map(), items, { mode: defaultMode ?? 0o644, optional, kind: 'secret' });
    await writeAtomically(directory, payload, pod.spec.securityContext?.fsGroup);
    return directory;
  },
};
