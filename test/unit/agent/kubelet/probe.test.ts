// Probes and hooks against servers on loopback: what counts as success, what is sent, and the words for what fails.
import { createServer as createHttp2 } from 'node:http2';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSocketServer, type AddressInfo, type Socket } from 'node:net';
import { actionHeaders, actionUrl, dialFailure } from '../../../../agent/kubelet/http-get.ts';
import { runHook } from '../../../../agent/kubelet/lifecycle-hooks.ts';
import { healthRequest, healthStatus } from '../../../../agent/kubelet/probes/grpc.ts';
import { runProbe, type Probe } from '../../../../agent/kubelet/probes/probe.ts';
import { exitsAfter } from '../../../../agent/runtime/fake-process.ts';
import { FakeRuntime } from '../../../../agent/runtime/fake.ts';
import { realClock } from '../../../../src/util/clock.ts';
import { container, pod } from './pods.ts';

let server: Server;
let port: number;
let seen: IncomingMessage[];
beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request);
    const path = request.url ?? '';
    if (path === '/hang') return;
    if (path === '/to/choice') response.writeHead(300, { location: '/200' }).end('choose');
    else if (path.startsWith('/to/')) response.writeHead(302, { location: path === '/to/other' ? 'http://example.com/x' : path === '/to/loop' ? '/to/loop' : '/200' }).end('moved');
    else response.writeHead(Number(path.slice(1)) || 200).end('body');
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  port = (server.address() as AddressInfo).port;
});
afterAll(() => { server.closeAllConnections(); server.close(); });
beforeEach(() => { seen = []; });

const runtime = new FakeRuntime({ clock: realClock });
const target = { pod: pod(), container: container('a', { ports: [{ name: 'http', containerPort: 1, protocol: 'TCP' }] } as never), containerId: 'x', podIP: '127.0.0.1' };
const run = (probe: object) => runProbe(runtime, { timeoutSeconds: 60, ...probe } as Probe, target);
const get = (path: string, more: object = {}, timeoutSeconds = 60) => run({ httpGet: { path, port, scheme: 'HTTP', ...more }, timeoutSeconds });

