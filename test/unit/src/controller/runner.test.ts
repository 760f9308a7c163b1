// The controller runner: what wakes a key, what is retried, and what it waits for.
import { conflict, forbidden, serviceUnavailable } from '../../../../src/apimachinery/status-error.ts';
import { ReplicaSets } from '../../../../src/api/apps/replica-set.ts';
import { ConfigMaps } from '../../../../src/api/core/config-map.ts';
import { Events } from '../../../../src/api/core/event.ts';
import { Namespaces } from '../../../../src/api/core/namespace.ts';
import { Pods, type Pod } from '../../../../src/api/core/pod.ts';
import { Client } from '../../../../src/client/client.ts';
import { InformerFactory } from '../../../../src/client/informer.ts';
import { TerminalError, type Controller, type ControllerContext } from '../../../../src/controller/controller.ts';
import { ControllerRunner } from '../../../../src/controller/runner.ts';
import { FakeClock } from '../../../../src/util/clock.ts';
import { silentLog, type Log } from '../../../../src/util/log.ts';
import { FakeTransport, settle } from '../client/fake-transport.ts';

const meta = (name: string, revision: number, extra: object = {}) => ({ name, namespace: 'ns', uid: `uid-${name}`, resourceVersion: String(revision), creationTimestamp: null, ...extra });
const set = (name: string, revision: number) => ({ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: meta(name, revision) });
const podOf = (name: string, owner: string | undefined, revision: number, kind = 'ReplicaSet', apiVersion = 'apps/v1') =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: meta(name, revision, owner ? { ownerReferences: [{ apiVersion, kind, name: owner, uid: `uid-${owner}`, controller: true }] } : {}) }) as unknown as Pod;

let stop: AbortController;
beforeEach(() => { stop = new AbortController(); });
afterEach(() => stop.abort(new Error('over')));

async function start(reconcile: Controller['reconcile'], parts: Partial<Controller> = { for: ReplicaSets, owns: [Pods] }, answer?: FakeTransport['answer']) {
  const transport = new FakeTransport();
  if (answer) transport.answer = answer;
  const clock = new FakeClock();
  const client = new Client(transport);
  const informers = new InformerFactory(client, { clock, log: silentLog });
  const worked: string[] = [];
  const warned: unknown[] = [];
  const log: Log = { ...silentLog, warn: (fields) => { warned.push(fields); }, child: () => log };
  const controller: Controller = { name: 'test', ...parts, reconcile: (context, key) => { worked.push(key); return reconcile(context, key); } };
  const runner = new ControllerRunner(controller, { client, informers, events: Events, clock, log });
  const running = runner.run(stop.signal);
  informers.start(stop.signal);
  await settle();
  const change = async (plural: string, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: object): Promise<void> => { transport.watching(plural).push({ type, object }); await settle(); };
  return { transport, clock, runner, running, worked, warned, change };
}
const nothing = (): Promise<void> => Promise.resolve();

