// Failed Pods that are made anew in the same place are removed later and later, lest a node that refuses them is flooded.
import { Backoff } from '../../src/util/backoff.ts';

/** By place: `namespace/name-of-the-owner/…`. Times in milliseconds. */
export class FailedPods {
  readonly #backoff: Backoff;
  readonly #until = new Map<string, number>();
  constructor(baseMs: number, maxMs: number) { this.#backoff = new Backoff(baseMs, maxMs); }

  /** How long the next removal has to wait. */
  wait(place: string, now: number): number { return Math.max(0, (this.#until.get(place) ?? 0) - now); }
  removed(place: string, now: number): void { this.#until.set(place, now + this.#backoff.next(place)); }
  /** What stands there now has not failed. */
  recovered(place: string): void {
    this.#until.delete(place);
    this.#backoff.forget(place);
  }
  forget(owner: string): void { for (const place of [...this.#until.keys()]) if (place.startsWith(`${owner}/`)) this.recovered(place); }
}
