// TCP and UDP ports of a Service that carry bytes: half-close, aborts, back-pressure, choice of back end, and ports in use.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import type { ServicePortRule } from '../../agent/proxy/rules.ts';
import type { ProxyWorker } from '../../agent/proxy/worker/worker.ts';
import { FakeClock } from '../../src/util/clock.ts';
import { backend, closeServer, listen, newWorker, RawClient, rule, rules } from './proxy-support.ts';

const ip = '127.60.3.1';
const podIP = (n: number): string => `127.60.3.${100 + n}`;
let worker: ProxyWorker;
let revision = 0;
const closers: (() => Promise<unknown>)[] = [];

beforeEach(() => { worker = newWorker(); });
afterEach(async () => {
  await worker.close();
  for (const close of closers.splice(0)) await close();
});

const serve = (fields: Partial<ServicePortRule>): ReturnType<ProxyWorker['apply']> =>
  worker.apply(rules(++revision, rule({ id: 'default/db:', mode: 'relay', clusterIPs: [ip], port: 5432, ...fields })));

async function tcp(n: number, onConnection: (socket: Socket) => void): Promise<{ server: Server; backend: ReturnType<typeof backend> }> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => {});
    onConnection(socket);
  });
  const port = await listen(server, podIP(n));
  closers.push(() => { for (const socket of open) socket.destroy(); return closeServer(server); });
  return { server, backend: backend(podIP(n), port) };
}

