// Pods that use more of the node than they may are evicted: emptyDir sizeLimit and limits of ephemeral storage.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from '../../src/api/core/pod.ts';
import { isPodReady } from '../../src/api/core/pod-conditions.ts';
import { FakeClock } from '../../src/util/clock.ts';
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
    await eventually(async () => expect(existsSync(directory(pods.greedy))).toBe(false));
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
