// Many nodes in one process, for measurements of what a master carries: each registers, renews its Lease, runs a kubelet over the fake
// runtime and reads and writes as an agent does, over a connection of its own. `hollow.js DATA_DIR COUNT`; prints `ready` once all are.
// upstream: cmd/kubemark (hollow nodes)
import { setMaxListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Events } from '../src/api/core/event.ts';
import { Client } from '../src/client/client.ts';
import { EventRecorder } from '../src/client/event-recorder.ts';
import { HttpTransport } from '../src/client/http-transport.ts';
import { readKubeconfig } from '../src/client/kubeconfig.ts';
import { realClock } from '../src/util/clock.ts';
import { createLog } from '../src/util/log.ts';
import type { EvictionSetup } from './kubelet/eviction/manager.ts';
import { parseEviction } from './kubelet/eviction/thresholds.ts';
import { parseImageGC } from './kubelet/image-gc.ts';
import { Kubelet } from './kubelet/kubelet.ts';
import type { Mounter } from './kubelet/volumes/mounts.ts';
import { PodAddresses } from './network/ipam.ts';
import { allocatable, type HostFacts, type Reserve } from './node/capacity.ts';
import { NodeManager } from './node/node-manager.ts';
import { FakeRuntime } from './runtime/fake.ts';
import { runsUntilStopped } from './runtime/fake-process.ts';

/** What Pods may run here. */
const images = { 'hollow:1': { main: runsUntilStopped }, 'hollow:2': { main: runsUntilStopped } };
const registeredAtOnce = 32;

const facts: HostFacts = { cpus: 4, memoryBytes: 8 * 2 ** 30, diskBytes: 100 * 2 ** 30, machineID: 'hollow', systemUUID: 'hollow', bootID: 'hollow', osImage: 'Hollow', appArmor: false };
const reserve: Reserve = { memoryBytes: 0, diskBytes: 0 };
/** Short of nothing. */
const eviction: EvictionSetup = { config: parseEviction({}), signals: () => Promise.resolve({ signals: new Map(), dedicatedImageFs: false }) };
const noMounts: Mounter = { mountTmpfs: () => Promise.resolve(), mountNetwork: () => Promise.resolve(), bind: () => Promise.resolve(), unmount: () => Promise.resolve(), below: () => Promise.resolve([]), makeShared: () => Promise.resolve() };

const [dataDir = '', count = '0'] = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), 'dray-hollow-'));
const log = createLog({ name: 'hollow', level: process.env['DRAY_LOG_LEVEL'] ?? 'error' });
const stop = new AbortController();
// Every node listens to it, from when it tries to register.
setMaxListeners(0, stop.signal);
const running: Promise<unknown>[] = [];

async function start(index: number): Promise<void> {
  const nodeName = `hollow-${index}`;
  const access = readKubeconfig(join(dataDir, `node-${nodeName}.kubeconfig`));
  const client = new Client(new HttpTransport({ access, userAgent: 'dray-hollow' }));
  const runtime = new FakeRuntime({ clock: realClock, images });
  const recorder = new EventRecorder(client, Events, { component: 'kubelet', host: nodeName }, { clock: realClock, log });
  const internalIP = `172.${16 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
  const common = { client, runtime, clock: realClock, log, recorder, nodeName };
  const manager: NodeManager = new NodeManager({
    ...common, info: await runtime.info(), internalIP, kubeletVersion: 'v1.33.0+hollow', facts: () => Promise.resolve(facts),
    reserve, health: () => ({ problems: kubelet.problems, pressure: kubelet.pressure }),
  });
  const kubelet = new Kubelet({
    ...common, hostIPs: [internalIP], dataDir: join(directory, nodeName), network: 'hollow', addresses: new PodAddresses(`10.${128 + (index >> 8)}.${index & 255}.0/24`, realClock),
    clusterDomain: 'cluster.local', clusterDNS: ['10.96.0.10'], services: () => [], allocatable: allocatable(facts, reserve) as never, memoryCapacity: facts.memoryBytes, starts: 8,
    mounter: noMounts, drained: () => Promise.resolve(), eviction, shutdown: [], imageGC: parseImageGC({}),
  });
  await manager.register(stop.signal);
  running.push(kubelet.run(stop.signal), manager.run(stop.signal));
  manager.problem('network', undefined);
  await manager.report();
}

const end = (): void => stop.abort(new Error('stopped'));
process.once('SIGTERM', end).once('SIGINT', end);
const indexes = Array.from({ length: Number(count) }, (_, i) => i).values();
try {
  await Promise.all(Array.from({ length: registeredAtOnce }, async () => { for (const index of indexes) await start(index); }));
  process.stdout.write('ready\n');
} catch (error) {
  if (!stop.signal.aborted) throw error;
}
await Promise.allSettled(running);
rmSync(directory, { recursive: true, force: true });
process.exit(0);
