// Removes images nobody uses when Docker's disk fills up: above the high threshold, the least recently used first, down to the low
// one. Only images this agent has pulled itself, unless the policy says all. upstream: pkg/kubelet/images/image_gc_manager.go
import { parseDuration } from '../../src/apimachinery/duration.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import type { Image, Runtime } from '../runtime/runtime.ts';
import type { Observation } from './eviction/signals.ts';
import type { PulledImages } from './pulled-images.ts';

export interface ImageGCPolicy {
  /** Percent of the disk in use: above the first images are removed, down to the second. */
  readonly highPercent: number;
  readonly lowPercent: number;
  /** Younger ones stay: a container may be about to use them. */
  readonly minAgeMs: number;
  /** Also those that someone else brought onto the host. */
  readonly all: boolean;
}
/** The flags' texts; upstream's defaults stand for what is absent. */
export interface ImageGCFlags { readonly imageGcHighThreshold?: string; readonly imageGcLowThreshold?: string; readonly minimumImageTtlDuration?: string; readonly imageGcAll?: boolean }

/** @throws Error that names the flag and what is wrong with it */
export function parseImageGC(flags: ImageGCFlags): ImageGCPolicy {
  const percent = (flag: string, text: string): number => {
    if (!/^\d+$/.test(text) || Number(text) > 100) throw new Error(`--${flag}: ${JSON.stringify(text)} is not a percentage from 0 to 100`);
    return Number(text);
  };
  const highPercent = percent('image-gc-high-threshold', flags.imageGcHighThreshold ?? '85');
  const lowPercent = percent('image-gc-low-threshold', flags.imageGcLowThreshold ?? '80');
  // 100 switches it off, whatever the other is.
  if (highPercent < 100 && lowPercent >= highPercent) throw new Error(`--image-gc-low-threshold: ${lowPercent} must be less than --image-gc-high-threshold, ${highPercent}`);
  let minAgeMs;
  try {
    minAgeMs = parseDuration(flags.minimumImageTtlDuration ?? '2m');
  } catch (error) {
    throw new Error(`--minimum-image-ttl-duration: ${(error as Error).message}`, { cause: error });
  }
  return { highPercent, lowPercent, minAgeMs, all: flags.imageGcAll ?? false };
}

/** Monotonic ms; -Infinity for what was there at the start, and for what was never seen in use. */
export interface ImageRecord { readonly image: Image; readonly detectedAt: number; readonly usedAt: number }

/** Bytes that are too much; 0 while the disk is not above the high threshold. */
export function bytesToFree({ available, capacity }: Observation, { highPercent, lowPercent }: ImageGCPolicy): number {
  if (capacity <= 0 || highPercent === 100 || 100 - Math.floor((available * 100) / capacity) < highPercent) return 0;
  return Math.max(0, Math.floor((capacity * (100 - lowPercent)) / 100) - available);
}

/** What was seen before, brought up to date with what is in the store and in use. */
export function updateRecords(before: ReadonlyMap<string, ImageRecord>, images: readonly Image[], inUse: ReadonlySet<string>, now: number, first: boolean): Map<string, ImageRecord> {
  return new Map(images.map((image) => {
    const known = before.get(image.id);
    return [image.id, { image, detectedAt: known?.detectedAt ?? (first ? -Infinity : now), usedAt: inUse.has(image.id) ? now : known?.usedAt ?? -Infinity }];
  }));
}

/** Those that may go now, in the order in which they go. */
export function removable(records: Iterable<ImageRecord>, now: number, { minAgeMs }: ImageGCPolicy, mayGo: (image: Image) => boolean): Image[] {
  return [...records].filter(({ image, detectedAt, usedAt }) => usedAt < now && now - detectedAt >= minAgeMs && mayGo(image))
    .sort((a, b) => compare(a.usedAt, b.usedAt) || compare(a.detectedAt, b.detectedAt)).map(({ image }) => image);
}
const compare = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);

export interface ImageGCOptions {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly log: Log;
  readonly policy: ImageGCPolicy;
  readonly pulled: PulledImages;
  /** The disk images lie on; undefined when it cannot be read. */
  readonly disk: () => Promise<Observation | undefined>;
  readonly warnNode: (reason: string, message: string) => void;
}

/** upstream: ImageGCPeriod */
const periodMs = 300_000;

export class ImageGarbage {
  readonly #options: ImageGCOptions;
  #records: ReadonlyMap<string, ImageRecord> = new Map();
  #first = true;
  #failed = false;
  #working: Promise<unknown> = Promise.resolve();

  constructor(options: ImageGCOptions) { this.#options = options; }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, warnNode } = this.#options;
    while (!signal.aborted) {
      try {
        await this.collect();
        this.#failed = false;
      } catch (error) {
        const { message } = error as Error;
        log.info({ error: message }, 'image garbage collection failed; it comes again');
        // A first failure may be one of the start.
        if (this.#failed) warnNode('ImageGCFailed', message);
        this.#failed = true;
      }
      await clock.sleep(periodMs, signal).catch(() => undefined); // aborted: the loop ends
    }
  }

  /** Frees the disk when it is too full. @throws Error with upstream's words when that was not enough */
  collect(): Promise<void> {
    return this.#alone(async () => {
      const { disk, policy, warnNode } = this.#options;
      const now = await this.#detect();
      const seen = await disk();
      const amount = seen ? bytesToFree(seen, policy) : 0;
      if (amount === 0) return;
      const freed = await this.#free(amount, now);
      if (freed >= amount) return;
      const message = `Failed to garbage collect required amount of images. Attempted to free ${amount} bytes, but only found ${freed} bytes eligible to free.`;
      warnNode('FreeDiskSpaceFailed', message);
      throw new Error(message);
    });
  }
  /** Removes all that may go, however full the disk is. */
  deleteUnused(): Promise<void> {
    return this.#alone(async () => {
      await this.#free(Infinity, await this.#detect());
    });
  }

  #alone(work: () => Promise<void>): Promise<void> {
    const done = this.#working.then(work);
    this.#working = done.catch(() => undefined); // told to who waits for this one
    return done;
  }
  /** The time the records are of. */
  async #detect(): Promise<number> {
    const { runtime, clock, pulled } = this.#options;
    const now = clock.monotonic();
    const [images, inUse] = await Promise.all([runtime.listImages(), runtime.imagesInUse()]);
    await pulled.keepOnly(images);
    this.#records = updateRecords(this.#records, images, inUse, now, this.#first);
    this.#first = false;
    return now;
  }
  /** Bytes that were freed; the engine may refuse one and give the next. */
  async #free(amount: number, now: number): Promise<number> {
    const { runtime, policy, pulled, log } = this.#options;
    let freed = 0;
    for (const image of removable(this.#records.values(), now, policy, (i) => policy.all || pulled.owns(i))) {
      if (freed >= amount) break;
      // Someone may have begun to use it while others were removed, and the engine takes away names of one in use.
      if ((await runtime.imagesInUse()).has(image.id)) continue;
      try {
        await runtime.removeImage(image.id);
        freed += image.size;
        log.info({ image: image.repoTags[0] ?? image.id, bytes: image.size }, 'an image nobody uses was removed');
      } catch (error) {
        log.info({ image: image.repoTags[0] ?? image.id, error: (error as Error).message }, 'an image could not be removed');
      }
    }
    return freed;
  }
}
