// Removes the directories of local-path volumes of this node whose claims are gone, then the volumes themselves.
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isConflict, isNotFound } from '../../src/apimachinery/status-error.ts';
import { PersistentVolumes, type PersistentVolume } from '../../src/api/core/persistent-volume.ts';
import { isLocalPathGarbage, localPathNode } from '../../src/api/storage/local-path.ts';
import type { Client } from '../../src/client/client.ts';
import type { InformerFactory } from '../../src/client/informer.ts';
import { Backoff } from '../../src/util/backoff.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';

export interface VolumeReclaimerOptions {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly nodeName: string;
  /** Volumes elsewhere are nothing this agent made. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Follows the node's volumes until the signal aborts. */
export function reclaimVolumes({ client, informers, nodeName, directory, clock, log }: VolumeReclaimerOptions, signal: AbortSignal): void {
  const volumes = informers.informer(PersistentVolumes, { labelSelector: `${localPathNode}=${nodeName}` });
  const backoff = new Backoff<string>(1_000, 300_000);
  const busy = new Set<string>();
  async function reclaim({ metadata: { name, uid } }: PersistentVolume): Promise<void> {
    const volume = volumes.get(name);
    if (signal.aborted || !volume || volume.metadata.uid !== uid || busy.has(uid) || !isLocalPathGarbage(volume)) return;
    const { path } = volume.spec.hostPath!;
    if (dirname(path) !== directory) return log.warn({ volume: name, path }, 'a volume that is to be removed is not below the directory of volumes');
    busy.add(uid);
    try {
      await rm(path, { recursive: true, force: true });
      await client.delete(PersistentVolumes, { name }, { preconditions: { uid } }).catch((error: unknown) => { if (!isNotFound(error) && !isConflict(error)) throw error; });
      backoff.forget(uid);
    } catch (error) {
      log.warn({ error, volume: name }, 'a volume could not be removed; it is tried again');
      clock.after(backoff.next(uid), () => void reclaim(volume));
    } finally {
      busy.delete(uid);
    }
  }
  const changed = (volume: PersistentVolume): void => void reclaim(volume);
  const off = volumes.addHandler({ added: changed, updated: changed });
  signal.addEventListener('abort', off, { once: true });
}
