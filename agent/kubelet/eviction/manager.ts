// The eviction manager: ends Pods that use more of the node's disk than they may, and when the node itself runs out of something
// one Pod at a time, after all that can go without harm. One look every ten seconds.
// upstream: pkg/kubelet/eviction/eviction_manager.go
import { within, type Clock } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import type { ContainerEvents } from '../images.ts';
import { formatPod, isCriticalPod, type Pod } from '../pod.ts';
import { evictedReason, type PodFailure } from '../pod-status.ts';
import { refusal } from './admission.ts';
import { hasStorageLimit, storageViolation } from './local-storage.ts';
import { podUsage, type PodUsage, type UsageSources } from './pod-usage.ts';
import { crossed, judgePressure, noPressure, resourceOf, type PressureState, type PressureType } from './pressure.ts';
import { evictionMessage, rankPods, type Measured } from './rank.ts';
import type { NodeObservations, ReadSignals } from './signals.ts';
import type { EvictionConfig, Signal, Threshold } from './thresholds.ts';

/** What the agent says of the node. */
export interface EvictionSetup {
  readonly config: EvictionConfig;
  readonly signals: ReadSignals;
  /** Called when the conditions have changed. */
  readonly onPressure?: (conditions: ReadonlySet<PressureType>) => void;
}
export interface EvictionOptions extends UsageSources, EvictionSetup {
  readonly clock: Clock;
  readonly log: Log;
  readonly events: ContainerEvents;
  /** Pods that are to run here. */
  readonly active: () => Pod[];
  /** Ends a Pod within so many seconds; resolves when nothing of it runs. */
  readonly fail: (uid: string, failure: PodFailure, graceSeconds: number) => Promise<void>;
  /** Clears away what takes up disk and nobody needs. */
  readonly reclaimDisk: () => Promise<void>;
  /** Records an Event about the node. */
  readonly warnNode: (reason: string, message: string) => void;
}

/** upstream: evictionMonitoringPeriod */
const periodMs = 10_000;
/** upstream: immediateEvictionGracePeriodSeconds */
const immediately = 1;
/** The next look does not wait longer for a Pod that is being evicted. upstream: podCleanupTimeout */
const cleanupMs = 30_000;
/** Measuring takes up a tenth of the time at most. */
const restFactor = 10;
/** An engine that hangs, or a file system, must not keep the node from saying how it is. */
const patienceMs = 60_000;
const tooLate = (): never => { throw new Error('it takes too long'); };

export class EvictionManager {
  readonly #options: EvictionOptions;
  /** By Pod UID: no measuring before this monotonic time. */
  readonly #restUntil = new Map<string, number>();

  #pressure: PressureState = noPressure;
  #conditions: ReadonlySet<PressureType> = new Set();

  constructor(options: EvictionOptions) { this.#options = options; }

  get conditions(): ReadonlySet<PressureType> { return this.#conditions; }
  /** Why a Pod may not begin here now. */
  refuse(pod: Pod): PodFailure | undefined { return refusal(pod, this.#conditions); }

  /** Looks until the signal aborts; `begun` is called after the first look, which is at once. */
  async run(signal: AbortSignal, begun: () => void): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      const evicted = await this.synchronize().catch((error: unknown) => {
        log.warn({ error }, 'what the node has left could not be judged; the next look tries again');
        return false;
      });
      begun();
      if (!evicted) await clock.sleep(periodMs, signal).catch(() => undefined); // aborted: the loop ends
    }
  }

  /** One look, and the evictions it calls for; whether there were any. Resolves when those have ended or take too long. */
  async synchronize(): Promise<boolean> {
    const { active, signals } = this.#options;
    const pods = active();
    const seen = await signals();
    const [threshold] = this.#judge(seen);
    // Who breaks a limit goes first, and that may be enough.
    return (await this.#keepToLimits(pods)) || (threshold !== undefined && this.#relieve(threshold, seen, pods));
  }

  /** The thresholds that call for an eviction, the most urgent first. */
  #judge(seen: NodeObservations): readonly Threshold[] {
    const { config, clock, onPressure } = this.#options;
    const { state, conditions, toReclaim } = judgePressure(this.#pressure, config, seen.signals, clock.monotonic());
    this.#pressure = state;
    const changed = conditions.size !== this.#conditions.size || [...conditions].some((c) => !this.#conditions.has(c));
    this.#conditions = conditions;
    if (changed) onPressure?.(conditions);
    return toReclaim;
  }

  /** Whether a Pod was evicted so that the node gets back what it lacks. */
  async #relieve(threshold: Threshold, seen: NodeObservations, pods: readonly Pod[]): Promise<boolean> {
    const { config, log, warnNode } = this.#options;
    warnNode('EvictionThresholdMet', `Attempting to reclaim ${resourceOf[threshold.signal]}`);
    if (await this.#reclaim(threshold.signal, seen.dedicatedImageFs)) return false;
    const measured: Measured[] = [];
    const disk = threshold.signal.includes('fs.');
    for (const pod of pods) {
      const usage = await this.#measure(pod, disk).catch((error: unknown) => {
        log.info({ error: (error as Error).message, pod: formatPod(pod) }, 'what a Pod uses could not be measured');
        return undefined;
      });
      measured.push({ pod, usage });
    }
    const first = rankPods(measured, threshold.signal, seen.dedicatedImageFs).find(({ pod }) => !isCriticalPod(pod));
    if (!first) {
      log.warn({ signal: threshold.signal }, 'the node is short of a resource and has no Pod that may be evicted');
      return false;
    }
    const { message, annotations } = evictionMessage(first, threshold, seen.signals.get(threshold.signal)!);
    await this.#evict(first.pod, { reason: evictedReason, message, disrupted: true }, threshold.graceMs === 0 ? immediately : config.maxPodGraceSeconds, annotations);
    return true;
  }

  /** Whether clearing away was enough. On a file system of its own nodefs holds nothing that could go. */
  async #reclaim(signal: Signal, dedicatedImageFs: boolean): Promise<boolean> {
    const { config, signals, reclaimDisk, log, clock } = this.#options;
    if (!signal.startsWith('imagefs') && (dedicatedImageFs || !signal.startsWith('nodefs'))) return false;
    await within(clock, patienceMs, reclaimDisk(), tooLate).catch((error: unknown) => log.warn({ error }, 'what nobody needs could not all be cleared away'));
    return crossed(config.thresholds, (await signals()).signals, true).length === 0;
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
        const message = storageViolation(pod, await this.#measure(pod, true));
        if (message !== undefined && !isCriticalPod(pod)) evictions.push(this.#evict(pod, { reason: evictedReason, message }, immediately));
      } catch (error) {
        log.info({ error: (error as Error).message, pod: formatPod(pod) }, 'what a Pod uses could not be measured; the next look tries again');
      }
      this.#restUntil.set(pod.metadata.uid, clock.monotonic() + restFactor * (clock.monotonic() - from));
    }
    await Promise.all(evictions);
    return evictions.length > 0;
  }

  #measure(pod: Pod, disk: boolean): Promise<PodUsage> { return within(this.#options.clock, patienceMs, podUsage(pod, disk, this.#options), tooLate); }

  async #evict(pod: Pod, failure: PodFailure, graceSeconds: number, annotations?: Readonly<Record<string, string>>): Promise<void> {
    const { clock, log, events, fail } = this.#options;
    events.warning(pod, undefined, failure.reason, failure.message, annotations);
    log.info({ pod: formatPod(pod), message: failure.message }, 'a Pod is evicted');
    await within(clock, cleanupMs, fail(pod.metadata.uid, failure, graceSeconds), () => undefined);
  }
}
