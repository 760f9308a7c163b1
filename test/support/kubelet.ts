// A kubelet over the fake runtime and the API server of this process, on real or fake time; several may follow each other on
// one runtime and one data directory, as agents do after a kill.
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Events } from '../../src/api/core/event.ts';
import { Nodes } from '../../src/api/core/node.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { ServiceAccounts } from '../../src/api/core/service-account.ts';
import type { Client, Draft } from '../../src/client/client.ts';
import { EventRecorder } from '../../src/client/event-recorder.ts';
import { realClock, type Clock } from '../../src/util/clock.ts';
import { silentLog, type Log } from '../../src/util/log.ts';
import type { PodAddressPool } from '../../agent/kubelet/kill-pod.ts';
import type { EvictionSetup } from '../../agent/kubelet/eviction/manager.ts';
import { parseEviction } from '../../agent/kubelet/eviction/thresholds.ts';
import { parseImageGC } from '../../agent/kubelet/image-gc.ts';
import { Kubelet } from '../../agent/kubelet/kubelet.ts';
import type { KubeletOptions } from '../../agent/kubelet/kubelet-parts.ts';
import type { Mounter } from '../../agent/kubelet/volumes/mounts.ts';
import type { Runtime } from '../../agent/runtime/runtime.ts';
import { FakeRuntime } from '../../agent/runtime/fake.ts';
import type { FakeImage } from '../../agent/runtime/fake-images.ts';
import { startTestApi, type TestApi } from './api-server.ts';
import { settled } from './settled.ts';

/** What goes on for longer does not come to an end: a busy or stopped machine is waited for. */
const longestMs = 60_000;

export const noMounts: Mounter = {
  mountTmpfs: async (path) => { const { mkdir } = await import('node:fs/promises'); await mkdir(path, { recursive: true }); },
  mountNetwork: () => Promise.resolve(), bind: () => Promise.resolve(), unmount: () => Promise.resolve(), below: () => Promise.resolve([]), makeShared: () => Promise.resolve(),
};

/** A node that is short of nothing. */
export const plentiful: EvictionSetup = { config: parseEviction({}), signals: () => Promise.resolve({ signals: new Map(), dedicatedImageFs: false }) };

export class CountingAddresses implements PodAddressPool {
  readonly used = new Set<string>();
  #next = 10;
  allocate(): string {
    const ip = `10.42.0.${this.#next++}`;
    this.used.add(ip);
    return ip;
  }
  reserve(ip: string): void { this.used.add(ip); }
  release(ip: string): void { this.used.delete(ip); }
}

export interface RunningKubelet { readonly kubelet: Kubelet; readonly recorder: EventRecorder; kill(): Promise<void> }
export interface KubeletBed {
  readonly api: TestApi;
  readonly client: Client;
  readonly runtime: FakeRuntime;
  readonly clock: Clock;
  readonly dataDir: string;
  readonly addresses: CountingAddresses;
  start(overrides?: Partial<KubeletOptions>): RunningKubelet;
  create(name: string, spec: Draft<Pod['spec']>, metadata?: Draft<Pod['metadata']>): Promise<Pod>;
  get(name: string): Promise<Pod>;
  /** Waits on a watch until the Pod satisfies `check`; fails after a minute of real time with the last state. */
  until(name: string, check: (pod: Pod | undefined) => unknown): Promise<Pod | undefined>;
  events(name: string): Promise<{ reason: string; message: string; type: string }[]>;
  close(): Promise<void>;
}

export async function kubeletBed(images: Readonly<Record<string, FakeImage>>, options: { clock?: Clock; log?: Log } = {}): Promise<KubeletBed> {
  const clock = options.clock ?? realClock;
  const api = await startTestApi();
  const { client } = api;
  // The kubelet may do no more than an agent.
  const agent = api.as('system:node:node-1', 'system:nodes');
  const runtime = new FakeRuntime({ clock, images });
  const dataDir = mkdtempSync(join(tmpdir(), 'dray-kubelet-'));
  const addresses = new CountingAddresses();
  const running = new Set<RunningKubelet>();
  const log = options.log ?? silentLog;
  await client.create(Nodes, { metadata: { name: 'node-1' } });
  // Pods here have the volumes they name; one that wants its token mounted says so.
  await client.create(ServiceAccounts, { metadata: { name: 'default', namespace: 'default' }, automountServiceAccountToken: false });
  const get = (name: string): Promise<Pod> => client.get(Pods, { namespace: 'default', name });

  return {
    api, client, runtime, clock, dataDir, addresses, get,
    start(overrides = {}) {
      const stop = new AbortController();
      const recorder = new EventRecorder(agent, Events, { component: 'kubelet', host: 'node-1' }, { clock: realClock, log });
      const kubelet = new Kubelet({
        client: agent, runtime: runtime as Runtime, clock, log, recorder, nodeName: 'node-1', hostIPs: ['192.168.0.1'], dataDir, network: 'dray-test', addresses, clusterDomain: 'cluster.local', clusterDNS: ['10.43.0.10'],
        services: () => [], allocatable: { cpu: '4', memory: '8Gi', 'ephemeral-storage': '10Gi' }, memoryCapacity: 8 * 2 ** 30, starts: 4, mounter: noMounts, drained: () => Promise.resolve(), eviction: plentiful, imageGC: parseImageGC({}), shutdown: [], ...overrides,
      });
      const done = kubelet.run(stop.signal);
      done.catch(() => undefined); // told when it is killed
      const started: RunningKubelet = { kubelet, recorder, async kill() { stop.abort(new Error('killed')); await done.catch((error: unknown) => { if (error !== stop.signal.reason) throw error; }); running.delete(started); } };
      running.add(started);
      return started;
    },
    create: (name, spec, metadata = {}) => client.create(Pods, { metadata: { name, namespace: 'default', ...metadata }, spec: { nodeName: 'node-1', ...spec } } as Draft<Pod>),
    async until(name, check) {
      const stop = new AbortController();
      const timer = setTimeout(() => stop.abort(), longestMs);
      let last: Pod | undefined;
      try {
        const list = await client.list<Pod>(Pods, { namespace: 'default', fieldSelector: `metadata.name=${name}` });
        last = list.items[0];
        if (check(last)) return last;
        for await (const event of client.watch<Pod>(Pods, { namespace: 'default', fieldSelector: `metadata.name=${name}`, resourceVersion: list.metadata.resourceVersion, signal: stop.signal })) {
          last = event.type === 'DELETED' ? undefined : event.object;
          if (check(last)) return last;
        }
      } finally {
        clearTimeout(timer);
        stop.abort();
      }
      throw new Error(`pod ${name} never came to satisfy ${check.toString()}: ${JSON.stringify(last?.status, undefined, 1)}`);
    },
    async events(name) {
      for (const { recorder } of running) await recorder.flush();
      const list = await client.list(Events, { namespace: 'default' });
      type Told = { metadata: { resourceVersion: string }; involvedObject: { name?: string }; reason: string; message: string; type: string };
      return (list.items as unknown as readonly Told[]).filter((e) => e.involvedObject.name === name).sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
        .map(({ reason, message, type }) => ({ reason, message, type }));
    },
    async close() {
      for (const r of [...running]) await r.kill();
      await api.stop();
      // A kubelet that was killed in mid-work still writes the file it had begun.
      await settled();
      await rm(dataDir, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** Looks again on each turn until the expectation holds; its last failure is the test's. */
export async function eventually(check: () => Promise<void>): Promise<void> {
  const end = Date.now() + longestMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise<void>((resolve) => { setTimeout(resolve, 5); });
    }
  }
}
