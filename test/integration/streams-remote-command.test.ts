// exec sessions end to end in this process: WebSocket and SPDY clients on one side, programs of the fake runtime on the other.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import WebSocket from 'ws';
import { runRemoteCommand } from '../../agent/kubelet/server/remote-command.ts';
import type { FakeProcess, FakeProgram } from '../../agent/runtime/fake-process.ts';
import { FakeRuntime } from '../../agent/runtime/fake.ts';
import type { ExecSession } from '../../agent/runtime/runtime.ts';
import { acceptRemoteCommand, remoteCommandOptions } from '../../src/streams/remote-command.ts';
import { realClock } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';
import { dialSpdy, text } from '../unit/src/streams/spdy-client.ts';

const success = { metadata: {}, status: 'Success' };
const megabyte = 1024 * 1024;

let produced = 0;
let taken = 0;
const programs: Record<string, (process: FakeProcess) => Promise<number>> = {
  async echo({ stdin, stdout }) {
    for await (const chunk of stdin) if (!stdout.write(chunk)) await once(stdout, 'drain');
    return 0;
  },
  async fail({ stdout, stderr }) {
    stdout.write('to stdout');
    stderr.write('to stderr');
    return 42;
  },
  async flood({ stdout, command, killed }) {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    produced = 0;
    while (produced < Number(command[1]) && !killed.aborted) {
      produced += chunk.length;
      if (!stdout.write(chunk)) await once(stdout, 'drain');
    }
    return 0;
  },
  async deaf({ clock }) {
    await clock.sleep(300);
    return 5;
  },
  async sip({ stdin, clock }) {
    taken = 0;
    for await (const chunk of stdin) {
      taken += chunk.length;
      await clock.sleep(1);
    }
    return 0;
  },
  wait: ({ stdin }) => text(stdin).then(() => 0),
};
const run: FakeProgram = (process) => programs[process.command[0]!]!(process);

let server: Server;
let port: number;
let sessions: { session: ExecSession; done: Promise<void> }[] = [];
let sizes: string[] = [];
let opening: Promise<void> | undefined;
let resizeFailures = 0;

