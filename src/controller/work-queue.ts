// The work queue: fair (first in, first out), stingy (a key waiting twice is worked once), many consumers (a key is never
// worked twice at the same time; added meanwhile it waits), clean shutdown. (upstream: client-go util/workqueue)
import { Backoff } from '../util/backoff.ts';
import type { Clock } from '../util/clock.ts';
import { DueTimes } from '../util/due-times.ts';

export class WorkQueue {
  readonly #backoff: Backoff;
  #queue: string[] = [];
  readonly #dirty = new Set<string>();
  readonly #processing = new Set<string>();
  readonly #delayed: DueTimes;
  #waiting: ((key: string | undefined) => void)[] = [];
  #closed = false;

  constructor(clock: Clock, backoff: { baseMs: number; maxMs: number } = { baseMs: 5, maxMs: 1_000_000 }) {
    this.#delayed = new DueTimes(clock, (key) => this.add(key));
    this.#backoff = new Backoff(backoff.baseMs, backoff.maxMs);
  }
  get length(): number { return this.#queue.length; }
  /** Nothing waits, is worked on, or is due later. */
  get idle(): boolean { return this.#queue.length === 0 && this.#processing.size === 0; }

  add(key: string): void {
    if (this.#closed || this.#dirty.has(key)) return;
    this.#dirty.add(key);
    if (this.#processing.has(key)) return;
    const consumer = this.#waiting.shift();
    if (consumer) this.#hand(key, consumer);
    else this.#queue.push(key);
  }
  /** Adds after `ms`; of several delays for one key the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (this.#closed) return;
    if (ms <= 0) this.add(key);
    else this.#delayed.add(key, ms);
  }
  /** Adds after the key's back-off. */
  retry(key: string): void { this.addAfter(key, this.#backoff.next(key)); }
  forget(key: string): void { this.#backoff.forget(key); }
  failures(key: string): number { return this.#backoff.failures(key); }

  /** The next key, or undefined once the queue is closed. Call `done` with it. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const key = this.#queue.shift();
      if (key === undefined) this.#waiting.push(resolve);
      else this.#hand(key, resolve);
    });
  }
  done(key: string): void {
    this.#processing.delete(key);
    if (!this.#dirty.has(key)) return;
    this.#dirty.delete(key);
    this.add(key);
  }
  close(): void {
    this.#closed = true;
    this.#delayed.clear();
    this.#queue = [];
    for (const consumer of this.#waiting) consumer(undefined);
    this.#waiting = [];
  }
  #hand(key: string, consumer: (key: string) => void): void {
    this.#dirty.delete(key);
    this.#processing.add(key);
    consumer(key);
  }
}
