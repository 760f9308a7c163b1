// Bookmarks: of watches nothing happens on, which pass by what was written elsewhere, and only when something was; and of watches that
// begin with what a list would show.
import { ConfigMaps } from '../../src/api/core/config-map.ts';
import { Secrets } from '../../src/api/core/secret.ts';
import { MemoryTransport } from '../../master/apiserver/memory-transport.ts';
import type { StatusError } from '../../src/apimachinery/status-error.ts';
import { listTypeOf, partialObjectMetadataType } from '../../src/schema/meta-types.ts';
import { decodeProtobuf } from '../../src/schema/protobuf.ts';
import type { ObjectType } from '../../src/schema/schema.ts';
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

it('a watch that ends by itself learns two seconds before how far the store has come', async () => {
  const clock = new FakeClock();
  const api = await startTestApi({ clock });
  const { resourceVersion } = (await api.client.list(Secrets, { namespace: 'default' })).metadata;
  const watch = new MemoryTransport(api.server, { name: 'admin', groups: ['system:masters'] }).watch({ method: 'GET', path: '/api/v1/namespaces/default/secrets', query: { watch: 'true', resourceVersion: resourceVersion!, allowWatchBookmarks: 'true', timeoutSeconds: '30' } });
  const next = watch.next();
  await clock.advance(0);
  const { metadata } = await api.client.create(ConfigMaps, { metadata: { name: 'elsewhere', namespace: 'default' } });
  let told = false;
  void next.then(() => { told = true; });
  await clock.advance(27_000);
  expect(told).toBe(false);
  await clock.advance(1000);
  expect((await next).value).toMatchObject({ type: 'BOOKMARK', object: { metadata: { resourceVersion: metadata.resourceVersion } } });
  const end = watch.next();
  await clock.advance(2000);
  expect((await end).done).toBe(true);
  await api.stop();
});

it('a watch that is read too slowly ends with 410 behind what it was told, and can go on from there', async () => {
  const api = await startTestApi({ watcherLimit: 4 });
  const from = (await api.client.list(ConfigMaps, { namespace: 'default' })).metadata.resourceVersion!;
  const watch = (resourceVersion: string) => api.client.watch(ConfigMaps, { namespace: 'default', resourceVersion, timeoutSeconds: 1 })[Symbol.asyncIterator]();
  const create = async (name: string): Promise<unknown> => api.client.create(ConfigMaps, { metadata: { name, namespace: 'default' } });
  const slow = watch(from);
  const first = slow.next();
  await create('0');
  expect((await first).value).toMatchObject({ type: 'ADDED', object: { metadata: { name: '0' } } });
  for (let i = 1; i < 12; i++) await create(String(i));
  const seen = ['0'];
  let last = from;
  let rounds = 0;
  let ended = 0;
  for (let reader = slow; seen.length < 12 && rounds < 12; reader = watch(last), rounds++) {
    try {
      for (let next = await reader.next(); !next.done && seen.length < 12; next = await reader.next()) {
        expect(next.value.type).toBe('ADDED');
        seen.push(next.value.object.metadata.name);
        last = next.value.object.metadata.resourceVersion!;
      }
    } catch (error) {
      expect((error as StatusError).status).toMatchObject({ code: 410, reason: 'Expired' });
      ended++;
    }
    await reader.return?.();
  }
  expect(seen).toEqual(Array.from({ length: 12 }, (_, i) => String(i)));
  expect(rounds).toBeGreaterThan(1);
  expect(ended).toBeGreaterThan(0);
  await api.stop();
});

describe('a watch in the place of a list', () => {
  const metadata = 'as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
  const partial = { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' };
  const whole = { kind: 'ConfigMapList', apiVersion: 'v1' };
  const inJson = (text: Buffer): unknown => JSON.parse(text.toString());
  const inProtobuf = (type: ObjectType) => (bytes: Buffer): unknown => decodeProtobuf(bytes, () => type);
  it.each<[accept: string, kind: string, read: (bytes: Buffer) => unknown, blueprint: object]>([
    ['application/json', 'ConfigMap', inJson, { ...whole, metadata: {}, items: null }],
    [`application/json;${metadata}`, 'PartialObjectMetadata', inJson, { ...partial, metadata: {}, items: null }],
    ['application/vnd.kubernetes.protobuf', 'ConfigMap', inProtobuf(listTypeOf(ConfigMaps.type)), whole],
    [`application/vnd.kubernetes.protobuf;${metadata}`, 'PartialObjectMetadata', inProtobuf(listTypeOf(partialObjectMetadataType)), partial],
    ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', 'ConfigMap', inJson, whole],
  ])('in %s ends the present with an empty list of its form', async (accept, kind, read, blueprint) => {
    const api = await startTestApi();
    const { metadata: { resourceVersion } } = await api.client.create(ConfigMaps, { metadata: { name: 'a', namespace: 'default' } });
    const seen: { type: string; object: any }[] = [];
    const query = { watch: 'true', sendInitialEvents: 'true', allowWatchBookmarks: 'true', resourceVersionMatch: 'NotOlderThan', resourceVersion };
    for await (const event of new MemoryTransport(api.server, { name: 'admin', groups: ['system:masters'] }).watch({ method: 'GET', path: '/api/v1/namespaces/default/configmaps', query, headers: { accept } })) if (seen.push(event as never) === 2) break;
    expect(seen).toMatchObject([{ type: 'ADDED', object: { kind, metadata: { name: 'a' } } }, { type: 'BOOKMARK', object: { kind, metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } } }]);
    expect(read(Buffer.from(String(seen[1]!.object.metadata.annotations['kubernetes.io/initial-events-list-blueprint']), 'base64'))).toMatchObject(blueprint);
    await api.stop();
  });
  it('is no older than what it asks for', async () => {
    const api = await startTestApi();
    const query = { watch: 'true', sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan', resourceVersion: String(api.registry.cache.revision + 1000) };
    const watch = new MemoryTransport(api.server, { name: 'admin', groups: ['system:masters'] }).watch({ method: 'GET', path: '/api/v1/configmaps', query });
    await expect(watch.next()).rejects.toMatchObject({ code: 504, message: expect.stringMatching(/^Too large resource version: / ) as string });
    await api.stop();
  });
});
