// What stands beside an answer, and which form a failure has: headers, discovery that a client keeps, pages, health checks.
import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import { decodeProtobuf } from '../../src/schema/protobuf.ts';
import { statusType } from '../../src/schema/meta-types.ts';
import { startHttpsApi, type HttpsApi } from '../support/api-server-https.ts';

interface Reply { readonly status: number; readonly headers: Record<string, unknown>; readonly body: Buffer }
let api: HttpsApi;
let admin: ClientHttp2Session;
let bob: ClientHttp2Session;
beforeAll(async () => {
  api = await startHttpsApi({ policy: true });
  admin = await api.http2(api.admin);
  bob = await api.http2(await api.access('bob', []));
});
afterAll(() => api.stop());

function call(session: ClientHttp2Session, path: string, headers: Record<string, string> = {}, method = 'GET', body?: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': method, ':path': path, ...headers }, { endStream: body === undefined });
    const chunks: Buffer[] = [];
    let answer: Record<string, unknown> = {};
    stream.on('response', (h) => { answer = h; });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => resolve({ status: Number(answer[':status']), headers: answer, body: Buffer.concat(chunks) }));
    if (body !== undefined) stream.end(body);
  });
}

const nosniff = { 'x-content-type-options': 'nosniff' };
describe('an answer', () => {
  it.each<[what: string, path: string, status: number, headers: object]>([
    ['an object', '/api/v1/namespaces/default', 200, { 'content-type': 'application/json' }], ['a list', '/api/v1/namespaces', 200, {}], ['text', '/healthz', 200, nosniff], ['a page', '/metrics', 200, {}],
    ['a Status', '/api/v1/nodes/none', 404, { 'content-type': 'application/json' }], ['no page', '/none', 404, { 'content-type': 'text/plain; charset=utf-8', ...nosniff }], ['discovery', '/apis/apps/v1', 200, {}],
  ])('that is %s can be told by its id, and is not to be kept', async (_what, path, status, headers) => {
    const { status: given, headers: told, body } = await call(admin, path);
    expect(given).toBe(status);
    expect(told).toMatchObject({ 'cache-control': 'no-cache, private', 'content-length': String(body.byteLength), ...headers });
    expect(told['audit-id']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect((await call(admin, path)).headers['audit-id']).not.toBe(told['audit-id']);
  });
  it('to a request that has a name carries that', async () => {
    for (const path of ['/api/v1/namespaces', '/healthz', '/none']) expect((await call(admin, path, { 'audit-id': 'my own' })).headers['audit-id']).toBe('my own');
    const watch = admin.request({ ':path': '/api/v1/namespaces?watch=1', 'audit-id': 'watching' });
    expect((await once(watch, 'response'))[0]).toMatchObject({ 'audit-id': 'watching', 'cache-control': 'no-cache, private' });
    watch.close();
    await once(watch, 'close');
  });
  it.each<[what: string, path: string, headers: Record<string, string>, told: object]>([
    ['resource', '/api/v1/nodes', {}, nosniff], ['path', '/metrics', {}, nosniff], ['name', '/api/v1/nodes', { 'impersonate-user': 'alice' }, nosniff],
  ])('that refuses somebody a %s is not to be guessed at', async (_what, path, headers, told) => {
    expect(await call(bob, path, headers)).toMatchObject({ status: 403, headers: { 'content-type': 'application/json', ...told } });
  });
  it('that a handler refuses needs no such word', async () => {
    const { status, headers } = await call(admin, '/api/v1/namespaces/kube-system', {}, 'DELETE');
    expect([status, headers['x-content-type-options']]).toEqual([403, undefined]);
  });
});

describe('a failure', () => {
  const missing = '/api/v1/nodes/none';
  it.each<[accept: string, type: string]>([
    ['application/yaml', 'application/yaml'], ['application/vnd.kubernetes.protobuf,application/json', 'application/vnd.kubernetes.protobuf'], ['application/json', 'application/json'],
    ['application/json;as=Table;v=v1;g=meta.k8s.io,application/yaml', 'application/yaml'], ['application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io, */*', 'application/json'],
  ])('is told in %s to who accepts it', async (accept, type) => {
    // From the handler, the router and the filters alike.
    for (const [session, path, status] of [[admin, missing, 404], [admin, '/api/v1/made-up', 404], [bob, '/api/v1/nodes', 403]] as const) {
      expect(await call(session, path, { accept })).toMatchObject({ status, headers: { 'content-type': type } });
    }
  });
  it('in protobuf is a Status', async () => {
    const { body } = await call(admin, missing, { accept: 'application/vnd.kubernetes.protobuf' });
    expect(decodeProtobuf(body, () => statusType)).toMatchObject({ status: 'Failure', reason: 'NotFound', code: 404, message: 'nodes "none" not found', details: { kind: 'nodes', name: 'none' } });
  });
  it.each<[accept: string, status: number]>([
    ['application/json;as=Table;v=v1;g=meta.k8s.io', 406], ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', 201], ['application/json', 201],
  ])('is a review in the form %s: %i', async (accept, status) => {
    const review = JSON.stringify({ apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } });
    const told = await call(admin, '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { accept, 'content-type': 'application/json' }, 'POST', review);
    expect([told.status, JSON.parse(told.body.toString())]).toMatchObject([status, status === 406 ? { reason: 'NotAcceptable', message: expect.stringMatching(/^only the following media types are accepted: /) as string } : { status: { allowed: true } }]);
  });
  it('is told as text for people to who accepts nothing there is', async () => {
    for (const accept of ['text/html', 'application/json;as=Made-Up;v=v1;g=meta.k8s.io']) {
      const { status, headers, body } = await call(admin, missing, { accept });
      expect([status, headers['content-type']]).toEqual([406, 'application/json']);
      expect(body.toString()).toMatch(/^\{\n {2}"kind": "Status",\n[^]*"code": 406\n\}$/);
    }
  });
});

describe('subresources', () => {
  const path = '/api/v1/namespaces/default/replicationcontrollers';
  beforeAll(async () => {
    const object = { metadata: { name: 'rc' }, spec: { replicas: 2, selector: { a: 'b' }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } };
    expect((await call(admin, path, { 'content-type': 'application/json' }, 'POST', JSON.stringify(object))).status).toBe(201);
  });
  it('have the forms of objects', async () => {
    const table = JSON.parse((await call(admin, `${path}/rc/scale`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' })).body.toString()) as { columnDefinitions: { name: string }[]; rows: { cells: unknown[]; object: unknown }[] };
    expect(table.columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Desired', 'Available', 'Age']);
    expect(table.rows).toMatchObject([{ cells: ['rc', 2, 0, expect.any(String)], object: { kind: 'PartialObjectMetadata', metadata: { name: 'rc' } } }]);
    expect((await call(admin, `${path}/rc/scale`, { accept: 'application/yaml' })).body.toString()).toMatch(/^apiVersion: autoscaling\/v1\nkind: Scale\n/);
    expect(JSON.parse((await call(admin, `${path}/rc/status`, { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' })).body.toString())).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'rc' } });
    expect((await call(admin, `${path}/rc/scale`, { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' })).status).toBe(406);
  });
  it('that are in protobuf are answered in it', async () => {
    const { status, headers } = await call(admin, '/api/v1/namespaces/default/serviceaccounts/default/token', { 'accept': 'application/vnd.kubernetes.protobuf', 'content-type': 'application/json' }, 'POST', '{}');
    expect([status, headers['content-type']]).toEqual([404, 'application/vnd.kubernetes.protobuf']);
  });
});

describe('aggregated discovery', () => {
  const form = (version: string): string => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
  it.each(['/api', '/apis'])('of %s is kept by its tag', async (path) => {
    const { status, headers, body } = await call(admin, path, { accept: `${form('v2')},${form('v2beta1')},application/json` });
    expect([status, headers['content-type'], headers['vary'], headers['cache-control']]).toEqual([200, form('v2'), 'Accept', 'public']);
    expect(headers['etag']).toMatch(/^"[0-9A-F]{128}"$/);
    expect(JSON.parse(body.toString())).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' });
    const kept = await call(admin, path, { 'accept': form('v2'), 'if-none-match': String(headers['etag']) });
    expect(kept).toMatchObject({ status: 304, headers: { 'etag': headers['etag'], 'cache-control': 'public' } });
    expect([kept.body.byteLength, kept.headers['content-length']]).toEqual([0, undefined]);
    expect((await call(admin, path, { 'accept': form('v2'), 'if-none-match': '"OTHER"' })).status).toBe(200);
  });
  it('has another tag when there is more', async () => {
    const tag = async (): Promise<unknown> => (await call(admin, '/apis', { accept: form('v2') })).headers['etag'];
    const before = await tag();
    api.registry.served.define('more', [{ ...api.registry.served.current[0]!, group: 'more.example.com', custom: true }]);
    expect(await tag()).not.toBe(before);
    api.registry.served.define('more', []);
    expect(await tag()).toBe(before);
  });
  it.each<[accept: string, type: string]>([
    [`application/json,${form('v2')}`, 'application/json'], [form('v9') + ',application/json', 'application/json'], [`application/json;q=0.5,${form('v2beta1')};q=0.9`, form('v2beta1')],
    [form('v2').replace('json', 'yaml'), form('v2').replace('json', 'yaml')], ['*/*', 'application/json'], [`application/vnd.kubernetes.protobuf;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,${form('v2')}`, form('v2').replace('json', 'vnd.kubernetes.protobuf')],
  ])('is answered to %s as it is wished', async (accept, type) => {
    expect(await call(admin, '/apis', { accept })).toMatchObject({ status: 200, headers: { 'content-type': type } });
  });
  it('is no form of other documents', async () => {
    for (const path of ['/apis/apps', '/apis/apps/v1', '/api/v1/pods']) expect((await call(admin, path, { accept: form('v2') })).status).toBe(406);
    expect((await call(admin, '/apis', { accept: form('v9') })).status).toBe(406);
  });
});

describe('pages', () => {
  it('/ and /index.html list all there are, for people', async () => {
    const { headers, body } = await call(admin, '/', { accept: 'text/html' });
    expect([headers['content-type'], body.toString().slice(0, 14)]).toEqual(['application/json', '{\n  "paths": [']);
    const { paths } = JSON.parse(body.toString()) as { paths: string[] };
    expect(paths).toEqual([...paths].sort());
    for (const path of paths.filter((listed) => !listed.startsWith('/openapi'))) expect([path, (await call(admin, path)).status]).toEqual([path, 200]);
    expect((await call(admin, '/index.html')).body.equals(body)).toBe(true);
  });
  it('/version is JSON for people', async () => {
    expect((await call(admin, '/version')).body.toString()).toMatch(/^\{\n {2}"major": "1",\n/);
    expect((await call(admin, '/version', { accept: 'application/yaml' })).status).toBe(406);
  });
});
