// What happened before the watch cache's window, read back from the store once for all whose watches begin there at about the same
// time: every node's does when a master starts anew. What is too long to be kept is told to nobody: to list again costs everybody less.
import { Compacted } from './store.ts';

/** Kept so long after the last who asked for it, in ms. */
const keptForMs = 10_000;
/** And the latest of it, up to so many bytes of the objects it is about. */
const keptBytes = 16 << 20;

interface Dated { readonly revision: number }
/** All events with `from` < revision <= `to`, in order. */
interface Stretch<E> { readonly from: number; readonly to: number; readonly events: readonly E[] }

/** Of one resource. */
export class Past<E extends Dated> {
  readonly #read: (from: number, to: number) => AsyncIterable<readonly E[]>;
  readonly #sizeOf: (event: E) => number;
  #known: Stretch<E> | undefined;
  /** One reads at a time; the next then finds most of what it needs. */
  #last: Promise<unknown> = Promise.resolve();
  /** What begins before it is too long. */
  #oldest = 0;
  #forget: NodeJS.Timeout | undefined;

  /** `read` tells the events after a revision up to another. */
  constructor(read: (from: number, to: number) => AsyncIterable<readonly E[]>, sizeOf: (event: E) => number) {
    this.#read = read;
    this.#sizeOf = sizeOf;
  }

  /**
   * The events after `from` up to `to`.
   * @throws Compacted where they are too many to be kept
   * @throws what reading throws
   */
  events(from: number, to: number): Promise<readonly E[]> {
    const events = this.#last.then(() => this.#between(from, to));
    this.#last = events.catch(() => undefined); // whoever asked is told
    return events;
  }

  async #between(from: number, to: number): Promise<readonly E[]> {
    if (from >= this.#oldest) {
      clearTimeout(this.#forget);
      try {
        this.#known = await this.#grown(from, to);
      } finally {
        this.#forget = setTimeout(() => { this.#known = undefined; }, keptForMs);
        this.#forget.unref();
      }
    }
    // The reading may have shown it.
    if (from < this.#oldest) throw new Compacted(from, this.#oldest);
    return this.#known!.events.filter(({ revision }) => revision > from && revision <= to);
  }

  /** What is known, and what it lacks of this stretch at either end. */
  async #grown(from: number, to: number): Promise<Stretch<E>> {
    let grown = this.#known && from <= this.#known.to ? this.#known : { from, to: from, events: [] };
    if (to > grown.to) for await (const batch of this.#read(grown.to, to)) grown = this.#latest({ ...grown, events: [...grown.events, ...batch] });
    grown = { ...grown, to: Math.max(to, grown.to) };
    if (from >= grown.from || from < this.#oldest) return grown;
    let before: E[] = [];
    for await (const batch of this.#read(from, grown.from)) before = [...this.#latest({ from, to: grown.from, events: [...before, ...batch] }).events];
    return this.#latest({ from: Math.max(from, this.#oldest), to: grown.to, events: [...before, ...grown.events] });
  }

  /** As much of the end of it as can be kept. */
  #latest(stretch: Stretch<E>): Stretch<E> {
    let bytes = 0;
    let first = stretch.events.length;
    while (first > 0 && (bytes += this.#sizeOf(stretch.events[first - 1]!)) <= keptBytes) first--;
    if (first === 0) return stretch;
    this.#oldest = Math.max(this.#oldest, stretch.events[first - 1]!.revision);
    return { from: this.#oldest, to: stretch.to, events: stretch.events.slice(first) };
  }
}
