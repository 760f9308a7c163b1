// The agent's end of the tunnel against the master's: requests through it, reconnection, another agent of the same name, silence.
import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { runTunnel, type Tunnel } from '../../agent/node/tunnel.ts';
import { openUpgraded } from '../../agent/node/upgraded-connection.ts';
import { HttpServer } from '../../master/apiserver/http-server.ts';
import { Tunnels } from '../../master/apiserver/tunnel.ts';
import { createAuthority, issue, type KeyPair } from '../../master/pki/certificates.ts';
import type { ClusterAccess } from '../../src/client/kubeconfig.ts';
import { FakeClock, realClock, type Clock } from '../../src/util/clock.ts';
import { silentLog, type Log } from '../../src/util/log.ts';
import { freePort } from '../support/free-port.ts';

let authority: KeyPair;
let serving: KeyPair;
let node: KeyPair;
beforeAll(async () => {
  authority = await createAuthority('test');
  serving = await issue(authority, { commonName: 'apiserver', usage: 'server', ips: ['127.0.0.1'] });
  node = await issue(authority, { commonName: 'system:node:n1', organizations: ['system:nodes'], usage: 'client' });
});

interface Master { readonly tunnels: Tunnels; readonly port: number; close(): Promise<void> }
async function startMaster(port = 0, clock: Clock = realClock): Promise<Master> {
  const tunnels = new Tunnels({ clock, log: silentLog });
  const http = new HttpServer({
    server: undefined as never, key: serving.key, cert: serving.cert, clientCa: authority.cert, log: silentLog,
    async upgrade(request, _raw, socket, head) { tunnels.accept(request.path, request.peer.user ?? { name: '', groups: [] }, socket, head); },
  });
  return { tunnels, port: await http.listen(port, '127.0.0.1'), close: () => http.close() };
}

const accessTo = (port: number, pair: KeyPair = node): ClusterAccess => ({ server: `https://127.0.0.1:${port}`, ca: authority.cert, ...pair });
const until = async (condition: () => boolean): Promise<void> => { while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5)); };

const running: { stop: AbortController; tunnel: Tunnel }[] = [];
const logged: { level: string; fields: { error?: string }; message: string }[] = [];
const write = (level: string) => (fields: object, message: string): void => { logged.push({ level, fields, message }); };
const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error'), child: () => log };
function startTunnel(port: number, server: Server | (() => void), options: { clock?: FakeClock; access?: ClusterAccess } = {}): Tunnel & { stop(): Promise<void> } {
  const stop = new AbortController();
  const tunnel = runTunnel({ access: options.access ?? accessTo(port), nodeName: 'n1', server, clock: options.clock ?? realClock, log, signal: stop.signal });
  running.push({ stop, tunnel });
  return Object.assign(tunnel, { stop: async () => { stop.abort(new Error('stopped')); await tunnel.finished; } });
}
afterEach(async () => {
  for (const { stop, tunnel } of running.splice(0)) {
    stop.abort(new Error('stopped'));
    await tunnel.finished;
  }
  logged.length = 0;
});

const kubelet = (): Server => createHttpServer((request, response) => {
  let size = 0;
  request.on('data', (chunk: Buffer) => { size += chunk.length; }).on('end', () => response.end(`${request.method} ${request.url} ${size}`));
});
async function ask(tunnels: Tunnels, path: string, body?: Uint8Array): Promise<string> {
  const response = await tunnels.request('n1', body ? 'POST' : 'GET', path, body ? { 'content-length': String(body.length) } : {}, new AbortController().signal, body);
  let answer = '';
  for await (const chunk of response) answer += String(chunk);
  return answer;
}

