// The embedded store's three lmdb tables and the only code that speaks to lmdb: `log` (revision → row), `current`
// (key → its latest revision, deletes included until they are compacted) and `meta`.
import { open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import { open, type Database, type PutOptions, type RootDatabase } from 'lmdb';
import { StorageUnavailable } from '../store.ts';
import { decodeLatest, decodeRow, encodeLatest, encodeRevision, encodeRow, readRevision, type Latest, type Row } from './rows.ts';
import { WriteStatus } from './write-status.ts';

/** The file in the data directory that is the store; a backup is a copy of it. */
export const DATA_FILE = 'store.mdb';
const FORMAT = 1;

type Table = Database<Buffer, Uint8Array>;
interface Opened { readonly root: RootDatabase<Buffer, Uint8Array>; readonly status: WriteStatus; readonly log: Table; readonly current: Table; readonly meta: Table }

/** For keys that only grow: they fill their pages, where lmdb would leave each one half empty behind. */
const appended: PutOptions = { append: true };

/** What one transaction changes. */
export interface Change {
  /** Each revision is larger than all in the log. */
  readonly put?: readonly { readonly revision: number; readonly row: Row }[];
  readonly forget?: { readonly revisions: readonly number[]; readonly keys: readonly Uint8Array[] };
  /** History before this revision is no longer offered. */
  readonly compacted?: number;
  /** Superseded rows are removed up to this revision. */
  readonly swept?: number;
}

export class Tables {
  readonly #file: string;
  #opened: Opened | undefined;

  private constructor(file: string, opened: Opened) {
    this.#file = file;
    this.#opened = opened;
  }

  /** @throws Error when the file is no store or another version of the software wrote it. */
  static async open(dir: string): Promise<Tables> {
    const file = join(dir, DATA_FILE);
    await checkFile(file);
    const tables = new Tables(file, await openTables(file));
    try {
      const found = tables.#number('format');
      if (found === 0) await tables.#transaction(({ meta }) => { void meta.put(Buffer.from('format'), encodeRevision(FORMAT)); return []; });
      else if (found !== FORMAT) throw new Error(`the store ${file} has format ${found}; this version reads format ${FORMAT}`);
      return tables;
    } catch (error) {
      await tables.close();
      throw error;
    }
  }

  get compacted(): number { return this.#number('compacted'); }
  get swept(): number { return this.#number('swept'); }
  lastRevision(): number {
    for (const key of this.#readable().log.getKeys({ reverse: true, limit: 1 })) return readRevision(key);
    return 0;
  }
  row(revision: number): Row | undefined {
    const bytes = this.#read('log', encodeRevision(revision));
    return bytes && decodeRow(bytes);
  }
  latest(key: string | Uint8Array): Latest | undefined {
    const bytes = this.#read('current', typeof key === 'string' ? Buffer.from(key) : key);
    return bytes && decodeLatest(bytes);
  }
  /** The raw rows of `from` < revision <= `to`, in order. */
  *rows(from: number, to: number): Generator<{ revision: number; bytes: Buffer }> {
    for (const { key, value } of this.#readable().log.getRange({ start: encodeRevision(from + 1), end: encodeRevision(to + 1) })) {
      yield { revision: readRevision(key), bytes: value };
    }
  }
  /** The latest state of the keys in [start, end), in byte order. */
  *keys(start: Uint8Array, end: Uint8Array | undefined): Generator<Latest> {
    // lmdb has no empty key; the smallest is one zero byte.
    const range = { start: start.length === 0 ? Buffer.alloc(1) : start };
    for (const { value } of this.#readable().current.getRange(end ? { ...range, end } : range)) yield decodeLatest(value);
  }

  /** One transaction, resolved when it is on disk. Rejects when it failed. */
  commit(change: Change): Promise<void> {
    return this.#transaction(({ log, current, meta }) => {
      const appends: Promise<boolean>[] = [];
      for (const { revision, row } of change.put ?? []) {
        appends.push(append(log, encodeRevision(revision), encodeRow(row)));
        void current.put(Buffer.from(row.key), encodeLatest({ revision, created: row.value ? row.created : 0 }));
      }
      for (const revision of change.forget?.revisions ?? []) void log.remove(encodeRevision(revision));
      for (const key of change.forget?.keys ?? []) void current.remove(key);
      if (change.compacted !== undefined) void meta.put(Buffer.from('compacted'), encodeRevision(change.compacted));
      if (change.swept !== undefined) void meta.put(Buffer.from('swept'), encodeRevision(change.swept));
      return appends;
    });
  }

  /**
   * After a failed transaction: lmdb goes on after a full disk, but once it could not write its root page it refuses
   * everything until it is opened again. Whether that last transaction took effect shows only then.
   */
  async recover(): Promise<void> {
    try {
      // A read transaction from before would still answer.
      this.#tables().root.resetReadTxn();
      this.#readable();
    } catch {
      await this.reopen();
    }
  }
  /** Pages of the file that were read count as this process' memory for as long as it is mapped. */
  async reopen(): Promise<void> {
    await this.close();
    this.#opened = await openTables(this.#file);
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.root.close();
  }

  #tables(): Opened {
    if (!this.#opened) throw new StorageUnavailable(`the store ${this.#file} is not open`);
    return this.#opened;
  }

  /** In an lmdb that has given up a range is silently empty; a single read throws, so one goes first. */
  #readable(): Opened {
    if (this.#number('format') === 0) throw new StorageUnavailable(`the store ${this.#file} cannot be read`);
    return this.#tables();
  }

  #read(table: 'log' | 'current' | 'meta', key: Uint8Array): Buffer | undefined {
    const { [table]: from } = this.#tables();
    try {
      return from.getBinaryFast(key);
    } catch (error) {
      throw new StorageUnavailable(`the store ${this.#file} cannot be read: ${(error as Error).message}`, { cause: error });
    }
  }

  #number(name: string): number {
    const bytes = this.#read('meta', Buffer.from(name));
    return bytes ? readRevision(bytes) : 0;
  }

  /** Inside a batch lmdb's promises are settled already; only the batch's counts, and those of conditional writes, which `change` answers. */
  async #transaction(change: (tables: Opened) => readonly Promise<boolean>[]): Promise<void> {
    const tables = this.#tables();
    tables.status.reset();
    let conditional: readonly Promise<boolean>[] = [];
    try {
      const written = tables.root.batch(() => { conditional = change(tables); });
      const [, ...held] = await Promise.all([written, ...conditional]);
      if (held.includes(false)) throw new Error('a revision is not larger than those in the log');
    } catch (error) {
      throw tables.status.cause(error as Error);
    }
  }
}

