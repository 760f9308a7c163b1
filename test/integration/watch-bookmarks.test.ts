// Bookmarks of watches nothing happens on: they pass by what was written elsewhere, and only when something was.
import { ConfigMaps } from '../../src/api/core/config-map.ts';
import { Secrets } from '../../src/api/core/secret.ts';
import { FakeClock } from '../../src/util/clock.ts';
import { startTestApi } from '../support/api-server.ts';

it('an idle watch learns once a minute how far the store has come', async () => {
  const clock = new FakeClock();
  const api = await startTestApi({ clock });
  const stop = new AbortController();
  const create = async (name: string): Promise<string> => (await api.client.create(ConfigMaps, { metadata: { name, namespace: 'default' } })).metadata.resourceVersion!;
  const { metadata } = await api.client.list(Secrets, { namespace: 'default' });
  const watch = api.client.watch(Secrets, { namespace: 'default', fieldSelector: 'metadata.name=s', resourceVersion: metadata.resourceVersion, allowWatchBookmarks: true, signal: stop.signal })[Symbol.asyncIterator]();
  let next = watch.next();
  await clock.advance(0);
  await create('a');
  const newest = await create('b');
  await clock.advance(59_000);
  const c = await create('c');
  await clock.advance(1_000);
  const bookmark = await next;
  expect(bookmark.value).toMatchObject({ type: 'BOOKMARK', object: { metadata: { resourceVersion: c } } });
  expect(Number(c)).toBeGreaterThan(Number(newest));
  // Nothing was written since: the next bookmark waits for something to tell.
  next = watch.next();
  await clock.advance(120_000);
  const d = await create('d');
  await clock.advance(60_000);
  expect((await next).value?.object.metadata.resourceVersion).toBe(d);
  stop.abort();
  await api.stop();
});