it.each([
  ['/200', 'success', 'body'], ['/204', 'success', ''], ['/399', 'warning', 'Probe terminated redirects, Response body: body'], ['/404', 'failure', 'HTTP probe failed with statuscode: 404'], ['/500', 'failure', 'HTTP probe failed with statuscode: 500'],
  ['/304', 'warning', 'Probe terminated redirects, Response body: '], ['/302', 'warning', 'Probe terminated redirects, Response body: body'], ['/to/choice', 'warning', 'Probe terminated redirects, Response body: choose'],
  ['/to/here', 'success', 'body'], ['/to/other', 'warning', 'Probe terminated redirects, Response body: moved'],
])('GET %s is a %s', async (path, result, output) => expect(await get(path)).toEqual({ result, output }));
it('gives up on a circle of redirects', async () => expect((await get('/to/loop')).output).toContain('stopped after 10 redirects'));
it('gives up in time', async () => expect(await get('/hang', {}, 1)).toEqual({ result: 'failure', output: `Get "http://127.0.0.1:${port}/hang": context deadline exceeded (Client.Timeout exceeded while awaiting headers)` }));
it('says when nothing listens', async () => {
  expect(await run({ httpGet: { path: '/', port: 1, scheme: 'HTTP' } })).toEqual({ result: 'failure', output: 'Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused' });
  expect(await run({ tcpSocket: { port: 'http' } })).toEqual({ result: 'failure', output: 'dial tcp 127.0.0.1:1: connect: connection refused' });
});
it.each<[string, (socket: Socket) => void, string]>([
  ['ends the connection', (socket) => socket.once('data', () => socket.end()), 'EOF'],
  ['breaks it off', (socket) => socket.once('data', () => socket.resetAndDestroy()), 'read tcp ADDRESS: read: connection reset by peer'],
  ['speaks something else', (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'), 'net/http: HTTP/1.x transport connection broken: malformed HTTP response "SSH-2.0-OpenSSH_9.2"'],
])('says when a server %s', async (_, behave, words) => {
  const other = createSocketServer((socket) => behave(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => { other.listen(0, '127.0.0.1', resolve); });
  const address = `127.0.0.1:${(other.address() as AddressInfo).port}`;
  const outcome = await get('/x', { port: (other.address() as AddressInfo).port });
  other.close();
  expect(outcome).toEqual({ result: 'failure', output: `Get "http://${address}/x": ${words.replace('ADDRESS', address)}` });
});
it.each([
  ['EHOSTUNREACH', 'dial tcp 10.1.1.1:80: connect: no route to host'], ['ENETUNREACH', 'dial tcp 10.1.1.1:80: connect: network is unreachable'], ['ETIMEDOUT', 'dial tcp 10.1.1.1:80: connect: connection timed out'],
  ['ENOTFOUND', 'dial tcp: lookup web.example: no such host'], ['ECONNRESET', undefined],
])('says of a connection that ends in %s: %s', (code, words) => expect(dialFailure('web.example', '10.1.1.1:80', Object.assign(new Error('x'), { code }))).toBe(words));
it('opens a TCP connection', async () => expect(await run({ tcpSocket: { port } })).toEqual({ result: 'success', output: '' }));
it('sends the Pod\'s headers, and its own where it has none', async () => {
  await get('/200', { httpHeaders: [{ name: 'Host', value: 'web.example' }, { name: 'X-A', value: '1' }, { name: 'x-a', value: '2' }] });
  expect(seen[0]!.headers).toMatchObject({ host: 'web.example', 'x-a': '1, 2', 'user-agent': 'kube-probe/1.33', accept: '*/*' });
  expect(actionHeaders({ port: 1, httpHeaders: [{ name: 'Accept', value: '' }, { name: 'user-agent', value: 'me' }] }, 'probe')).toEqual({ 'user-agent': 'me', Connection: 'close' });
});
it.each([[{ port: 80 }, 'http://10.1.1.1/'], [{ port: 'http', path: 'x?a=b' }, 'http://10.1.1.1:1/x?a=b'], [{ port: 8443, scheme: 'HTTPS', host: 'h', path: '/y' }, 'https://h:8443/y']])('%j goes to %s', (action, url) => {
  expect(String(actionUrl(action, target.container, '10.1.1.1'))).toBe(url);
});
it('refuses a port name the container does not have', () => expect(() => actionUrl({ port: 'none' }, target.container, '1.1.1.1')).toThrow(`couldn't find port: "none" in container "a"`));

it('asks by TLS what is said to speak it; a hook goes on without, and without its secrets', async () => {
  expect(await get('/200', { scheme: 'HTTPS' })).toEqual({ result: 'failure', output: `Get "https://127.0.0.1:${port}/200": http: server gave HTTP response to HTTPS client` });
  const httpGet = { path: '/200', port, scheme: 'HTTPS', httpHeaders: [{ name: 'authorization', value: 'secret' }, { name: 'x-a', value: '1' }] };
  await runHook({ httpGet } as never, target, { runtime, clock: realClock, timeoutMs: 59_999.5, signal: new AbortController().signal });
  expect(seen.map(({ headers }) => [headers['x-a'], headers.authorization, headers['user-agent']])).toEqual([['1', undefined, 'kube-lifecycle/1.33']]);
});

it.each([[0, 'success'], [3, 'failure']])('a command that ends with %d is a %s', async (code, result) => {
  const fake = new FakeRuntime({ clock: realClock, images: { i: { exec: exitsAfter(1, code) } } });
  const sandbox = { metadata: { name: 'p', namespace: 'n', uid: 'u', attempt: 0 }, hostname: 'p', network: 'x' };
  const id = await fake.createContainer(await fake.runPodSandbox(sandbox), { metadata: { name: 'a', attempt: 0 }, image: 'i', imageReference: 'i', envs: [], mounts: [] }, sandbox);
  await fake.startContainer(id);
  expect((await runProbe(fake, { exec: { command: ['x'] }, timeoutSeconds: 60 } as Probe, { ...target, containerId: id })).result).toBe(result);
});

it('a command is told what the env of the container says outright', async () => {
  const asked: (readonly string[])[] = [];
  const fake = new FakeRuntime({ clock: realClock, images: {} });
  fake.execSync = (_id, command) => {
    asked.push(command);
    return Promise.resolve({ exitCode: 0, stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), timedOut: false });
  };
  const container = { ...target.container, env: [{ name: 'FILE', value: '/tmp/$(DIR)' }, { name: 'SECRET', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] } as never;
  await runProbe(fake, { exec: { command: ['test', '-f', '$(FILE)', '$(SECRET)', '$(OTHER)', '$$(FILE)'] } } as Probe, { ...target, container });
  expect(asked).toEqual([['test', '-f', '/tmp/$(DIR)', '', '$(OTHER)', '$(FILE)']]);
});

it('a hook that fails says which one, of what, and what its command has said', async () => {
  const fake = new FakeRuntime({ clock: realClock });
  fake.execSync = () => Promise.resolve({ exitCode: 4, stdout: Buffer.from('looking\n'), stderr: Buffer.from('not there\n'), timedOut: false });
  const fails = (hook: object): Promise<string> => runHook(hook as never, target, { runtime: fake, clock: realClock, timeoutMs: 60_000, signal: new AbortController().signal }).then(() => 'it works', (error: Error) => error.message);
  const where = 'for Container "a" in Pod "web_default(uid-1)" failed - error:';
  expect(await fails({ exec: { command: ['sh', '-c', 'look'] } })).toBe(`Exec lifecycle hook ([sh -c look]) ${where} command 'sh -c look' exited with 4: not there\n, message: "looking\\nnot there\\n"`);
  expect(await fails({ httpGet: { path: '/x', port: 1, scheme: 'HTTP' } })).toBe(`HTTP lifecycle hook (/x) ${where} Get "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused`);
});

it('speaks gRPC\'s health check', async () => {
  expect(healthRequest('ab')).toEqual(Buffer.from([0, 0, 0, 0, 4, 0x0a, 2, 97, 98]));
  expect(healthRequest('')).toEqual(Buffer.alloc(5));
  expect([healthStatus(Buffer.from([0, 0, 0, 0, 2, 8, 1])), healthStatus(Buffer.alloc(5))]).toEqual([1, 0]);
  let status = 1;
  let code = 0;
  let message = 'unknown%20service';
  let silent = false;
  const grpc = createHttp2();
  grpc.on('session', (session) => session.on('error', () => undefined));
  grpc.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    expect(headers[':path']).toBe('/grpc.health.v1.Health/Check');
    if (silent) return;
    if (code < 0) {
      stream.respond({ ':status': 404, 'content-type': 'text/plain' });
      stream.end('no such path');
      return;
    }
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(code), ...(code ? { 'grpc-message': message } : {}) }));
    stream.end(Buffer.from([0, 0, 0, 0, 2, 8, status]));
  });
  await new Promise<void>((resolve) => { grpc.listen(0, '127.0.0.1', resolve); });
  const at = { grpc: { port: (grpc.address() as AddressInfo).port } };
  expect(await run(at)).toEqual({ result: 'success', output: 'service healthy' });
  status = 2;
  expect(await run(at)).toEqual({ result: 'failure', output: 'service unhealthy (responded with "NOT_SERVING")' });
  code = 5;
  expect(await run(at)).toEqual({ result: 'failure', output: 'error: health rpc probe failed: rpc error: code = NotFound desc = unknown service' });
  code = 12;
  expect(await run(at)).toEqual({ result: 'failure', output: 'error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service' });
  code = 5;
  for (const [sent, read] of [['100%', '100%'], ['%zz %', '%zz %'], ['%C3%A9%20%ff', 'é \ufffd']]) {
    message = sent!;
    expect((await run(at)).output).toBe(`error: health rpc probe failed: rpc error: code = NotFound desc = ${read}`);
  }
  code = -1;
  expect(await run(at)).toEqual({ result: 'failure', output: 'error: health rpc probe failed: rpc error: code = Internal desc = server closed the stream without sending trailers' });
  silent = true;
  expect(await run({ ...at, timeoutSeconds: 2 })).toEqual({ result: 'failure', output: 'timeout: health rpc did not complete within 2s' });
  grpc.close();
  expect((await run({ grpc: { port: 1 }, timeoutSeconds: 1 })).output).toContain('failed to connect service "127.0.0.1:1" within 1s');
});
