// configMap: the entries of a ConfigMap as files, swapped as a whole when it changes. upstream: pkg/volume/configmap
import { quoted } from '../pod.ts';
import { wasWritten, writeAtomically } from './atomic-writer.ts';
import { entriesPayload } from './payload.ts';
import type { VolumePlugin } from './plugin.ts';

export const configMap: VolumePlugin = {
  name: 'kubernetes.io/configmap',
  readOnly: true,
  supports: (volume) => volume.configMap !== undefined,
  uses: (volume) => [{ kind: 'ConfigMap', name: volume.configMap!.name ?? '' }],
  find: ({ directory }) => wasWritten(directory),
  async setUp({ pod, volume, directory, sources }) {
    const { name = '', items, defaultMode, optional = false } = volume.configMap!;
    const entries = await sources.configMap(pod, name);
    if (!entries && !optional) throw new Error(`configmap ${quoted(name)} not found`);
    const payload = entriesPayload(entries ?? new Map(), items, { mode: defaultMode ?? 0o644, optional, kind: 'config' });
    await writeAtomically(directory, payload, pod.spec.securityContext?.fsGroup);
    return directory;
  },
};
