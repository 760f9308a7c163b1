// Pods that use more of the node than they may are evicted (emptyDir sizeLimit, limits of ephemeral storage), and one at a time
// when the node runs out of something.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Observation } from '../../agent/kubelet/eviction/signals.ts';
import { parseEviction, type Signal } from '../../agent/kubelet/eviction/thresholds.ts';
import { Events } from '../../src/api/core/event.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { isPodReady } from '../../src/api/core/pod-conditions.ts';
import { FakeClock } from '../../src/util/clock.ts';
import { RuntimeError } from '../../agent/runtime/runtime.ts';
import { eventually, kubeletBed, type KubeletBed } from '../support/kubelet.ts';

let bed: KubeletBed;
let clock: FakeClock;
beforeEach(async () => {
  clock = new FakeClock();
  bed = await kubeletBed({ 'nginx:1': {} }, { clock });
});
afterEach(() => bed.close());

const container = (name: string, more: object = {}) => ({ name, image: 'nginx:1', ...more });
const running = (name: string): Promise<Pod | undefined> => bed.until(name, (p) => p && isPodReady(p));
async function evicted(name: string): Promise<Pod> {
  let pod!: Pod;
  await eventually(async () => {
    await clock.advance(1000);
    pod = await bed.get(name);
    expect(pod.status.containerStatuses?.every((c) => c.state.terminated)).toBe(true);
  });
  return pod;
}

describe('limits of local storage', () => {
  it('end a Pod whose emptyDir outgrows its sizeLimit, and no other', async () => {
    bed.start();
    const volumes = (sizeLimit?: string) => [{ name: 'scratch', emptyDir: sizeLimit ? { sizeLimit } : {} }];
    const pods = {
      greedy: await bed.create('greedy', { volumes: volumes('1Mi'), containers: [container('c', { volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] })] }),
      modest: await bed.create('modest', { volumes: volumes('4Mi'), containers: [container('c')] }),
      free: await bed.create('free', { volumes: volumes(), containers: [container('c')] }),
      vital: await bed.create('vital', { volumes: volumes('1Mi'), priorityClassName: 'system-node-critical', containers: [container('c')] }),
    };
    const directory = (pod: Pod): string => join(bed.dataDir, 'pods', pod.metadata.uid, 'volumes', 'kubernetes.io~empty-dir', 'scratch');
    for (const [name, pod] of Object.entries(pods)) {
      await running(name);
      writeFileSync(join(directory(pod), 'data'), Buffer.alloc(2 * 2 ** 20, 1));
    }
    const pod = await evicted('greedy');
    const message = 'Usage of EmptyDir volume "scratch" exceeds the limit "1Mi". ';
    expect(pod.status).toMatchObject({ phase: 'Failed', reason: 'Evicted', message });
    expect(pod.status.conditions!.find((c) => c.type === 'DisruptionTarget')).toBeUndefined();
    expect(await bed.events('greedy')).toContainEqual({ type: 'Warning', reason: 'Evicted', message });
    // What it leaves would go on taking up room; its status stays as it was.
    await eventually(async () => expect([existsSync(directory(pods.greedy)), await bed.runtime.listContainers({ podUid: pod.metadata.uid }), await bed.runtime.listPodSandbox({ podUid: pod.metadata.uid })]).toEqual([false, [], []]));
    await clock.advance(120_000);
    await bed.client.patch(Pods, { namespace: 'default', name: 'greedy' }, { metadata: { labels: { seen: 'yes' } } });
    await clock.advance(1000);
    expect((await bed.get('greedy')).status).toEqual(pod.status);
    for (const name of ['modest', 'free', 'vital']) expect((await bed.get(name)).status.phase).toBe('Running');
  });

  it('end a Pod that writes too much into a container', async () => {
    bed.start();
    const limited = (name: string, limit: string) => container(name, { resources: { limits: { 'ephemeral-storage': limit } } });
    await bed.create('writer', { containers: [limited('a', '10Mi'), limited('b', '20Mi')] });
    await running('writer');
    const [a] = (await bed.runtime.listContainers()).filter((c) => c.metadata.name === 'a');
    bed.runtime.use(a!.id, { writableLayer: { usedBytes: 9 * 2 ** 20, inodesUsed: 1 } });
    await clock.advance(25_000);
    expect((await bed.get('writer')).status.phase).toBe('Running');
    bed.runtime.use(a!.id, { writableLayer: { usedBytes: 11 * 2 ** 20, inodesUsed: 1 } });
    expect((await evicted('writer')).status).toMatchObject({ phase: 'Failed', reason: 'Evicted', message: 'Container a exceeded its local ephemeral storage limit "10Mi". ' });
  });
});

it('an engine that does not end the containers of a Pod is told of, and holds up no longer than the Pod may take', async () => {
  bed.start();
  await bed.create('held', { volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '1Mi' } }], containers: [container('c')] });
  const { metadata } = (await running('held'))!;
  for (let i = 0; i < 5; i++) bed.runtime.failNext('stopContainer', new RuntimeError('the process is "stuck"'));
  writeFileSync(join(bed.dataDir, 'pods', metadata.uid, 'volumes', 'kubernetes.io~empty-dir', 'scratch', 'data'), Buffer.alloc(2 * 2 ** 20, 1));
  expect((await evicted('held')).status).toMatchObject({ phase: 'Failed', reason: 'Evicted' });
  expect(await bed.events('held')).toEqual(expect.arrayContaining([
    { type: 'Warning', reason: 'FailedKillPod', message: 'error killing pod: failed to "KillContainer" for "c" with KillContainerError: "the process is \\"stuck\\""' },
    { type: 'Warning', reason: 'ExceededGracePeriod', message: 'Container runtime did not kill the pod within specified grace period.' },
  ]));
});