describe('a relayed TCP port', () => {
  it('carries bytes both ways and keeps half-closed connections', async () => {
    const pod = await tcp(0, (socket) => {
      const parts: Buffer[] = [];
      socket.on('data', (part: Buffer) => parts.push(part));
      socket.on('end', () => socket.end(`got ${Buffer.concat(parts).length}`));
    });
    await serve({ internal: [pod.backend] });
    const client = new RawClient(ip, 5432);
    client.socket.end(Buffer.alloc(3_000_000));
    expect((await client.readAll()).toString()).toBe('got 3000000');
  });

  it('lets the server speak first', async () => {
    const pod = await tcp(0, (socket) => socket.write('220 ready\r\n'));
    await serve({ internal: [pod.backend] });
    const client = new RawClient(ip, 5432);
    expect(await client.readUntil('\r\n')).toBe('220 ready\r\n');
    client.destroy();
  });

  it('stops reading from who sends faster than the other reads', async () => {
    let taken = 0;
    let read!: () => void;
    const reading = new Promise<void>((resolve) => { read = resolve; });
    const pod = await tcp(0, (socket) => {
      socket.pause();
      void reading.then(() => socket.on('data', (part: Buffer) => { taken += part.length; }).on('end', () => socket.end('done')).resume());
    });
    await serve({ internal: [pod.backend] });
    const client = new RawClient(ip, 5432);
    const chunk = Buffer.alloc(64 * 1024);
    let total = 0;
    const drained = async (): Promise<boolean> => {
      const before = client.socket.writableLength;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return client.socket.writableLength < before;
    };
    // The buffers on the way fill, and then nothing moves.
    while (total < 512 * 1024 * 1024) {
      total += chunk.length;
      if (!client.socket.write(chunk) && client.socket.writableLength > 1024 * 1024 && !await drained()) break;
    }
    expect(total).toBeLessThan(64 * 1024 * 1024);
    read();
    client.socket.end();
    expect((await client.readAll()).toString()).toBe('done');
    expect(taken).toBe(total);
  });

  it('passes aborts both ways', async () => {
    let ended!: (error: Error | undefined) => void;
    const aborted = new Promise<Error | undefined>((resolve) => { ended = resolve; });
    const pod = await tcp(0, (socket) => {
      socket.on('error', ended);
      socket.on('end', () => ended(undefined));
      socket.once('data', (part: Buffer) => {
        if (String(part) === 'abort me') socket.resetAndDestroy();
        else socket.write('ok');
      });
    });
    await serve({ internal: [pod.backend] });
    const first = new RawClient(ip, 5432);
    first.send('hello');
    await first.readExactly(2);
    first.socket.resetAndDestroy();
    expect((await aborted as NodeJS.ErrnoException).code).toBe('ECONNRESET');
    const second = new RawClient(ip, 5432);
    second.send('abort me');
    await second.end();
    expect((second.error as NodeJS.ErrnoException).code).toBe('ECONNRESET');
  });

  it('refuses at once without a back end', async () => {
    await serve({});
    const client = new RawClient(ip, 5432);
    await client.end();
    expect((client.error as NodeJS.ErrnoException).code).toBe('ECONNRESET');
  });

  it('tries another back end when one refuses, and spreads connections', async () => {
    const counts = [0, 0];
    const made = await Promise.all([0, 1].map((n) => tcp(n, (socket) => { counts[n]!++; socket.write('x'); })));
    const dead = await tcp(2, () => {});
    await closeServer(dead.server);
    await serve({ internal: [...made.map((pod) => pod.backend), dead.backend] });
    const clients: RawClient[] = [];
    for (let i = 0; i < 6; i++) {
      const client = new RawClient(ip, 5432);
      clients.push(client);
      await client.readExactly(1);
    }
    expect(counts).toEqual([3, 3]);
    for (const client of clients) client.destroy();
  });

  it('keeps connections of a back end that left and gives it no new ones', async () => {
    const made = await Promise.all([0, 1].map((n) => tcp(n, (socket) => { socket.write(`pod${n}`); socket.pipe(socket); })));
    await serve({ internal: [made[0]!.backend] });
    const client = new RawClient(ip, 5432);
    expect(String(await client.readExactly(4))).toBe('pod0');
    await serve({ internal: [made[1]!.backend] });
    client.send('still');
    expect(String(await client.readExactly(5))).toBe('still');
    const next = new RawClient(ip, 5432);
    expect(String(await next.readExactly(4))).toBe('pod1');
    client.destroy();
    next.destroy();
  });

  it('drains: open connections go on to their end, new ones are refused', async () => {
    const pod = await tcp(0, (socket) => socket.pipe(socket));
    await serve({ internal: [pod.backend] });
    const [kept, cut] = [new RawClient(ip, 5432), new RawClient(ip, 5432)];
    for (const client of [kept, cut]) {
      client.send('first');
      await client.readExactly(5);
    }
    let drained = false;
    const draining = worker.drain().then(() => { drained = true; });
    for (;;) {
      const refused = new RawClient(ip, 5432);
      await refused.end();
      if ((refused.error as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED') break;
    }
    cut.destroy();
    kept.send('after');
    expect(String(await kept.readExactly(5))).toBe('after');
    expect(drained).toBe(false);
    kept.socket.end();
    await draining;
    worker = newWorker();
  });

  it('keeps a client on its back end for the affinity time', async () => {
    const clock = new FakeClock();
    await worker.close();
    worker = newWorker({ clock });
    const made = await Promise.all([0, 1, 2].map((n) => tcp(n, (socket) => socket.end(`pod${n}`))));
    await serve({ internal: made.map((pod) => pod.backend), affinitySeconds: 60 });
    const ask = async (): Promise<string> => String(await new RawClient(ip, 5432).readAll());
    const first = await ask();
    expect([await ask(), await ask(), await ask()]).toEqual([first, first, first]);
    await clock.advance(59_000);
    expect(await ask()).toBe(first);
    await clock.advance(61_000);
    expect(await ask()).not.toBe(first);
  });
});

describe('listening', () => {
  it('reports a port in use, opens it later, and closes what has no rule', async () => {
    const clock = new FakeClock();
    await worker.close();
    let changed: readonly unknown[] | undefined;
    worker = newWorker({ clock, onErrorsChanged: (errors) => { changed = errors; } });
    const blocker = createServer();
    await listen(blocker, ip, 5432);
    const pod = await tcp(0, (socket) => socket.end('hi'));
    expect(await serve({ internal: [pod.backend] })).toEqual([
      { id: 'default/db:', address: ip, port: 5432, message: 'port 127.60.3.1:5432/TCP is in use by another process' },
    ]);
    await closeServer(blocker);
    await clock.advance(3_000);
    while (!changed) await new Promise((resolve) => setImmediate(resolve));
    expect(changed).toEqual([]);
    expect(String(await new RawClient(ip, 5432).readAll())).toBe('hi');
    await worker.apply(rules(++revision));
    const refused = new RawClient(ip, 5432);
    await refused.end();
    expect((refused.error as NodeJS.ErrnoException).code).toBe('ECONNREFUSED');
  });

  it('moves an address from one Service to another', async () => {
    const a = await tcp(0, (socket) => socket.end('a'));
    const b = await tcp(1, (socket) => socket.end('b'));
    await serve({ internal: [a.backend] });
    expect(await worker.apply(rules(++revision, rule({ id: 'default/other:', mode: 'relay', clusterIPs: [ip], port: 5432, internal: [b.backend] })))).toEqual([]);
    expect(String(await new RawClient(ip, 5432).readAll())).toBe('b');
  });
});

describe('a UDP port', () => {
  async function udp(n: number): Promise<{ socket: UdpSocket; backend: ReturnType<typeof backend>; peers: Set<number> }> {
    const socket = createSocket('udp4');
    const peers = new Set<number>();
    socket.on('message', (message, from) => {
      peers.add(from.port);
      socket.send(`pod${n} ${String(message)}`, from.port, from.address);
    });
    await new Promise<void>((resolve) => { socket.bind(0, podIP(n), resolve); });
    closers.push(() => new Promise<void>((resolve) => { socket.close(() => resolve()); }));
    return { socket, backend: backend(podIP(n), socket.address().port), peers };
  }
  function client(): { ask: (text: string) => Promise<string>; close: () => void } {
    const socket = createSocket('udp4');
    return {
      ask: (text) => new Promise((resolve) => {
        socket.once('message', (reply, from) => resolve(`${String(reply)} from ${from.address}:${from.port}`));
        socket.send(text, 5353, ip);
      }),
      close: () => socket.close(),
    };
  }

  it('keeps a flow on one back end, spreads flows, and moves them when their back end leaves', async () => {
    const made = await Promise.all([udp(0), udp(1)]);
    await serve({ protocol: 'UDP', port: 5353, internal: made.map((pod) => pod.backend) });
    const clients = [client(), client()];
    const first = await clients[0]!.ask('a');
    const second = await clients[1]!.ask('a');
    expect([first, second].sort()).toEqual([`pod0 a from ${ip}:5353`, `pod1 a from ${ip}:5353`]);
    expect(await clients[0]!.ask('a')).toBe(first);
    expect(made.map((pod) => pod.peers.size)).toEqual([1, 1]);
    await serve({ protocol: 'UDP', port: 5353, internal: [made[1]!.backend] });
    for (const each of clients) {
      expect(await each.ask('b')).toBe(`pod1 b from ${ip}:5353`);
      each.close();
    }
  });

  it('ends idle flows', async () => {
    const clock = new FakeClock();
    await worker.close();
    worker = newWorker({ clock });
    const pod = await udp(0);
    await serve({ protocol: 'UDP', port: 5353, internal: [pod.backend] });
    const one = client();
    await one.ask('a');
    await clock.advance(60_000);
    await one.ask('b');
    expect(pod.peers.size).toBe(1);
    await clock.advance(140_000);
    await one.ask('c');
    expect(pod.peers.size).toBe(2);
    one.close();
  });
});

describe('the node role', () => {
  it('listens on node ports of every address and leads to external back ends', async () => {
    await worker.close();
    worker = newWorker({ role: 'node' });
    const a = await tcp(0, (socket) => socket.end('a'));
    const b = await tcp(1, (socket) => socket.end('b'));
    await serve({ nodePort: 20_871, internal: [a.backend], external: [b.backend] });
    expect(String(await new RawClient('127.60.3.9', 20_871).readAll())).toBe('b');
    const cluster = new RawClient(ip, 5432);
    await cluster.end();
    expect((cluster.error as NodeJS.ErrnoException).code).toBe('ECONNREFUSED');
  });
});
