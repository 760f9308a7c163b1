// The store's contract: an ordered key space with one revision counter, single-key compare-and-swap and watches.
// Every implementation passes test/contract/store.ts. (shape: k3s-io/kine pkg/server/types.go)

/** `revision` is the one that last wrote the key, `created` the one that created it. Values are opaque and must not be modified. */
export interface Entry { readonly key: string; readonly value: Uint8Array; readonly revision: number; readonly created: number }

export type StoreEvent =
  | { readonly type: 'put'; readonly entry: Entry; readonly previous?: Entry }
  /** `revision` is the delete's own; `previous` the last value. */
  | { readonly type: 'delete'; readonly key: string; readonly revision: number; readonly previous: Entry };

/** One committed batch, in revision order; `revision` is the last one in it (also when `events` is empty: progress). */
export interface WatchBatch { readonly revision: number; readonly events: readonly StoreEvent[] }

export interface ListResult { readonly entries: readonly Entry[]; /** The revision the list is true at. */ readonly revision: number; readonly more: boolean }

export interface Store {
  /** The latest committed revision. */
  revision(): Promise<number>;
  get(key: string): Promise<Entry | undefined>;
  /**
   * Keys with `prefix` in byte order; `after` excludes keys up to and including it; `revision` lists the past.
   * @throws Compacted when `revision` is no longer kept
   */
  list(prefix: string, options?: { limit?: number; after?: string; revision?: number }): Promise<ListResult>;
  /** Resolves once durable, with the new revision. @throws KeyExists */
  create(key: string, value: Uint8Array): Promise<number>;
  /** @throws RevisionMismatch when the key's revision is not `expected` or the key is absent */
  update(key: string, value: Uint8Array, expected: number): Promise<number>;
  /** @throws RevisionMismatch likewise */
  delete(key: string, expected: number): Promise<number>;
  /**
   * Batches of events after revision `from`, in revision order, never twice, only after they are durable, and before the
   * promise of the write that caused them resolves. Ends when `signal` aborts; a reader that falls too far behind is ended with SlowWatcher.
   * @throws Compacted when `from` is older than what is kept
   */
  watch(prefix: string, from: number, signal: AbortSignal): AsyncIterable<WatchBatch>;
  /** Forgets superseded values up to `revision`. */
  compact(revision: number): Promise<void>;
  /** Writes a consistent copy while the store is in use. */
  backup(file: string): Promise<void>;
  close(): Promise<void>;
}

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
export class SlowWatcher extends Error {}
