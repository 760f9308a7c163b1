// The name server of a node by itself, without Docker: the compiled worker with a table of many Services. Answers per second and their slowest
// hundredth beside a Node process that sends every datagram back, and the slowest hundredth at a measured pace while Services change.
import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket as Stream } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realClock } from '../src/util/clock.ts';
import { median, percentile, type Figure } from './report.ts';

const address = '127.47.10.53';
const port = 5_300;
const clients = 32;
const seconds = 3;
/** The pace at which answers are timed: far from what the server can, so that no queue is measured. */
const pacedPerSecond = 500;
const changesPerSecond = 5;
const echoProgram = `const s = require('node:dgram').createSocket('udp4'); s.on('message', (m, r) => s.send(m, r.port, r.address)); s.bind(${port}, '${address}', () => process.send('ready'));`;

const zone = 'default.svc.cluster.local';
const names = { addresses: [address], port, domain: 'cluster.local', upstreams: [], namespaces: ['default'] };
const addressOf = (n: number): string => `10.${96 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
const hosts = (n: number): object[] => [0, 1, 2].map((i) => ({ address: `10.244.${(n * 3 + i) >> 8 & 255}.${(n * 3 + i) & 255}` }));
const service = (n: number, cluster = n): object => ({
  namespace: 'default', name: `s${n}`, addresses: [addressOf(cluster)], ports: [{ name: 'http', protocol: 'tcp', port: 80 }],
  subsets: [{ ports: [{ name: 'http', protocol: 'tcp', port: 8080 }], hosts: hosts(n) }],
});
const rules = (services: number): object => ({ revision: 1, ports: [], dns: { ...names, services: Array.from({ length: services }, (_, n) => service(n)) } });
/** One Service in the middle has another address. */
const changeOf = (services: number, n: number): object => ({ revision: n, ports: { put: [], removed: [] }, dns: { table: names, services: { put: [service(services >> 1, n & 0xffff)], removed: [] } } });

function query(id: number, name: string): Buffer {
  const header = Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, ...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.from([0, 0, 1, 0, 1])]);
}

interface Load { readonly perSecond: number; readonly p99Ms: number }

/** Each client has one question on its way at a time. */
async function flood(services: number): Promise<Load> {
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  await Promise.all(Array.from({ length: clients }, async (_, client) => {
    const socket = await opened();
    for (let n = client; performance.now() < end; n += clients) times.push(await ask(socket, n, services));
    socket.close();
  }));
  return { perSecond: times.length / seconds, p99Ms: percentile(times, 99) };
}

/** Questions leave by the clock, however late the answers are. */
async function paced(services: number): Promise<number> {
  const sockets = await Promise.all(Array.from({ length: clients }, opened));
  const answers: Promise<number>[] = [];
  const begun = performance.now();
  for (let n = 0; n < pacedPerSecond * seconds; n++) {
    const wait = begun + (n * 1000) / pacedPerSecond - performance.now();
    if (wait > 0) await realClock.sleep(wait);
    answers.push(ask(sockets[n % clients]!, n, services));
  }
  const times = await Promise.all(answers);
  for (const socket of sockets) socket.close();
  return percentile(times, 99);
}

async function opened(): Promise<Socket> {
  const socket = createSocket('udp4').setMaxListeners(0);
  await new Promise<void>((resolve) => { socket.connect(port, address, resolve); });
  return socket;
}

function ask(socket: Socket, n: number, services: number): Promise<number> {
  const id = n & 0xffff;
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const stop = realClock.after(5_000, () => reject(new Error('no answer in 5 s')));
    const onMessage = (message: Buffer): void => {
      if (message.readUInt16BE(0) !== id) return;
      socket.off('message', onMessage);
      stop();
      resolve(performance.now() - begun);
    };
    socket.on('message', onMessage);
    socket.send(query(id, `s${n % services}.${zone}`));
  });
}

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
};

/** The worker with that many Services; `change` is to be called with 2, 3, … */
async function withWorker<T>(services: number, measure: (change: (n: number) => Promise<void>) => Promise<T>): Promise<T> {
  const dataDir = mkdtempSync(join(tmpdir(), 'dray-bench-dns-'));
  const worker = spawn(process.execPath, ['--max-semi-space-size=4', join(import.meta.dirname, '../agent/proxy/worker/main.js'), '--role', 'service', '--data-dir', dataDir, '--program-version', 'bench'], { stdio: 'ignore' });
  try {
    const control = await controlOf(join(dataDir, 'proxy-service.sock'), worker);
    // As the agent: all rules first, then each change when the one before is in force.
    const told = async (message: object): Promise<void> => {
      control.write(`${JSON.stringify(message)}\n`);
      await once(control, 'data');
    };
    await told({ type: 'rules', sequence: 1, rules: rules(services) });
    const result = await measure((n) => told({ type: 'change', sequence: n, base: n - 1, change: changeOf(services, n) }));
    control.destroy();
    return result;
  } finally {
    await ended(worker);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function controlOf(path: string, worker: ChildProcess): Promise<Stream> {
  for (let tries = 0; tries < 500 && worker.exitCode === null; tries++) {
    const socket = connect(path);
    const open = await new Promise<boolean>((resolve) => { socket.once('connect', () => resolve(true)).once('error', () => resolve(false)); });
    if (open) {
      await once(socket, 'data');
      return socket;
    }
    await realClock.sleep(20);
  }
  throw new Error(`the worker did not open ${path}`);
}

async function echo(runs: number): Promise<Load[]> {
  const child = spawn(process.execPath, ['-e', echoProgram], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  try {
    await once(child, 'message');
    return await repeated(runs, () => flood(1));
  } finally {
    await ended(child);
  }
}

async function repeated<T>(runs: number, measure: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let run = 0; run < runs; run++) results.push(await measure());
  return results;
}

export async function dns(runs: number, say: (text: string) => void): Promise<Figure[]> {
  say('dns: answers of a node\'s name server');
  const bare = await echo(runs);
  const figures: Figure[] = [];
  for (const services of [1_000, 10_000]) {
    const { floods, calm, changing } = await withWorker(services, async (change) => {
      const measured = { floods: await repeated(runs, () => flood(services)), calm: await repeated(runs, () => paced(services)) };
      const stop = new AbortController();
      const changes = (async () => {
        for (let n = 2; !stop.signal.aborted; n++) {
          await change(n);
          await realClock.sleep(1_000 / changesPerSecond);
        }
      })();
      try {
        return { ...measured, changing: await repeated(runs, () => paced(services)) };
      } finally {
        stop.abort();
        await changes;
      }
    });
    const size = services.toLocaleString('en');
    figures.push(
      { what: `DNS answers, ${size} Services, ${clients} clients`, value: median(floods.map((f) => f.perSecond)), unit: '/s', yardstick: { what: 'datagrams sent back', value: median(bare.map((f) => f.perSecond)) }, aim: { of: 'ratio', bound: 'at least', limit: 0.5 } },
      { what: `  p99 at ${pacedPerSecond}/s`, value: median(calm), unit: 'ms', aim: { of: 'value', bound: 'at most', limit: 2 } },
      { what: `  p99 at ${pacedPerSecond}/s, a Service changing ${changesPerSecond} times a second`, value: median(changing), unit: 'ms', aim: { of: 'value', bound: 'at most', limit: 2 } },
    );
  }
  return figures;
}
