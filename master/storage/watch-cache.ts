// Keeps every object of the store in memory and fans the store's one ordered stream of changes out to watchers. Reads never
// touch the disk; a write is visible here before it is acknowledged. (upstream: apiserver storage/cacher)
import type { Log } from '../../src/util/log.ts';
import { AsyncQueue } from '../../src/util/async-queue.ts';
import { Bucket, concerns, keyOfEvent, sizeOfStates, type Cached, type CacheEvent, type Trigger, type WatchScope } from './bucket.ts';
import { Past } from './past.ts';
import { Compacted, type Entry, type Store, type StoreEvent } from './store.ts';

/** The trigger of the resource with a prefix, where it has one. */
export type TriggerOf<T> = (prefix: string) => Trigger<T> | undefined;

export class WatchCache<T extends Cached> {
  readonly #store: Store;
  readonly #decode: (entry: Entry) => T;
  readonly #log: Log;
  readonly #triggerOf: TriggerOf<T>;
  readonly #buckets = new Map<string, Bucket<T>>();
  #revision = 0;
  #start = 0;
  #waiters: { revision: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  #stopped: Error | undefined;

  /** `decode` turns a stored entry into what the cache hands out. */
  constructor(store: Store, decode: (entry: Entry) => T, log: Log, triggerOf: TriggerOf<T> = () => undefined) {
    this.#triggerOf = triggerOf;
    this.#store = store;
    this.#decode = decode;
    this.#log = log;
  }

