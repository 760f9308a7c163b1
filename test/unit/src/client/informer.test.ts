// The informer against a scripted API: lists, watches, breaks and compacted histories.
import { expired } from '../../../../src/apimachinery/status-error.ts';
import { ConfigMaps, type ConfigMap } from '../../../../src/api/core/config-map.ts';
import { Client } from '../../../../src/client/client.ts';
import { Informer, InformerFactory } from '../../../../src/client/informer.ts';
import { FakeClock } from '../../../../src/util/clock.ts';
import { silentLog, type Log } from '../../../../src/util/log.ts';
import { FakeTransport, settle } from './fake-transport.ts';

const map = (name: string, revision: number, extra: object = {}): ConfigMap =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'ns', uid: `uid-${name}`, resourceVersion: String(revision), ...extra }, data: {} }) as unknown as ConfigMap;

let stop: AbortController;
beforeEach(() => { stop = new AbortController(); });
afterEach(() => stop.abort(new Error('over')));

async function start(items: ConfigMap[] = [map('a', 3)], log: Log = silentLog) {
  const transport = new FakeTransport();
  const clock = new FakeClock();
  transport.answer = () => ({ metadata: { resourceVersion: '5' }, items });
  const informer = new Informer(new Client(transport), ConfigMaps, { clock, log, indexes: { uid: (o: ConfigMap) => [o.metadata.uid] } });
  const seen: string[] = [];
  informer.addHandler({ added: (o) => seen.push(`+${o.metadata.name}`), updated: (o, old) => seen.push(`${o.metadata.name}:${old.metadata.resourceVersion}>${o.metadata.resourceVersion}`), deleted: (o) => seen.push(`-${o.metadata.name}`) });
  void informer.run(stop.signal);
  await settle();
  return { transport, clock, informer, seen };
}

describe('an informer', () => {
  it('lists, then follows the watch from there', async () => {
    const { transport, informer, seen } = await start();
    expect(transport.watches[0]!.request.query).toMatchObject({ watch: 'true', resourceVersion: '5', allowWatchBookmarks: 'true' });
    const events = transport.watching('configmaps');
    events.push({ type: 'ADDED', object: map('b', 6) });
    events.push({ type: 'MODIFIED', object: map('a', 7) });
    events.push({ type: 'DELETED', object: map('b', 8) });
    await settle();
    expect(seen).toEqual(['+a', '+b', 'a:3>7', '-b']);
    expect([informer.revision, informer.list('ns').length, informer.list('other').length, informer.get('ns/a')!.metadata.resourceVersion]).toEqual([8, 1, 0, '7']);
    expect(informer.byIndex('uid', 'uid-a')).toHaveLength(1);
    expect(informer.byIndex('uid', 'uid-b')).toHaveLength(0);
  });
  it('follows every page of a list', async () => {
    const transport = new FakeTransport();
    transport.answer = ({ query }) => (query?.['continue'] ? { metadata: { resourceVersion: '5' }, items: [map('b', 2)] } : { metadata: { resourceVersion: '5', continue: 'next' }, items: [map('a', 1)] });
    const informer = new Informer(new Client(transport), ConfigMaps, { clock: new FakeClock(), log: silentLog });
    void informer.run(stop.signal);
    await informer.waitFor(0);
    expect(informer.list().map((o) => o.metadata.name)).toEqual(['a', 'b']);
  });
  it('resumes a broken watch where it was, without a new list', async () => {
    const { transport, clock } = await start();
    transport.watching('configmaps').push({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '40' } } });
    transport.watching('configmaps').end(new Error('connection reset'));
    await settle();
    await clock.advance(200);
    await settle();
    expect(transport.watches).toHaveLength(2);
    expect(transport.watches[1]!.request.query).toMatchObject({ resourceVersion: '40' });
    expect(transport.sent('GET')).toHaveLength(1);
  });
  it('lists anew when its revision is too old, and tells what went missing meanwhile', async () => {
    const { transport, clock, seen } = await start([map('a', 3), map('b', 4)]);
    transport.answer = () => ({ metadata: { resourceVersion: '90' }, items: [map('b', 80, { uid: 'another' }), map('c', 85)] });
    transport.watching('configmaps').end(expired('too old'));
    await settle();
    await clock.advance(0);
    await settle();
    expect(seen).toEqual(['+a', '+b', '-a', '-b', '+b', '+c']);
    expect(transport.watches.at(-1)!.request.query).toMatchObject({ resourceVersion: '90' });
  });
  it('waits before it asks again when its watches end at once', async () => {
    const { transport, clock } = await start();
    transport.watching('configmaps').end();
    await settle();
    expect(transport.watches).toHaveLength(1);
    await clock.advance(200);
    await settle();
    expect(transport.watches).toHaveLength(2);
  });
  it('watches again at once when a long watch ends', async () => {
    const { transport, clock } = await start();
    await clock.advance(300_000);
    transport.watching('configmaps').end();
    await settle();
    expect(transport.watches).toHaveLength(2);
  });
  it('lets one wait for a revision', async () => {
    const { transport, informer } = await start();
    let reached = false;
    void informer.waitFor(9).then(() => { reached = true; });
    const cancelled = informer.waitFor(99, AbortSignal.abort(new Error('never mind'))).catch((error: Error) => error.message);
    transport.watching('configmaps').push({ type: 'MODIFIED', object: map('a', 8) });
    await settle();
    expect(reached).toBe(false);
    transport.watching('configmaps').push({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } });
    await settle();
    expect(reached).toBe(true);
    void cancelled;
  });
  it('tells a late handler what is there, and none that left', async () => {
    const { transport, informer } = await start();
    const late: string[] = [];
    const off = informer.addHandler({ added: (o) => late.push(o.metadata.name) });
    off();
    transport.watching('configmaps').push({ type: 'ADDED', object: map('b', 6) });
    await settle();
    expect(late).toEqual(['a']);
  });
  it('goes on when a handler throws, and the others still hear of the change', async () => {
    const errors: string[] = [];
    const { transport, informer, seen } = await start([], { ...silentLog, error: (_, message) => errors.push(message) });
    const off = informer.addHandler({ added: () => { throw new Error('broken'); } });
    const heard: string[] = [];
    informer.addHandler({ added: (o) => heard.push(o.metadata.name) });
    transport.watching('configmaps').push({ type: 'ADDED', object: map('b', 6) });
    transport.watching('configmaps').push({ type: 'ADDED', object: map('c', 7) });
    await settle();
    off();
    expect([seen, heard, errors.length, transport.watches.length]).toEqual([['+b', '+c'], ['b', 'c'], 2, 1]);
  });
});

