// Watches over any store: each watcher replays the log at its reader's pace until it has caught up, then is fed live.
// Replay and live meet within one synchronous step, so nothing falls between them and nothing comes twice.
import { setMaxListeners } from 'node:events';
import type { Clock } from '../../src/util/clock.ts';
import { SlowWatcher, type StoreEvent, type WatchBatch } from './store.ts';

/** The log behind the hub. */
export interface History {
  /** The latest published revision. */
  revision(): number;
  /**
   * The events with `prefix` in a bounded stretch of the log after `from`; `revision` is where the stretch ends.
   * @throws Compacted
   */
  replay(prefix: string, from: number): WatchBatch;
}

/** Progress batches follow one another no faster than this. */
const PROGRESS_INTERVAL_MS = 5;

const keyOf = (event: StoreEvent): string => (event.type === 'put' ? event.entry.key : event.key);
const revisionOf = (event: StoreEvent): number => (event.type === 'put' ? event.entry.revision : event.revision);

export class WatchHub {
  readonly #history: History;
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #live = new Set<Watcher>();
  readonly #open = new Set<Watcher>();
  #progressDue = false;
  #lastProgress = -Infinity;
  #closed = false;

  /** `limit`: how many events may wait for one reader. */
  constructor(history: History, clock: Clock, limit: number) {
    this.#history = history;
    this.#clock = clock;
    this.#limit = limit;
  }

  watch(prefix: string, from: number, signal: AbortSignal): AsyncIterable<WatchBatch> {
    return {
      [Symbol.asyncIterator]: () => {
        const watcher = new Watcher(this.#history, prefix, from, this.#limit, {
          live: () => { this.#live.add(watcher); },
          ended: () => { this.#live.delete(watcher); this.#open.delete(watcher); signal.removeEventListener('abort', stop); },
        });
        const stop = (): void => watcher.end();
        this.#open.add(watcher);
        if (signal.aborted || this.#closed) watcher.end();
        else {
          // One signal may end all the watches of a process; that many listeners are no leak.
          setMaxListeners(0, signal);
          signal.addEventListener('abort', stop, { once: true });
        }
        return watcher;
      },
    };
  }

  /** Whether an event of `key` would reach anyone now (whoever still replays finds it in the log). */
  wants(key: string): boolean {
    for (const watcher of this.#live) if (key.startsWith(watcher.prefix)) return true;
    return false;
  }

  /** Hands a durable commit to the live watchers; at least the events that `wants` asked for are in it. */
  publish(batch: WatchBatch): void {
    const byPrefix = new Map<string, readonly StoreEvent[]>();
    let idle = false;
    for (const watcher of this.#live) {
      let events = byPrefix.get(watcher.prefix);
      if (!events) {
        events = batch.events.filter((event) => keyOf(event).startsWith(watcher.prefix));
        byPrefix.set(watcher.prefix, events);
      }
      if (events.length > 0) watcher.deliver({ revision: batch.revision, events });
      else idle = true;
    }
    if (idle) this.#scheduleProgress();
  }

  end(): void {
    this.#closed = true;
    for (const watcher of this.#open) watcher.end();
  }

  /** At once after a quiet time, so that a single write shows everywhere; bunched under load. */
  #scheduleProgress(): void {
    if (this.#progressDue) return;
    this.#progressDue = true;
    const send = (): void => {
      this.#progressDue = false;
      this.#lastProgress = this.#clock.monotonic();
      const batch: WatchBatch = { revision: this.#history.revision(), events: [] };
      for (const watcher of this.#live) watcher.deliver(batch);
    };
    const wait = this.#lastProgress + PROGRESS_INTERVAL_MS - this.#clock.monotonic();
    if (wait <= 0) setImmediate(send);
    else this.#clock.after(wait, send);
  }
}

interface Waiter { resolve(result: IteratorResult<WatchBatch>): void; reject(error: unknown): void }

/**
 * One reader. It is an iterator of its own, not an async generator: `deliver` settles the promise the reader already
 * holds, so its code runs before that of a writer whose promise settles afterwards.
 */
class Watcher implements AsyncIterator<WatchBatch> {
  readonly prefix: string;
  readonly #history: History;
  readonly #limit: number;
  readonly #on: { live(): void; ended(): void };
  #position: number;
  #live = false;
  #replaying = false;
  #ended = false;
  #error: Error | undefined;
  #queue: WatchBatch[] = [];
  #waitingEvents = 0;
  readonly #waiters: Waiter[] = [];

  constructor(history: History, prefix: string, from: number, limit: number, on: { live(): void; ended(): void }) {
    this.#history = history;
    this.prefix = prefix;
    this.#position = from;
    this.#limit = limit;
    this.#on = on;
  }

  next(): Promise<IteratorResult<WatchBatch>> {
    const batch = this.#queue.shift();
    if (batch) {
      this.#waitingEvents -= batch.events.length;
      return Promise.resolve({ done: false, value: batch });
    }
    if (this.#ended) {
      const error = this.#error;
      this.#error = undefined;
      return error ? Promise.reject(error) : Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      if (!this.#live && !this.#replaying) this.#replay();
    });
  }

  return(): Promise<IteratorResult<WatchBatch>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  deliver(batch: WatchBatch): void {
    if (this.#ended || batch.revision <= this.#position) return;
    // A watch may begin in the future (`from` of another master's list): what it already knows is not repeated.
    const events = batch.events.filter((event) => revisionOf(event) > this.#position);
    this.#position = batch.revision;
    this.#push(events.length === batch.events.length ? batch : { revision: batch.revision, events });
  }

  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#queue = [];
    this.#on.ended();
    const [first, ...rest] = this.#waiters.splice(0);
    if (!first) { this.#error = error; return; }
    if (error) first.reject(error);
    else first.resolve({ done: true, value: undefined });
    for (const waiter of rest) waiter.resolve({ done: true, value: undefined });
  }

  #push(batch: WatchBatch): void {
    const waiter = this.#waiters.shift();
    if (waiter) return waiter.resolve({ done: false, value: batch });
    if (this.#queue.at(-1)?.events.length === 0) this.#queue.pop();
    this.#queue.push(batch);
    this.#waitingEvents += batch.events.length;
    if (this.#waitingEvents > this.#limit) this.end(new SlowWatcher(this.prefix));
  }

  /** One stretch of the log per turn of the event loop, until there is something to say or the end is reached. */
  #replay(): void {
    this.#replaying = false;
    if (this.#ended) return;
    try {
      const from = this.#position;
      const batch = this.#history.replay(this.prefix, from);
      this.#position = Math.max(from, batch.revision);
      if (this.#position >= this.#history.revision()) {
        this.#live = true;
        this.#on.live();
      }
      if (batch.events.length > 0 || (this.#live && batch.revision > from)) this.#push(batch);
      if (!this.#live && this.#waiters.length > 0) {
        this.#replaying = true;
        setImmediate(() => this.#replay());
      }
    } catch (error) {
      this.end(error as Error);
    }
  }
}
