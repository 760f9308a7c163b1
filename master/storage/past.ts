// What happened before the watch cache's window, read back from the store once for all whose watches begin there at about the same
// time: every node's does when a master starts anew.

/** Kept so long after the last who asked for it. */
const keptForMs = 10_000;
/** And up to so many bytes of the objects it is about. */
const keptBytes = 16 << 20;

interface Dated { readonly revision: number }
/** All events with `from` < revision <= `to`, in order. */
interface Stretch<E> { readonly from: number; readonly to: number; readonly events: readonly E[]; readonly bytes: number }

/** Of one resource. */
export class Past<E extends Dated> {
  readonly #read: (from: number, to: number) => AsyncIterable<readonly E[]>;
  readonly #sizeOf: (event: E) => number;
  #known: Stretch<E> | undefined;
  /** One reads at a time; the next then finds most of what it needs. */
  #last: Promise<unknown> = Promise.resolve();
  #tooLongFrom = -1;
  #forget: NodeJS.Timeout | undefined;

  /** `read` tells the events after a revision up to another. */
  constructor(read: (from: number, to: number) => AsyncIterable<readonly E[]>, sizeOf: (event: E) => number) {
    this.#read = read;
    this.#sizeOf = sizeOf;
  }

  /**
   * The events after `from` up to `to`; undefined where they are too many to be kept for others.
   * @throws what reading throws
   */
  events(from: number, to: number): Promise<readonly E[] | undefined> {
    const events = this.#last.then(() => this.#between(from, to));
    this.#last = events.catch(() => undefined);
    return events;
  }

  async #between(from: number, to: number): Promise<readonly E[] | undefined> {
    if (from <= this.#tooLongFrom) return undefined;
    // What others asked for may be what makes it too long.
    const known = (await this.#grown(from, to)) ?? (this.#known && (await this.#stretch(from, to, keptBytes)));
    clearTimeout(this.#forget);
    this.#known = known;
    if (!known) {
      this.#tooLongFrom = from;
      return undefined;
    }
    this.#forget = setTimeout(() => { this.#known = undefined; }, keptForMs);
    this.#forget.unref();
    return known.events.filter(({ revision }) => revision > from && revision <= to);
  }

  /** What is known, and what it lacks of this stretch at either end. */
  async #grown(from: number, to: number): Promise<Stretch<E> | undefined> {
    const known = this.#known && from <= this.#known.to ? this.#known : { from, to: from, events: [], bytes: 0 };
    const before = from < known.from ? await this.#stretch(from, known.from, keptBytes - known.bytes) : nothing<E>(known.from);
    if (!before) return undefined;
    const after = to > known.to ? await this.#stretch(known.to, to, keptBytes - known.bytes - before.bytes) : nothing<E>(known.to);
    if (!after) return undefined;
    return { from: before.from, to: after.to, events: [...before.events, ...known.events, ...after.events], bytes: before.bytes + known.bytes + after.bytes };
  }

  async #stretch(from: number, to: number, most: number): Promise<Stretch<E> | undefined> {
    const events: E[] = [];
    let bytes = 0;
    for await (const batch of this.#read(from, to)) {
      for (const event of batch) bytes += this.#sizeOf(event);
      if (bytes > most) return undefined;
      events.push(...batch);
    }
    return { from, to, events, bytes };
  }
}

const nothing = <E>(revision: number): Stretch<E> => ({ from: revision, to: revision, events: [], bytes: 0 });