/** lmdb's types know no options here. */
const append = (table: Table, key: Buffer, value: Buffer): Promise<boolean> => (table.put as unknown as (key: Buffer, value: Buffer, options: PutOptions) => Promise<boolean>).call(table, key, value, appended);

const binary = { encoding: 'binary', keyEncoding: 'binary' } as const;
/** Address space, not memory; lmdb grows it when the data does. */
const mapped = { noSubdir: true, maxDbs: 4, maxReaders: 16, mapSize: 16 * 1024 ** 3 } as const;

/** Writes the store of `dir` as it is at one moment to `file`, without the room that is free in it, while another process works on it. */
export async function copyTables(dir: string, file: string): Promise<void> {
  const root = open({ ...binary, ...mapped, path: join(dir, DATA_FILE), readOnly: true });
  try {
    await root.backup(file, true);
  } finally {
    await root.close();
  }
}

async function openTables(file: string): Promise<Opened> {
  const options = {
    ...binary, ...mapped,
    path: file,
    // A put resolves after fdatasync, not before.
    overlappingSync: false,
    // Every transaction is one explicit `batch`.
    eventTurnBatching: false,
    permissionsMode: 0o600,
  };
  const root = open<Buffer, Uint8Array>(options);
  const status = new WriteStatus();
  status.watch(root);
  try {
    const table = (name: string): Table => root.openDB<Buffer, Uint8Array>({ ...binary, name });
    return { root, status, log: table('log'), current: table('current'), meta: table('meta') };
  } catch (error) {
    await root.close();
    throw error;
  }
}

/** lmdb takes the whole process down with it when it opens a file that is not its own. */
async function checkFile(path: string): Promise<void> {
  const file = await openFile(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(32), 0, 32, 0);
    if (bytesRead === 0) return;
    const { size } = await file.stat();
    // The first of two root pages: 24 bytes of page header, a magic number, a version.
    if (size < 8192 || buffer.readUInt32LE(24) !== 0xbeefc0de || buffer.readUInt32LE(28) !== 2) throw new Error(`${path} is not a store`);
  } finally {
    await file.close();
  }
}
