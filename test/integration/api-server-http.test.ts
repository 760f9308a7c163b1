// The API server's port: sizes, compression, content types, credentials, and clients that misbehave.
import { EventEmitter, once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { constants, type ClientHttp2Session } from 'node:http2';
import { Agent, request as httpsRequest } from 'node:https';
import { gunzipSync } from 'node:zlib';
import { silentLog } from '../../src/util/log.ts';
import { startHttpsApi, type HttpsApi } from '../support/api-server-https.ts';

interface Answer { readonly status: number; readonly headers: Record<string, string | string[] | undefined>; readonly body: Buffer; json(): any }
const path = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string, data: Record<string, string> = {}): string => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });

/** What the server warns of in its log, by message. */
const warned = new EventEmitter();
let api: HttpsApi;
let session: ClientHttp2Session;
beforeAll(async () => {
  api = await startHttpsApi({ policy: true, watcherLimit: 8, stalledMs: 300, log: { ...silentLog, warn: (fields, message) => warned.emit(message, fields) } });
  session = await api.http2(api.admin);
});
afterAll(() => api.stop());

function call(on: ClientHttp2Session, method: string, where: string, body?: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = on.request({ ':method': method, ':path': where, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers }, { endStream: body === undefined });
    let answer: Record<string, string | string[] | undefined> = {};
    const chunks: Buffer[] = [];
    stream.on('response', (h) => { answer = h as typeof answer; });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      const bytes = Buffer.concat(chunks);
      if (answer[':status'] === undefined) reject(new Error(`no answer: ${stream.rstCode}`));
      else resolve({ status: Number(answer[':status']), headers: answer, body: bytes, json: () => JSON.parse(bytes.toString()) as unknown });
    });
    if (body !== undefined) stream.end(body);
  });
}

describe('a body of more than 3 MiB', () => {
  const large = configMap('large', { blob: 'x'.repeat(3 * 1024 * 1024) });

  it('is refused over HTTP/2, and the connection goes on', async () => {
    const refused = await call(session, 'POST', path, large);
    expect(refused.status).toBe(413);
    expect(refused.json()).toMatchObject({ kind: 'Status', code: 413, reason: 'RequestEntityTooLarge', message: 'Request entity too large: limit is 3145728' });
    expect((await call(session, 'GET', path)).status).toBe(200);
  });
  it('is refused over HTTP/1.1, and the connection goes on', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: api.admin.ca, cert: api.admin.cert, key: api.admin.key });
    const send = async (method: string, body?: string): Promise<{ status: number; reused: boolean }> => {
      const outgoing = httpsRequest(api.admin.server + path, { method, agent, headers: { 'content-type': 'application/json' } });
      outgoing.end(body);
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      response.resume();
      await once(response, 'end');
      return { status: response.statusCode!, reused: outgoing.reusedSocket };
    };
    expect((await send('POST', large)).status).toBe(413);
    expect(await send('GET')).toEqual({ status: 200, reused: true });
    agent.destroy();
  });
});

