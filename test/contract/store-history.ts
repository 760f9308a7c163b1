// The part of the store's contract about lists, the past and compaction.
import * as fc from 'fast-check';
import { Compacted, type Entry, type Store, type StoreEvent } from '../../master/storage/store.ts';
import { bytes, text, times, type OpenStore, type StoreUnderTest } from './store.ts';

const keys = (entries: readonly Entry[]): string[] => entries.map((entry) => entry.key);

/** A few events of a watch from the past, as many as there are up to `until`. */
export async function eventsBetween(store: Store, prefix: string, from: number, until: number): Promise<StoreEvent[]> {
  const stop = new AbortController();
  const events: StoreEvent[] = [];
  if (from >= until) return events;
  for await (const batch of store.watch(prefix, from, stop.signal)) {
    events.push(...batch.events);
    if (batch.revision >= until) stop.abort();
  }
  return events;
}

export function storeHistoryContract(open: OpenStore): void {
  let under: StoreUnderTest;
  let store: Store;
  beforeEach(async () => {
    under = await open();
    store = under.store;
  });
  afterEach(() => under.dispose());

  describe('list', () => {
    it('is empty in an empty store', async () => {
      expect(await store.list('/')).toEqual({ entries: [], revision: await store.revision(), more: false });
    });

    it('has what begins with the prefix, in byte order', async () => {
      const inOrder = ['/p', '/p!', '/p/', '/p/A', '/p/a', '/p/a-b', '/p/a/b', '/p/aa', '/p/é', '/p/\uff5e', '/p/\u{1f600}'];
      for (const key of [...inOrder].reverse()) await store.create(key, bytes(key));
      await store.create('/o/z', bytes(''));
      await store.create('/q', bytes(''));
      expect(keys((await store.list('/p')).entries)).toEqual(inOrder);
      expect(keys((await store.list('/p/a')).entries)).toEqual(['/p/a', '/p/a-b', '/p/a/b', '/p/aa']);
      expect((await store.list('')).entries).toHaveLength(inOrder.length + 2);
      for (const entry of (await store.list('/p')).entries) expect(text(entry)).toBe(entry.key);
    });

    it.each([
      [{ limit: 2 }, ['/k/0', '/k/1'], true],
      [{ limit: 2, after: '/k/1' }, ['/k/2', '/k/4'], true],
      [{ limit: 2, after: '/k/3' }, ['/k/4', '/k/5'], false],
      [{ limit: 5 }, ['/k/0', '/k/1', '/k/2', '/k/4', '/k/5'], false],
      [{ after: '/k/4' }, ['/k/5'], false],
      [{ after: '/k/5' }, [], false],
      [{ after: '/a' }, ['/k/0', '/k/1', '/k/2', '/k/4', '/k/5'], false],
      [{ after: '/z' }, [], false],
    ])('pages: %j', async (options, expected, more) => {
      for (let i = 0; i < 6; i++) await store.create(`/k/${i}`, bytes(`${i}`));
      await store.delete('/k/3', (await store.get('/k/3'))!.revision);
      const page = await store.list('/k/', options);
      expect([keys(page.entries), page.more]).toEqual([expected, more]);
    });

    it('stays at one revision across pages while others write', async () => {
      await times(40, (i) => store.create(`/k/${i}`, bytes('old')));
      const whole = await store.list('/k/');
      const paged: Entry[] = [];
      for (let more = true; more;) {
        const after = paged.at(-1)?.key;
        const page = await store.list('/k/', { limit: 7, revision: whole.revision, ...(after === undefined ? {} : { after }) });
        expect(page.revision).toBe(whole.revision);
        paged.push(...page.entries);
        more = page.more;
        await times(10, async (i) => {
          const entry = await store.get(`/k/${(paged.length + i) % 40}`);
          if (entry) await (i % 2 ? store.update(entry.key, bytes('new'), entry.revision) : store.delete(entry.key, entry.revision));
        });
      }
      expect(paged).toEqual(whole.entries);
    });

    it('refuses the future', async () => {
      await expect(store.list('/', { revision: (await store.revision()) + 1 })).rejects.toBeInstanceOf(RangeError);
    });
  });

  describe('the past', () => {
    type Step = { readonly key: number; readonly remove: boolean };
    const steps = fc.array(fc.record({ key: fc.integer({ min: 0, max: 3 }), remove: fc.boolean() }), { minLength: 1, maxLength: 16 });

    it('is listed and replayed exactly, before and after a compaction', async () => {
      let run = 0;
      await fc.assert(fc.asyncProperty(steps, fc.double({ min: 0, max: 1, noNaN: true }), async (plan: Step[], cut) => {
        const prefix = `/run${run++}/`;
        const start = await store.revision();
        const now = new Map<string, Entry>();
        const snapshots: { revision: number; entries: Entry[] }[] = [{ revision: start, entries: [] }];
        const events: StoreEvent[] = [];
        for (const [i, step] of plan.entries()) {
          const key = `${prefix}${step.key}`;
          const value = bytes(`${i}`);
          const previous = now.get(key);
          if (!previous) {
            const revision = await store.create(key, value);
            now.set(key, { key, value, revision, created: revision });
            events.push({ type: 'put', entry: now.get(key)! });
          } else if (step.remove) {
            const revision = await store.delete(key, previous.revision);
            now.delete(key);
            events.push({ type: 'delete', key, revision, previous });
          } else {
            const revision = await store.update(key, value, previous.revision);
            now.set(key, { key, value, revision, created: previous.created });
            events.push({ type: 'put', entry: now.get(key)!, previous });
          }
          snapshots.push({ revision: await store.revision(), entries: [...now.values()].sort((a, b) => (a.key < b.key ? -1 : 1)) });
        }
        const last = snapshots.at(-1)!.revision;
        const check = async (oldest: number): Promise<void> => {
          for (const { revision, entries } of snapshots) {
            if (revision < oldest) {
              await expect(store.list(prefix, { revision })).rejects.toMatchObject({ oldest });
              await expect(eventsBetween(store, prefix, revision, last)).rejects.toBeInstanceOf(Compacted);
            } else {
              expect((await store.list(prefix, { revision })).entries).toEqual(entries);
              const after = events.filter((event) => (event.type === 'put' ? event.entry.revision : event.revision) > revision);
              expect(await eventsBetween(store, prefix, revision, last)).toEqual(after);
            }
          }
          for (let key = 0; key < 4; key++) expect(await store.get(`${prefix}${key}`)).toEqual(now.get(`${prefix}${key}`));
        };
        await check(start);
        const oldest = snapshots[Math.round(cut * plan.length)]!.revision;
        await store.compact(oldest);
        await check(oldest);
      }), { numRuns: 20 });
    });
  });

  describe('compact', () => {
    it('goes to the latest revision at most, forward only, and may be repeated', async () => {
      const first = await store.create('/a', bytes('1'));
      const second = await store.update('/a', bytes('2'), first);
      await store.compact(second + 1000);
      await store.compact(first);
      await store.compact(second);
      await expect(store.list('/', { revision: first })).rejects.toMatchObject({ oldest: second });
      expect(text((await store.list('/', { revision: second })).entries[0])).toBe('2');
      const third = await store.update('/a', bytes('3'), second);
      expect(text((await store.list('/', { revision: second })).entries[0])).toBe('2');
      expect(text((await store.list('/', { revision: third })).entries[0])).toBe('3');
    });

    it('disturbs no writer', async () => {
      await times(8, async (w) => {
        let revision = await store.create(`/w/${w}`, bytes('0'));
        for (let i = 1; i <= 30; i++) {
          revision = i % 7 ? await store.update(`/w/${w}`, bytes(`${i}`), revision)
            : await store.delete(`/w/${w}`, revision).then(() => store.create(`/w/${w}`, bytes(`${i}`)));
          if (i % 5 === 0) await store.compact((await store.revision()) - 3);
        }
      });
      const { entries } = await store.list('/w/');
      expect(entries.map(text)).toEqual(Array.from({ length: 8 }, () => '30'));
    });
  });
}
