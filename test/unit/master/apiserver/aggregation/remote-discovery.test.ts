// When extension servers are asked what they serve, and why a connection to one failed.
import { Readable } from 'node:stream';
import type { Change, RemoteGroupVersion, RemoteGroupVersions } from '../../../../../master/apiserver/aggregation/api-services.ts';
import { connectionWords } from '../../../../../master/apiserver/aggregation/connection-words.ts';
import { RemoteDiscovery } from '../../../../../master/apiserver/aggregation/remote-discovery.ts';
import { FakeClock } from '../../../../../src/util/clock.ts';
import { silentLog } from '../../../../../src/util/log.ts';
import { settle } from '../../../src/client/fake-transport.ts';

const name = 'v1.g.io';
const response = (statusCode: number, value: unknown, type = 'application/json'): unknown => Object.assign(Readable.from([Buffer.from(JSON.stringify(value))]), { statusCode, headers: { 'content-type': type } });
const things = { kind: 'APIResourceList', resources: [{ name: 'things', kind: 'Thing', namespaced: true, verbs: ['get'] }] };

function start() {
  const clock = new FakeClock();
  const asked: string[] = [];
  let well = true;
  const get = ({ path }: { path: string }): Promise<unknown> => {
    asked.push(path);
    if (!well) return Promise.reject(new Error('away'));
    return Promise.resolve(path === '/apis/g.io/v1' ? response(200, things) : path === '/openapi/v3' ? response(200, { paths: { 'apis/g.io/v1': { serverRelativeURL: '/x' }, 'version': { serverRelativeURL: '/y' } } }) : response(404, {}));
  };
  const remotes = new Map<string, RemoteGroupVersion>();
  let tell: Change = () => undefined;
  const known = { all: () => [...remotes.values()], get: (of: string) => remotes.get(of), onChange: (listener: Change) => { tell = listener; } } as unknown as RemoteGroupVersions;
  const discovery = new RemoteDiscovery(known, { clock, log: silentLog });
  const change = async (there: boolean): Promise<void> => {
    const before = remotes.get(name);
    const now = there ? { name, available: true, spec: { group: 'g.io', version: 'v1', groupPriorityMinimum: 1, versionPriority: 2 }, backend: { get } } as unknown as RemoteGroupVersion : undefined;
    if (now) remotes.set(name, now);
    else remotes.delete(name);
    tell(name, now, before);
    await settle();
  };
  const count = (): number => asked.filter((path) => path === '/apis').length;
  const pass = async (ms: number): Promise<void> => { await clock.advance(ms); await settle(); };
  return { discovery, change, count, pass, be: (state: boolean) => { well = state; } };
}

it('asks at once, and again each minute', async () => {
  const { discovery, change, count, pass } = start();
  expect(discovery.versions()).toEqual([]);
  await change(true);
  expect(discovery.versions()).toMatchObject([{ group: 'g.io', version: 'v1', priority: { group: 1, version: 2 }, freshness: 'Current', resources: [{ resource: 'things' }] }]);
  expect([discovery.documents(), discovery.document('apis/g.io/v1')?.url, discovery.document('version')]).toEqual([{ 'apis/g.io/v1': '/x' }, '/x', undefined]);
  await pass(59_000);
  expect(count()).toBe(1);
  await pass(1_000);
  expect(count()).toBe(2);
});
it('keeps what a server that is away served last, marks it, and asks sooner', async () => {
  const { discovery, change, count, pass, be } = start();
  await change(true);
  be(false);
  await change(true);
  expect(discovery.versions()).toMatchObject([{ freshness: 'Stale', resources: [{ resource: 'things' }] }]);
  be(true);
  await pass(200);
  expect([count(), discovery.versions()[0]!.freshness]).toEqual([3, 'Current']);
});
it('forgets who is gone, and asks nobody any more', async () => {
  const { discovery, change, count, pass } = start();
  await change(true);
  await change(false);
  await pass(120_000);
  expect([count(), discovery.versions(), discovery.documents()]).toEqual([1, [], {}]);
});

it.each<[string, object, string]>([
  ['an unknown authority', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'tls: failed to verify certificate: x509: certificate signed by unknown authority'],
  ['another name', { code: 'ERR_TLS_CERT_ALTNAME_INVALID', host: 'a.b.svc', cert: { subjectaltname: 'DNS:c, IP Address:10.0.0.1' } }, 'tls: failed to verify certificate: x509: certificate is valid for c, 10.0.0.1, not a.b.svc'],
  ['nobody there', { code: 'ECONNREFUSED', address: '10.0.0.1', port: 443 }, 'dial tcp 10.0.0.1:443: connect: connection refused'],
  ['a hang-up', { code: 'ECONNRESET', message: 'socket hang up' }, 'EOF'],
  ['anything else', { message: 'words' }, 'words'],
])('tells why a connection failed: %s', (_, parts, words) => expect(connectionWords(Object.assign(new Error(), parts))).toBe(words));
