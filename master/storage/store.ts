// The store's contract: an ordered key space with one revision counter, single-key compare-and-swap and watches.
// Every implementation passes test/contract/store.ts. (shape: k3s-io/kine pkg/server/types.go)

/**
 * `revision` is the one that last wrote the key, `created` the one that created it. Values are opaque and must not be
 * modified, neither by a reader nor by the writer after it handed them over: a watch may share a writer's bytes.
 */
export interface Entry { readonly key: string; readonly value: Uint8Array; readonly revision: number; readonly created: number }

export type StoreEvent =
  | { readonly type: 'put'; readonly entry: Entry; readonly previous?: Entry }
  /** `revision` is the delete's own; `previous` the last value. */
  | { readonly type: 'delete'; readonly key: string; readonly revision: number; readonly previous: Entry };

/** One committed batch, in revision order; `revision` is the last one in it (also when `events` is empty: progress). */
export interface WatchBatch { readonly revision: number; readonly events: readonly StoreEvent[] }

export interface ListResult { readonly entries: readonly Entry[]; /** The revision the list is true at. */ readonly revision: number; readonly more: boolean }

export interface Store {
  /** The latest committed revision; 0 in an empty store. Revisions may skip, but never repeat or go back. */
  revision(): Promise<number>;
  get(key: string): Promise<Entry | undefined>;
  /**
   * Keys with `prefix` in byte order; `after` excludes keys up to and including it; `revision` lists the past. One page is
   * read in one go: whoever reads many thousands of keys pages with `limit` and the first page's revision.
   * @throws Compacted when `revision` is no longer kept, RangeError when it has not happened yet
   */
  list(prefix: string, options?: { limit?: number; after?: string; revision?: number }): Promise<ListResult>;
  /**
   * Resolves once durable, with the new revision. Keys are 1 to 1,024 bytes long.
   * @throws KeyExists; and like every write StorageUnavailable when it could not be made durable
   */
  create(key: string, value: Uint8Array): Promise<number>;
  /** @throws RevisionMismatch when the key's revision is not `expected` or the key is absent */
  update(key: string, value: Uint8Array, expected: number): Promise<number>;
  /** @throws RevisionMismatch likewise */
  delete(key: string, expected: number): Promise<number>;
  /**
   * Batches of events after revision `from`, in revision order, never twice, only after they are durable, and before the
   * promise of the write that caused them resolves. Batches without events follow commits that touch no key with `prefix`,
   * soon but not for each, and in order with the others: whoever waits for a revision sees it pass. Ends when `signal`
   * aborts or the store closes; a reader that falls too far behind is ended with SlowWatcher.
   * @throws Compacted (from the iteration) when `from` is older than what is kept
   */
  watch(prefix: string, from: number, signal: AbortSignal): AsyncIterable<WatchBatch>;
  /** Forgets superseded values up to `revision` (at most the latest): the past before it can no longer be listed or watched. */
  compact(revision: number): Promise<void>;
  /** Gives back the memory that reading much of the store has taken. Whoever reads while it does may be told StorageUnavailable. */
  relax(): Promise<void>;
  /** Lets the writes under way finish and ends the watches; later writes are rejected with StorageUnavailable. */
  close(): Promise<void>;
}

export const MAX_KEY_BYTES = 1024;

export class KeyExists extends Error {
  readonly key: string;
  constructor(key: string) {
    super(`key exists: ${key}`);
    this.key = key;
  }
}
/** `actual` is undefined when the key is absent. */
export class RevisionMismatch extends Error {
  readonly key: string;
  readonly actual: number | undefined;
  constructor(key: string, expected: number, actual: number | undefined) {
    super(`revision of ${key} is ${actual ?? 'none'}, expected ${expected}`);
    this.key = key;
    this.actual = actual;
  }
}
export class Compacted extends Error {
  readonly oldest: number;
  constructor(revision: number, oldest: number) {
    super(`revision ${revision} has been compacted; the oldest kept is ${oldest}`);
    this.oldest = oldest;
  }
}
export class SlowWatcher extends Error {
  constructor(prefix: string) {
    super(`the watch of ${prefix} fell too far behind`);
  }
}
/** The store cannot write (disk full, disk error, closed). Reads may go on; a later write may succeed. */
export class StorageUnavailable extends Error {}