beforeAll(async () => {
  const runtime = new FakeRuntime({ clock: realClock, images: { image: { exec: run } } });
  const pod = { metadata: { name: 'p', namespace: 'd', uid: 'u', attempt: 0 }, hostname: 'p', network: 'host' };
  const sandbox = await runtime.runPodSandbox(pod);
  const container = await runtime.createContainer(sandbox, { metadata: { name: 'c', attempt: 0 }, image: 'image', imageReference: 'image', envs: [], mounts: [] }, pod);
  await runtime.startContainer(container);
  server = createServer();
  server.on('upgrade', async (request, socket, head) => {
    const query = new URL(request.url!, 'http://x').searchParams;
    const options = remoteCommandOptions(query);
    const session = await acceptRemoteCommand({ request, socket, head }, options, realClock);
    if (!session) return;
    const open = async (): Promise<ExecSession> => {
      await opening;
      const exec = await runtime.exec(container, { command: query.getAll('command'), ...options });
      return Object.assign(exec, {
        resize: async (columns: number, rows: number) => {
          if (resizeFailures-- > 0) throw new Error('the process has not started');
          sizes.push(`${columns}x${rows}`);
        },
      });
    };
    let opened!: ExecSession;
    const done = runRemoteCommand(session, async () => (opened = await open()), { verb: 'exec', clock: realClock, log: silentLog });
    sessions.push({ get session() { return opened; }, done });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  await Promise.all(sessions.map(({ done }) => done));
  sessions = [];
  sizes = [];
  opening = undefined;
  resizeFailures = 0;
});
afterAll(() => { server.close(); });

const path = (query: string): string => `/exec?${query}`;

interface WsResult { readonly channels: string[]; readonly status: string; readonly code: number }
function dialWs(query: string, protocol: string | undefined): { ws: WebSocket; opened: Promise<unknown>; ended: Promise<WsResult> } {
  const ws = new WebSocket(`ws://127.0.0.1:${port}${path(query)}`, protocol === undefined ? [] : [protocol]);
  const channels = ['', '', ''];
  let status = '';
  const base64 = protocol?.includes('base64') ?? false;
  ws.on('message', (data: Buffer) => {
    const channel = base64 ? data[0]! - 48 : data[0]!;
    const bytes = base64 ? Buffer.from(data.toString().slice(1), 'base64') : data.subarray(1);
    if (channel === 3) status += bytes.toString();
    else channels[channel] += bytes.toString();
  });
  const ended = new Promise<WsResult>((resolve, reject) => {
    ws.on('close', (code) => resolve({ channels, status, code }));
    ws.on('error', reject);
  });
  return { ws, opened: once(ws, 'open'), ended };
}

describe('over WebSocket', () => {
  it.each([
    ['v5.channel.k8s.io', true], ['v4.channel.k8s.io', true], ['v4.base64.channel.k8s.io', true], ['channel.k8s.io', false], ['base64.channel.k8s.io', false], [undefined, false],
  ])('%s: outputs, then how it ended', async (protocol, asStatus) => {
    const { ws, ended } = dialWs('command=fail&stdout=true&stderr=true', protocol);
    const { channels, status, code } = await ended;
    expect(ws.protocol).toBe(protocol ?? '');
    expect(channels).toEqual(['', 'to stdout', 'to stderr']);
    if (asStatus) expect(JSON.parse(status)).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: '42' }] } });
    else expect(status).toBe('command terminated with non-zero exit code: exit status 42');
    expect(code).toBe(1000);
  });

  it('takes the first protocol it speaks, and refuses when there is none', async () => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}${path('command=fail&stdout=1')}`, ['v9.channel.k8s.io', 'v4.channel.k8s.io', 'v5.channel.k8s.io']);
    await once(ws, 'close');
    expect(ws.protocol).toBe('v4.channel.k8s.io');
    const [error] = await once(new WebSocket(`ws://127.0.0.1:${port}${path('command=fail&stdout=1')}`, ['v9.channel.k8s.io']), 'error') as [Error];
    expect(error.message).toContain('403');
  });

  it('refuses a request without streams before the upgrade', async () => {
    const [error] = await once(new WebSocket(`ws://127.0.0.1:${port}${path('command=fail')}`, ['v5.channel.k8s.io']), 'error') as [Error];
    expect(error.message).toContain('400');
  });

  it('v5: the close signal ends the input', async () => {
    const { ws, opened, ended } = dialWs('command=echo&stdin=1&stdout=1', 'v5.channel.k8s.io');
    await opened;
    ws.send(Buffer.from('\0hello'));
    ws.send(Buffer.from([255, 0]));
    const { channels, status } = await ended;
    expect(channels[1]).toBe('hello');
    expect(JSON.parse(status)).toEqual(success);
  });

  it('a client that goes away ends the input and the session', async () => {
    const { ws, opened, ended } = dialWs('command=wait&stdin=1&stdout=1', 'v4.channel.k8s.io');
    await opened;
    ws.terminate();
    await ended;
    await sessions[0]!.done;
    await expect(sessions[0]!.session.wait()).rejects.toThrow(/closed/);
  });

  it('sizes reach the terminal, also those from before it was there', async () => {
    let go = (): void => undefined;
    opening = new Promise((resolve) => { go = resolve; });
    resizeFailures = 2;
    const { ws, opened, ended } = dialWs('command=echo&stdin=1&stdout=1&tty=1', 'v5.channel.k8s.io');
    await opened;
    ws.send(Buffer.from('\x04{"Width":80,"Height":24}'));
    ws.send(Buffer.from('\x04{"Width":100,"Height":30}'));
    ws.send(Buffer.from('\0x'));
    while (sessions.length === 0) await new Promise((resolve) => setImmediate(resolve));
    go();
    while (sizes.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    ws.send(Buffer.from('\x04{"Width":101,"Height":31}'));
    while (sizes.length === 1) await new Promise((resolve) => setTimeout(resolve, 5));
    ws.send(Buffer.from([255, 0]));
    expect((await ended).channels[1]).toBe('x');
    expect(sizes).toEqual(['100x30', '101x31']);
  });
});

