// Images the kubelet has pulled go when Docker's disk fills up; what others brought, named or use stays.
import { parseImageGC } from '../../agent/kubelet/image-gc.ts';
import { parseEviction, type Signal } from '../../agent/kubelet/eviction/thresholds.ts';
import type { Observation } from '../../agent/kubelet/eviction/signals.ts';
import { Events } from '../../src/api/core/event.ts';
import { Pods } from '../../src/api/core/pod.ts';
import { isPodReady } from '../../src/api/core/pod-conditions.ts';
import { FakeClock } from '../../src/util/clock.ts';
import { eventually, kubeletBed, type KubeletBed } from '../support/kubelet.ts';

const mb = 1_000_000;
const remote = (size: number) => ({ remote: {}, size: size * mb });
let bed: KubeletBed;
let clock: FakeClock;
/** Bytes on the disk beside images of the store. */
let other: number;
beforeEach(async () => {
  clock = new FakeClock();
  other = 0;
  bed = await kubeletBed({ 'built:1': { size: 100 * mb }, 'used:1': remote(100), 'idle:1': remote(100), 'idle:2': remote(100), 'named:1': remote(100), 'elsewhere:1': remote(100) }, { clock });
});
afterEach(() => bed.close());

const start = (flags: Parameters<typeof parseImageGC>[0] = {}, hard = '') => bed.start({
  imageGC: parseImageGC(flags),
  eviction: {
    config: parseEviction({ evictionHard: hard }),
    async signals() {
      const used = other + (await bed.runtime.listImages()).reduce((sum, { size }) => sum + size, 0);
      return { dedicatedImageFs: false, signals: new Map<Signal, Observation>([['imagefs.available', { available: 1000 * mb - used, capacity: 1000 * mb }]]) };
    },
  },
});
/** A Pod of each, one after the other; all but `used` are gone again. */
async function useAll(): Promise<void> {
  for (const image of ['used:1', 'idle:1', 'idle:2', 'named:1', 'elsewhere:1', 'built:1']) {
    const name = image.replace(':', '-');
    await bed.create(name, { terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image }] });
    await bed.until(name, (p) => p && isPodReady(p));
    if (image === 'used:1') continue;
    await bed.client.delete(Pods, { namespace: 'default', name });
    await eventually(async () => {
      await clock.advance(500);
      expect(await bed.runtime.listContainers({ podUid: name })).toEqual([]);
      expect((await bed.client.list(Pods, { namespace: 'default', fieldSelector: `metadata.name=${name}` })).items).toEqual([]);
    });
  }
  bed.runtime.tagImage('named:1', 'precious:1');
  bed.runtime.useElsewhere('elsewhere:1');
}
const stored = async (): Promise<string[]> => (await bed.runtime.listImages()).map(({ repoTags }) => repoTags[0]!).sort();
const everything = ['built:1', 'elsewhere:1', 'idle:1', 'idle:2', 'named:1', 'used:1'];
async function minutes(count: number): Promise<void> {
  for (let i = 0; i < count * 6; i++) {
    await clock.advance(10_000);
    await new Promise<void>((resolve) => { setTimeout(resolve, 1); });
  }
}

it('frees down to the low threshold only, and tells when that cannot be reached', async () => {
  start();
  await useAll();
  await minutes(11);
  expect(await stored()).toEqual(everything);
  other = 290 * mb;
  await eventually(async () => {
    await minutes(1);
    expect((await stored()).length).toBe(5);
  });
  expect(await stored()).not.toContain('idle:1');
  other = 450 * mb;
  await eventually(async () => {
    await minutes(1);
    expect(await stored()).toEqual(['built:1', 'elsewhere:1', 'named:1', 'used:1']);
  });
  await minutes(11);
  expect(await stored()).toEqual(['built:1', 'elsewhere:1', 'named:1', 'used:1']);
  await eventually(async () => {
    const told = (await bed.client.list(Events, { namespace: 'default' })).items as unknown as { reason: string; message: string; involvedObject: { kind: string } }[];
    expect(told).toContainEqual(expect.objectContaining({
      reason: 'FreeDiskSpaceFailed', involvedObject: expect.objectContaining({ kind: 'Node' }),
      message: `Failed to garbage collect required amount of images. Attempted to free ${50 * mb} bytes, but only found 0 bytes eligible to free.`,
    }));
  });
});

it('removes what others brought too when it is told so, but nothing that is in use', async () => {
  start({ imageGcAll: true });
  await useAll();
  await minutes(11);
  other = 600 * mb;
  await eventually(async () => {
    await minutes(1);
    expect(await stored()).toEqual(['elsewhere:1', 'used:1']);
  });
});

it('clears images away before it evicts a Pod for a full disk', async () => {
  const { kubelet } = start({}, 'imagefs.available<10%');
  await useAll();
  await minutes(11);
  other = 350 * mb;
  await eventually(async () => {
    await clock.advance(10_000);
    expect(await stored()).toEqual(['built:1', 'elsewhere:1', 'named:1', 'used:1']);
  });
  await minutes(1);
  expect([...kubelet.pressure]).toEqual(['DiskPressure']);
  expect((await bed.get('used-1')).status.phase).toBe('Running');
});
