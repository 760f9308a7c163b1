// Which files a ConfigMap, a Secret or the downward API becomes. Pure.
// upstream: pkg/volume/configmap/configmap.go (MakePayload), pkg/volume/secret/secret.go, pkg/volume/downwardapi/downwardapi.go
import { fieldValue, resourceFieldValue, type NodeAllocatable } from '../downward.ts';
import { allContainers, type Pod, type Volume } from '../pod.ts';
import type { FileContent } from './atomic-writer.ts';
import type { DataEntries } from './plugin.ts';

export type KeyToPath = NonNullable<NonNullable<Volume['configMap']>['items']>[number];
type DownwardItem = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number];

/** @throws Error when an item names a key that is not there and must be. */
export function entriesPayload(entries: DataEntries, items: readonly KeyToPath[] | undefined, options: { mode: number; optional: boolean; kind: 'config' | 'secret' }): Map<string, FileContent> {
  const payload = new Map<string, FileContent>();
  if (!items?.length) {
    for (const [key, data] of entries) payload.set(key, { data, mode: options.mode });
    return payload;
  }
  for (const { key, path, mode } of items) {
    const data = entries.get(key);
    if (data) payload.set(path, { data, mode: mode ?? options.mode });
    else if (!options.optional) throw new Error(`references non-existent ${options.kind} key: ${key}`);
  }
  return payload;
}

export function downwardPayload(pod: Pod, items: readonly DownwardItem[] | undefined, mode: number, allocatable: NodeAllocatable): Map<string, FileContent> {
  const payload = new Map<string, FileContent>();
  for (const item of items ?? []) {
    let text = '';
    if (item.fieldRef) text = fieldValue(pod, item.fieldRef.fieldPath, { hostIPs: [], podIPs: [] });
    else if (item.resourceFieldRef) {
      const { containerName, resource, divisor } = item.resourceFieldRef;
      const container = allContainers(pod).find((c) => c.name === containerName);
      if (!container) throw new Error(`container ${containerName ?? ''} not found`);
      text = resourceFieldValue(container, resource, divisor, allocatable);
    }
    payload.set(item.path, { data: Buffer.from(text), mode: item.mode ?? mode });
  }
  return payload;
}
