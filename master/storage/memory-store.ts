// A store that keeps nothing: the whole contract in memory, for fast tests.
import { realClock, type Clock } from '../../src/util/clock.ts';
import { checkKey, owned, violation, type Write } from './precondition.ts';
import { Compacted, StorageUnavailable, type Entry, type ListResult, type Store, type StoreEvent, type WatchBatch } from './store.ts';
import { WatchHub } from './watch-hub.ts';

/** One write: `value` is undefined for a delete; `previous` leads into the key's past, as far as it is kept. */
interface Row { readonly key: string; readonly value: Uint8Array | undefined; readonly revision: number; readonly created: number; previous: Row | undefined }

export interface MemoryStoreOptions {
  readonly clock?: Clock;
  /** How many events may wait for one watcher before it is ended. */
  readonly watchLimit?: number;
}

const REPLAY_ROWS = 1000;

const entryOf = (row: Row): Entry => ({ key: row.key, value: row.value!, revision: row.revision, created: row.created });
const live = (row: Row | undefined): Entry | undefined => (row?.value ? entryOf(row) : undefined);

function eventOf(row: Row): StoreEvent {
  const previous = live(row.previous);
  if (!row.value) return { type: 'delete', key: row.key, revision: row.revision, previous: previous! };
  return previous ? { type: 'put', entry: entryOf(row), previous } : { type: 'put', entry: entryOf(row) };
}

export class MemoryStore implements Store {
  #revision = 0;
  #compacted = 0;
  #closed = false;
  #log: Row[] = [];
  readonly #current = new Map<string, Row>();
  /** Keys in byte order, made when a list needs it. */
  #sorted: string[] | undefined;
  readonly #hub: WatchHub;

  constructor(options: MemoryStoreOptions = {}) {
    this.#hub = new WatchHub(
      { revision: () => this.#revision, replay: (prefix, from) => this.#replay(prefix, from) },
      options.clock ?? realClock, options.watchLimit ?? 4096,
    );
  }

  async revision(): Promise<number> { return this.#revision; }

  async get(key: string): Promise<Entry | undefined> { return live(this.#current.get(key)); }

  async list(prefix: string, options: { limit?: number; after?: string; revision?: number } = {}): Promise<ListResult> {
    const revision = options.revision ?? this.#revision;
    if (revision < this.#compacted) throw new Compacted(revision, this.#compacted);
    if (revision > this.#revision) throw new RangeError(`revision ${revision} is in the future; the latest is ${this.#revision}`);
    const { after, limit = Infinity } = options;
    const entries: Entry[] = [];
    this.#sorted ??= [...this.#current.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const key of this.#sorted) {
      if (!key.startsWith(prefix)) continue;
      if (after !== undefined && Buffer.compare(Buffer.from(key), Buffer.from(after)) <= 0) continue;
      let row = this.#current.get(key);
      while (row && row.revision > revision) row = row.previous;
      const entry = live(row);
      if (!entry) continue;
      if (entries.length >= limit) return { entries, revision, more: true };
      entries.push(entry);
    }
    return { entries, revision, more: false };
  }

  async create(key: string, value: Uint8Array): Promise<number> { return this.#write({ type: 'create', key, value }); }
  async update(key: string, value: Uint8Array, expected: number): Promise<number> { return this.#write({ type: 'update', key, value, expected }); }
  async delete(key: string, expected: number): Promise<number> { return this.#write({ type: 'delete', key, expected }); }

  watch(prefix: string, from: number, signal: AbortSignal): AsyncIterable<WatchBatch> { return this.#hub.watch(prefix, from, signal); }

  async compact(revision: number): Promise<void> {
    if (this.#closed) throw new StorageUnavailable('the store is closed');
    const upTo = Math.min(revision, this.#revision);
    if (upTo <= this.#compacted) return;
    this.#compacted = upTo;
    for (const [key, latest] of this.#current) {
      let kept = latest;
      while (kept.revision > upTo && kept.previous) kept = kept.previous;
      if (kept.revision > upTo) continue;
      kept.previous = undefined;
      if (kept === latest && !kept.value) this.#current.delete(key);
    }
    this.#log = this.#log.filter((row) => row.revision > upTo);
    this.#sorted = undefined;
  }

  /** All it has is in memory by its nature. */
  relax(): Promise<void> { return this.#closed ? Promise.reject(new StorageUnavailable('the store is closed')) : Promise.resolve(); }

  async close(): Promise<void> {
    this.#closed = true;
    this.#hub.end();
  }

  #write(write: Write): number {
    checkKey(write.key);
    if (this.#closed) throw new StorageUnavailable('the store is closed');
    const latest = this.#current.get(write.key);
    const present = latest?.value ? latest : undefined;
    const failure = violation(write, present?.revision);
    if (failure) throw failure;
    const revision = ++this.#revision;
    const row: Row = {
      key: write.key, value: write.type === 'delete' ? undefined : owned(write.value), revision,
      created: present?.created ?? revision, previous: latest,
    };
    if (!latest) this.#sorted = undefined;
    this.#current.set(write.key, row);
    this.#log.push(row);
    this.#hub.publish({ revision, events: this.#hub.wants(write.key) ? [eventOf(row)] : [] });
    return revision;
  }

  #replay(prefix: string, from: number): WatchBatch {
    if (from < this.#compacted) throw new Compacted(from, this.#compacted);
    let start = 0;
    for (let end = this.#log.length; start < end;) {
      const middle = (start + end) >> 1;
      if (this.#log[middle]!.revision <= from) start = middle + 1;
      else end = middle;
    }
    const rows = this.#log.slice(start, start + REPLAY_ROWS);
    const revision = rows.length === REPLAY_ROWS ? rows.at(-1)!.revision : this.#revision;
    return { revision, events: rows.filter((row) => row.key.startsWith(prefix)).map(eventOf) };
  }
}