  /** The revision this cache is true at. */
  get revision(): number { return this.#revision; }

  /** Loads everything, then follows the store until the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    const pageSize = 500;
    let after: string | undefined;
    let revision: number | undefined;
    for (;;) {
      const page = await this.#store.list('/registry/', { limit: pageSize, ...(after === undefined ? {} : { after }), ...(revision === undefined ? {} : { revision }) });
      revision ??= page.revision;
      this.#start = this.#revision = revision;
      for (const entry of page.entries) this.#bucket(prefixOf(entry.key)).load(this.#decode(entry));
      after = page.entries.at(-1)?.key;
      if (!page.more || after === undefined) break;
    }
    for (const bucket of this.#buckets.values()) bucket.loaded(this.#revision);
    // From here on the cache is who is read.
    await this.#store.relax();
    void this.#follow(signal);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const batch of this.#store.watch('/registry/', this.#revision, signal)) {
          for (const event of batch.events) this.#apply(event);
          this.#progress(batch.revision);
        }
      } catch (error) {
        if (signal.aborted) break;
        if (error instanceof Compacted) {
          this.#stop(error);
          return;
        }
        this.#log.error({ error }, 'the watch cache lost the store; following again');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    this.#stop(new Error('the store is closed'));
  }

  get(key: string): T | undefined { return this.#buckets.get(prefixOf(key))?.get(key); }

  /**
   * Entries under `prefix` (a resource prefix, or one followed by a namespace) after key `after`, in key order; of those whose trigger has the
   * value `trigger`, where the resource has one. To be consumed before anything is awaited: keys move.
   */
  list(prefix: string, after?: string, trigger?: string): Iterable<T> { return this.#buckets.get(prefixOf(prefix))?.list(prefix, after, trigger) ?? []; }
  /** How many entries `list` has, whatever their trigger says. */
  count(prefix: string, after?: string): number { return this.#buckets.get(prefixOf(prefix))?.count(prefix, after) ?? 0; }

  /** Calls with every change under a resource's prefix from now on, in the turn in which the cache takes it in; the result stops that. */
  observe(prefix: string, event: (event: CacheEvent<T>) => void): () => void {
    return this.#bucket(prefixOf(prefix)).add({ prefix, event });
  }

  /** Whether anybody is told of changes under a resource's prefix. */
  isWatched(prefix: string): boolean { return this.#buckets.get(prefix)?.watched === true; }

  /** Resolves once everything up to `revision` is visible. */
  waitFor(revision: number): Promise<void> {
    if (this.#revision >= revision) return Promise.resolve();
    if (this.#stopped) return Promise.reject(this.#stopped);
    return new Promise((resolve, reject) => this.#waiters.push({ revision, resolve, reject }));
  }

  /**
   * Events under a prefix after revision `from`, without gap or duplicate; `scope` spares those of other keys or trigger values, as
   * far as they come from now on. Whoever pushes the cache's revision gets it when all events up to it are read. The queue ends
   * with an overflow when more than `limit` wait.
   * @throws Compacted when the store no longer knows `from`, or too much has happened since then
   */
  async watch(prefix: string, from: number, limit: number, scope: WatchScope = {}): Promise<AsyncQueue<CacheEvent<T> | number>> {
    let remove: (() => void) | undefined;
    const bucket = this.#bucket(prefixOf(prefix));
    const queue = new AsyncQueue<CacheEvent<T> | number>({ limit, onEnd: () => remove?.() });
    const past: CacheEvent<T>[] = [];
    const concerned = (event: CacheEvent<T>): boolean => keyOfEvent(event).startsWith(prefix) && concerns(event, scope);
    let start = from;
    while (start < bucket.windowStart) {
      const target = bucket.windowStart;
      past.push(...(await bucket.past.events(start, target)).filter(concerned));
      start = target;
    }
    // From here to the registration nothing may be awaited: an event between the two would be lost.
    past.push(...bucket.recent(start).filter(concerned));
    for (const event of past) queue.push(event);
    const overflow = (): void => { if (queue.ended) this.#log.info({ prefix }, 'a slow watcher was ended'); };
    if (!queue.ended) remove = bucket.add({ prefix, event: (event) => { if (event.revision > from && !queue.push(event)) overflow(); } }, scope);
    return queue;
  }

  /** Events after `from` up to `to`, older than the window, read back from the store's log. */
  async *#read(prefix: string, from: number, to: number): AsyncGenerator<CacheEvent<T>[]> {
    const stop = new AbortController();
    try {
      for await (const { events, revision } of this.#store.watch(prefix, from, stop.signal)) {
        yield events.filter((event) => revisionOf(event) <= to).map((event) => this.#change(event));
        if (revision >= to) return;
      }
      throw new Error('the store is closed');
    } finally {
      stop.abort();
    }
  }

  /** `previous` is the state before where somebody holds it already. */
  #change(event: StoreEvent, previous = event.previous && this.#decode(event.previous)): CacheEvent<T> {
    const { trigger } = this.#bucket(prefixOf(keyOf(event)));
    const { revision } = event.type === 'put' ? event.entry : event;
    const current = event.type === 'put' ? this.#decode(event.entry) : undefined;
    return {
      revision, ...(current ? { current } : { deleted: this.#decode({ ...event.previous!, revision }) }), ...(previous ? { previous } : {}),
      ...(trigger ? { trigger: { ...(current ? { current: trigger(current) } : {}), ...(previous ? { previous: trigger(previous) } : {}) } } : {}),
    };
  }

  #apply(event: StoreEvent): void {
    const key = keyOf(event);
    const bucket = this.#bucket(prefixOf(key));
    bucket.apply(key, this.#change(event, bucket.get(key)));
  }

  #progress(revision: number): void {
    if (revision > this.#revision) this.#revision = revision;
    if (!this.#waiters.length) return;
    const ready = this.#waiters.filter((w) => w.revision <= this.#revision);
    this.#waiters = this.#waiters.filter((w) => w.revision > this.#revision);
    for (const waiter of ready) waiter.resolve();
  }

  #stop(error: Error): void {
    this.#stopped = error;
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters = [];
  }

  #bucket(prefix: string): Bucket<T> {
    let bucket = this.#buckets.get(prefix);
    // A resource first seen after the start has had no event since then, so its window reaches back to the start.
    if (!bucket) {
      const past = new Past<CacheEvent<T>>((from, to) => this.#read(prefix, from, to), sizeOfStates);
      this.#buckets.set(prefix, (bucket = new Bucket<T>({ prefix, revision: this.#start, trigger: this.#triggerOf(prefix), past })));
    }
    return bucket;
  }
}

/** `/registry/<group>/<plural>/` of a key or prefix. */
function prefixOf(key: string): string {
  const third = key.indexOf('/', key.indexOf('/', 10) + 1);
  return key.slice(0, third + 1);
}
const revisionOf = (event: StoreEvent): number => (event.type === 'put' ? event.entry.revision : event.revision);
const keyOf = (event: StoreEvent): string => (event.type === 'put' ? event.entry.key : event.key);
