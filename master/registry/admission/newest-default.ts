// Which of several classes that call themselves the default is it: the newest, and of two of one moment the first by name.
import { byDefaultRank } from '../../../src/api/storage/storage-class.ts';
import type { ApiObject } from '../../../src/schema/resource.ts';
import type { Registry } from '../registry.ts';

export function newestDefault(registry: Registry, { group, plural }: { readonly group: string; readonly plural: string }, isDefault: (object: ApiObject) => boolean): string | undefined {
  const store = registry.find(group, 'v1', plural);
  const defaults = store ? [...registry.cache.list(store.prefix)].map((stored) => stored.object).filter(isDefault) : [];
  const [newest] = defaults.sort(byDefaultRank);
  return newest?.metadata.name;
}
