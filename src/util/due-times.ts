// Keys that are due later, thousands of them for hours, on one timer: a heap of times, of which only the earliest is waited for.
import type { Clock } from './clock.ts';

interface Due { readonly key: string; readonly at: number }

export class DueTimes {
  readonly #clock: Clock;
  readonly #onDue: (key: string) => void;
  /** Smallest first: each is due no later than those at twice its place plus one and two. What is no longer the key's is left in it until it comes up. */
  #heap: Due[] = [];
  readonly #current = new Map<string, Due>();
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor(clock: Clock, onDue: (key: string) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }
  get size(): number { return this.#current.size; }

  /** Due after `ms`; of several times for one key the earliest counts. */
  add(key: string, ms: number): void {
    const due = { key, at: this.#clock.monotonic() + ms };
    const earlier = this.#current.get(key);
    if (earlier && earlier.at <= due.at) return;
    this.#current.set(key, due);
    this.#push(due);
    this.#wait();
  }
  clear(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#heap = [];
    this.#current.clear();
  }

  #wait(): void {
    const [first] = this.#heap;
    if (!first || (this.#timer && this.#timer.at <= first.at)) return;
    this.#timer?.cancel();
    this.#timer = { at: first.at, cancel: this.#clock.after(Math.max(0, first.at - this.#clock.monotonic()), () => this.#fire()) };
  }
  #fire(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    for (let first = this.#heap[0]; first && first.at <= now; first = this.#heap[0]) {
      this.#pop();
      if (this.#current.get(first.key) !== first) continue;
      this.#current.delete(first.key);
      this.#onDue(first.key);
    }
    this.#wait();
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let place = heap.push(due) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (heap[above]!.at <= due.at) break;
      heap[place] = heap[above]!;
      place = above;
    }
    heap[place] = due;
  }
  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]!.at < heap[below]!.at) below++;
      if (heap[below]!.at >= last.at) break;
      heap[place] = heap[below]!;
      place = below;
    }
    heap[place] = last;
  }
}
