// What the agent waits for from its two workers: each goes at its own pace, and one that is dead or silent holds up neither the
// other's rules nor, for long, the acknowledgement of what is in force.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Proxy } from '../../../../agent/proxy/proxy.ts';
import type { ListenError, ProxyRules, WorkerRole } from '../../../../agent/proxy/rules.ts';
import { ControlServer } from '../../../../agent/proxy/worker/control.ts';
import { protocolVersion } from '../../../../agent/proxy/worker/protocol.ts';
import { socketFile } from '../../../../agent/proxy/worker/rules-file.ts';
import { FakeClock } from '../../../../src/util/clock.ts';
import { silentLog } from '../../../../src/util/log.ts';
import { rule } from '../../../contract/proxy-support.ts';

const version = '1';
let dataDir: string;
let clock: FakeClock;
let proxy: Proxy;
let applied: number[];
let workers: ControlServer[];

/** The control side of a worker, in this process; it acknowledges when told, or at once. */
class Worker {
  readonly received: number[] = [];
  silent = false;
  #answers: (() => void)[] = [];
  #heard: (() => void)[] = [];
  readonly server: ControlServer;
  constructor(role: WorkerRole) {
    this.server = new ControlServer(socketFile(dataDir, role), {
      hello: () => ({ type: 'hello', protocol: protocolVersion, version, role, pid: process.pid, applied: 0 }),
      rules: (rules) => new Promise<readonly ListenError[]>((resolve) => {
        this.received.push(rules.revision);
        if (this.silent) this.#answers.push(() => resolve([]));
        else resolve([]);
        for (const heard of this.#heard.splice(0)) heard();
      }),
      stop: () => this.server.close(),
      handover: () => undefined,
    });
    workers.push(this.server);
  }
  answer(): void {
    this.silent = false;
    for (const answer of this.#answers.splice(0)) answer();
  }
  async until(revision: number): Promise<void> {
    while (!this.received.includes(revision)) await new Promise<void>((resolve) => { this.#heard.push(resolve); });
  }
}
async function worker(role: WorkerRole): Promise<Worker> {
  const made = new Worker(role);
  await made.server.open();
  return made;
}
const rules = (revision: number): ProxyRules => ({ revision, ports: [rule({ id: 'default/web:http', clusterIPs: ['127.60.9.1'], nodePort: 20_990 })] });

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'dray-proxy-unit-'));
  clock = new FakeClock();
  applied = [];
  workers = [];
  // A program that ends at once is a worker that cannot start.
  proxy = new Proxy({ dataDir, clock, log: silentLog, version, launch: { service: [], node: [] }, program: ['/bin/false'], onApplied: (revision) => applied.push(revision) });
});
afterEach(() => {
  proxy.close();
  for (const server of workers) server.close();
  rmSync(dataDir, { recursive: true, force: true });
});

it('tells what is in force once both workers have it', async () => {
  const [service, node] = [await worker('service'), await worker('node')];
  await proxy.start();
  node.silent = true;
  await proxy.send(rules(1));
  await Promise.all([service.until(1), node.until(1)]);
  expect([proxy.applied, applied]).toEqual([0, []]);
  node.answer();
  expect(await proxy.waitFor(1, 60_000)).toBe(true);
  expect(applied).toEqual([1]);
  expect(await proxy.apply(rules(2))).toBe(2);
  expect(applied).toEqual([1, 2]);
});

it.each(['node', 'service'] as const)('a dead %s worker holds up no rules of the other, and for 2 s their acknowledgement', async (dead) => {
  const alive = await worker(dead === 'node' ? 'service' : 'node');
  await proxy.start();
  for (const revision of [1, 2, 3]) {
    await proxy.send(rules(revision));
    await alive.until(revision);
  }
  expect(proxy.applied).toBe(0);
  const told = proxy.waitFor(3, 60_000);
  await clock.advance(2_001);
  expect(await told).toBe(true);
  // From then on nobody waits for it.
  await proxy.send(rules(4));
  expect(await proxy.waitFor(4, 0)).toBe(true);
  expect(applied).toEqual([3, 4]);
});

it('a worker that came back is waited for again', async () => {
  const service = await worker('service');
  await proxy.start();
  await proxy.send(rules(1));
  await service.until(1);
  await clock.advance(2_001);
  expect(applied).toEqual([1]);
  const node = await worker('node');
  node.silent = true;
  // The next try to start one finds it.
  for (let tries = 0; tries < 1000 && !node.received.includes(1); tries++) {
    await clock.advance(1000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await proxy.send(rules(2));
  await service.until(2);
  expect(await Promise.race([proxy.waitFor(2, 60_000), new Promise((resolve) => setImmediate(resolve))])).toBeUndefined();
  node.answer();
  expect(await proxy.waitFor(2, 60_000)).toBe(true);
  expect(node.received).toEqual([1, 2]);
});

it('a silent worker gets the newest of the rules that came meanwhile, and nothing else', async () => {
  const [service, node] = [await worker('service'), await worker('node')];
  await proxy.start();
  node.silent = true;
  for (const revision of [1, 2, 3, 4]) {
    await proxy.send(rules(revision));
    await service.until(revision);
  }
  expect(node.received).toEqual([1]);
  node.answer();
  await node.until(4);
  expect(node.received).toEqual([1, 4]);
  expect(await proxy.waitFor(4, 60_000)).toBe(true);
});