describe('answers', () => {
  it('escape what pages and scripts would read as their own, as Go does', async () => {
    const created = await call(session, 'POST', path, configMap('escaped', { a: '<b> & c\u2028' }));
    expect(created.json().data).toEqual({ a: '<b> & c\u2028' });
    const escaped = String.raw`\u003cb\u003e \u0026 c\u2028`;
    const table = { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' };
    for (const answer of [
      created, await call(session, 'GET', `${path}/escaped`), await call(session, 'GET', `${path}?fieldSelector=metadata.name%3Descaped`), await call(session, 'GET', `${path}/escaped?pretty=true`),
      await call(session, 'GET', `${path}?fieldSelector=metadata.name%3Descaped&includeObject=Object`, undefined, table),
    ]) expect(answer.body.toString()).toContain(escaped);
    expect((await call(session, 'GET', `${path}/%3Cb%3E`)).body.toString()).toContain(String.raw`configmaps \"\u003cb\u003e\" not found`);
  });
  it('that are large are compressed for who can read it', async () => {
    for (let i = 0; i < 4; i++) expect((await call(session, 'POST', path, configMap(`blob-${i}`, { blob: 'x'.repeat(100_000) }))).status).toBe(201);
    const packed = await call(session, 'GET', path, undefined, { 'accept-encoding': 'gzip' });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(packed.body.byteLength).toBeLessThan(50_000);
    const plain = await call(session, 'GET', path);
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(JSON.parse(gunzipSync(packed.body).toString())).toEqual(plain.json());
  });
  it('that are large and many pass over one connection', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => call(session, 'GET', path)));
    expect(answers.map((a) => a.status)).toEqual(answers.map(() => 200));
  });
  it.each([
    ['YAML', { accept: 'application/yaml' }, 'application/yaml', /^apiVersion: v1\nkind: Namespace\nmetadata:\n {2}creationTimestamp: /],
    ['JSON for a person', { 'user-agent': 'curl/8.0' }, 'application/json', /^\{\n {2}"kind": "Namespace",\n/],
    ['JSON', {}, 'application/json', /^\{"kind":"Namespace","apiVersion":"v1","metadata":\{"resourceVersion":"\d+",.*\}\n$/],
  ])('come as %s', async (_what, headers, type, text) => {
    const answer = await call(session, 'GET', '/api/v1/namespaces/default', undefined, headers);
    expect(answer.headers['content-type']).toBe(type);
    expect(answer.body.toString()).toMatch(text);
  });
  it('share buffers, and each is whole however slowly it is read and whoever leaves', async () => {
    for (let n = 0; n < 40; n++) expect((await call(session, 'POST', path, configMap(`shared-${n}`, { blob: String.fromCharCode(97 + (n % 26)).repeat(20_000) }))).status).toBe(201);
    const expected = (await call(session, 'GET', path)).body.toString();
    expect(expected.length).toBeGreaterThan(800_000);
    const agent = new Agent({ keepAlive: true, maxSockets: 4, ca: api.admin.ca, cert: api.admin.cert, key: api.admin.key });
    const slowly = async (of: AsyncIterable<Buffer>): Promise<string> => {
      const chunks: Buffer[] = [];
      for await (const chunk of of) {
        chunks.push(chunk);
        await new Promise((resolve) => setImmediate(resolve));
      }
      return Buffer.concat(chunks).toString();
    };
    const overHttp1 = async (): Promise<string> => {
      const outgoing = httpsRequest(api.admin.server + path, { agent }).end();
      return slowly(((await once(outgoing, 'response')) as [IncomingMessage])[0]);
    };
    const overHttp2 = (): Promise<string> => slowly(session.request({ ':path': path }));
    const leaving = async (): Promise<void> => {
      const outgoing = httpsRequest(api.admin.server + path, { agent: false, ca: api.admin.ca, cert: api.admin.cert, key: api.admin.key }).end();
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      await once(response, 'data');
      response.destroy();
    };
    const all = await Promise.all(Array.from({ length: 6 }, () => [overHttp1(), overHttp2(), leaving()]).flat());
    agent.destroy();
    for (const [i, read] of all.entries()) if (i % 3 !== 2) expect(read === expected).toBe(true);
  });
  it('carry warnings once each', async () => {
    const answer = await call(session, 'POST', `${path}?dryRun=All`, JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'w' }, dat: {} }));
    expect(answer.headers['warning']).toBe('299 - "unknown field \\"dat\\""');
    const patched = await call(session, 'PATCH', `${path}/blob-0?fieldValidation=Strict`, '{"dat":1,"dat":2}', { 'content-type': 'application/merge-patch+json' });
    expect(patched.status).toBe(422);
    expect(patched.json().message).toMatch(/strict decoding error: duplicate field "dat", unknown field "dat"$/);
  });
  it('say of YAML where something stands twice', async () => {
    const yaml = '\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: twice\ndata:\n  a: u\n  a: v\ndat: {}\n';
    const send = (method: string, fieldValidation: string, text = yaml) =>
      call(session, method, `${path}${method === 'POST' ? '' : '/twice'}?dryRun=All&fieldManager=m&fieldValidation=${fieldValidation}`, text, { 'content-type': method === 'POST' ? 'application/yaml' : 'application/apply-patch+yaml' });
    const why = 'yaml: unmarshal errors:\n  line 8: key "a" already set in map';
    expect((await send('POST', 'Strict')).json().message).toBe(`ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: ${why}, unknown field "dat"`);
    expect((await send('POST', 'Warn')).headers['warning']).toBe('299 - "line 8: key \\"a\\" already set in map", 299 - "unknown field \\"dat\\""');
    // What does not fit is found first.
    expect((await send('PATCH', 'Strict')).json()).toMatchObject({ code: 500, message: 'failed to create typed patch object (/twice; /v1, Kind=ConfigMap): .dat: field not declared in schema' });
    const fitting = yaml.replace('dat: {}\n', '');
    expect((await send('PATCH', 'Strict', fitting)).json()).toMatchObject({ code: 400, message: `error strict decoding YAML: error converting YAML to JSON: ${why}` });
    expect((await send('PATCH', 'Strict', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"twice"},\n"data":{"a":"x","a":"y"}}')).json().message).toContain('line 2: key "a" already set in map');
    const warned = await send('PATCH', 'Warn', fitting);
    expect([warned.status, warned.headers['warning']]).toEqual([201, '299 - "line 8: key \\"a\\" already set in map"']);
  });
});

