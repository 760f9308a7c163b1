// Forgets the past of the store that no watch and no paged list needs any more. (upstream: etcd3 compact.go, every 5 minutes)
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import type { Store } from './store.ts';

const intervalMs = 5 * 60_000;

/** Every interval compacts up to the revision of the interval before, so that at least that much past is kept. */
export async function compactRegularly(store: Store, clock: Clock, log: Log, signal: AbortSignal): Promise<void> {
  let revision = await store.revision();
  while (!signal.aborted) {
    try {
      await clock.sleep(intervalMs, signal);
    } catch {
      return;
    }
    try {
      await store.compact(revision);
      revision = await store.revision();
    } catch (error) {
      log.error({ error, revision }, 'the store could not be compacted');
    }
  }
}
