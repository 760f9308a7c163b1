// Port-forward end to end in this process: pairs of SPDY streams, the same inside WebSocket messages, and WebSocket channels;
// then the way into a network namespace of its own, where the machine allows one.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { connect, createServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import WebSocket from 'ws';
import { PodDialer } from '../../agent/kubelet/server/pod-dialer.ts';
import { forwardPort } from '../../agent/kubelet/server/port-forward.ts';
import { servePortForward } from '../../src/streams/port-forward.ts';
import { realClock } from '../../src/util/clock.ts';
import { dialSpdy, text, type ClientStream, type SpdyClient } from '../unit/src/streams/spdy-client.ts';
import { describeWhere } from '../support/test-where.ts';

let server: Server;
let port: number;
let pod: TcpServer;
let podPort: number;
let closedPort: number;
let open = 0;

const dialer = {
  connect: (to: number) => new Promise<ReturnType<typeof connect>>((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: to, allowHalfOpen: true });
    socket.once('error', reject);
    socket.once('connect', () => resolve(socket));
  }),
};
const portOf = (of: { address(): unknown }): number => (of.address() as AddressInfo).port;

beforeAll(async () => {
  // Answers only when the client has ended its half.
  pod = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    void text(socket.iterator({ destroyOnReturn: false })).then((said) => {
      if (said === 'hang up') socket.resetAndDestroy();
      else socket.end(`you said ${said}`);
    }, () => undefined);
  }).listen(0, '127.0.0.1');
  server = createHttpServer().listen(0, '127.0.0.1');
  const gone = createServer().listen(0, '127.0.0.1');
  await Promise.all([pod, server, gone].map((listening) => once(listening, 'listening')));
  [port, podPort, closedPort] = [portOf(server), portOf(pod), portOf(gone)];
  gone.close();
  server.on('upgrade', (request, socket, head) => {
    const query = new URL(request.url!, 'http://x').searchParams;
    open++;
    void servePortForward({ request, socket, head }, query, { clock: realClock, forward: (to, data) => forwardPort(dialer, to, data) }).finally(() => { open--; });
  });
});
afterAll(() => { server.close(); pod.close(); });
afterEach(async () => { while (open > 0) await new Promise((resolve) => setTimeout(resolve, 5)); });

async function pair(client: SpdyClient, to: number, requestID: string): Promise<{ error: ClientStream; data: ClientStream }> {
  const headers = { port: String(to), ...(requestID === '' ? {} : { requestID }) };
  const error = await client.open({ streamType: 'error', ...headers });
  error.end();
  const data = await client.open({ streamType: 'data', ...headers });
  await Promise.all([error.replied, data.replied]);
  return { error, data };
}

describe.each([['SPDY', async () => (await dialSpdy(port, '/portForward/d/p', ['portforward.k8s.io'])).client]] as const)('%s', (_, dial) => {
  it('half-closed connections, many at once', async () => {
    const client = await dial();
    const answers = await Promise.all(Array.from({ length: 10 }, async (__, index) => {
      const { error, data } = await pair(client, podPort, String(index));
      data.write(Buffer.from(`number ${index}`));
      data.end();
      return [await text(data.received), await text(error.received)];
    }));
    expect(answers).toEqual(answers.map((__, index) => [`you said number ${index}`, '']));
    client.socket.destroy();
  });

  it('pairs without a request id belong to their neighbours', async () => {
    const client = await dial();
    const { data } = await pair(client, podPort, '');
    data.end();
    expect(await text(data.received)).toBe('you said ');
    client.socket.destroy();
  });

  it('tells on the error stream why a port cannot be reached, and goes on', async () => {
    const client = await dial();
    const { error, data } = await pair(client, closedPort, '1');
    expect(await text(error.received)).toMatch(new RegExp(`^error forwarding port ${closedPort} to pod: failed to connect to localhost:${closedPort} inside namespace of the pod: .*ECONNREFUSED`));
    await text(data.received);
    const next = await pair(client, podPort, '2');
    next.data.end();
    expect(await text(next.data.received)).toBe('you said ');
    client.socket.destroy();
  });

  it('a Pod that hangs up is no failure of the forward', async () => {
    const client = await dial();
    const { error, data } = await pair(client, podPort, '1');
    data.write(Buffer.from('hang up'));
    data.end();
    expect(await text(error.received)).toBe('');
    client.socket.destroy();
  });

  it('refuses streams without a port or type', async () => {
    const client = await dial();
    for (const headers of [{ streamType: 'data' }, { streamType: 'data', port: '0' }, { streamType: 'data', port: '70000' }, { streamType: 'other', port: '80' }]) {
      expect(await (await client.open(headers as unknown as Record<string, string>)).wasReset).toBe(3);
    }
    client.socket.destroy();
  });
});