describe('over SPDY', () => {
  const open = async (query: string, types: readonly string[], protocols: readonly string[] = ['v4.channel.k8s.io']) => {
    const { client, protocol } = await dialSpdy(port, path(query), protocols);
    const streams = Object.fromEntries(await Promise.all(types.map(async (streamType) => [streamType, await client.open({ streamType })] as const)));
    await Promise.all(Object.values(streams).map((stream) => stream.replied));
    return { client, protocol, streams };
  };

  it.each([
    [['v5.channel.k8s.io', 'v4.channel.k8s.io'], 'v5.channel.k8s.io', true], [['v4.channel.k8s.io', 'v3.channel.k8s.io'], 'v4.channel.k8s.io', true],
    [['v3.channel.k8s.io'], 'v3.channel.k8s.io', false], [['v2.channel.k8s.io', 'channel.k8s.io'], 'v2.channel.k8s.io', false], [[], 'channel.k8s.io', false],
  ])('%j: outputs, then how it ended', async (offered, chosen, asStatus) => {
    const { client, protocol, streams } = await open('command=fail&stdout=true&stderr=true', ['error', 'stdout', 'stderr'], offered);
    expect(protocol).toBe(chosen);
    expect(await Promise.all(['stdout', 'stderr'].map((type) => text(streams[type]!.received)))).toEqual(['to stdout', 'to stderr']);
    const status = await text(streams['error']!.received);
    if (asStatus) expect(JSON.parse(status)).toMatchObject({ reason: 'NonZeroExitCode', details: { causes: [{ message: '42' }] } });
    else expect(status).toBe('command terminated with non-zero exit code: exit status 42');
    client.socket.destroy();
  });

  it('names what it speaks when there is nothing in common', async () => {
    await expect(dialSpdy(port, path('command=fail&stdout=1'), ['v9.channel.k8s.io'])).rejects.toThrow(/client supports \[v9.channel.k8s.io\], server accepts \[v5.channel.k8s.io /);
  });

  it('half-closed input ends cat', async () => {
    const { client, streams } = await open('command=echo&stdin=1&stdout=1', ['error', 'stdin', 'stdout']);
    streams['stdin']!.write(Buffer.from('hello '));
    streams['stdin']!.write(Buffer.from('world'));
    streams['stdin']!.end();
    expect(await text(streams['stdout']!.received)).toBe('hello world');
    expect(JSON.parse(await text(streams['error']!.received))).toEqual(success);
    client.socket.destroy();
  });

  it('answers pings, refuses unknown and doubled streams, survives a reset input', async () => {
    const { client, streams } = await open('command=echo&stdin=1&stdout=1', ['error', 'stdin', 'stdout']);
    client.ping(7);
    const [odd, twice] = [await client.open({ streamType: 'other' }), await client.open({ streamType: 'stdout' })];
    expect(await Promise.all([odd.wasReset, twice.wasReset])).toEqual([3, 3]);
    expect(client.pongs).toEqual([7]);
    streams['stdin']!.write(Buffer.from('bye'));
    streams['stdin']!.reset();
    expect(await text(streams['stdout']!.received)).toBe('bye');
    client.socket.destroy();
  });

  it('waits for the streams that were asked for, and a client that leaves first is forgotten', async () => {
    const { client } = await dialSpdy(port, path('command=fail&stdout=1&stderr=1'), ['v4.channel.k8s.io']);
    const error = await client.open({ streamType: 'error' });
    await error.replied;
    expect(sessions).toHaveLength(0);
    client.socket.destroy();
  });

  it('the exit is told while input nobody reads is stuck', async () => {
    const { client, streams } = await open('command=deaf&stdin=1&stdout=1', ['error', 'stdin', 'stdout']);
    let full = false;
    for (let sent = 0; sent < 64 && !full; sent++) full = !streams['stdin']!.write(Buffer.alloc(megabyte));
    expect(JSON.parse(await text(streams['error']!.received))).toMatchObject({ details: { causes: [{ message: '5' }] } });
    client.socket.destroy();
  });

  it('a client that speaks no SPDY is hung up on', async () => {
    const { client } = await dialSpdy(port, path('command=fail&stdout=1'), ['v4.channel.k8s.io']);
    client.control(1, 0, Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 2, 3]));
    await once(client.socket, 'close');
  });
});

