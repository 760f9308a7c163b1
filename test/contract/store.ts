// The contract of master/storage/store.ts as tests: each implementation passes all of it.
import { KeyExists, MAX_KEY_BYTES, RevisionMismatch, StorageUnavailable, type Entry, type Store } from '../../master/storage/store.ts';
import { storeHistoryContract } from './store-history.ts';
import { storeWatchContract } from './store-watch.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** Closes the store and opens what it kept. Called only when `durable`. */
  reopen?(): Promise<Store>;
  /** Ends every store it opened. */
  dispose(): Promise<void>;
}
/** An empty store. `watchLimit`: how many events may wait for one watcher. */
export type OpenStore = (options?: { watchLimit?: number }) => Promise<StoreUnderTest>;

export const bytes = (text: string): Buffer => Buffer.from(text);
export const text = (entry: Entry | undefined): string | undefined => entry && Buffer.from(entry.value).toString();
export const times = <T>(n: number, make: (i: number) => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: n }, (_, i) => make(i)));

export function storeContract(name: string, open: OpenStore, options: { durable: boolean }): void {
  describe(`${name}: the store's contract`, () => {
    storePointContract(open, options.durable);
    storeHistoryContract(open);
    storeWatchContract(open);
  });
}

function storePointContract(open: OpenStore, durable: boolean): void {
  let under: StoreUnderTest;
  let store: Store;
  beforeEach(async () => {
    under = await open();
    store = under.store;
  });
  afterEach(() => under.dispose());

  describe('one key', () => {
    it('does not exist before it is created', async () => {
      expect(await store.get('/a')).toBeUndefined();
    });

    it('carries its value, its revision and its creation', async () => {
      const created = await store.create('/a', bytes('1'));
      expect(await store.get('/a')).toMatchObject({ key: '/a', revision: created, created });
      const updated = await store.update('/a', bytes('2'), created);
      expect(updated).toBeGreaterThan(created);
      const entry = await store.get('/a');
      expect(entry).toMatchObject({ key: '/a', revision: updated, created });
      expect(text(entry)).toBe('2');
      expect(await store.revision()).toBe(updated);
    });

    it('is created once', async () => {
      await store.create('/a', bytes('1'));
      const before = await store.revision();
      const failure = store.create('/a', bytes('2'));
      await expect(failure).rejects.toBeInstanceOf(KeyExists);
      await expect(failure).rejects.toMatchObject({ key: '/a' });
      expect(text(await store.get('/a'))).toBe('1');
      expect(await store.revision()).toBe(before);
    });

    it('is gone after a delete and may be created again, as another one', async () => {
      const first = await store.create('/a', bytes('1'));
      const deleted = await store.delete('/a', first);
      expect(deleted).toBeGreaterThan(first);
      expect(await store.get('/a')).toBeUndefined();
      const second = await store.create('/a', bytes('2'));
      expect(second).toBeGreaterThan(deleted);
      expect(await store.get('/a')).toMatchObject({ revision: second, created: second });
    });

    it.each([
      ['update', (revision: number) => store.update('/a', bytes('x'), revision)],
      ['delete', (revision: number) => store.delete('/a', revision)],
    ] as const)('%s demands the expected revision', async (_, write) => {
      await expect(write(1)).rejects.toMatchObject({ key: '/a', actual: undefined });
      const first = await store.create('/a', bytes('1'));
      const second = await store.update('/a', bytes('2'), first);
      for (const stale of [first, second + 1, 0]) {
        const failure = write(stale);
        await expect(failure).rejects.toBeInstanceOf(RevisionMismatch);
        await expect(failure).rejects.toMatchObject({ key: '/a', actual: second });
      }
      expect(text(await store.get('/a'))).toBe('2');
      const deleted = await store.delete('/a', second);
      for (const gone of [second, deleted]) await expect(write(gone)).rejects.toMatchObject({ actual: undefined });
    });

    it.each([
      ['nothing', Buffer.alloc(0)],
      ['every byte', Buffer.from(Array.from({ length: 256 }, (_, i) => i))],
      ['1.5 MiB', Buffer.alloc(3 << 19, 'x')],
    ])('keeps a value of %s', async (_, value) => {
      await store.create('/a', value);
      expect(Buffer.compare((await store.get('/a'))!.value, value)).toBe(0);
      expect(Buffer.compare((await store.list('/')).entries[0]!.value, value)).toBe(0);
    });

    it('may be written from a slice of a larger buffer', async () => {
      const pool = Buffer.from('0123456789');
      await store.create('/a', pool.subarray(2, 5));
      expect(text(await store.get('/a'))).toBe('234');
    });

    it('has a length', async () => {
      const longest = '/'.padEnd(MAX_KEY_BYTES, 'k');
      await store.create(longest, bytes('1'));
      expect(text(await store.get(longest))).toBe('1');
      for (const bad of ['', `${longest}k`, 'é'.repeat(MAX_KEY_BYTES / 2 + 1)]) {
        await expect(store.create(bad, bytes('1'))).rejects.toBeInstanceOf(RangeError);
      }
    });
  });

  describe('concurrent writers', () => {
    it('create a key once', async () => {
      const outcomes = await Promise.allSettled(Array.from({ length: 32 }, (_, i) => store.create('/a', bytes(`${i}`))));
      const won = outcomes.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [{ i, revision: outcome.value }] : []));
      expect(won).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome.status === 'rejected' && outcome.reason instanceof KeyExists)).toHaveLength(31);
      const entry = await store.get('/a');
      expect([text(entry), entry!.revision]).toEqual([`${won[0]!.i}`, won[0]!.revision]);
    });

    it('update a revision once, and the others learn which one won', async () => {
      const first = await store.create('/a', bytes('1'));
      const outcomes = await Promise.allSettled(Array.from({ length: 32 }, (_, i) => (
        i % 2 ? store.update('/a', bytes(`${i}`), first) : store.delete('/a', first)
      )));
      const won = outcomes.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [{ i, revision: outcome.value }] : []));
      expect(won).toHaveLength(1);
      const actual = won[0]!.i % 2 ? won[0]!.revision : undefined;
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ name: 'Error', key: '/a', actual });
      }
      expect((await store.get('/a'))?.revision).toBe(actual);
    });

    it('lose no increment', async () => {
      await store.create('/n', bytes('0'));
      await times(8, async () => {
        for (let done = 0; done < 10;) {
          const entry = (await store.get('/n'))!;
          try {
            await store.update('/n', bytes(`${Number(text(entry)) + 1}`), entry.revision);
            done++;
          } catch (error) {
            expect(error).toBeInstanceOf(RevisionMismatch);
          }
        }
      });
      expect(text(await store.get('/n'))).toBe('80');
    });

    it('get revisions of their own', async () => {
      const revisions = await times(200, (i) => store.create(`/k/${i}`, bytes('v')));
      expect(new Set(revisions).size).toBe(200);
      expect(await store.revision()).toBe(Math.max(...revisions));
    });
  });

  it('takes no write after close, and closes twice', async () => {
    const unfinished = store.create('/a', bytes('1'));
    await store.close();
    await expect(unfinished).resolves.toBeGreaterThan(0);
    await expect(store.create('/b', bytes('1'))).rejects.toBeInstanceOf(StorageUnavailable);
    await expect(store.compact(1)).rejects.toBeInstanceOf(StorageUnavailable);
    await store.close();
  });

  (durable ? it : it.skip)('is there again when it is opened again', async () => {
    const a = await store.create('/a', bytes('1'));
    const b = await store.create('/b', bytes('1'));
    const updated = await store.update('/a', bytes('2'), a);
    const deleted = await store.delete('/b', b);
    const again = await under.reopen!();
    expect(await again.revision()).toBeGreaterThanOrEqual(deleted);
    expect(await again.get('/a')).toMatchObject({ revision: updated, created: a });
    expect(await again.get('/b')).toBeUndefined();
    expect((await again.list('/', { revision: b })).entries.map((entry) => [entry.key, text(entry)])).toEqual([['/a', '1'], ['/b', '1']]);
    expect(await again.create('/b', bytes('3'))).toBeGreaterThan(deleted);
  });

  (durable ? it : it.skip)('does not go back when its last write is compacted and it is opened again', async () => {
    const deleted = await store.delete('/a', await store.create('/a', bytes('1')));
    await store.compact(deleted);
    const again = await under.reopen!();
    expect(await again.revision()).toBeGreaterThanOrEqual(deleted);
    expect(await again.create('/a', bytes('2'))).toBeGreaterThan(deleted);
  });

  it('gives memory back while it is written to and watched', async () => {
    const stop = new AbortController();
    try {
      // Larger than a page.
      const large = Buffer.alloc(100_000, 'l');
      const first = await store.create('/k/large', large);
      const held = (await store.get('/k/large'))!;
      const batches = store.watch('/k/', first, stop.signal)[Symbol.asyncIterator]();
      // One that has caught up is told of what is written, and reads nothing.
      const begun = batches.next();
      await store.create('/k/begin', bytes('v'));
      await begun;
      const writes = (from: number): Promise<number>[] => Array.from({ length: 50 }, (_, i) => store.create(`/k/${from + i}`, bytes('v')));
      await Promise.all([...writes(0), store.relax(), ...writes(50)]);
      const seen = new Set<string>();
      while (seen.size < 100) for (const event of (await batches.next()).value?.events ?? []) seen.add(event.type === 'put' ? event.entry.key : event.key);
      expect([Buffer.compare(held.value, large), Buffer.compare((await store.get('/k/large'))!.value, large), (await store.list('/k/')).entries.length]).toEqual([0, 0, 102]);
      await store.close();
      await expect(store.relax()).rejects.toBeInstanceOf(StorageUnavailable);
    } finally {
      stop.abort();
    }
  });
}