describe('WebSocket', () => {
  it('SPDY in its messages is agreed on by a name with a slash', async () => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/portForward/d/p`, 'SPDY-tunnel', { finishRequest: (request) => { request.setHeader('Sec-WebSocket-Protocol', 'SPDY/3.1+portforward.k8s.io'); request.end(); } });
    // ws knows neither the name it did not ask for nor its slash; what matters is what the server answered.
    const answered = once(ws, 'upgrade') as Promise<[{ headers: Record<string, string> }]>;
    ws.on('error', () => undefined);
    expect((await answered)[0].headers['sec-websocket-protocol']).toBe('SPDY/3.1+portforward.k8s.io');
    ws.terminate();
  });

  it('v4.channel.k8s.io: a channel pair for each port, which begins with the port', async () => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/portForward/d/p?ports=${podPort}&ports=${closedPort}`, 'v4.channel.k8s.io');
    const channels: Buffer[] = [0, 1, 2, 3].map(() => Buffer.alloc(0));
    ws.on('message', (message: Buffer) => { channels[message[0]!] = Buffer.concat([channels[message[0]!]!, message.subarray(1)]); });
    await once(ws, 'open');
    while (channels[3]!.length <= 2) await once(ws, 'message');
    expect(channels.map((bytes) => bytes.readUInt16LE(0))).toEqual([podPort, podPort, closedPort, closedPort]);
    expect(channels[3]!.toString('utf8', 2)).toMatch(/ECONNREFUSED/);
    ws.close();
    await once(ws, 'close');
  });

  it.each([['', /400/], ['?ports=x', /400/], ['?ports=80,99999', /400/]])('refuses "%s"', async (query, words) => {
    const [error] = await once(new WebSocket(`ws://127.0.0.1:${port}/portForward/d/p${query}`, 'v4.channel.k8s.io'), 'error') as [Error];
    expect(error.message).toMatch(words);
  });
});

describeWhere(spawnSync('unshare', ['--net', 'true']).status === 0, 'this user may not make network namespaces', 'the network namespace of a Pod', () => {
  const listener = `
    const { createServer } = require('node:net');
    const server = createServer({ allowHalfOpen: true }, (socket) => { let said = ''; socket.on('data', (data) => said += data).on('end', () => socket.end('inside: ' + said)); });
    server.listen(8080, '127.0.0.1', () => process.stdout.write('listening'));
  `;
  let inside: ChildProcess | undefined;
  beforeAll(async () => {
    inside = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && exec "$0" -e "$1"', process.execPath, listener], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(inside.stdout!, 'data');
  });
  afterAll(() => { inside?.kill(); });

  it('is entered: what listens on its loopback only is reached, and hears an end', async () => {
    const pods = new PodDialer(() => Promise.resolve(inside!.pid!), realClock);
    const sockets = await Promise.all([1, 2, 3].map(() => pods.connect(8080)));
    const answers = await Promise.all(sockets.map(async (socket, index) => {
      socket.end(`hello ${index}`);
      return text(socket);
    }));
    expect(answers).toEqual(['inside: hello 0', 'inside: hello 1', 'inside: hello 2']);
    await expect(pods.connect(8081)).rejects.toThrow(/ECONNREFUSED 127.0.0.1:8081/);
    pods.close();
  });

  it('that is gone is an error, not a hang', async () => {
    await expect(new PodDialer(() => Promise.resolve(0), realClock).connect(80)).rejects.toThrow('the sandbox is not running');
    await expect(new PodDialer(() => Promise.resolve(0x7ffffff0), realClock).connect(80)).rejects.toThrow(/ENOENT/);
  });

  it('of the host is this one', async () => {
    const pods = new PodDialer(() => Promise.resolve(process.pid), realClock);
    const socket = await pods.connect(podPort);
    socket.end('host');
    expect(await text(socket)).toBe('you said host');
    pods.close();
  });
});
