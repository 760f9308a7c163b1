// An async iterable fed by pushes: the bridge from callbacks to `for await`.

/** Values pushed before anyone reads are kept up to `limit`; the push that passes it ends the queue with `overflow`. */
export class AsyncQueue<T> implements AsyncIterable<T> {
  #values: T[] = [];
  #head = 0;
  #wake: (() => void) | undefined;
  #ended = false;
  #error: Error | undefined;
  readonly #limit: number;
  #onEnd: (() => void) | undefined;

  constructor(options: { limit?: number; onEnd?: () => void } = {}) {
    this.#limit = options.limit ?? Infinity;
    this.#onEnd = options.onEnd;
  }
  get length(): number { return this.#values.length - this.#head; }
  get ended(): boolean { return this.#ended; }

  /** False when the queue has ended (also by this push passing the limit). */
  push(value: T): boolean {
    if (this.#ended) return false;
    if (this.length >= this.#limit) {
      this.end(new Error('queue overflow'));
      return false;
    }
    this.#values.push(value);
    this.#wake?.();
    return true;
  }
  /** What is queued is still delivered; then the iteration ends, or throws `error`. */
  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake?.();
    this.#onEnd?.();
  }
  /** Takes everything queued now without waiting. */
  drain(): T[] {
    const values = this.#values.slice(this.#head);
    this.#values = [];
    this.#head = 0;
    return values;
  }
  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    try {
      for (;;) {
        if (this.#head < this.#values.length) {
          const value = this.#values[this.#head++]!;
          if (this.#head > 1024 && this.#head * 2 > this.#values.length) {
            this.#values = this.#values.slice(this.#head);
            this.#head = 0;
          }
          yield value;
        } else if (this.#ended) {
          if (this.#error) throw this.#error;
          return;
        } else {
          await new Promise<void>((resolve) => { this.#wake = resolve; });
          this.#wake = undefined;
        }
      }
    } finally {
      this.end();
    }
  }
}