describe('credentials', () => {
  const anonymous = (): typeof api.admin => ({ ...api.admin, cert: '', key: '' });
  it('may be missing: then the caller is nobody, and may see that the server lives', async () => {
    const nobody = await api.http2(anonymous());
    expect((await call(nobody, 'GET', '/healthz')).status).toBe(200);
    const refused = await call(nobody, 'GET', '/api/v1/pods');
    expect(refused.status).toBe(403);
    expect(refused.json().message).toBe('pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope');
    expect((await call(nobody, 'GET', '/api')).status).toBe(403);
    expect((await call(nobody, 'GET', '/api', undefined, { authorization: 'Basic YTpi' })).status).toBe(403);
  });
  it.each([['a token nobody knows', false, { authorization: 'Bearer nonsense' }], ['a certificate of another authority', true, {}]])('may not be %s', async (_what, foreign, headers) => {
    const stranger = await api.http2(foreign ? await api.access('kubernetes-admin', ['system:masters'], true) : anonymous());
    const refused = await call(stranger, 'GET', '/healthz', undefined, headers);
    expect(refused.status).toBe(401);
    expect(refused.json()).toMatchObject({ reason: 'Unauthorized', message: 'Unauthorized' });
  });
});

describe('a client that misbehaves', () => {
  const alive = async (): Promise<void> => expect((await call(session, 'GET', '/healthz')).body.toString()).toBe('ok');

  it.each<[what: string, protocol: 'h2' | 'http/1.1', bytes: Buffer]>([
    ['no preface', 'h2', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a frame that is too large', 'h2', Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]), Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1])])],
    ['data of a stream that is not open', 'h2', Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]), Buffer.from([0, 0, 1, 0, 0, 0, 0, 0, 7, 1])])],
    ['headers that cannot be decoded', 'h2', Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]), Buffer.from([0, 0, 3, 1, 5, 0, 0, 0, 1, 0xff, 0xff, 0xff])])],
    ['half a request line', 'http/1.1', Buffer.from('GET /api')],
    ['no HTTP at all', 'http/1.1', Buffer.from([0, 1, 2, 3, 4, 5, 6, 7])],
  ])('sends %s', async (_what, protocol, bytes) => {
    const socket = await api.tls(api.admin, protocol);
    socket.write(bytes);
    socket.end();
    socket.resume();
    await once(socket, 'close');
    await alive();
  });
  it('leaves in the middle of a body', async () => {
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/json' }, { endStream: false });
    stream.on('error', () => undefined);
    stream.write('{"kind":');
    await new Promise((resolve) => setImmediate(resolve));
    stream.close(constants.NGHTTP2_CANCEL);
    await once(stream, 'close');
    await alive();
  });
  it.each(['/%', '/api/v1/namespaces/%zz/pods', '//', '/api/v1/namespaces//pods', '/api/v1/pods?labelSelector=%', '/api/v1/namespaces/default/pods/x/y/z'])('asks for %s', async (where) => {
    expect((await call(session, 'GET', where)).status).toBeLessThan(500);
  });
  it.each(['PUT', 'HEAD', 'TRACE', 'OPTIONS'])('uses %s on a collection', async (method) => {
    expect((await call(session, method, path)).status).toBe(405);
  });

  it('that reads nothing of a watch loses it', async () => {
    const slow = await api.http2(api.admin);
    const stream = slow.request({ ':path': `${path}?watch=true&resourceVersion=${String(api.registry.cache.revision)}` });
    const given = once(warned, 'an answer broke off');
    stream.on('error', () => undefined);
    await once(stream, 'response');
    const blob = 'x'.repeat(50_000);
    for (let i = 0; i < 40; i++) expect((await call(session, 'PUT', `${path}/blob-0`, configMap('blob-0', { blob, i: String(i) }))).status).toBe(200);
    // Nobody reads: after its time the server gives the watch up.
    expect(((await given)[0] as { error: Error }).error.message).toBe('the reader of a watch takes nothing');
    // The client finds out once it looks.
    stream.resume();
    await once(stream, 'close');
    await alive();
  });
});
