// One resource's part of the watch cache: what there is, in order, the changes of late, and who is told of them.
import type { Past } from './past.ts';
import { SortedKeys } from './sorted-keys.ts';

export interface Cached { readonly key: string; readonly revision: number; /** In bytes. */ readonly size: number }

/** A change of one key, as watchers get it. `current` is absent for deletes, `previous` for creations. */
export interface CacheEvent<T> {
  readonly revision: number;
  readonly current?: T;
  readonly previous?: T;
  /** Delete: what the last state looks like at the delete's revision. */
  readonly deleted?: T;
  /** Where the resource has a trigger, what it says of the states. */
  readonly trigger?: { readonly current?: string; readonly previous?: string };
}

/** Which changes a watcher is told of, beyond the prefix. */
export interface WatchScope {
  /** Of this key alone. */
  readonly key?: string;
  /** Of objects that have, or had before the change, this value of the prefix's trigger. */
  readonly trigger?: string;
}

/** A field of a resource's objects that many select by, each its own value. (upstream: storage.IndexerFuncs, "trigger") */
export type Trigger<T> = (value: T) => string;

interface Watcher<T> {
  readonly prefix: string;
  /** Called in revision order; must not throw or block. */
  event(event: CacheEvent<T>): void;
}

/** Recent events kept, for watches that start in the past; older ones are read back from the store. */
const windowSize = 2048;
/** Of the objects they are about. */
const windowBytes = 1 << 20;

export class Bucket<T extends Cached> {
  readonly prefix: string;
  readonly trigger: Trigger<T> | undefined;
  /** What was before the window. */
  readonly past: Past<CacheEvent<T>>;
  readonly #entries = new Map<string, T>();
  #keys = new SortedKeys();
  /** Keys by the trigger's value. */
  readonly #holders = new Map<string, Set<string>>();
  /** Watchers by what concerns them, so that a change finds its own without asking the others: a prefix, a key, a trigger's value. */
  readonly #watchers = new Map<string, Set<Watcher<T>>>();
  readonly #window: CacheEvent<T>[] = [];
  #windowBytes = 0;
  #windowStart: number;

  constructor(options: { prefix: string; revision: number; trigger: Trigger<T> | undefined; past: Past<CacheEvent<T>> }) {
    this.prefix = options.prefix;
    this.#windowStart = options.revision;
    this.trigger = options.trigger;
    this.past = options.past;
  }

  /** Events after this revision are all in the window. */
  get windowStart(): number { return this.#windowStart; }
  get watched(): boolean { return this.#watchers.size > 0; }
  get(key: string): T | undefined { return this.#entries.get(key); }

  /** What there is to begin with; in order once `loaded` is called. */
  load(value: T): void {
    this.#entries.set(value.key, value);
    if (this.trigger) this.#hold(this.trigger(value), value.key);
  }
  loaded(revision: number): void {
    this.#keys = new SortedKeys([...this.#entries.keys()]);
    this.#windowStart = revision;
  }

  /** In key order, after key `after`; of those whose trigger has a value, where one is given. Nothing may change meanwhile. */
  *list(prefix: string, after?: string, value?: string): Generator<T> {
    const from = after === undefined || after < prefix ? prefix : `${after}\0`;
    for (const key of value === undefined || !this.trigger ? this.#keys.from(from) : this.#heldFrom(from, value)) {
      if (!key.startsWith(prefix)) return;
      yield this.#entries.get(key)!;
    }
  }
  count(prefix: string, after?: string): number { return this.#keys.before(`${prefix}\uffff`) - this.#keys.before(after === undefined ? prefix : `${after}\0`); }
  #heldFrom(from: string, value: string): string[] { return [...(this.#holders.get(value) ?? [])].filter((key) => key >= from).sort(); }
  #hold(value: string, key: string): void {
    const keys = this.#holders.get(value);
    if (keys) keys.add(key);
    else this.#holders.set(value, new Set([key]));
  }
  #letGo(value: string, key: string): void {
    const keys = this.#holders.get(value);
    if (keys?.delete(key) && keys.size === 0) this.#holders.delete(value);
  }

  apply(key: string, change: CacheEvent<T>): void {
    const { current, previous, trigger } = change;
    if (trigger?.previous !== undefined) this.#letGo(trigger.previous, key);
    if (trigger?.current !== undefined) this.#hold(trigger.current, key);
    if (current) {
      this.#entries.set(key, current);
      if (!previous) this.#keys.add(key);
    } else {
      this.#entries.delete(key);
      this.#keys.delete(key);
    }
    this.#remember(change);
    for (const group of this.#groupsOf(key, change)) {
      for (const watcher of this.#watchers.get(group) ?? []) if (key.startsWith(watcher.prefix)) watcher.event(change);
    }
  }
  #remember(change: CacheEvent<T>): void {
    this.#window.push(change);
    this.#windowBytes += sizeOf(change);
    if (this.#window.length <= windowSize && this.#windowBytes <= windowBytes) return;
    // Dropping a quarter at a time keeps the array from shifting at every event.
    const dropped = this.#window.splice(0, Math.ceil(this.#window.length / 4));
    this.#windowStart = dropped.at(-1)!.revision;
    for (const old of dropped) this.#windowBytes -= sizeOf(old);
  }
  /** Everyone a change concerns: a write must not wake the others, of whom there may be thousands. */
  #groupsOf(key: string, { trigger = {} }: CacheEvent<T>): Set<string> {
    return new Set([this.prefix, key.slice(0, key.lastIndexOf('/') + 1), key, ...Object.values(trigger).map(triggered)]);
  }

  /** Events of the window after a revision. */
  recent(from: number): CacheEvent<T>[] { return this.#window.filter(({ revision }) => revision > from); }

  add(watcher: Watcher<T>, { key, trigger }: WatchScope = {}): () => void {
    const group = key ?? (trigger === undefined ? watcher.prefix : triggered(trigger));
    const members = this.#watchers.get(group) ?? new Set();
    this.#watchers.set(group, members.add(watcher));
    return () => {
      members.delete(watcher);
      if (members.size === 0 && this.#watchers.get(group) === members) this.#watchers.delete(group);
    };
  }
}

const triggered = (value: string): string => `=${value}`;
/** The state before is mostly that of another event. */
const sizeOf = ({ current, previous }: CacheEvent<Cached>): number => (current ?? previous!).size;
/** Read back, each event has its own. */
export const sizeOfStates = ({ current, previous }: CacheEvent<Cached>): number => (current?.size ?? 0) + (previous?.size ?? 0);
export const keyOfEvent = ({ current, previous }: CacheEvent<Pick<Cached, 'key'>>): string => (current ?? previous!).key;
/** Whether who watches with this scope is told of it. */
export const concerns = (event: CacheEvent<Cached>, { key, trigger }: WatchScope): boolean => (key === undefined || keyOfEvent(event) === key) && (trigger === undefined || event.trigger?.current === trigger || event.trigger?.previous === trigger);
