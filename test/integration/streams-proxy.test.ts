// The proxy subresources of Pods, Services and nodes, from the API server's port through the tunnel to a server of this machine.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request as httpsRequest } from 'node:https';
import { deflateRawSync, gunzipSync, gzipSync, inflateRawSync } from 'node:zlib';
import { WebSocket, WebSocketServer } from 'ws';
import { startStreamsCluster, type StreamsCluster } from './streams-cluster.ts';

let cluster: StreamsCluster;
let server: Server;
let port: number;
/** The protocols each WebSocket asked the server behind the proxy for. */
const offered: (string | undefined)[] = [];
beforeAll(async () => {
  cluster = await startStreamsCluster();
  server = createServer((request, response) => {
    if (request.url === '/away') {
      response.writeHead(302, { location: '/login' }).end();
      return;
    }
    const [, coding, page] = /^\/(gzip|deflate|other|plain)\/page(.*)$/.exec(request.url!) ?? [];
    if (coding) {
      const html = Buffer.from('<title>é</title><a href="/x">/x</a>');
      const bytes = coding === 'gzip' ? gzipSync(html) : coding === 'deflate' ? deflateRawSync(html) : html;
      response.writeHead(200, { 'content-type': page === '.txt' ? 'text/plain' : 'text/html; charset=utf-8', 'content-length': bytes.length, 'access-control-allow-origin': '*', ...(coding === 'plain' ? {} : { 'content-encoding': coding }) }).end(bytes);
      return;
    }
    let size = 0;
    request.on('data', (chunk: Buffer) => { size += chunk.length; });
    request.on('end', () => response.writeHead(203, { 'x-seen': 'yes' }).end(JSON.stringify({ method: request.method, url: request.url, size, headers: request.headers })));
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => { offered.push(request.headers['sec-websocket-protocol']); });
  sockets.on('connection', (socket) => socket.on('message', (message) => socket.send(`heard ${String(message)}`)));
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await cluster.stop();
});

interface Reply { readonly status: number; readonly headers: Record<string, unknown>; readonly body: string; readonly bytes: Buffer }
function call(method: string, path: string, body?: Buffer, headers: Record<string, string> = {}): Promise<Reply> {
  const { server: url, ca, cert, key } = cluster.access;
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(url + path, { method, ca, cert, key, agent: false, headers });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: response.statusCode!, headers: response.headers, body: bytes.toString(), bytes });
      });
    });
    outgoing.end(body);
  });
}
const pods = (rest: string): string => `/api/v1/namespaces/default/pods/web:${port}/proxy${rest}`;

