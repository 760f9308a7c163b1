// When usage is read: never unasked, once for all who ask together, and twice only after a pause.
import { StatsProvider } from '../../../../../agent/kubelet/stats/stats-provider.ts';
import { FakeClock } from '../../../../../src/util/clock.ts';
import { disk, sample } from './samples.ts';

let clock: FakeClock;
let reads: { node: number; disk: number };
let provider: StatsProvider;
beforeEach(() => {
  clock = new FakeClock(sample.at);
  reads = { node: 0, disk: 0 };
  // Half a core of one that is always busy.
  const node = (): Promise<typeof sample> => { reads.node++; return Promise.resolve({ ...sample, at: clock.now(), host: { ...sample.host, cpu: clock.now() * 5e5 } }); };
  provider = new StatsProvider({ node, disk: () => { reads.disk++; return Promise.resolve(disk); } }, clock);
});
async function rated(): Promise<number | undefined> {
  const asked = provider.rated();
  for (let second = 0; second < 2; second++) {
    await new Promise((resolve) => { setImmediate(resolve); });
    await clock.advance(500);
  }
  return (await asked).rates.get('');
}

it('the first rate takes two samples a second apart, the next one the last as its beginning', async () => {
  expect([await rated(), reads.node]).toEqual([5e8, 2]);
  await clock.advance(30_000);
  const before = clock.now();
  expect([(await provider.rated()).rates.get(''), reads.node, clock.now()]).toEqual([5e8, 3, before]);
});
it('those who ask together, or soon after, get one answer', async () => {
  const both = Promise.all([provider.rated(), provider.rated()]);
  await rated();
  const [one, two] = await both;
  expect([one === two, (await provider.rated()) === one, reads.node]).toEqual([true, true, 2]);
});
it('after a long pause the past says nothing of the present', async () => {
  await rated();
  await clock.advance(61_000);
  expect([await rated(), reads.node]).toEqual([5e8, 4]);
});
it('nothing is read while nobody asks, and directories are counted once a minute at most', async () => {
  await provider.disk();
  await clock.advance(59_000);
  await provider.disk();
  expect([reads, clock.pending]).toEqual([{ node: 0, disk: 1 }, 0]);
  await clock.advance(2_000);
  await provider.disk();
  expect(reads.disk).toBe(2);
});
it('a failure is not kept', async () => {
  let fails = true;
  provider = new StatsProvider({ node: () => (fails ? Promise.reject(new Error('no')) : Promise.resolve(sample)), disk: () => Promise.resolve(disk) }, clock);
  await expect(provider.sample()).rejects.toThrow('no');
  fails = false;
  expect(await provider.sample()).toBe(sample);
});