describe('the runner of a controller', () => {
  it('works the keys of its own objects and of the owners of what it owns', async () => {
    const { worked, change } = await start(nothing);
    await change('replicasets', 'ADDED', set('web', 2));
    await change('pods', 'ADDED', podOf('p', 'db', 3));
    await change('pods', 'ADDED', podOf('q', undefined, 4));
    await change('pods', 'ADDED', podOf('r', 'web', 5, 'ReplicaSet', 'example.com/v1'));
    await change('pods', 'ADDED', podOf('s', 'web', 6, 'Job', 'apps/v1'));
    await change('replicasets', 'DELETED', set('web', 7));
    expect(worked).toEqual(['ns/web', 'ns/db', 'ns/web']);
  });
  it('wakes the old owner when ownership moves', async () => {
    const { worked, change } = await start(nothing);
    await change('pods', 'ADDED', podOf('p', 'a', 2));
    worked.length = 0;
    await change('pods', 'MODIFIED', podOf('p', 'b', 3));
    expect(worked.sort()).toEqual(['ns/a', 'ns/b']);
  });
  it('maps other resources to keys, and needs no resource of its own for that', async () => {
    const { worked, change } = await start(nothing, { watches: [{ resource: ConfigMaps, map: (object, { cached }, old) => [`${object.metadata.name}/${cached(ConfigMaps).list().length}/${old ? 'old' : 'new'}`] }] });
    await change('configmaps', 'ADDED', { ...set('m', 2), kind: 'ConfigMap' });
    await change('configmaps', 'MODIFIED', { ...set('m', 3), kind: 'ConfigMap' });
    expect(worked).toEqual(['m/1/new', 'm/1/old']);
  });
  it('retries what throws with back-off, and looks again when asked to', async () => {
    let failures = 2;
    const { worked, change, clock } = await start(() => {
      if (failures-- > 0) throw conflict({ group: 'apps', resource: 'replicasets' }, 'web', 'changed');
      return Promise.resolve(failures === -1 ? { requeueAfter: 1000 } : undefined);
    });
    await change('replicasets', 'ADDED', set('web', 2));
    expect(worked).toHaveLength(1);
    await clock.advance(5);
    await settle();
    expect(worked).toHaveLength(2);
    await clock.advance(10);
    await settle();
    expect(worked).toHaveLength(3);
    await clock.advance(1000);
    await settle();
    expect(worked).toHaveLength(4);
    await clock.advance(60_000);
    expect(worked).toHaveLength(4);
  });
  it('stops at a terminal error, says so in an Event, and waits for the object to change', async () => {
    const { worked, change, clock, transport, runner } = await start(() => { throw new TerminalError('no such thing'); });
    await change('replicasets', 'ADDED', set('web', 2));
    await runner.events.flush();
    await clock.advance(60_000);
    expect(worked).toHaveLength(1);
    expect(transport.sent('POST')[0]!.body).toMatchObject({ reason: 'FailedReconcile', message: 'no such thing', type: 'Warning' });
    await change('replicasets', 'MODIFIED', set('web', 3));
    expect(worked).toHaveLength(2);
  });
  it('does not work a key again before the caches show what it wrote', async () => {
    const create = async ({ client }: ControllerContext): Promise<void> => { await client.create(Pods, { metadata: { name: 'p', namespace: 'ns' } }); };
    const { worked, change, transport } = await start(create);
    transport.answer = () => podOf('p', 'web', 9);
    await change('replicasets', 'ADDED', set('web', 2));
    await change('replicasets', 'MODIFIED', set('web', 3));
    expect(worked).toHaveLength(1);
    await change('pods', 'ADDED', podOf('p', 'web', 9));
    expect(worked).toHaveLength(2);
  });
  it('waits for the cache of what is in a namespace, not for that of namespaces, and the other way round', async () => {
    const writes: ((client: Client) => Promise<unknown>)[] = [
      (client) => client.create(Pods, { metadata: { name: 'p', namespace: 'ns' } }),
      (client) => client.patch(Namespaces, { name: 'ns' }, { metadata: { labels: { a: 'b' } } }),
      (client) => client.patch(Namespaces, { name: 'ns' }, { status: {} }, { subresource: 'status' }),
    ];
    const written = new Set<string>();
    const writeOnce = async ({ client }: ControllerContext, key: string): Promise<void> => {
      if (written.has(key)) return;
      written.add(key);
      await writes[written.size - 1]!(client);
    };
    const { worked, change, transport } = await start(writeOnce, { for: ReplicaSets, watches: [{ resource: Namespaces, map: () => [] }, { resource: Pods, map: () => [] }] });
    const namespace = (revision: number): object => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { ...meta('ns', revision), namespace: undefined } });
    const shown = [['pods', podOf('p', undefined, 9)], ['namespaces', namespace(19)], ['namespaces', namespace(29)]] as const;
    for (const [i, [plural, object]] of shown.entries()) {
      transport.answer = () => object;
      await change('replicasets', 'ADDED', set(`first-${i}`, 2 + i * 10));
      const before = worked.length;
      await change('replicasets', 'MODIFIED', set(`first-${i}`, 3 + i * 10));
      // Anything else that comes does not count.
      await change(plural === 'pods' ? 'namespaces' : 'pods', 'ADDED', plural === 'pods' ? namespace(10) : podOf(`other-${i}`, undefined, 99));
      expect(worked).toHaveLength(before);
      await change(plural, 'MODIFIED', object);
      expect(worked).toHaveLength(before + 1);
    }
  });
  it('waits for a deletion to be seen, but not for ever', async () => {
    const remove = async ({ client }: ControllerContext): Promise<void> => { await client.delete(Pods, { namespace: 'ns', name: 'p' }); };
    const { worked, warned, change, transport, clock } = await start(remove);
    await change('pods', 'ADDED', podOf('p', undefined, 2));
    transport.answer = () => ({ kind: 'Status', status: 'Success', metadata: {} });
    await change('replicasets', 'ADDED', set('web', 3));
    await change('replicasets', 'MODIFIED', set('web', 4));
    expect(worked).toHaveLength(1);
    await change('pods', 'DELETED', podOf('p', undefined, 5));
    expect(worked).toHaveLength(2);
    await change('pods', 'ADDED', podOf('p', undefined, 6));
    await change('replicasets', 'MODIFIED', set('web', 7));
    await change('replicasets', 'MODIFIED', set('web', 8));
    expect(worked).toHaveLength(3);
    expect(warned).toEqual([]);
    await clock.advance(5000);
    await settle();
    expect(worked).toHaveLength(4);
    expect(warned).toEqual([{ writes: ['DELETE /api/v1/namespaces/ns/pods/p'] }]);
  });
  it('a refused write is retried, not fatal; an undeclared cache is a mistake that shows', async () => {
    const problems: string[] = [];
    const { worked, change, clock } = await start(async ({ cached, client }) => {
      try { cached(ConfigMaps); } catch (error) { problems.push((error as Error).message); }
      await client.transport.request({ method: 'GET', path: '/x' });
      throw forbidden({ group: '', resource: 'pods' }, 'p', 'quota');
    });
    await change('replicasets', 'ADDED', set('web', 2));
    await clock.advance(5);
    await settle();
    expect(worked).toHaveLength(2);
    expect(problems[0]).toBe('controller test reads configmaps without declaring it');
  });
  it.each<[string, () => unknown]>([['made', () => podOf('p', 'web', 9)], ['deleted', () => ({ kind: 'Status', status: 'Success', metadata: {} })]])('ends although a pass still writes: what it %s is not waited for', async (verb, answer) => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => { open = resolve; });
    const { running, change, transport } = await start(async ({ client }) => {
      await gate;
      if (verb === 'made') await client.create(Pods, { metadata: { name: 'p', namespace: 'ns' } });
      else await client.delete(Pods, { namespace: 'ns', name: 'p' });
    });
    transport.answer = answer;
    await change('pods', 'ADDED', podOf('p', undefined, 2));
    await change('replicasets', 'ADDED', set('web', 3));
    stop.abort(new Error('over'));
    open();
    await expect(running).resolves.toBeUndefined();
  });
  it.each([[true, ['ns/web']], [false, []]])('waits for no list of a server that may be away (remote: %s)', async (remote, keys) => {
    const things = { ...ConfigMaps, plural: 'things', remote };
    const served = { current: [things], subscribe: () => () => undefined };
    const answer = (request: { path: string }): unknown => {
      if (request.path.endsWith('/things')) throw serviceUnavailable('away');
      return { metadata: { resourceVersion: '1' }, items: [] };
    };
    const { worked, change } = await start(nothing, { for: ReplicaSets, watchesServed: { served, rules: (resources) => resources.map((resource) => ({ resource, map: () => [] })) } }, answer);
    await change('replicasets', 'ADDED', set('web', 2));
    expect(worked).toEqual(keys);
  });
  it('ends when told to', async () => {
    const { running } = await start(nothing);
    stop.abort(new Error('over'));
    await expect(running).resolves.toBeUndefined();
  });
});
