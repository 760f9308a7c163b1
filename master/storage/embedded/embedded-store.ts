// The store inside the master's process, on lmdb: the log is the database, a revision is a row.
import { mkdir, statfs } from 'node:fs/promises';
import { realClock, type Clock } from '../../../src/util/clock.ts';
import { silentLog, type Log } from '../../../src/util/log.ts';
import { checkKey, owned, type Write } from '../precondition.ts';
import { Compacted, StorageUnavailable, type Entry, type ListResult, type Store, type StoreEvent, type WatchBatch } from '../store.ts';
import { WatchHub } from '../watch-hub.ts';
import { CommitQueue, type Committed } from './commit-queue.ts';
import { lockDir } from './dir-lock.ts';
import { decodeHead, decodeRow, prefixEnd, type Latest, type Row } from './rows.ts';
import { Tables } from './tables.ts';

export interface EmbeddedStoreOptions {
  readonly clock?: Clock;
  /** How many events may wait for one watcher before it is ended. */
  readonly watchLimit?: number;
  /** Hears once when writes begin to fail, and once when they succeed again. */
  readonly log?: Log;
}

/** One stretch of a replay: so many rows, or so many bytes of values. */
const REPLAY_ROWS = 1000;
const REPLAY_BYTES = 1 << 20;
/** Rows looked at for one transaction of a compaction; writes go between them. */
const SWEEP_ROWS = 1000;
const FULL_BYTES = 1 << 20;

/**
 * Opens (or makes) the store in `dir` and locks the directory until `close`.
 * @throws Error in one line when the directory is in use or holds another format
 */
