// Back-off by key with the kubelet's numbers: 10 s doubling to 5 min, forgotten after twice that without a failure.
// upstream: client-go util/flowcontrol/backoff.go, pkg/kubelet/kuberuntime (doBackOff)
import type { Clock } from '../../src/util/clock.ts';

const initialMs = 10_000;
const maximumMs = 300_000;

interface Entry { delay: number; at: number }

export class KeyedBackoff {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  constructor(clock: Clock) { this.#clock = clock; }

  /** Milliseconds of the back-off that are left, counted from `since` (default: the last failure). */
  remaining(key: string, since?: number): number {
    const entry = this.#current(key);
    return entry ? Math.max(0, (since ?? entry.at) + entry.delay - this.#clock.now()) : 0;
  }
  /** The whole delay in force; 0 when there is none. */
  delay(key: string): number { return this.#current(key)?.delay ?? 0; }
  /** Counts a failure; the delay that now holds. */
  next(key: string): number {
    const entry = this.#current(key);
    const delay = entry ? Math.min(maximumMs, entry.delay * 2) : initialMs;
    this.#entries.set(key, { delay, at: this.#clock.now() });
    return delay;
  }
  /** As if `failures` had been counted already: what a new agent takes over from an old one. */
  restore(key: string, failures: number): void {
    if (failures > 0 && !this.#current(key)) this.#entries.set(key, { delay: Math.min(maximumMs, initialMs * 2 ** Math.min(20, failures - 1)), at: this.#clock.now() });
  }
  forget(key: string): void { this.#entries.delete(key); }
  forgetPrefix(prefix: string): void { for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key); }

  #current(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry && this.#clock.now() - entry.at > 2 * maximumMs) {
      this.#entries.delete(key);
      return undefined;
    }
    return entry;
  }
}
