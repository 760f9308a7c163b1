// Keeps every object of the store in memory and fans the store's one ordered stream of changes out to watchers. Reads never
// touch the disk; a write is visible here before it is acknowledged. (upstream: apiserver storage/cacher)
import type { Log } from '../../src/util/log.ts';
import { AsyncQueue } from '../../src/util/async-queue.ts';
import { Past } from './past.ts';
import { SortedKeys } from './sorted-keys.ts';
import { Compacted, type Entry, type Store, type StoreEvent } from './store.ts';

/** A change of one key, as watchers get it. `current` is absent for deletes, `previous` for creations. */
export interface CacheEvent<T> { readonly revision: number; readonly current?: T; readonly previous?: T; /** Delete: what the last state looks like at the delete's revision. */ readonly deleted?: T; /** What the resource's trigger says of the states after and before, where it has one. */ readonly triggers?: readonly string[] }

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
  /** What was before the window. */
  readonly past: Past<CacheEvent<T>>;
  constructor(prefix: string, revision: number, past: Past<CacheEvent<T>>) {
    this.prefix = prefix;
    this.windowStart = revision;
    this.past = past;
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
    const concerned = (event: CacheEvent<T>): boolean => keyOfEvent(event).startsWith(prefix) && concerns(event, scope);
    let start = from;
    while (start < bucket.windowStart) {
      const target = bucket.windowStart;
      const events = await bucket.past.events(start, target);
      if (events) past.push(...events.filter(concerned));
      else for await (const batch of this.#read(scope.key ?? prefix, start, target)) past.push(...batch.filter(concerned));
      start = target;
    }
    // From here to the registration nothing may be awaited: an event between the two would be lost.
    for (const event of bucket.window) if (event.revision > start && concerned(event)) past.push(event);
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
        if (revision >= to) break;
      }
    } finally {
      stop.abort();
    }
  }

  /** `previous` is the state before where somebody holds it already. */
  #change(event: StoreEvent, previous = event.previous && this.#decode(event.previous)): CacheEvent<T> {
    const trigger = this.#triggerOf(prefixOf(keyOf(event)));
    if (event.type === 'put') {
      const current = this.#decode(event.entry);
      return { revision: event.entry.revision, current, ...(previous ? { previous } : {}), ...(trigger ? { triggers: previous ? [trigger(current), trigger(previous)] : [trigger(current)] } : {}) };
    }
    return { revision: event.revision, previous: previous!, deleted: this.#decode({ ...event.previous, revision: event.revision }), ...(trigger ? { triggers: [trigger(previous!)] } : {}) };
  }

  #apply(event: StoreEvent): void {
    const key = keyOf(event);
    const bucket = this.#bucket(prefixOf(key));
    const change = this.#change(event, bucket.entries.get(key));
    if (change.current) {
      bucket.entries.set(key, change.current);
      if (!change.previous) bucket.keys.add(key);
    } else {
      bucket.entries.delete(key);
      bucket.keys.delete(key);
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
  #groupsOf(bucket: Bucket<T>, key: string, { triggers = [] }: CacheEvent<T>): Set<string> {
    return new Set([bucket.prefix, key.slice(0, key.lastIndexOf('/') + 1), key, ...triggers.map(triggered)]);
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
    if (!bucket) this.#buckets.set(prefix, (bucket = new Bucket<T>(prefix, this.#start, new Past((from, to) => this.#read(prefix, from, to), sizeOf))));
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
const keyOf = (event: StoreEvent): string => (event.type === 'put' ? event.entry.key : event.key);
const keyOfEvent = <T extends { key: string }>(event: CacheEvent<T>): string => (event.current ?? event.previous)!.key;
/** Whether who watches with this scope is told of it. */
const concerns = <T extends { key: string }>(event: CacheEvent<T>, { key, trigger }: WatchScope): boolean => (key === undefined || keyOfEvent(event) === key) && (trigger === undefined || event.triggers?.includes(trigger) === true);
