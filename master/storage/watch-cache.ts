// Keeps every object of the store in memory and fans the store's one ordered stream of changes out to watchers. Reads never
// touch the disk; a write is visible here before it is acknowledged. (upstream: apiserver storage/cacher)
import type { Log } from '../../src/util/log.ts';
import { AsyncQueue } from '../../src/util/async-queue.ts';
import { SortedKeys } from './sorted-keys.ts';
import { Compacted, type Entry, type Store, type StoreEvent } from './store.ts';

/** A change of one key, as watchers get it. `current` is absent for deletes, `previous` for creations. */
export interface CacheEvent<T> { readonly revision: number; readonly current?: T; readonly previous?: T; /** Delete: what the last state looks like at the delete's revision. */ readonly deleted?: T }

/** Which changes a watcher is told of, beyond the prefix. */
export interface WatchScope {
  /** Of this key alone. */
  readonly key?: string;
  /** Of objects that have, or had before the change, this value of the prefix's trigger. */
  readonly trigger?: string;
}

interface Watcher<T> {
  readonly prefix: string;
  /** Called in revision order; must not throw or block. */
  event(event: CacheEvent<T>): void;
}

/** A field of a resource's objects that many watchers select by, each its own value. (upstream: storage.IndexerFuncs, "trigger") */
export type TriggerOf<T> = (prefix: string) => ((value: T) => string) | undefined;

/** Recent events kept per resource prefix, for watches that start in the past; older ones are read back from the store. */
const windowSize = 2048;
/** Of the objects they are about. */
const windowBytes = 1 << 20;

class Bucket<T> {
  readonly entries = new Map<string, T>();
  keys = new SortedKeys();
  /** Watchers by what concerns them, so that a change finds its own without asking the others: a prefix, a key, a trigger's value. */
  readonly watchers = new Map<string, Set<Watcher<T>>>();
  readonly window: CacheEvent<T>[] = [];
  windowBytes = 0;
  /** Events after this revision are all in the window. */
  windowStart: number;
  readonly prefix: string;
  constructor(prefix: string, revision: number) {
    this.prefix = prefix;
    this.windowStart = revision;
  }

  add(watcher: Watcher<T>, { key, trigger }: WatchScope = {}): () => void {
    const group = key ?? (trigger === undefined ? watcher.prefix : triggered(trigger));
    const members = this.watchers.get(group) ?? new Set();
    this.watchers.set(group, members.add(watcher));
    return () => {
      members.delete(watcher);
      if (members.size === 0 && this.watchers.get(group) === members) this.watchers.delete(group);
    };
  }
}

const triggered = (value: string): string => `=${value}`;

export class WatchCache<T extends { readonly key: string; readonly revision: number; /** In bytes. */ readonly size: number }> {
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
      for (const entry of page.entries) {
        const bucket = this.#bucket(prefixOf(entry.key));
        bucket.entries.set(entry.key, this.#decode(entry));
      }
      after = page.entries.at(-1)?.key;
      if (!page.more || after === undefined) break;
    }
    for (const bucket of this.#buckets.values()) {
      bucket.keys = new SortedKeys([...bucket.entries.keys()]);
      bucket.windowStart = this.#revision;
    }
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

