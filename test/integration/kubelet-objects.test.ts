// What the kubelet reads of the API for its Pods: an object is watched while Pods refer to it and it can change.
import { ConfigMaps } from '../../src/api/core/config-map.ts';
import { Secrets } from '../../src/api/core/secret.ts';
import type { Client } from '../../src/client/client.ts';
import { realClock } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';
import { ObjectCache } from '../../agent/kubelet/object-cache.ts';
import type { Pod } from '../../agent/kubelet/pod.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';
import { eventually } from '../support/kubelet.ts';

const namespace = 'default';
let api: TestApi;
let cache: ObjectCache;
/** Names of what is watched now, and of all that ever was. */
let [watched, ever]: [Set<string>, string[]] = [new Set(), []];
let changed: string[];

beforeEach(async () => {
  api = await startTestApi();
  [watched, ever, changed] = [new Set(), [], []];
  const { client } = api;
  const counting = {
    get: (...args: Parameters<Client['get']>) => client.get(...args), list: (...args: Parameters<Client['list']>) => client.list(...args),
    async *watch(...[resource, options]: Parameters<Client['watch']>) {
      const name = `${resource.kind} ${options!.fieldSelector!.replace('metadata.name=', '')}`;
      watched.add(name);
      ever.push(name);
      try {
        yield* client.watch(resource, options);
      } finally {
        watched.delete(name);
      }
    },
  } as unknown as Client;
  cache = new ObjectCache({ client: counting, clock: realClock, log: silentLog, onChange: (uid) => changed.push(uid) });
});
afterEach(async () => {
  cache.close();
  await api.stop();
});

const pod = (uid: string): Pod => ({
  metadata: { name: uid, namespace, uid },
  spec: { volumes: [{ name: 'c', configMap: { name: 'settings' } }, { name: 's', secret: { secretName: 'keys' } }], containers: [{ name: 'c' }] },
}) as unknown as Pod;
const settings = (more: object) => ({ metadata: { name: 'settings', namespace }, ...more });
const color = async (of: Pod): Promise<string | undefined> => (await cache.configMap(of, 'settings'))?.get('color')?.toString();

it('an immutable object is watched no longer, and is answered from what was read', async () => {
  await api.client.create(ConfigMaps, settings({ data: { color: 'blue' } }));
  await api.client.create(Secrets, { metadata: { name: 'keys', namespace }, immutable: true, data: { password: 'eA==' } });
  const one = pod('one');
  cache.register(one);
  await eventually(() => { expect(changed).toEqual(['one', 'one']); return Promise.resolve(); });
  expect(await color(one)).toBe('blue');
  expect((await cache.secret(one, 'keys'))?.get('password')?.toString()).toBe('x');
  await eventually(() => { expect([...watched]).toEqual(['ConfigMap settings']); return Promise.resolve(); });
  changed.length = 0;
  await api.client.patch(ConfigMaps, { namespace, name: 'settings' }, { immutable: true, data: { color: 'green' } });
  await eventually(() => { expect([changed, [...watched]]).toEqual([['one'], []]); return Promise.resolve(); });
  expect(await color(one)).toBe('green');
  // Of the Secret there was never a watch.
  expect(ever).toEqual(['ConfigMap settings']);
  await api.client.delete(ConfigMaps, { namespace, name: 'settings' });
  expect(await color(one)).toBe('green');
});

it('one that was made anew in the place of an immutable one is what later Pods get, whether earlier ones are there or not', async () => {
  const [one, two, three] = [pod('one'), pod('two'), pod('three')];
  await api.client.create(ConfigMaps, settings({ immutable: true, data: { color: 'blue' } }));
  cache.register(one);
  expect(await color(one)).toBe('blue');
  await eventually(() => { expect(changed).toEqual(['one']); return Promise.resolve(); });
  await api.client.delete(ConfigMaps, { namespace, name: 'settings' });
  cache.register(two);
  expect([await color(one), await color(two)]).toEqual(['blue', undefined]);
  await api.client.create(ConfigMaps, settings({ data: { color: 'red' } }));
  expect(await color(two)).toBe('red');
  await eventually(() => { expect([...watched].sort()).toEqual(['ConfigMap settings', 'Secret keys']); return Promise.resolve(); });
  await api.client.patch(ConfigMaps, { namespace, name: 'settings' }, { immutable: true });
  await eventually(() => { expect([...watched]).toEqual(['Secret keys']); return Promise.resolve(); });
  cache.unregister('one');
  cache.unregister('two');
  await eventually(() => { expect([...watched]).toEqual([]); return Promise.resolve(); });
  await api.client.delete(ConfigMaps, { namespace, name: 'settings' });
  await api.client.create(ConfigMaps, settings({ data: { color: 'white' } }));
  cache.register(three);
  expect(await color(three)).toBe('white');
  await eventually(() => { expect([...watched].sort()).toEqual(['ConfigMap settings', 'Secret keys']); return Promise.resolve(); });
});
