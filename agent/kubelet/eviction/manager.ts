// The eviction manager: ends Pods that use more of the node's disk than they may. One look every ten seconds.
// upstream: pkg/kubelet/eviction/eviction_manager.go
import type { Clock } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import type { ContainerEvents } from '../images.ts';
import { formatPod, isCriticalPod, type Pod } from '../pod.ts';
import type { PodFailure } from '../pod-status.ts';
import { hasStorageLimit, storageViolation } from './local-storage.ts';
import { podUsage, type UsageSources } from './pod-usage.ts';

export interface EvictionOptions extends UsageSources {
  readonly clock: Clock;
  readonly log: Log;
  readonly events: ContainerEvents;
  /** Pods that are to run here. */
  readonly active: () => Pod[];
  /** Ends a Pod within so many seconds; resolves when nothing of it runs. */
  readonly fail: (uid: string, failure: PodFailure, graceSeconds: number) => Promise<void>;
}

/** upstream: evictionMonitoringPeriod */
const periodMs = 10_000;
/** upstream: immediateEvictionGracePeriodSeconds */
const immediately = 1;
/** The next look does not wait longer for a Pod that is being evicted. upstream: podCleanupTimeout */
const cleanupMs = 30_000;
/** Measuring takes up a tenth of the time at most. */
const restFactor = 10;

export class EvictionManager {
  readonly #options: EvictionOptions;
  /** By Pod UID: no measuring before this monotonic time. */
  readonly #restUntil = new Map<string, number>();

  constructor(options: EvictionOptions) { this.#options = options; }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(periodMs, signal).catch(() => undefined);
      if (!signal.aborted) await this.synchronize().catch((error: unknown) => log.warn({ error }, 'what the Pods of the node use could not be judged; the next look tries again'));
    }
  }

  /** One look, and the evictions it calls for; resolves when those have ended or take too long. */
  async synchronize(): Promise<void> {
    const active = this.#options.active();
    await this.#keepToLimits(active);
  }

  /** Whether a Pod was evicted. */
  async #keepToLimits(active: readonly Pod[]): Promise<boolean> {
    const { clock, log } = this.#options;
    const uids = new Set(active.map((pod) => pod.metadata.uid));
    for (const uid of this.#restUntil.keys()) if (!uids.has(uid)) this.#restUntil.delete(uid);
    const evictions: Promise<void>[] = [];
    for (const pod of active.filter(hasStorageLimit)) {
      const from = clock.monotonic();
      if (from < (this.#restUntil.get(pod.metadata.uid) ?? 0)) continue;
      try {
        const message = storageViolation(pod, await podUsage(pod, true, this.#options));
        if (message !== undefined && !isCriticalPod(pod)) evictions.push(this.#evict(pod, { reason: 'Evicted', message }, immediately));
      } catch (error) {
        log.info({ error: (error as Error).message, pod: formatPod(pod) }, 'what a Pod uses could not be measured; the next look tries again');
      }
      this.#restUntil.set(pod.metadata.uid, clock.monotonic() + restFactor * (clock.monotonic() - from));
    }
    await Promise.all(evictions);
    return evictions.length > 0;
  }

  async #evict(pod: Pod, failure: PodFailure, graceSeconds: number): Promise<void> {
    const { clock, log, events, fail } = this.#options;
    events.warning(pod, undefined, failure.reason, failure.message);
    log.info({ pod: formatPod(pod), message: failure.message }, 'a Pod is evicted');
    let cancel = (): void => undefined;
    const patience = new Promise<void>((resolve) => { cancel = clock.after(cleanupMs, resolve); });
    await Promise.race([fail(pod.metadata.uid, failure, graceSeconds), patience]).finally(() => cancel());
  }
}
