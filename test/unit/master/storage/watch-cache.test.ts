// Who is told of a change: those it concerns, and nobody else is woken.
import { jest } from '@jest/globals';
import { MemoryStore } from '../../../../master/storage/memory-store.ts';
import { WatchCache } from '../../../../master/storage/watch-cache.ts';
import { silentLog } from '../../../../src/util/log.ts';

interface Item { readonly key: string; readonly revision: number; readonly size: number; readonly text: string }

const stop = new AbortController();
afterAll(() => stop.abort());

async function start(): Promise<{ store: MemoryStore; cache: WatchCache<Item>; put: (key: string, text: string) => Promise<void>; remove: (key: string) => Promise<void> }> {
  const store = new MemoryStore();
  const cache = new WatchCache<Item>(store, ({ key, value, revision }) => ({ key, revision, size: value.byteLength, text: Buffer.from(value).toString() }), silentLog, (prefix) => (prefix === '/registry/core/pods/' ? (item) => item.text : undefined));
  await cache.start(stop.signal);
  const revisions = new Map<string, number>();
  const done = async (revision: number): Promise<void> => cache.waitFor(revision);
  return {
    store, cache,
    async put(key, text) {
      const known = revisions.get(key);
      const revision = await (known === undefined ? store.create(key, Buffer.from(text)) : store.update(key, Buffer.from(text), known));
      revisions.set(key, revision);
      await done(revision);
    },
    async remove(key) { await done(await store.delete(key, revisions.get(key)!)); revisions.delete(key); },
  };
}

it.each<[string, string, { key?: string; trigger?: string }, string[]]>([
  ['a resource', '/registry/core/pods/', {}, ['a/x=n1', 'a/x=n2', 'ab/x=n1', '-a/x']],
  ['a namespace', '/registry/core/pods/a/', {}, ['a/x=n1', 'a/x=n2', '-a/x']],
  ['one object', '/registry/core/pods/ab/', { key: '/registry/core/pods/ab/x' }, ['ab/x=n1']],
  ['a value: what has it, and what had it before', '/registry/core/pods/', { trigger: 'n1' }, ['a/x=n1', 'a/x=n2', 'ab/x=n1']],
  ['a value in a namespace', '/registry/core/pods/ab/', { trigger: 'n1' }, ['ab/x=n1']],
  ['another value', '/registry/core/pods/', { trigger: 'n3' }, []],
  ['another resource', '/registry/core/configmaps/', {}, ['c/x=n1']],
])('the watcher of %s', async (_, prefix, scope, expected) => {
  const { cache, put, remove } = await start();
  const queue = await cache.watch(prefix, cache.revision, 100, scope);
  await put('/registry/core/pods/a/x', 'n1');
  await put('/registry/core/pods/a/x', 'n2');
  await put('/registry/core/pods/ab/x', 'n1');
  await put('/registry/core/configmaps/c/x', 'n1');
  await remove('/registry/core/pods/a/x');
  const short = (key: string): string => key.split('/').slice(4).join('/');
  // Nothing else is in the queue: no word of progress that would wake the reader either.
  expect(queue.drain().map((e) => (typeof e === 'number' ? 'progress' : e.current ? `${short(e.current.key)}=${e.current.text}` : `-${short(e.previous!.key)}`))).toEqual(expected);
});

it('an observer is told until it says stop, a watcher until its queue ends', async () => {
  const { cache, put } = await start();
  const seen: number[] = [];
  const off = cache.observe('/registry/core/pods/', ({ revision }) => seen.push(revision));
  const queue = await cache.watch('/registry/core/pods/', cache.revision, 100, { trigger: 'n1' });
  await put('/registry/core/pods/a/x', 'n1');
  off();
  queue.end();
  await put('/registry/core/pods/a/y', 'n1');
  expect([seen.length, queue.length]).toEqual([1, 1]);
});

it('a watch that begins in the past gets each event once, the later ones by its scope', async () => {
  const { cache, put } = await start();
  const from = cache.revision;
  await put('/registry/core/pods/a/x', 'n1');
  const queue = await cache.watch('/registry/core/pods/', from, 100, { trigger: 'n1' });
  await put('/registry/core/pods/a/x', 'n1');
  await put('/registry/core/pods/a/y', 'n2');
  expect(queue.drain().map((e) => (typeof e === 'number' ? e : e.revision))).toEqual([from + 1, from + 2]);
});