  get(key: string): T | undefined { return this.#buckets.get(prefixOf(key))?.entries.get(key); }

  /** Entries under `prefix` (a resource prefix, or one followed by a namespace) after key `after`, in key order. */
  *list(prefix: string, after?: string): Generator<T> {
    const bucket = this.#buckets.get(prefixOf(prefix));
    if (!bucket) return;
    // Keys may move while the caller awaits; the generator is consumed synchronously by contract.
    for (const key of bucket.keys.from(after === undefined || after < prefix ? prefix : `${after}\0`)) {
      if (!key.startsWith(prefix)) return;
      yield bucket.entries.get(key)!;
    }
  }
  /** How many entries `list` has. */
  count(prefix: string, after?: string): number {
    const bucket = this.#buckets.get(prefixOf(prefix));
    if (!bucket) return 0;
    return bucket.keys.before(`${prefix}\uffff`) - bucket.keys.before(after === undefined ? prefix : `${after}\0`);
  }

  /** Calls with every change under a resource's prefix from now on, in the turn in which the cache takes it in; the result stops that. */
  observe(prefix: string, event: (event: CacheEvent<T>) => void): () => void {
    return this.#bucket(prefixOf(prefix)).add({ prefix, event });
  }

  /** Whether anybody is told of changes under a resource's prefix. */
  isWatched(prefix: string): boolean { return (this.#buckets.get(prefix)?.watchers.size ?? 0) > 0; }

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
   * @throws Compacted when the store no longer knows `from`
   */
  async watch(prefix: string, from: number, limit: number, scope: WatchScope = {}): Promise<AsyncQueue<CacheEvent<T> | number>> {
    let remove: (() => void) | undefined;
    const bucket = this.#bucket(prefixOf(prefix));
    const queue = new AsyncQueue<CacheEvent<T> | number>({ limit, onEnd: () => remove?.() });
    const past: CacheEvent<T>[] = [];
    let start = from;
    while (start < bucket.windowStart) {
      const target = bucket.windowStart;
      past.push(...(await this.#past(prefix, start, target)));
      start = target;
    }
    // From here to the registration nothing may be awaited: an event between the two would be lost.
    for (const event of bucket.window) if (event.revision > start) past.push(event);
    for (const event of past) if (keyOfEvent(event).startsWith(prefix)) queue.push(event);
    const overflow = (): void => { if (queue.ended) this.#log.info({ prefix }, 'a slow watcher was ended'); };
    if (!queue.ended) remove = bucket.add({ prefix, event: (event) => { if (event.revision > from && !queue.push(event)) overflow(); } }, scope);
    return queue;
  }

  /** Events after `from` up to `target`, older than the window, read back from the store's log. */
  async #past(prefix: string, from: number, target: number): Promise<CacheEvent<T>[]> {
    const events: CacheEvent<T>[] = [];
    const stop = new AbortController();
    try {
      for await (const batch of this.#store.watch(prefix, from, stop.signal)) {
        for (const event of batch.events) if (revisionOf(event) <= target) events.push(this.#convert(event));
        if (batch.revision >= target) break;
      }
    } finally {
      stop.abort();
    }
    return events;
  }

  #convert(event: StoreEvent): CacheEvent<T> {
    if (event.type === 'put') return { revision: event.entry.revision, current: this.#decode(event.entry), ...(event.previous ? { previous: this.#decode(event.previous) } : {}) };
    return { revision: event.revision, previous: this.#decode(event.previous), deleted: this.#decode({ ...event.previous, revision: event.revision }) };
  }

  #apply(event: StoreEvent): void {
    const key = event.type === 'put' ? event.entry.key : event.key;
    const bucket = this.#bucket(prefixOf(key));
    const previous = bucket.entries.get(key);
    let change: CacheEvent<T>;
    if (event.type === 'put') {
      const current = this.#decode(event.entry);
      bucket.entries.set(key, current);
      if (!previous) bucket.keys.add(key);
      change = { revision: event.entry.revision, current, ...(previous ? { previous } : {}) };
    } else {
      bucket.entries.delete(key);
      bucket.keys.delete(key);
      change = { revision: event.revision, previous: previous ?? this.#decode(event.previous), deleted: this.#decode({ ...event.previous, revision: event.revision }) };
    }
    bucket.window.push(change);
    bucket.windowBytes += sizeOf(change);
    if (bucket.window.length > windowSize || bucket.windowBytes > windowBytes) {
      // Dropping a quarter at a time keeps the array from shifting at every event.
      const dropped = bucket.window.splice(0, Math.ceil(bucket.window.length / 4));
      bucket.windowStart = dropped.at(-1)!.revision;
      for (const old of dropped) bucket.windowBytes -= sizeOf(old);
    }
    for (const group of this.#groupsOf(bucket, key, change)) {
      for (const watcher of bucket.watchers.get(group) ?? []) if (key.startsWith(watcher.prefix)) watcher.event(change);
    }
  }

  /** Everyone a change concerns: a write must not wake the others, of whom there may be thousands. */
  #groupsOf(bucket: Bucket<T>, key: string, { current, previous }: CacheEvent<T>): Set<string> {
    const groups = new Set([bucket.prefix, key.slice(0, key.lastIndexOf('/') + 1), key]);
    const trigger = this.#triggerOf(bucket.prefix);
    if (trigger) for (const value of [current, previous]) if (value) groups.add(triggered(trigger(value)));
    return groups;
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
    if (!bucket) this.#buckets.set(prefix, (bucket = new Bucket<T>(prefix, this.#start)));
    return bucket;
  }
}

const sizeOf = ({ current, previous }: CacheEvent<{ readonly size: number }>): number => (current ?? previous!).size;
/** `/registry/<group>/<plural>/` of a key or prefix. */
function prefixOf(key: string): string {
  const third = key.indexOf('/', key.indexOf('/', 10) + 1);
  return key.slice(0, third + 1);
}
const revisionOf = (event: StoreEvent): number => (event.type === 'put' ? event.entry.revision : event.revision);
const keyOfEvent = <T extends { key: string }>(event: CacheEvent<T>): string => (event.current ?? event.previous)!.key;