export async function openEmbeddedStore(dir: string, options: EmbeddedStoreOptions = {}): Promise<Store> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const lock = await lockDir(dir);
  try {
    return new EmbeddedStore(dir, await Tables.open(dir), lock, options);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

class EmbeddedStore implements Store {
  readonly #dir: string;
  readonly #tables: Tables;
  readonly #lock: { release(): Promise<void> };
  readonly #queue: CommitQueue;
  readonly #hub: WatchHub;
  #revision: number;
  #compacted: number;
  #closing: Promise<void> | undefined;
  readonly #log: Log;
  #failing = false;

  constructor(dir: string, tables: Tables, lock: { release(): Promise<void> }, options: EmbeddedStoreOptions) {
    this.#dir = dir;
    this.#tables = tables;
    this.#lock = lock;
    this.#log = options.log ?? silentLog;
    this.#compacted = tables.compacted;
    // The last rows of the log may be compacted deletes that are gone: revisions go on after them all the same.
    this.#revision = Math.max(tables.lastRevision(), this.#compacted);
    this.#hub = new WatchHub(
      { revision: () => this.#revision, replay: (prefix, from) => this.#replay(prefix, from) },
      options.clock ?? realClock, options.watchLimit ?? 4096,
    );
    this.#queue = new CommitQueue({
      tables, revision: this.#revision, committed: (writes, revision) => this.#committed(writes, revision), failed: (error) => this.#failed(error),
    });
  }

  async revision(): Promise<number> { return this.#revision; }

  async get(key: string): Promise<Entry | undefined> {
    this.#checkOpen();
    const latest = this.#tables.latest(key);
    return latest && this.#entryAt(latest, this.#revision);
  }

  async list(prefix: string, options: { limit?: number; after?: string; revision?: number } = {}): Promise<ListResult> {
    this.#checkOpen();
    const revision = options.revision ?? this.#revision;
    if (revision < this.#compacted) throw new Compacted(revision, this.#compacted);
    if (revision > this.#revision) throw new RangeError(`revision ${revision} is in the future; the latest is ${this.#revision}`);
    const { after, limit = Infinity } = options;
    const first = Buffer.from(prefix);
    const next = after === undefined ? first : Buffer.from(`${after}\0`);
    const entries: Entry[] = [];
    for (const latest of this.#tables.keys(Buffer.compare(next, first) > 0 ? next : first, prefixEnd(first))) {
      if (latest.created === 0 && latest.revision <= revision) continue;
      const entry = this.#entryAt(latest, revision);
      if (!entry) continue;
      if (entries.length >= limit) return { entries, revision, more: true };
      entries.push(entry);
    }
    return { entries, revision, more: false };
  }

  create(key: string, value: Uint8Array): Promise<number> { return this.#write({ type: 'create', key, value }); }
  update(key: string, value: Uint8Array, expected: number): Promise<number> { return this.#write({ type: 'update', key, value, expected }); }
  delete(key: string, expected: number): Promise<number> { return this.#write({ type: 'delete', key, expected }); }

  watch(prefix: string, from: number, signal: AbortSignal): AsyncIterable<WatchBatch> { return this.#hub.watch(prefix, from, signal); }

  async compact(revision: number): Promise<void> {
    this.#checkOpen();
    const upTo = Math.min(revision, this.#revision);
    if (upTo <= this.#tables.swept) return;
    // First nobody may ask for the past, then it goes; a sweep cut short is taken up by the next one.
    this.#compacted = Math.max(this.#compacted, upTo);
    let swept: number;
    do {
      swept = await this.#queue.exclusive(() => this.#sweep());
    } while (swept < upTo);
  }

  async relax(): Promise<void> {
    this.#checkOpen();
    await this.#queue.exclusive(() => this.#tables.reopen());
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#queue.close();
      this.#hub.end();
      await this.#tables.close();
      await this.#lock.release();
    })();
    return this.#closing;
  }

  /** Not `async`: the writer's promise is settled by the queue itself, after the watchers' (see watch-hub.ts). */
  #write(write: Write): Promise<number> {
    try {
      checkKey(write.key);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    return this.#queue.submit(write);
  }

  #committed(writes: readonly Committed[], revision: number): void {
    if (this.#failing) this.#log.info({ dir: this.#dir }, 'the store writes again');
    this.#failing = false;
    this.#publish(writes, revision);
  }

  #publish(writes: readonly Committed[], revision: number): void {
    this.#revision = revision;
    const events: StoreEvent[] = [];
    for (const { row, revision: own } of writes) {
      if (!this.#hub.wants(row.key)) continue;
      events.push(this.#event(own, row.value ? { ...row, value: owned(row.value) } : row));
    }
    this.#hub.publish({ revision, events });
  }

  #event(revision: number, row: Row): StoreEvent {
    const before = row.previous === 0 ? undefined : this.#tables.row(row.previous);
    const previous = before?.value ? { key: row.key, value: before.value, revision: row.previous, created: before.created } : undefined;
    if (!row.value) return { type: 'delete', key: row.key, revision, previous: previous! };
    const entry = { key: row.key, value: row.value, revision, created: row.created };
    return previous ? { type: 'put', entry, previous } : { type: 'put', entry };
  }

  /** The key's value at `revision`: lmdb may already show a commit that is not published yet, and a list may ask for the past. */
  #entryAt(latest: Latest, revision: number): Entry | undefined {
    let at = latest.revision;
    let row = this.#tables.row(at);
    while (row && at > revision) {
      at = row.previous;
      row = at === 0 ? undefined : this.#tables.row(at);
    }
    return row?.value ? { key: row.key, value: row.value, revision: at, created: row.created } : undefined;
  }

  #replay(prefix: string, from: number): WatchBatch {
    if (from < this.#compacted) throw new Compacted(from, this.#compacted);
    const wanted = Buffer.from(prefix);
    const events: StoreEvent[] = [];
    let rows = 0;
    let size = 0;
    for (const { revision, bytes } of this.#tables.rows(from, this.#revision)) {
      const { key } = decodeHead(bytes);
      if (key.length >= wanted.length && Buffer.compare(key.subarray(0, wanted.length), wanted) === 0) {
        events.push(this.#event(revision, decodeRow(bytes)));
      }
      size += bytes.length;
      if (++rows === REPLAY_ROWS || size > REPLAY_BYTES) return { revision, events };
    }
    return { revision: this.#revision, events };
  }

  /** Plans and commits one step of a compaction: removes what the rows after `swept` superseded. Returns how far it got. */
  async #sweep(): Promise<number> {
    const compacted = this.#compacted;
    const forget = { revisions: [] as number[], keys: [] as Uint8Array[] };
    let swept = compacted;
    let rows = 0;
    for (const { revision, bytes } of this.#tables.rows(this.#tables.swept, compacted)) {
      const { deleted, previous, key } = decodeHead(bytes);
      if (previous !== 0) forget.revisions.push(previous);
      if (deleted) {
        forget.revisions.push(revision);
        if (this.#tables.latest(key)?.revision === revision) forget.keys.push(key);
      }
      if (++rows === SWEEP_ROWS) { swept = revision; break; }
    }
    await this.#tables.commit({ forget, compacted, swept });
    return swept;
  }

  /** After a failed transaction: makes the tables usable again, if it can, and says what the writers are told. */
  async #failed(error: unknown): Promise<StorageUnavailable> {
    try {
      await this.#tables.recover();
      // In doubt is not undone: if the transaction is there after all, the watchers hear of it.
      const revision = this.#tables.lastRevision();
      const landed = [...this.#tables.rows(this.#revision, revision)].map((row) => ({ revision: row.revision, row: decodeRow(row.bytes) }));
      if (landed.length > 0) this.#publish(landed, revision);
    } catch (again) {
      error = new AggregateError([error, again], (error as Error).message);
    }
    const disk = await statfs(this.#dir).catch(() => undefined);
    const full = disk !== undefined && disk.bavail * disk.bsize < FULL_BYTES;
    const reason = full ? 'no space left on the disk' : (error as Error).message;
    // Every writer is told; the log is not filled with it, which is likely on the same disk.
    if (!this.#failing) this.#log.error({ dir: this.#dir, reason, error }, 'the store cannot write: reads go on, writes fail until it can');
    this.#failing = true;
    return new StorageUnavailable(`the store in ${this.#dir} cannot write: ${reason}`, { cause: error });
  }

  #checkOpen(): void {
    if (this.#closing) throw new StorageUnavailable('the store is closed');
  }
}