it('keeps so many bytes of the past; what is older comes from the store', async () => {
  const { store, cache, put } = await start();
  const large = 'x'.repeat(1 << 18);
  for (let i = 0; i < 12; i++) await put('/registry/core/configmaps/a/x', `${i} ${large}`);
  const read = jest.spyOn(store, 'watch');
  const textsFrom = async (revision: number): Promise<string[]> => {
    const queue = await cache.watch('/registry/core/configmaps/', revision, 100);
    const texts: string[] = [];
    for await (const event of queue) {
      if (typeof event === 'number') continue;
      texts.push(event.current!.text.split(' ')[0]!);
      if (event.revision === cache.revision) break;
    }
    return texts;
  };
  expect(await textsFrom(cache.revision - 2)).toEqual(['10', '11']);
  expect(read).not.toHaveBeenCalled();
  expect(await textsFrom(cache.revision - 11)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11']);
  expect(read).toHaveBeenCalledTimes(1);
});

it('many that begin in the same past have it read and decoded once, and get what concerns each', async () => {
  const store = new MemoryStore();
  let decoded = 0;
  const decode = ({ key, value, revision }: { key: string; value: Uint8Array; revision: number }): Item => {
    decoded++;
    return { key, revision, size: value.byteLength, text: Buffer.from(value).toString() };
  };
  for (let i = 0; i < 100; i++) await store.create(`/registry/core/pods/a/${i}`, Buffer.from(`n${i % 10}`));
  const cache = new WatchCache<Item>(store, decode, silentLog, () => ({ text }) => text);
  await cache.start(stop.signal);
  decoded = 0;
  const read = jest.spyOn(store, 'watch');
  const queues = await Promise.all(Array.from({ length: 40 }, (_, i) => cache.watch('/registry/core/pods/', i % 4, 1000, { trigger: `n${i % 10}` })));
  expect(queues.map((queue) => queue.drain().map((e) => (typeof e === 'number' ? '' : e.current!.text)))).toEqual(queues.map((_, i) => Array<string>(i % 10 < i % 4 ? 9 : 10).fill(`n${i % 10}`)));
  expect(read).toHaveBeenCalledTimes(1);
  expect(decoded).toBe(100);
});

it('lists those that have a value, in order, as they come and go and change it', async () => {
  const { store, cache, put, remove } = await start();
  const pods = (prefix: string, trigger?: string, after?: string): string[] => [...cache.list(prefix, after, trigger)].map(({ key, text }) => `${key.slice('/registry/core/pods/'.length)}=${text}`);
  const all = '/registry/core/pods/';
  await put(`${all}b/x`, 'n1');
  await put(`${all}a/x`, 'n1');
  await put(`${all}a/y`, 'n2');
  expect(pods(all, 'n1')).toEqual(['a/x=n1', 'b/x=n1']);
  expect(pods(`${all}b/`, 'n1')).toEqual(['b/x=n1']);
  expect(pods(all, 'n1', `${all}a/x`)).toEqual(['b/x=n1']);
  await put(`${all}a/x`, 'n2');
  await remove(`${all}b/x`);
  expect([pods(all, 'n1'), pods(all, 'n2'), pods(all)]).toEqual([[], ['a/x=n2', 'a/y=n2'], ['a/x=n2', 'a/y=n2']]);
  // What has no trigger is listed whole.
  await put('/registry/core/configmaps/a/x', 'n1');
  expect([...cache.list('/registry/core/configmaps/', undefined, 'n2')]).toHaveLength(1);
  // Another cache, from what is stored.
  const later = new WatchCache<Item>(store, ({ key, value, revision }) => ({ key, revision, size: value.byteLength, text: Buffer.from(value).toString() }), silentLog, () => ({ text }) => text);
  await later.start(stop.signal);
  expect([...later.list(all, undefined, 'n2')].map(({ key }) => key)).toEqual([`${all}a/x`, `${all}a/y`]);
});
