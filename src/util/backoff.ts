// Exponential back-off per key: `next` doubles from `base` to `max`, `forget` starts over.
export class Backoff<K = string> {
  #failures = new Map<K, number>();
  readonly #base: number;
  readonly #max: number;
  constructor(baseMs: number, maxMs: number) { this.#base = baseMs; this.#max = maxMs; }
  /** Milliseconds to wait before the next try; counts a failure. */
  next(key: K): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    return Math.min(this.#max, this.#base * 2 ** Math.min(failures, 30));
  }
  failures(key: K): number { return this.#failures.get(key) ?? 0; }
  forget(key: K): void { this.#failures.delete(key); }
}