it('passes a request on, and what tells who calls is not part of it', async () => {
  const known = await call('GET', pods('/a%2Fb/c?x=1'), undefined, { authorization: 'Bearer secret', 'x-own': 'kept' });
  expect(known).toMatchObject({ status: 203, headers: { 'x-seen': 'yes' } });
  const seen = JSON.parse(known.body) as { url: string; headers: Record<string, string> };
  expect(seen.url).toBe('/a%2Fb/c?x=1');
  expect(seen.headers).toMatchObject({ 'x-own': 'kept', 'x-forwarded-proto': 'https', 'x-forwarded-uri': pods('/a%2Fb/c'), 'x-forwarded-for': '127.0.0.1' });
  expect(seen.headers).not.toHaveProperty('authorization');
});
it.each(['DELETE', 'GET', 'OPTIONS', 'PATCH', 'POST', 'PUT'])('passes %s on, and paths with and without a slash at their end', async (method) => {
  for (const rest of ['/', '/some/path/with/METHOD', '/a/', '/a//b/?x=%2F', ...(method === 'GET' ? [] : ['', '?method=x'])]) {
    const { status, body } = await call(method, pods(rest));
    expect([status, JSON.parse(body)]).toEqual([203, expect.objectContaining({ method, url: rest.startsWith('/') ? rest : `/${rest}` })]);
  }
});
it('passes HEAD on', async () => expect(await call('HEAD', pods('/a'))).toMatchObject({ status: 203, headers: { 'x-seen': 'yes' }, body: '' }));
it('knows no other methods', async () => expect((await call('TRACE', pods('/a'))).status).toBe(405));
it('carries bodies larger than an API object may be', async () => {
  const reply = await call('POST', pods('/upload'), Buffer.alloc(5 * 1024 * 1024, 'x'));
  expect(JSON.parse(reply.body)).toMatchObject({ method: 'POST', size: 5 * 1024 * 1024 });
});
it('sends a page without a slash to the one with it, and keeps redirects under the proxy', async () => {
  expect(await call('GET', pods(''))).toMatchObject({ status: 301, headers: { location: pods('/') } });
  expect(await call('GET', pods('/away'))).toMatchObject({ status: 302, headers: { location: pods('/login') } });
});
it.each([['plain'], ['gzip'], ['deflate']])('leads the links of a page (%s) back under the proxy', async (coding) => {
  const page = await call('GET', pods(`/${coding}/page`));
  expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
  const decode = coding === 'gzip' ? gunzipSync : coding === 'deflate' ? inflateRawSync : (bytes: Buffer): Buffer => bytes;
  expect(decode(page.bytes).toString()).toBe(`<title>é</title><a href="${pods('/x')}">/x</a>`);
  // Whom the place lets read its answers is not for the API server to say.
  expect(page.headers).not.toHaveProperty('access-control-allow-origin');
  expect(await call('HEAD', pods(`/${coding}/page`))).toMatchObject({ status: 200, body: '' });
});
it('leaves what is no page, or is coded as nobody here knows, as it is', async () => {
  for (const path of ['/plain/page.txt', '/other/page']) expect(await call('GET', pods(path))).toMatchObject({ status: 200, headers: { 'content-length': '36' }, body: '<title>é</title><a href="/x">/x</a>' });
});
it('carries a WebSocket', async () => {
  const { server: url, ca, cert, key } = cluster.access;
  const socket = new WebSocket(url.replace('https', 'wss') + pods('/ws'), { ca, cert, key });
  const heard = new Promise((resolve, reject) => {
    socket.on('open', () => socket.send('hello'));
    socket.on('message', (message) => resolve(String(message)));
    socket.on('error', reject);
  });
  expect(await heard).toBe('heard hello');
  socket.terminate();
});
it('keeps a token among the protocols of a WebSocket to itself', async () => {
  const { server: url, ca, cert, key } = cluster.access;
  for (const [path, protocol] of [[pods('/ws'), 'chat'], ['/api/v1/namespaces/default/pods/web/exec?command=cat&stdout=true', 'v5.channel.k8s.io']] as const) {
    offered.length = 0;
    cluster.protocols.length = 0;
    const socket = new WebSocket(url.replace('https', 'wss') + path, [protocol, 'base64url.bearer.authorization.k8s.io.c2VjcmV0'], { ca, cert, key });
    await once(socket, 'open');
    expect([socket.protocol, ...offered, ...cluster.protocols]).toEqual([protocol, protocol]);
    socket.terminate();
  }
});
it('reaches the kubelet of a node', async () => {
  expect((await call('POST', '/api/v1/nodes', Buffer.from('{"metadata":{"name":"node-1"}}'), { 'content-type': 'application/json' })).status).toBe(201);
  expect(await call('GET', '/api/v1/nodes/node-1/proxy/healthz')).toMatchObject({ status: 200, body: 'ok' });
  expect(await call('GET', '/api/v1/nodes/node-1:10250/proxy/healthz')).toMatchObject({ status: 200, body: 'ok' });
  expect((await call('GET', '/api/v1/nodes/node-2/proxy/healthz')).status).toBe(404);
});
it('chooses a ready endpoint of a Service', async () => {
  const post = async (path: string, object: unknown): Promise<void> => expect((await call('POST', path, Buffer.from(JSON.stringify(object)), { 'content-type': 'application/json' })).status).toBe(201);
  await post('/api/v1/namespaces/default/services', { metadata: { name: 'web' }, spec: { ports: [{ name: 'http', port: 80, targetPort: port }] } });
  expect(await call('GET', '/api/v1/namespaces/default/services/web:http/proxy/x')).toMatchObject({ status: 503, body: expect.stringContaining('no endpoints available for service \\"web:http\\"') });
  const endpoint = { addresses: ['10.244.7.7'], conditions: { ready: true }, nodeName: 'node-1', targetRef: { kind: 'Pod', namespace: 'default', name: 'web' } };
  await post('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', { metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } }, addressType: 'IPv4', ports: [{ name: 'http', port }], endpoints: [endpoint] });
  for (const name of ['web:http', 'web:80', 'http:web:80']) expect((await call('GET', `/api/v1/namespaces/default/services/${name}/proxy/x`)).status).toBe(203);
});
it('says why it cannot', async () => {
  const gone = await call('GET', '/api/v1/namespaces/default/pods/web:1/proxy/');
  expect(gone.status).toBe(503);
  expect((JSON.parse(gone.body) as { message: string }).message).toMatch(/^error trying to reach service: .*connection refused/);
  expect(await call('GET', '/api/v1/namespaces/default/pods/ftp:web:1/proxy/')).toMatchObject({ status: 400, body: expect.stringContaining('invalid pod request') });
  expect((await call('GET', '/api/v1/namespaces/default/services/none/proxy/')).status).toBe(404);
});