describe('a node that runs out of memory', () => {
  const mi = 2 ** 20;
  const sizes: Record<string, number> = { vital: 900, modest: 100, big: 500, bigger: 700 };
  /** Mebibytes of memory that Pods can use; what runs of them takes its size from it. */
  let total = 0;
  const start = () => bed.start({
    eviction: {
      config: parseEviction({}),
      async signals() {
        const used = (await bed.runtime.listContainers()).filter((c) => c.state === 'running').reduce((sum, c) => sum + (sizes[c.pod.name] ?? 0), 0);
        return { dedicatedImageFs: false, signals: new Map<Signal, Observation>([['memory.available', { available: Math.max(0, total - used) * mi, capacity: 8192 * mi }]]) };
      },
    },
  });
  const failed = async (): Promise<string[]> => {
    const names = ['vital', 'modest', 'big', 'bigger'];
    const pods = await Promise.all(names.map((name) => bed.get(name)));
    return names.filter((_, i) => pods[i]!.status.phase === 'Failed');
  };

  it('evicts one Pod at a time, in order, spares vital ones, and takes in no BestEffort Pod until it has recovered', async () => {
    total = 4000;
    const { kubelet } = start();
    const requests = { modest: { memory: '200Mi' }, big: { memory: '100Mi' }, bigger: { memory: '100Mi' } } as Record<string, object>;
    for (const [name, mebibytes] of Object.entries(sizes)) {
      await bed.create(name, { terminationGracePeriodSeconds: 600, ...(name === 'vital' ? { priorityClassName: 'system-node-critical' } : {}), containers: [container('c', requests[name] ? { resources: { requests: requests[name] } } : {})] });
      await running(name);
      const [c] = await bed.runtime.listContainers({ podUid: (await bed.get(name)).metadata.uid });
      bed.runtime.use(c!.id, { memoryWorkingSetBytes: mebibytes * mi });
    }
    await clock.advance(15_000);
    expect([...kubelet.pressure]).toEqual([]);

    total = 2250;
    const pod = await evicted('bigger');
    const message = 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container c was using 700Mi, request is 100Mi, has larger consumption of memory. ';
    expect(pod.status).toMatchObject({ phase: 'Failed', reason: 'Evicted', message });
    expect(pod.status.conditions!.find((c) => c.type === 'DisruptionTarget')).toMatchObject({ status: 'True', reason: 'TerminationByKubelet', message });
    expect(await bed.events('bigger')).toContainEqual({ type: 'Warning', reason: 'Evicted', message });
    expect(await failed()).toEqual(['bigger']);
    const told = (await bed.client.list(Events, { namespace: 'default' })).items as unknown as { reason: string; message: string; involvedObject: { kind: string; name: string } }[];
    expect(told).toContainEqual(expect.objectContaining({ reason: 'Evicted', metadata: expect.objectContaining({ annotations: { offending_containers: 'c', offending_containers_usage: '700Mi', starved_resource: 'memory' } }) }));
    expect(told).toContainEqual(expect.objectContaining({ reason: 'EvictionThresholdMet', message: 'Attempting to reclaim memory', involvedObject: expect.objectContaining({ kind: 'Node', name: 'node-1' }) }));

    expect([...kubelet.pressure]).toEqual(['MemoryPressure']);
    await bed.create('refused', { containers: [container('c')] });
    const refused = (await bed.until('refused', (p) => p?.status.phase === 'Failed'))!;
    expect(refused.status).toMatchObject({ reason: 'Evicted', message: 'Pod was rejected: The node had condition: [MemoryPressure]. ' });
    expect(await bed.events('refused')).toContainEqual({ type: 'Warning', reason: 'Evicted', message: 'The node had condition: [MemoryPressure]. ' });
    expect(await bed.runtime.listPodSandbox({ podUid: refused.metadata.uid })).toEqual([]);
    await bed.create('asked', { containers: [container('c', { resources: { requests: { memory: '10Mi' } } })] });
    await running('asked');

    // Not before the five minutes are over, and some tens of milliseconds of work after them.
    await clock.advance(310_000);
    await eventually(async () => {
      await clock.advance(1000);
      expect([...kubelet.pressure]).toEqual([]);
    });
    await bed.create('later', { containers: [container('c')] });
    await running('later');
    expect(await failed()).toEqual(['bigger']);

    // Not even all the others are enough now: they go, the vital one stays.
    total = 900;
    await eventually(async () => {
      await clock.advance(1000);
      expect(await failed()).toEqual(['modest', 'big', 'bigger']);
    });
    await clock.advance(60_000);
    expect((await bed.get('vital')).status.phase).toBe('Running');
  });

  it('says what it is short of while the engine hangs', async () => {
    let short = false;
    const { kubelet } = bed.start({
      eviction: {
        config: parseEviction({}),
        signals: () => Promise.resolve({ dedicatedImageFs: false, signals: new Map<Signal, Observation>(short ? [['memory.available', { available: 1, capacity: 8192 }]] : []) }),
      },
    });
    await bed.create('limited', { containers: [container('c', { resources: { limits: { 'ephemeral-storage': '1Gi' } } })] });
    await running('limited');
    const release = bed.runtime.hang();
    await clock.advance(20_000);
    short = true;
    await eventually(async () => {
      await clock.advance(5000);
      expect([...kubelet.pressure]).toEqual(['MemoryPressure']);
    });
    release();
  });
});
