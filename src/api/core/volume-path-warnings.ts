// Files of one volume that hide each other: the same path twice, or one that lies in another.
// upstream: pkg/api/pod/warnings.go, warningsForOverlappingVirtualPaths
import type { Volume } from './volume.ts';

type Items = readonly { readonly path: string }[] | undefined;
type Projection = NonNullable<NonNullable<Volume['projected']>['sources']>[number];

/** As upstream has it, a path begins another also where it breaks off inside a name. */
const overlap = (a: string, b: string): boolean => a !== '' && b !== '' && (`${a}/`.startsWith(b) || `${b}/`.startsWith(a));

function overlaps(paths: readonly string[], words: string): string[] {
  const bare = paths.map((path) => path.replace(/\/+$/, ''));
  return bare.flatMap((path, i) => {
    const other = bare.slice(0, i).find((earlier) => overlap(earlier, path));
    return other === undefined ? [] : [`${words}: ${JSON.stringify(path)} with ${JSON.stringify(other)}`];
  });
}
const paths = (items: Items): string[] => (items ?? []).map(({ path }) => path);

function projected(source: Projection): { readonly name: string; readonly paths: string[] } | undefined {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle } = source;
  if (configMap?.items) return { name: `ConfigMap ${JSON.stringify(configMap.name ?? '')}`, paths: paths(configMap.items) };
  if (secret?.items) return { name: `Secret ${JSON.stringify(secret.name ?? '')}`, paths: paths(secret.items) };
  if (downwardAPI?.items) return { name: 'DownwardAPI', paths: paths(downwardAPI.items) };
  if (serviceAccountToken) return { name: 'ServiceAccountToken', paths: [serviceAccountToken.path] };
  return clusterTrustBundle ? { name: `ClusterTrustBundle ${JSON.stringify(clusterTrustBundle.name ?? clusterTrustBundle.signerName ?? '')}`, paths: [clusterTrustBundle.path] } : undefined;
}

export const overlappingPathWarnings = (volumes: readonly Volume[]): string[] => volumes.flatMap(({ name, configMap, secret, downwardAPI, projected: projection }) => {
  const head = `volume ${JSON.stringify(name)}`;
  const before = new Set<string>();
  return [
    ...overlaps(paths(configMap?.items), `${head} (ConfigMap ${JSON.stringify(configMap?.name ?? '')}): overlapping paths`),
    ...overlaps(paths(secret?.items), `${head} (Secret ${JSON.stringify(secret?.secretName ?? '')}): overlapping paths`),
    ...overlaps(paths(downwardAPI?.items), `${head} (DownwardAPI): overlapping paths`),
    ...(projection?.sources ?? []).flatMap((source) => {
      if (Object.keys(source).length === 0) return [`${head} (Projected) has no sources provided`];
      const files = projected(source);
      if (!files || files.paths.length === 0) return [];
      const words = `${head} (Projected ${files.name}): overlapping paths`;
      const own = new Set(files.paths);
      const warnings = [...overlaps(files.paths, words), ...overlaps([...own, ...before].sort(), words)];
      for (const path of own) before.add(path);
      return [...new Set(warnings)];
    }),
  ];
});
