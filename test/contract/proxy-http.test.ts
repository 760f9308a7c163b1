// The HTTP behaviour of a Service port, request by request, held by both ways one can take: the plain path and http-proxy.
import { createHash } from 'node:crypto';
import { closeServer, httpPort, once, RawClient } from './proxy-support.ts';

describe.each([['plain path', true, 1], ['http-proxy', false, 2]])('an http port through the %s', (_, plainPath, net) => {
  const bed = httpPort(net, plainPath);
  const { ip, podIP, pods, raw, serve } = bed;
  beforeEach(() => bed.open());
  afterEach(() => bed.close());

  it('balances each request of one connection', async () => {
    const made = await pods(3);
    await serve(made.map((pod) => pod.backend));
    const client = new RawClient(ip, 80);
    for (let i = 0; i < 9; i++) expect((await client.request('GET', `/a?b=${i}`)).body.toString()).toMatch(new RegExp(`^pod\\d GET /a\\?b=${i} 0$`));
    client.destroy();
    expect(made.map((pod) => pod.requests)).toEqual([3, 3, 3]);
  });

  it('gives new requests to the back end with the fewest in flight', async () => {
    const release: (() => void)[] = [];
    const made = await pods(2, (request, response) => {
      if (request.url === '/slow') release.push(() => response.end('slow'));
      else response.end('fast');
    });
    await serve(made.map((pod) => pod.backend));
    const slow = new RawClient(ip, 80);
    const answer = slow.request('GET', '/slow');
    while (release.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const busy = made.findIndex((pod) => pod.requests === 1);
    const client = new RawClient(ip, 80);
    for (let i = 0; i < 6; i++) await client.request('GET', '/');
    expect(made[busy]!.requests).toBe(1);
    expect(made[1 - busy]!.requests).toBe(6);
    release[0]!();
    expect((await answer).body.toString()).toBe('slow');
    client.destroy();
    slow.destroy();
  });

  it('tells the back end who asks, and passes other fields as they are', async () => {
    const seen: string[][] = [];
    const made = await pods(1, (request, response) => { seen.push(request.rawHeaders); response.end(); });
    await serve(made.map((pod) => pod.backend));
    await once(ip, 80, 'GET', '/a//b/../c?x=//y', { 'X-Forwarded-For': '10.1.1.1', 'X-Own': 'v', Connection: 'keep-alive' });
    const fields = new Map<string, string>();
    for (let i = 0; i < seen[0]!.length; i += 2) fields.set(seen[0]![i]!.toLowerCase(), seen[0]![i + 1]!);
    expect(fields.get('x-forwarded-for')).toBe('10.1.1.1, 127.0.0.1');
    expect(fields.get('x-forwarded-proto')).toBe('http');
    expect(fields.get('x-forwarded-host')).toBe('svc.test');
    expect(fields.get('host')).toBe('svc.test');
    expect(fields.get('x-own')).toBe('v');
  });

  it('leaves the path alone', async () => {
    const made = await pods(1);
    await serve(made.map((pod) => pod.backend));
    expect((await once(ip, 80, 'GET', '/a//b/../c?x=//y')).body.toString()).toBe('pod0 GET /a//b/../c?x=//y 0');
  });

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('carries %s with and without a body', async (method) => {
    const made = await pods(1, (request, response) => {
      let size = 0;
      request.on('data', (chunk: Buffer) => { size += chunk.length; });
      request.on('end', () => { response.setHeader('X-Seen', `${request.method} ${size}`); response.end('x'.repeat(size)); });
    });
    await serve(made.map((pod) => pod.backend));
    const client = new RawClient(ip, 80);
    for (const size of [0, 5, 100_000]) {
      const reply = await client.request(method, '/', {}, 'x'.repeat(size));
      expect(reply.head.toLowerCase()).toContain(`x-seen: ${method.toLowerCase()} ${size}`);
      expect(reply.body.length).toBe(method === 'HEAD' ? 0 : size);
    }
    client.destroy();
  });

  it('carries large bodies both ways without holding them', async () => {
    const made = await pods(1, (request, response) => { request.pipe(response); });
    await serve(made.map((pod) => pod.backend));
    const body = Buffer.alloc(8 * 1024 * 1024, 'abcdefg');
    const reply = await once(ip, 80, 'POST', '/', {}, body);
    expect(createHash('sha1').update(reply.body).digest('hex')).toBe(createHash('sha1').update(body).digest('hex'));
  });

  it.each(['download', 'upload'])('stops a %s that nobody reads', async (direction) => {
    const chunk = Buffer.alloc(64 * 1024);
    let go!: () => void;
    const reading = new Promise<void>((resolve) => { go = resolve; });
    /** Writes until 100 ms pass without any taken; how many bytes that were. */
    const fill = async (stream: NodeJS.WritableStream & { writableLength: number }): Promise<number> => {
      let total = 0;
      while (total < 512 * 1024 * 1024) {
        total += chunk.length;
        if (stream.write(chunk) || stream.writableLength < 1024 * 1024) continue;
        const before = stream.writableLength;
        await new Promise((resolve) => setTimeout(resolve, 100));
        if (stream.writableLength >= before) break;
      }
      return total;
    };
    let filled: Promise<number> | undefined;
    let seen = 0;
    const made = await pods(1, (request, response) => {
      if (direction === 'download') filled = fill(response).then((total) => { response.end(); return total; });
      else void reading.then(() => request.on('data', (part: Buffer) => { seen += part.length; }).on('end', () => response.end()));
    });
    await serve(made.map((pod) => pod.backend));
    const client = new RawClient(ip, 80);
    if (direction === 'download') {
      client.socket.pause();
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      while (!filled) await new Promise((resolve) => setImmediate(resolve));
    } else {
      client.send(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${2 ** 40}\r\n\r\n`);
      filled = fill(client.socket);
    }
    const total = await filled;
    expect(total).toBeLessThan(64 * 1024 * 1024);
    if (direction === 'download') {
      client.socket.resume();
      expect((await client.response()).body.length).toBe(total);
    } else {
      go();
      while (seen < total) await new Promise((resolve) => setImmediate(resolve));
    }
    client.destroy();
  });

  it('carries chunked uploads and trailers both ways', async () => {
    let trailer: string | undefined;
    const made = await pods(1, (request, response) => {
      response.setHeader('Trailer', 'X-Sum');
      request.on('data', (chunk: Buffer) => response.write(chunk));
      request.on('end', () => {
        trailer = request.trailers['x-up'];
        response.addTrailers({ 'X-Sum': '42' });
        response.end();
      });
    });
    await serve(made.map((pod) => pod.backend));
    const client = new RawClient(ip, 80);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Up\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Up: yes\r\n\r\n');
    const reply = await client.response();
    expect([reply.status, reply.body.toString(), reply.trailers.toLowerCase(), trailer]).toEqual([200, 'abcde', 'x-sum: 42\r\n', 'yes']);
    client.send('DELETE /d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n');
    expect((await client.response()).body.toString()).toBe('abc');
    client.destroy();
  });

  it('passes 100-continue from the back end', async () => {
    const made = await pods(1);
    let asked = 0;
    made[0]!.server.on('checkContinue', (request, response) => {
      asked++;
      if (request.url === '/no') {
        response.writeHead(417, { 'Content-Length': 0 });
        response.end();
        return;
      }
      response.writeContinue();
      request.pipe(response);
    });
    await serve(made.map((pod) => pod.backend));
    const client = new RawClient(ip, 80);
    client.send('POST /yes HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
    expect((await client.response()).status).toBe(100);
    client.send('hello');
    expect((await client.response()).body.toString()).toBe('hello');
    expect(asked).toBe(1);
    client.destroy();
    const refused = new RawClient(ip, 80);
    refused.send('POST /no HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
    expect((await refused.response()).status).toBe(417);
    refused.destroy();
  });

  it('passes informational responses', async () => {
    const made = await pods(1, (_request, response) => { response.writeEarlyHints({ link: '</a>; rel=preload' }); response.end('done'); });
    await serve(made.map((pod) => pod.backend));
    const client = new RawClient(ip, 80);
    expect((await client.request('GET', '/')).status).toBe(103);
    expect((await client.response()).body.toString()).toBe('done');
    client.destroy();
  });

  it('passes a body whose client did not wait, and one whose back end never says 100', async () => {
    const { port } = await raw(podIP(0), (socket) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += String(chunk);
        if (text.endsWith('hello')) {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n${text.slice(-5)}`);
          text = '';
        }
      });
    });
    await serve([{ address: podIP(0), port }]);
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n';
    const client = new RawClient(ip, 80);
    client.send(`${head}hello`);
    expect((await client.response()).body.toString()).toBe('hello');
    client.destroy();
    const patient = new RawClient(ip, 80);
    patient.send(head);
    await new Promise((resolve) => setTimeout(resolve, 50)); // as a client that gives up waiting for the 100
    patient.send('hello');
    expect((await patient.response()).body.toString()).toBe('hello');
    patient.destroy();
  });

  it('cancels the request to the back end when the client goes away', async () => {
    const gone: Promise<void>[] = [];
    let arrived!: () => void;
    const begun = new Promise<void>((resolve) => { arrived = resolve; });
    const made = await pods(1, (request, response) => {
      gone.push(new Promise((resolve) => { response.on('close', resolve); }));
      if (request.url === '/body') response.write('part');
      arrived();
    });
    await serve(made.map((pod) => pod.backend));
    const silent = new RawClient(ip, 80);
    silent.send('GET /head HTTP/1.1\r\nHost: a\r\n\r\n');
    await begun;
    silent.destroy();
    await gone[0];
    const reading = new RawClient(ip, 80);
    reading.send('GET /body HTTP/1.1\r\nHost: a\r\n\r\n');
    await reading.readUntil('part');
    reading.destroy();
    await gone[1];
  });

  it('aborts the client when the back end breaks off a response', async () => {
    const made = await pods(1, (request, response) => {
      response.writeHead(200, request.url === '/length' ? { 'Content-Length': 100 } : {});
      response.write('part', () => request.socket.destroy());
    });
    await serve(made.map((pod) => pod.backend));
    for (const path of ['/length', '/chunked']) await expect(once(ip, 80, 'GET', path)).rejects.toThrow();
  });

  it('refuses who comes without a back end, answers 503 at once to who is connected, and goes on with one', async () => {
    const before = await pods(1);
    await serve(before.map((pod) => pod.backend));
    const client = new RawClient(ip, 80);
    expect((await client.request('GET', '/')).status).toBe(200);
    await serve([]);
    await expect(once(ip, 80, 'GET', '/')).rejects.toThrow('ECONNRESET');
    const reply = await client.request('GET', '/');
    expect([reply.status, reply.body.toString()]).toEqual([503, '503 Service Unavailable: no ready endpoints\n']);
    expect((await client.request('POST', '/', {}, 'abc')).status).toBe(503);
    const made = await pods(1);
    await serve(made.map((pod) => pod.backend));
    expect((await client.request('GET', '/')).status).toBe(200);
    client.destroy();
  });

  it('tries another back end when one refuses or is silent', async () => {
    const made = await pods(1);
    const { server, port } = await raw(podIP(7), () => {});
    await closeServer(server);
    // 192.0.2.0/24 is reserved for documentation: either unreachable at once or silent.
    await serve([{ address: podIP(7), port }, { address: '192.0.2.1', port: 80 }, ...made.map((pod) => pod.backend)]);
    for (const body of ['', 'x'.repeat(200_000)]) {
      for (let i = 0; i < 3; i++) expect((await once(ip, 80, body ? 'POST' : 'GET', '/', {}, body)).body.toString()).toBe(`pod0 ${body ? 'POST' : 'GET'} / ${body.length}`);
    }
  });

  it('answers 502 when every back end refuses', async () => {
    const { server, port } = await raw(podIP(7), () => {});
    await closeServer(server);
    await serve([{ address: podIP(7), port }]);
    expect((await once(ip, 80)).status).toBe(502);
  });

  it('sends an idempotent request again when a connection breaks before the response, and no other', async () => {
    const made = await pods(1);
    const { port } = await raw(podIP(8), (socket) => { socket.once('data', () => socket.resetAndDestroy()); });
    await serve([{ address: podIP(8), port }, ...made.map((pod) => pod.backend)]);
    for (let i = 0; i < 4; i++) expect((await once(ip, 80, 'GET', '/')).body.toString()).toBe('pod0 GET / 0');
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) statuses.push((await once(ip, 80, 'POST', '/', {}, 'abc')).status);
    expect([...statuses].sort()).toEqual([200, 200, 502, 502]);
  });

  it('serves pipelined requests in order', async () => {
    const made = await pods(2);
    await serve(made.map((pod) => pod.backend));
    const client = new RawClient(ip, 80);
    client.send([1, 2, 3].map((n) => `POST /${n} HTTP/1.1\r\nHost: a\r\nContent-Length: ${n}\r\n\r\n${'x'.repeat(n)}`).join(''));
    for (const n of [1, 2, 3]) expect((await client.response()).body.toString()).toMatch(new RegExp(`POST /${n} ${n}$`));
    client.destroy();
  });

  it('closes when the client asks for it, and answers HTTP/1.0', async () => {
    const made = await pods(1);
    await serve(made.map((pod) => pod.backend));
    const client = new RawClient(ip, 80);
    const reply = await client.request('GET', '/', { Connection: 'close' });
    expect(reply.head.toLowerCase()).toContain('connection: close');
    await client.end();
    const old = new RawClient(ip, 80);
    old.send('GET /old HTTP/1.0\r\n\r\n');
    expect((await old.readAll()).toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*pod0 GET \/old 0$/);
  });

  it('takes a response that ends with its connection', async () => {
    const { port } = await raw(podIP(0), (socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nuntil the end'));
    });
    await serve([{ address: podIP(0), port }]);
    const reply = await once(ip, 80);
    expect(reply.body.toString()).toBe('until the end');
  });

  it('takes heads up to 64 KB', async () => {
    const made = await pods(1);
    await serve(made.map((pod) => pod.backend));
    expect((await once(ip, 80, 'GET', '/', { 'X-Big': 'a'.repeat(60_000) })).status).toBe(200);
    expect((await once(ip, 80, 'GET', '/', { 'X-Big': 'a'.repeat(70_000) })).status).toBe(431);
  });

  it('keeps a client on its back end under ClientIP affinity', async () => {
    const made = await pods(3);
    await serve(made.map((pod) => pod.backend), { affinitySeconds: 100 });
    for (let i = 0; i < 6; i++) await once(ip, 80);
    expect(made.map((pod) => pod.requests).sort()).toEqual([0, 0, 6]);
    const others = made.filter((pod) => pod.requests === 0);
    await serve(others.map((pod) => pod.backend), { affinitySeconds: 100 });
    for (let i = 0; i < 6; i++) expect((await once(ip, 80)).status).toBe(200);
    expect(others.map((pod) => pod.requests).sort()).toEqual([0, 6]);
  });
});
