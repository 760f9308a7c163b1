// What becomes of connections to an HTTP port of a Service: those that turn into something else, that outlive a back end, a rule or
// their worker, on both ways a request can take.
import { connect as connectHttp2, createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import type { Server } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { backend, closeServer, httpPort, listen, once, RawClient, rule, rules } from './proxy-support.ts';

describe.each([['plain path', true, 11], ['http-proxy', false, 12]])('an http port through the %s', (_, plainPath, net) => {
  const bed = httpPort(net, plainPath);
  const { ip, podIP, pods, raw, serve } = bed;
  beforeEach(() => bed.open());
  afterEach(() => bed.close());

  it('passes WebSockets', async () => {
    const made = await pods(1);
    const sockets = new WebSocketServer({ server: made[0]!.server });
    let from = '';
    sockets.on('connection', (socket, request) => {
      from = String(request.headers['x-forwarded-for']);
      socket.on('message', (data) => socket.send(`echo ${String(data)}`));
    });
    await serve(made.map((pod) => pod.backend));
    const client = new WebSocket(`ws://${ip}/ws`);
    const reply = await new Promise((resolve, reject) => {
      client.on('error', reject);
      client.on('open', () => client.send('hi'));
      client.on('message', (data) => resolve(String(data)));
    });
    expect([reply, from]).toEqual(['echo hi', '127.0.0.1']);
    const closed = new Promise<number>((resolve) => { client.on('close', resolve); });
    for (const socket of sockets.clients) socket.close(4001);
    expect(await closed).toBe(4001);
    sockets.close();
  });

  it('tunnels an upgrade of any method and protocol', async () => {
    const { port } = await raw(podIP(0), (socket) => {
      socket.once('data', (head: Buffer) => {
        socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade\r\n\r\n${head.toString().split(' ')[0]}`);
        socket.pipe(socket);
      });
    });
    await serve([{ address: podIP(0), port }]);
    const client = new RawClient(ip, 80);
    client.send('POST /exec HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 0\r\n\r\n');
    expect((await client.response()).status).toBe(101);
    expect((await client.readExactly(4)).toString()).toBe('POST');
    client.send(Buffer.from([0x80, 0, 0xff]));
    expect([...await client.readExactly(3)]).toEqual([0x80, 0, 0xff]);
    client.destroy();
  });

  it('leaves an offer of HTTP/2 where it is, and balances what follows', async () => {
    const seen: Record<string, unknown>[] = [];
    const made = await pods(2, (request, response) => {
      seen.push({ upgrade: request.headers.upgrade, settings: request.headers['http2-settings'], connection: request.headers.connection?.toLowerCase().includes('upgrade') ?? false });
      let size = 0;
      request.on('data', (chunk: Buffer) => { size += chunk.length; });
      request.on('end', () => response.end(`${request.method} ${request.url} ${String(request.headers['x-own'])} ${size}`));
    });
    await serve(made.map((pod) => pod.backend));
    const offer = 'Host: a\r\nX-Own: mine\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n';
    const client = new RawClient(ip, 80);
    for (const [request, answer] of [
      [`GET /1 HTTP/1.1\r\n${offer}\r\n`, 'GET /1 mine 0'], [`POST /2 HTTP/1.1\r\n${offer}Content-Length: 3\r\n\r\nabc`, 'POST /2 mine 3'],
      [`POST /3 HTTP/1.1\r\n${offer}Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n`, 'POST /3 mine 4'], [`GET /4 HTTP/1.1\r\n${offer}\r\n`, 'GET /4 mine 0'],
      ['GET /5 HTTP/1.1\r\nHost: a\r\nX-Own: mine\r\n\r\n', 'GET /5 mine 0'],
    ] as const) {
      client.send(request);
      const reply = await client.response();
      expect([reply.status, reply.body.toString()]).toEqual([200, answer]);
    }
    expect(seen).toEqual(Array.from({ length: 5 }, () => ({ upgrade: undefined, settings: undefined, connection: false })));
    expect(Math.min(...made.map((pod) => pod.requests))).toBeGreaterThan(1);
    client.destroy();
  });

  it('carries HTTP/2 that begins as such: streams, bodies and trailers of one session on one back end', async () => {
    const made = await Promise.all([0, 1].map(async (n) => {
      const server = createHttp2Server();
      server.on('stream', (stream, headers) => {
        stream.on('error', () => {});
        stream.respond({ ':status': 200 }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(n) }));
        stream.write(`${headers[':path']} `);
        stream.pipe(stream);
      });
      const sessions = new Set<ServerHttp2Session>();
      server.on('session', (session) => sessions.add(session));
      const port = await listen(server as unknown as Server, podIP(n));
      bed.closers.push(() => { for (const session of sessions) session.destroy(); return closeServer(server as unknown as Server); });
      return backend(podIP(n), port);
    }));
    await serve(made);
    const session = connectHttp2(`http://${ip}`);
    const call = (path: string, body: string): Promise<[string, unknown]> => new Promise((resolve, reject) => {
      const stream = session.request({ ':method': 'POST', ':path': path });
      let text = '';
      let status: unknown;
      stream.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; }).on('trailers', (trailers) => { status = trailers['grpc-status']; });
      stream.on('error', reject).on('end', () => resolve([text, status])).end(body);
    });
    const answers = await Promise.all(Array.from({ length: 8 }, (_value, n) => call(`/${n}`, 'x'.repeat(n * 10_000))));
    const [, pod] = answers[0]!;
    expect(answers.map(([text, status]) => [text.slice(0, 3).trim(), text.length, status])).toEqual(answers.map((_value, n) => [`/${n}`, 3 + n * 10_000, pod]));
    // Rules that change leave it alone.
    await serve([made[pod === '0' ? 1 : 0]!]);
    expect(await call('/last', 'abc')).toEqual(['/last abc', pod]);
    session.close();
  });

  it('lets a WebSocket live on when its back end leaves, and ends it with either side', async () => {
    const made = await pods(2);
    const sockets = made.map((pod) => new WebSocketServer({ server: pod.server }));
    for (const [n, server] of sockets.entries()) server.on('connection', (socket) => socket.on('message', (data) => socket.send(`pod${n} ${String(data)}`)));
    await serve([made[0]!.backend]);
    const client = new WebSocket(`ws://${ip}/ws`);
    const answer = (text: string): Promise<string> => new Promise((resolve, reject) => {
      client.once('error', reject);
      client.once('message', (data) => resolve(String(data)));
      client.send(text);
    });
    await new Promise((resolve) => client.once('open', resolve));
    expect(await answer('one')).toBe('pod0 one');
    await serve([made[1]!.backend]);
    expect(await answer('two')).toBe('pod0 two');
    await bed.worker.apply(rules(++bed.revision));
    expect(await answer('three')).toBe('pod0 three');
    const closed = new Promise<number>((resolve) => { client.on('close', resolve); });
    // The Pod ends at last.
    for (const socket of sockets[0]!.clients) socket.terminate();
    expect(await closed).toBe(1006);
    for (const server of sockets) server.close();
  });

  it('drains: what is open goes on, each kept-alive connection ends with its next response, nothing new comes in', async () => {
    let finish!: () => void;
    const made = await pods(1, (request, response) => {
      if (request.url !== '/slow') return void response.end('ok');
      response.write('begin ');
      finish = () => response.end('end');
    });
    const sockets = new WebSocketServer({ server: made[0]!.server });
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(String(data))));
    await serve(made.map((pod) => pod.backend));
    const [idle, slow] = [new RawClient(ip, 80), new RawClient(ip, 80)];
    await idle.request('GET', '/');
    slow.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await slow.readUntil('begin ');
    const web = new WebSocket(`ws://${ip}/ws`);
    await new Promise((resolve) => web.once('open', resolve));
    let drained = false;
    const draining = bed.worker.drain().then(() => { drained = true; });
    while (!(await once(ip, 80).then(() => false, (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED'))) await new Promise((resolve) => setImmediate(resolve));
    expect((await idle.request('GET', '/')).head).toMatch(/\r\nConnection: close\r\n/i);
    await idle.end();
    idle.destroy();
    finish();
    expect(await slow.readUntil('end')).toContain('end');
    slow.destroy();
    web.send('still');
    expect(await new Promise((resolve) => web.once('message', (data) => resolve(String(data))))).toBe('still');
    expect(drained).toBe(false);
    web.close();
    await draining;
    sockets.close();
    bed.open();
  });

  it('goes on for connected clients when its port is renamed, changes its way, or changes names with another', async () => {
    const made = await pods(2);
    const port = (id: string, mode: 'http' | 'relay', at: number, pod: number) => rule({ id: `default/web:${id}`, mode, port: at, clusterIPs: [ip], internal: [made[pod]!.backend] });
    await bed.worker.apply(rules(++bed.revision, port('', 'relay', 80, 0), port('b', 'relay', 81, 1)));
    const [first, second] = [new RawClient(ip, 80), new RawClient(ip, 81)];
    const ask = async (): Promise<string[]> => (await Promise.all([first.request('GET', '/'), second.request('POST', '/', {}, 'abc')])).map((reply) => reply.body.toString());
    const answers = ['pod0 GET / 0', 'pod1 POST / 3'];
    // Relayed at first: these connections stay with their Pods; later ones are balanced.
    expect(await ask()).toEqual(answers);
    for (const [a, b, mode] of [['http', 'http-b', 'http'], ['http-b', 'http', 'http'], ['x', 'y', 'relay']] as const) {
      const applied = bed.worker.apply(rules(++bed.revision, port(a, mode, 80, 0), port(b, mode, 81, 1)));
      expect(await ask()).toEqual(answers);
      expect(await applied).toEqual([]);
      expect(await ask()).toEqual(answers);
    }
    // The same from connections that were of the http way from the start.
    for (const client of [first, second]) client.destroy();
    const third = new RawClient(ip, 81);
    for (const [id, mode] of [['http-1', 'http'], ['http-2', 'http'], ['', 'relay'], ['http', 'http']] as const) {
      const applied = bed.worker.apply(rules(++bed.revision, port(id, mode, 81, 1)));
      expect((await third.request('GET', '/')).body.toString()).toBe('pod1 GET / 0');
      await applied;
    }
    // A port that is gone is told as such, and the client may come back when another has its place.
    await bed.worker.apply(rules(++bed.revision));
    const last = await third.request('GET', '/');
    expect([last.status, /\r\nConnection: close\r\n/i.test(last.head)]).toEqual([503, true]);
    await third.end();
  });

  it('relays what is no HTTP/1.x request', async () => {
    const { port } = await raw(podIP(0), (socket) => { socket.pipe(socket); });
    await serve([{ address: podIP(0), port }]);
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
    const hello = Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01]);
    for (const first of [Buffer.from(preface), hello, Buffer.from('*1\r\n$4\r\nPING\r\n')]) {
      const client = new RawClient(ip, 80);
      client.send(first);
      expect(await client.readExactly(first.length)).toEqual(first);
      client.destroy();
    }
  });

  it('lets requests in flight finish when their back end leaves, and closes its idle connections', async () => {
    let finish!: () => void;
    let arrived!: () => void;
    const begun = new Promise<void>((resolve) => { arrived = resolve; });
    const made = await pods(2, (request, response) => {
      if (request.url !== '/slow') return void response.end('ok');
      response.write('begin ');
      finish = () => response.end('end');
      arrived();
    });
    await serve([made[0]!.backend]);
    const client = new RawClient(ip, 80);
    await client.request('GET', '/');
    const slow = new RawClient(ip, 80);
    const answer = slow.request('GET', '/slow');
    await begun;
    await serve([made[1]!.backend]);
    for (let i = 0; i < 4; i++) await client.request('GET', '/');
    expect(made[1]!.requests).toBe(4);
    finish();
    expect((await answer).body.toString()).toBe('begin end');
    while (made[0]!.sockets.size > 0) await new Promise((resolve) => setImmediate(resolve));
    client.destroy();
    slow.destroy();
  });
});
