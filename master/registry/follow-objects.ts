// Cluster-wide objects that say how this server works (definitions, configurations, policies), as the watch cache has them: it hears of a
// write before that is answered.
import type { ApiObject } from '../../src/schema/resource.ts';
import type { WatchCache } from '../storage/watch-cache.ts';
import type { StoredObject } from './stored-object.ts';

/** Hands over all objects below `prefix`, then each change, until the signal aborts; without an object once it is gone. */
export function followObjects(cache: WatchCache<StoredObject>, prefix: string, signal: AbortSignal, take: (name: string, object: ApiObject | undefined) => void): void {
  const name = (key: string): string => key.slice(prefix.length);
  signal.addEventListener('abort', cache.observe(prefix, ({ current, previous }) => { take(name((current ?? previous!).key), current?.object); }), { once: true });
  for (const stored of cache.list(prefix)) take(name(stored.key), stored.object);
}
