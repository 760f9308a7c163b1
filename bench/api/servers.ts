// What the API benchmarks run against, each as a process of its own on loopback: a master without agents, a server that only
// echoes, and etcd.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readKubeconfig, type ClusterAccess } from '../../src/client/kubeconfig.ts';
import { installPackages } from '../../src/util/apt.ts';
import { freePort } from '../cluster.ts';

const program = join(import.meta.dirname, '../../bin/dray.js');
const patienceMs = 60_000;
/** upstream: Linux' USER_HZ */
const ticksPerSecond = 100;

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

async function until<T>(child: ChildProcess, what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline && child.exitCode === null) {
    const found = await ask().catch(() => undefined);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${what} did not start`);
}

export class BenchMaster {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'dray-bench-api-'));
  #child: ChildProcess | undefined;
  #port = 0;

  /** Resolves when requests are answered, with the milliseconds it took; `nodes` are given credentials. */
  async start(nodes: readonly string[] = []): Promise<number> {
    this.#port ||= await freePort();
    const begun = performance.now();
    const child = this.#child = spawn(process.execPath, [program, 'master', '--data-dir', this.dataDir, '--port', String(this.#port), '--advertise-address', '127.0.0.1', ...(nodes.length ? ['--node', ...nodes] : []), '--pod-cidr', '10.128.0.0/9', '--service-cidr', '10.96.0.0/16', '--ready-fd', '3'], { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
    await Promise.race([once(child.stdio[3]!, 'data'), once(child, 'exit').then(() => { throw new Error('the master ended'); })]);
    return performance.now() - begun;
  }
  get access(): ClusterAccess { return readKubeconfig(join(this.dataDir, 'admin.kubeconfig')); }
  get serving(): { readonly cert: string; readonly key: string } {
    const file = (extension: string): string => readFileSync(join(this.dataDir, 'pki', `apiserver.${extension}`), 'utf8');
    return { cert: file('crt'), key: file('key') };
  }
  get rssMB(): number { return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.#child!.pid}/status`, 'utf8'))![1]) / 1024; }
  /** Seconds on the processor so far: what a busy machine takes nothing from. */
  get cpuSeconds(): number {
    const fields = readFileSync(`/proc/${this.#child!.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }
  async stop(): Promise<void> { if (this.#child) await end(this.#child); }
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.dataDir, { recursive: true });
  }
}

/** The same TLS options and protocol, and an answer of the same size, without anything behind it. */
export async function startEcho(access: ClusterAccess, serving: { readonly cert: string; readonly key: string }, body: Buffer): Promise<{ readonly access: ClusterAccess; stop(): Promise<void> }> {
  const port = await freePort();
  const child = spawn(process.execPath, [join(import.meta.dirname, 'echo.js'), String(port)], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(JSON.stringify({ ...serving, ca: access.ca, body: body.toString('base64') }));
  await until(child, 'the echo server', async () => (await portAnswers(port)) || undefined);
  return { access: { ...access, server: `https://127.0.0.1:${port}` }, stop: () => end(child) };
}

async function portAnswers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => { socket.destroy(); resolve(true); });
    socket.once('error', () => resolve(false));
  });
}

/** gRPC by hand: `PutRequest { key = 1, value = 2 }` with the five bytes before a message. */
function putRequest(key: string, value: Buffer): Buffer {
  const field = (tag: number, bytes: Buffer): Buffer => Buffer.concat([Buffer.from([tag, (bytes.length & 0x7f) | 0x80, bytes.length >> 7]), bytes]);
  const message = Buffer.concat([field(0x0a, Buffer.from(key.padEnd(128, '.'))), field(0x12, value)]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Durable puts a second of an etcd on this machine, from as many clients at once. */
export async function etcdPuts(clients: number, value: Buffer, ms: number): Promise<{ readonly perSecond: number; readonly p99Ms: number }> {
  if (!existsSync('/usr/bin/etcd')) await installPackages(['etcd-server']);
  const [client, peer, directory] = [await freePort(), await freePort(), mkdtempSync(join(tmpdir(), 'dray-bench-etcd-'))];
  const url = (port: number): string => `http://127.0.0.1:${port}`;
  const child = spawn('etcd', ['--data-dir', directory, '--name', 'bench', '--listen-client-urls', url(client), '--advertise-client-urls', url(client), '--listen-peer-urls', url(peer), '--initial-advertise-peer-urls', url(peer), '--initial-cluster', `bench=${url(peer)}`, '--log-level', 'error'], { stdio: 'ignore' });
  const sessions = [];
  try {
    await until(child, 'etcd', async () => ((await fetch(`${url(client)}/health`)).ok ? true : undefined));
    for (let i = 0; i < clients; i++) sessions.push(connectHttp2(url(client)));
    const times: number[] = [];
    const start = performance.now();
    let number = 0;
    await Promise.all(sessions.map(async (session) => {
      while (performance.now() - start < ms) {
        const begun = performance.now();
        await new Promise<void>((resolve, reject) => {
          const stream = session.request({ ':method': 'POST', ':path': '/etcdserverpb.KV/Put', 'content-type': 'application/grpc', te: 'trailers' });
          stream.on('trailers', (trailers) => (trailers['grpc-status'] === '0' ? resolve() : reject(new Error(`etcd: ${String(trailers['grpc-message'])}`))));
          stream.on('error', reject);
          stream.resume();
          stream.end(putRequest(`/registry/configmaps/bench/c-${number++}`, value));
        });
        times.push(performance.now() - begun);
      }
    }));
    times.sort((a, b) => a - b);
    return { perSecond: times.length / ((performance.now() - start) / 1000), p99Ms: times[Math.ceil(times.length * 0.99) - 1]! };
  } finally {
    for (const session of sessions) session.destroy();
    await end(child);
    rmSync(directory, { recursive: true });
  }
}