describe('the informer factory', () => {
  it('shares one informer per resource and selector, also after the start', async () => {
    const transport = new FakeTransport();
    const factory = new InformerFactory(new Client(transport), { clock: new FakeClock(), log: silentLog });
    const first = factory.informer(ConfigMaps);
    expect(factory.informer(ConfigMaps)).toBe(first);
    factory.start(stop.signal);
    const selected = factory.informer(ConfigMaps, { namespace: 'ns' });
    expect(selected).not.toBe(first);
    await factory.synced();
    expect(transport.sent('GET').map((r) => r.path).sort()).toEqual(['/api/v1/configmaps', '/api/v1/namespaces/ns/configmaps']);
  });
  it('keeps metadata alone where nobody needs more', async () => {
    const transport = new FakeTransport();
    transport.answer = () => ({ metadata: { resourceVersion: '5' }, items: [{ ...map('a', 3, { managedFields: [{ manager: 'x' }] }), kind: 'PartialObjectMetadata' }] });
    const factory = new InformerFactory(new Client(transport), { clock: new FakeClock(), log: silentLog });
    const metadata = factory.metadata(ConfigMaps);
    factory.start(stop.signal);
    await factory.synced();
    await settle();
    expect(metadata.get('ns/a')).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'ns', uid: 'uid-a', resourceVersion: '3' } });
    expect(transport.sent('GET').map((r) => r.headers?.['accept'])).toEqual(['application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1']);
    expect(transport.watches[0]!.request.headers).toEqual({ accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' });
    // Who asks later for more has it, beside.
    const whole = factory.informer(ConfigMaps);
    expect(whole).not.toBe(metadata);
    await factory.synced();
    expect(whole.get('ns/a')!.metadata).toHaveProperty('managedFields');
  });
  it('holds whole objects once where somebody needs them, whoever asked first', async () => {
    const transport = new FakeTransport();
    transport.answer = () => ({ metadata: { resourceVersion: '5' }, items: [map('a', 3)] });
    const factory = new InformerFactory(new Client(transport), { clock: new FakeClock(), log: silentLog });
    const metadata = factory.metadata(ConfigMaps);
    expect(factory.informer(ConfigMaps)).toBe(metadata);
    expect(factory.metadata(ConfigMaps)).toBe(metadata);
    factory.start(stop.signal);
    await factory.synced();
    expect(transport.sent('GET').map((r) => r.headers)).toEqual([undefined]);
    expect(metadata.get('ns/a')).toHaveProperty('data');
  });
});
