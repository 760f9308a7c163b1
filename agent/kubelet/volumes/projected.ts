// projected: several sources in one directory: ConfigMaps, Secrets, the downward API and service account tokens.
// upstream: pkg/volume/projected/projected.go
import { allContainers, quoted } from '../pod.ts';
import { wasWritten, writeAtomically, type FileContent } from './atomic-writer.ts';
import { downwardPayload, entriesPayload } from './payload.ts';
import type { VolumeContext, VolumePlugin } from './plugin.ts';

type Source = NonNullable<NonNullable<VolumeContext['volume']['projected']>['sources']>[number];

async function payloadOf(source: Source, mode: number, { pod, sources }: VolumeContext): Promise<Map<string, FileContent>> {
  if (source.configMap) {
    const { name = '', items, optional = false } = source.configMap;
    const entries = await sources.configMap(pod, name);
    if (!entries && !optional) throw new Error(`configmap ${quoted(name)} not found`);
    return entriesPayload(entries ?? new Map(), items, { mode, optional, kind: 'config' });
  }
  if (source.secret) {
    const { name = '', items, optional = false } = source.secret;
    const entries = await sources.secret(pod, name);
    if (!entries && !optional) throw new Error(`secret ${quoted(name)} not found`);
    return entriesPayload(entries ?? new Map(), items, { mode, optional, kind: 'secret' });
  }
  if (source.downwardAPI) return downwardPayload(pod, source.downwardAPI.items, mode, sources.allocatable);
  if (source.serviceAccountToken) {
    const { audience = '', expirationSeconds = 3600, path } = source.serviceAccountToken;
    const token = await sources.token(pod, { audience, expirationSeconds });
    if (token === undefined) return new Map();
    const user = soleUser(pod);
    const narrow = user !== undefined || pod.spec.securityContext?.fsGroup !== undefined;
    return new Map([[path, { data: Buffer.from(token), mode: narrow ? 0o600 : mode, ...(user !== undefined ? { user } : {}) }]]);
  }
  throw new Error(`projected volume source ${quoted(Object.keys(source)[0] ?? '')} is not supported`);
}

/** The user every container runs as, when the Pod names one for all: nobody else then needs to read its token. */
function soleUser(pod: VolumeContext['pod']): number | undefined {
  const users = new Set(allContainers(pod).map((c) => c.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser));
  return users.size === 1 ? [...users][0] : undefined;
}

export const projected: VolumePlugin = {
  name: 'kubernetes.io/projected',
  readOnly: true,
  supports: (volume) => volume.projected !== undefined,
  uses: (volume) => (volume.projected!.sources ?? []).flatMap((s) => [
    ...(s.configMap ? [{ kind: 'ConfigMap' as const, name: s.configMap.name ?? '' }] : []),
    ...(s.secret ? [{ kind: 'Secret' as const, name: s.secret.name ?? '' }] : []),
  ]),
  find: async ({ memoryDirectory }) => wasWritten(await memoryDirectory()),
  async setUp(context) {
    const { pod, volume } = context;
    const { sources = [], defaultMode } = volume.projected!;
    const payload = new Map<string, FileContent>();
    for (const source of sources) for (const [path, content] of await payloadOf(source, defaultMode ?? 0o644, context)) payload.set(path, content);
    const directory = await context.memoryDirectory();
    await writeAtomically(directory, payload, pod.spec.securityContext?.fsGroup);
    return directory;
  },
};