describe('the tunnel', () => {
  it('carries requests to the agent\'s server, many at once, bodies too', async () => {
    const master = await startMaster();
    const server = kubelet();
    startTunnel(master.port, server);
    await until(() => master.tunnels.nodes.length > 0);
    const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => ask(master.tunnels, `/${index}`)));
    expect(answers).toEqual(answers.map((_, index) => `GET /${index} 0`));
    expect(await ask(master.tunnels, '/body', Buffer.alloc(1_000_000))).toBe('POST /body 1000000');
    await master.close();
  });

  it('ends with its signal, streams included', async () => {
    const master = await startMaster();
    const silent = createHttpServer(() => undefined);
    const tunnel = startTunnel(master.port, silent);
    await until(() => master.tunnels.nodes.length > 0);
    const waiting = master.tunnels.request('n1', 'GET', '/', {}, new AbortController().signal);
    await once(silent, 'request');
    await tunnel.stop();
    await expect(waiting).rejects.toThrow(/broke off/);
    expect(tunnel.connected).toBe(false);
    await until(() => master.tunnels.nodes.length === 0);
    await master.close();
  });

  it('tells what the proxies have acted on, again after the master was away', async () => {
    const first = await startMaster(await freePort());
    const tunnel = startTunnel(first.port, kubelet());
    await until(() => tunnel.connected);
    let told = false;
    void first.tunnels.applied(7, [], new AbortController().signal).then(() => { told = true; });
    tunnel.applied(6);
    tunnel.applied(7);
    tunnel.applied(3);
    await until(() => told);
    await first.close();
    await until(() => !tunnel.connected);
    const second = await startMaster(first.port);
    await until(() => second.tunnels.nodes.length > 0);
    await second.tunnels.applied(7, ['n1'], new AbortController().signal);
    expect(await ask(second.tunnels, '/again')).toBe('GET /again 0');
    expect(logged.filter(({ message }) => message === 'connected to the master')).toHaveLength(2);
    await second.close();
  });

  it('is refused beside a live agent of the same name, says so once, and takes over when that one leaves', async () => {
    const master = await startMaster();
    const first = startTunnel(master.port, kubelet());
    await until(() => first.connected);
    const second = startTunnel(master.port, kubelet());
    await until(() => logged.some(({ level }) => level === 'error'));
    await new Promise((resolve) => setTimeout(resolve, 350)); // more tries, no more lines
    const errors = logged.filter(({ level }) => level === 'error');
    expect(errors).toHaveLength(1);
    expect(errors[0]!.message).toContain('another live agent uses the same node name');
    expect(errors[0]!.fields.error).toContain('another agent of this name is connected');
    expect(second.connected).toBe(false);
    await first.stop();
    await until(() => second.connected);
    await master.close();
  });

  it('is given up by the master when the agent goes before it opened a stream, or writes without end', async () => {
    // Its time does not pass: it is not what ends the waiting.
    const master = await startMaster(0, new FakeClock());
    const control = async () => {
      const socket = await openUpgraded(accessTo(master.port), '/dray/v1/nodes/n1/tunnel', 'dray-tunnel', { clock: realClock, signal: new AbortController().signal });
      await until(() => master.tunnels.nodes.length > 0);
      return socket;
    };
    const first = await control();
    const asked = master.tunnels.dial('n1');
    await once(first, 'readable');
    first.destroy();
    await expect(asked).rejects.toMatchObject({ code: 503, message: 'the agent of node "n1" is not connected' });
    const second = await control();
    second.resume();
    second.write('x'.repeat(100_000));
    await once(second, 'close');
    await master.close();
  });

  it('names a master that is no master', async () => {
    const other = await issue(authority, { commonName: 'system:node:n2', organizations: ['system:nodes'], usage: 'client' });
    const master = await startMaster();
    startTunnel(master.port, kubelet(), { access: accessTo(master.port, other) });
    await until(() => logged.some(({ level }) => level === 'warn'));
    expect(logged.at(-1)!.fields.error).toContain('cannot open a tunnel for this node');
    await master.close();
  });
});

describe('the tunnel\'s patience', () => {
  let server: TlsServer;
  let sockets: TLSSocket[];
  let lines: string[];
  beforeEach(async () => {
    [sockets, lines] = [[], []];
    server = createTlsServer({ key: serving.key, cert: serving.cert }, (socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        if (chunk.toString().startsWith('GET ')) socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: dray-tunnel\r\n\r\n{"ping":true}\n{"pi');
        else lines.push(...chunk.toString().split('\n').filter((line) => line !== ''));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const port = (): number => (server.address() as AddressInfo).port;

  it('answers pings, those right behind the handshake and those in pieces too', async () => {
    startTunnel(port(), kubelet());
    await until(() => lines.length === 2);
    sockets[0]!.write('ng":true}\n');
    await until(() => lines.length === 3);
    expect(lines).toEqual(['{"applied":0}', '{"applied":0}', '{"applied":0}']);
  });

  it('gives a silent connection up after 30 s and dials again', async () => {
    const clock = new FakeClock();
    const tunnel = startTunnel(port(), kubelet(), { clock });
    await until(() => tunnel.connected);
    await clock.advance(29_000);
    expect(tunnel.connected).toBe(true);
    await clock.advance(1_001);
    await until(() => !tunnel.connected);
    await until(() => clock.pending === 1);
    await clock.advance(100);
    await until(() => sockets.length === 2 && tunnel.connected);
    for (const socket of sockets) socket.destroy();
    server.close();
    await until(() => !tunnel.connected);
  });

  it('hangs up on a master that speaks nonsense', async () => {
    const tunnel = startTunnel(port(), kubelet());
    await until(() => tunnel.connected);
    sockets[0]!.write('ng":true}\nno message\n');
    await until(() => logged.some(({ message }) => message === 'the master wrote something that is no message'));
    await until(() => sockets.length === 2);
  });
});
