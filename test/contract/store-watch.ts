// The part of the store's contract about watches.
import { Compacted, SlowWatcher, type Store, type StoreEvent, type WatchBatch } from '../../master/storage/store.ts';
import { bytes, text, times, type OpenStore, type StoreUnderTest } from './store.ts';

const revisionOf = (event: StoreEvent): number => (event.type === 'put' ? event.entry.revision : event.revision);
const describeEvent = (event: StoreEvent): string => (event.type === 'put' ? `put ${event.entry.key}=${text(event.entry)}` : `delete ${event.key}`);

/** Reads a watch until `done` says so. */
async function read(watch: AsyncIterable<WatchBatch>, done: (events: StoreEvent[], batch: WatchBatch) => boolean): Promise<StoreEvent[]> {
  const events: StoreEvent[] = [];
  for await (const batch of watch) {
    events.push(...batch.events);
    if (done(events, batch)) break;
  }
  return events;
}

export function storeWatchContract(open: OpenStore): void {
  describe('watch', () => {
    let under: StoreUnderTest;
    let store: Store;
    let stop: AbortController;
    beforeEach(async () => {
      under = await open({ watchLimit: 1000 });
      store = under.store;
      stop = new AbortController();
    });
    afterEach(async () => {
      stop.abort();
      await under.dispose();
    });

    it('tells of puts and deletes, each with what was there before', async () => {
      const from = await store.revision();
      const seen = read(store.watch('/a/', from, stop.signal), (events) => events.length === 4);
      const created = await store.create('/a/1', bytes('x'));
      const updated = await store.update('/a/1', bytes('y'), created);
      const deleted = await store.delete('/a/1', updated);
      const again = await store.create('/a/1', bytes('z'));
      const [x, y] = [{ key: '/a/1', value: bytes('x'), revision: created, created }, { key: '/a/1', value: bytes('y'), revision: updated, created }];
      expect(await seen).toEqual([
        { type: 'put', entry: x }, { type: 'put', entry: y, previous: x }, { type: 'delete', key: '/a/1', revision: deleted, previous: y },
        { type: 'put', entry: { key: '/a/1', value: bytes('z'), revision: again, created: again } },
      ]);
    });

    it('begins after `from`, in the past, now or in the future', async () => {
      const first = await store.create('/a/1', bytes('1'));
      const second = await store.create('/a/2', bytes('2'));
      const all = [first, second].map((from) => read(store.watch('/a/', from, stop.signal), (_, batch) => batch.revision >= second + 3));
      const future = read(store.watch('/a/', second + 2, stop.signal), (_, batch) => batch.revision >= second + 3);
      while ((await store.revision()) < second + 3) await store.create(`/a/${(await store.revision()) + 1}`, bytes('x'));
      const revisions = (await Promise.all([...all, future])).map((events) => events.map(revisionOf));
      expect(revisions[0]![0]).toBe(second);
      expect(revisions[1]![0]).toBeGreaterThan(second);
      expect(revisions[2]!.every((revision) => revision > second + 2)).toBe(true);
    });

    it('delivers to a waiting reader before the writer hears', async () => {
      const heard: string[] = [];
      const reading = read(store.watch('/a/', await store.revision(), stop.signal), (events, batch) => {
        for (const event of batch.events) heard.push(`watch ${revisionOf(event)}`);
        return events.length === 20;
      });
      const written: number[] = [];
      for (let i = 0; i < 20; i++) {
        const revision = await store.create(`/a/${i}`, bytes('v'));
        heard.push(`write ${revision}`);
        written.push(revision);
      }
      await reading;
      expect(heard).toEqual(written.flatMap((revision) => [`watch ${revision}`, `write ${revision}`]));
    });

    it('tells everyone the same, in revision order, without gap or repeat, whenever they begin', async () => {
      const from = await store.revision();
      const total = 16 * 25;
      const readers: Promise<StoreEvent[]>[] = [];
      const join = (at: number): void => {
        let last = at;
        readers.push(read(store.watch('/w/', at, stop.signal), (events, batch) => {
          expect(batch.revision).toBeGreaterThan(last);
          last = batch.revision;
          expect(batch.events.every((event) => revisionOf(event) <= last)).toBe(true);
          return events.length === total;
        }));
      };
      join(from);
      await times(16, async (w) => {
        let revision = 0;
        for (let i = 0; i < 25; i++) {
          const key = `/w/${w}`;
          if (i % 5 === 0) revision = await store.create(key, bytes(`${i}`));
          else if (i % 5 === 4) revision = await store.delete(key, revision);
          else revision = await store.update(key, bytes(`${i}`), revision);
          if (w === 0) join(from);
          if (w === 1) await store.create(`/other/${i}`, bytes(''));
        }
      });
      const [first, ...others] = await Promise.all(readers);
      const revisions = first!.map(revisionOf);
      expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
      for (const other of others) expect(other.map(describeEvent)).toEqual(first!.map(describeEvent));
    });

    it('replays a long log', async () => {
      const from = await store.revision();
      await times(2500, (i) => store.create(`/${i % 5 ? 'other' : 'mine'}/${i}`, bytes('v')));
      const events = await read(store.watch('/mine/', from, stop.signal), (seen) => seen.length === 500);
      expect(events.map(revisionOf)).toEqual(events.map(revisionOf).sort((a, b) => a - b));
    });

    it('advances without events when other keys change', async () => {
      const from = await store.revision();
      const iterator = store.watch('/a/', from, stop.signal)[Symbol.asyncIterator]();
      let waiting = iterator.next();
      const target = await store.create('/b/1', bytes('x'));
      for (let reached = from; reached < target;) {
        const { value } = await waiting as IteratorYieldResult<WatchBatch>;
        expect(value.events).toEqual([]);
        reached = value.revision;
        waiting = iterator.next();
      }
      const own = await store.create('/a/1', bytes('x'));
      const { value } = await waiting as IteratorYieldResult<WatchBatch>;
      expect(value.events.map(revisionOf)).toEqual([own]);
    });

    it('ends when its signal aborts, before, while it waits, and for a reader that stays away', async () => {
      const waiting = read(store.watch('/a/', await store.revision(), stop.signal), () => false);
      const away = store.watch('/a/', await store.revision(), stop.signal)[Symbol.asyncIterator]();
      const first = away.next();
      await store.create('/a/1', bytes('x'));
      await first;
      stop.abort();
      expect((await waiting).map(describeEvent)).toEqual(['put /a/1=x']);
      expect((await away.next()).done).toBe(true);
      expect(await read(store.watch('/a/', 0, stop.signal), () => false)).toEqual([]);
    });

    it('ends when the store closes', async () => {
      const waiting = read(store.watch('/a/', await store.revision(), stop.signal), () => false);
      await store.create('/a/1', bytes('x'));
      await store.close();
      expect(await waiting).toHaveLength(1);
      expect(await read(store.watch('/a/', 0, stop.signal), () => false)).toEqual([]);
    });

    it('refuses a past that is compacted, and only that', async () => {
      const first = await store.create('/a/1', bytes('1'));
      const second = await store.update('/a/1', bytes('2'), first);
      await store.compact(second);
      const refused = read(store.watch('/a/', first, stop.signal), () => true);
      await expect(refused).rejects.toBeInstanceOf(Compacted);
      await expect(refused).rejects.toMatchObject({ oldest: second });
      const seen = read(store.watch('/a/', second, stop.signal), (events) => events.length === 1);
      await store.delete('/a/1', second);
      expect((await seen)[0]).toMatchObject({ type: 'delete', previous: { revision: second, value: bytes('2') } });
    });

    it('ends a reader that falls too far behind, and no other', async () => {
      const from = await store.revision();
      const slow = store.watch('/a/', from, stop.signal)[Symbol.asyncIterator]();
      const first = slow.next();
      const good = store.watch('/a/', from, stop.signal)[Symbol.asyncIterator]();
      let batch = good.next();
      await store.create('/a/first', bytes('x'));
      expect((await first).done).toBe(false);
      for (let wave = 1, read = -1; wave <= 3; wave++) {
        await times(500, (i) => store.create(`/a/${wave}/${i}`, bytes('x')));
        for (; read < wave * 500; batch = good.next()) read += (await batch as IteratorYieldResult<WatchBatch>).value.events.length;
      }
      await expect(slow.next()).rejects.toBeInstanceOf(SlowWatcher);
      expect((await slow.next()).done).toBe(true);
    });
  });
}