describe('back-pressure', () => {
  const settled = async (value: () => number): Promise<number> => {
    for (let last = -1; value() !== last;) {
      last = value();
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    return value();
  };
  // Kernel socket buffers of loopback may hold several megabytes.
  const atMost = 16 * megabyte;
  const size = 64 * megabyte;

  it('a WebSocket client that does not read stops the process; then everything arrives', async () => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}${path(`command=flood&command=${size}&stdout=1`)}`, ['v5.channel.k8s.io']);
    let received = 0;
    ws.on('message', (data: Buffer) => { if (data[0] === 1) received += data.length - 1; });
    await once(ws, 'open');
    ws.pause();
    expect(await settled(() => produced)).toBeLessThan(atMost);
    ws.resume();
    await once(ws, 'close');
    expect(received).toBe(size);
  });

  it('a SPDY client that does not read stops the process; then everything arrives', async () => {
    const { client } = await dialSpdy(port, path(`command=flood&command=${size}&stdout=1`), ['v4.channel.k8s.io']);
    const [error, stdout] = [await client.open({ streamType: 'error' }), await client.open({ streamType: 'stdout' })];
    await Promise.all([error.replied, stdout.replied]);
    client.socket.pause();
    expect(await settled(() => produced)).toBeLessThan(atMost);
    let received = 0;
    stdout.received.on('data', (chunk: Buffer) => { received += chunk.length; });
    client.socket.resume();
    await once(stdout.received, 'end');
    expect(received).toBe(size);
    client.socket.destroy();
  });

  it.each(['ws', 'spdy'])('a process that reads slowly holds the %s client back', async (kind) => {
    const chunk = Buffer.alloc(64 * 1024);
    let sent = 0;
    let client: { destroy(): void };
    if (kind === 'ws') {
      const ws = new WebSocket(`ws://127.0.0.1:${port}${path('command=sip&stdin=1&stdout=1')}`, ['v5.channel.k8s.io']);
      await once(ws, 'open');
      const pour = (): void => { if (sent < size) ws.send(Buffer.concat([Buffer.from([0]), chunk]), (error) => { if (error) return; sent += chunk.length; pour(); }); };
      pour();
      client = { destroy: () => ws.terminate() };
    } else {
      const { client: spdy } = await dialSpdy(port, path('command=sip&stdin=1&stdout=1'), ['v4.channel.k8s.io']);
      const [, stdin] = [await spdy.open({ streamType: 'error' }), await spdy.open({ streamType: 'stdin' }), await spdy.open({ streamType: 'stdout' })];
      await stdin!.replied;
      void (async () => {
        for (; sent < size && !spdy.socket.destroyed; sent += chunk.length) if (!stdin!.write(chunk)) await once(spdy.socket, 'drain');
      })();
      client = { destroy: () => spdy.socket.destroy() };
    }
    while (taken === 0 || sent === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(sent - taken).toBeLessThan(atMost);
    client.destroy();
  });
});
