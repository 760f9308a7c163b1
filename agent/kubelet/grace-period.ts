// The time a Pod has left to end; a second, shorter request cuts it while it runs.
import type { Clock } from '../../src/util/clock.ts';

/** A container always gets this long between the stop signal and the kill. upstream: minimumGracePeriodInSeconds */
const minimumSeconds = 2;

export class GracePeriod {
  readonly #clock: Clock;
  readonly #from: number;
  #seconds: number;
  readonly #listeners = new Set<() => void>();

  constructor(clock: Clock, seconds: number) {
    this.#clock = clock;
    this.#from = clock.monotonic();
    this.#seconds = Math.max(1, seconds);
  }
  get seconds(): number { return this.#seconds; }
  remainingMs(): number { return Math.max(0, this.#from + this.#seconds * 1000 - this.#clock.monotonic()); }
  /** What a stop call gets, in whole seconds. */
  stopSeconds(): number { return Math.max(minimumSeconds, Math.ceil(this.remainingMs() / 1000)); }
  /** Only ever makes it shorter. */
  shorten(seconds: number): void {
    const next = Math.max(1, seconds);
    if (next >= this.#seconds) return;
    this.#seconds = next;
    for (const listener of this.#listeners) listener();
  }
  onShorten(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  /** Waits for `work`, but no longer than the time that is left. Its failure is the caller's to handle. */
  async within(work: Promise<unknown>): Promise<void> {
    let cancel = (): void => undefined;
    let off = (): void => undefined;
    const end = new Promise<void>((resolve) => {
      const arm = (): void => {
        cancel();
        cancel = this.#clock.after(this.remainingMs(), resolve);
      };
      arm();
      off = this.onShorten(arm);
    });
    try {
      await Promise.race([work, end]);
    } finally {
      cancel();
      off();
    }
  }
}
