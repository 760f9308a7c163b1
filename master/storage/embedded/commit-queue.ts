// Group commit: all writes that wait are judged in order, get their revisions and share one transaction; one
// transaction is under way at a time, so what lmdb shows when a batch is judged is the whole truth before it.
import { setImmediate as turn } from 'node:timers/promises';
import { violation, type Write } from '../precondition.ts';
import { StorageUnavailable } from '../store.ts';
import type { Latest, Row } from './rows.ts';
import type { Tables } from './tables.ts';

export interface Committed { readonly revision: number; readonly row: Row }

interface Waiting { readonly write: Write; resolve(revision: number): void; reject(error: Error): void }

/** One transaction takes at most so many writes, and no further one after so many bytes of values. */
const BATCH_WRITES = 1000;
const BATCH_BYTES = 8 << 20;

export class CommitQueue {
  readonly #tables: Tables;
  readonly #committed: (writes: readonly Committed[], revision: number) => void;
  readonly #failed: (error: unknown) => Promise<StorageUnavailable>;
  /** The last revision given out, also to writes that failed. */
  #given: number;
  #waiting: Waiting[] = [];
  readonly #steps: (() => Promise<void>)[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: {
    tables: Tables;
    revision: number;
    /** Called after a commit is durable and before its writers hear of it. */
    committed: (writes: readonly Committed[], revision: number) => void;
    /** Called after a commit failed, before the next begins; its result is what the writers are told. */
    failed: (error: unknown) => Promise<StorageUnavailable>;
  }) {
    this.#tables = options.tables;
    this.#given = options.revision;
    this.#committed = options.committed;
    this.#failed = options.failed;
  }

  submit(write: Write): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new StorageUnavailable('the store is closed'));
      this.#waiting.push({ write, resolve, reject });
      this.#start();
    });
  }

  /** Runs `step` while no other transaction is under way. */
  exclusive<T>(step: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new StorageUnavailable('the store is closed'));
      this.#steps.push(() => step().then(resolve, async (error: unknown) => reject(await this.#failed(error))));
      this.#start();
    });
  }

  /** Finishes what waits; takes nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  #start(): void {
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    for (;;) {
      // Everyone whom the last commit woke, and every request of this turn of the event loop, joins the next one.
      await turn();
      if (this.#waiting.length > 0) await this.#commit(this.#take());
      const step = this.#steps.shift();
      if (step) await step();
      else if (this.#waiting.length === 0) {
        this.#running = undefined;
        return;
      }
    }
  }

  #take(): Waiting[] {
    let size = 0;
    let count = 0;
    for (const { write } of this.#waiting) {
      if (count === BATCH_WRITES || size > BATCH_BYTES) break;
      count++;
      if (write.type !== 'delete') size += write.value.length;
    }
    return this.#waiting.splice(0, count);
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const put: Committed[] = [];
    let outcomes: (() => void)[];
    try {
      outcomes = this.#judge(batch, put);
      if (put.length > 0) await this.#tables.commit({ put });
    } catch (error) {
      // A refusal may rest on a write that was lost with the batch: all of it failed alike.
      const failed = await this.#failed(error);
      for (const { reject } of batch) reject(failed);
      return;
    }
    if (put.length > 0) this.#committed(put, this.#given);
    for (const outcome of outcomes) outcome();
  }

  /** Fills `put` with the writes that may happen; the result tells each writer, once that is durable. */
  #judge(batch: readonly Waiting[], put: Committed[]): (() => void)[] {
    const earlier = new Map<string, Latest>();
    return batch.map(({ write, resolve, reject }) => {
      const latest = earlier.get(write.key) ?? this.#tables.latest(write.key);
      const present = latest && latest.created > 0 ? latest : undefined;
      const failure = violation(write, present?.revision);
      if (failure) return () => reject(failure);
      const revision = ++this.#given;
      const value = write.type === 'delete' ? undefined : write.value;
      const row: Row = { key: write.key, value, created: present?.created ?? revision, previous: latest?.revision ?? 0 };
      earlier.set(write.key, { revision, created: value ? row.created : 0 });
      put.push({ revision, row });
      return () => resolve(revision);
    });
  }
}
