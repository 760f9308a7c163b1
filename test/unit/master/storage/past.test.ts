// The past is read once for all who come at the same time, and is the same for each as if it had been read for them alone.
import { jest } from '@jest/globals';
import fc from 'fast-check';
import { Compacted } from '../../../../master/storage/store.ts';
import { Past } from '../../../../master/storage/past.ts';

interface Event { readonly revision: number; readonly size: number }

/** Every third revision is another resource's. */
const happened = (count: number, size = 1): Event[] => Array.from({ length: count }, (_, i) => ({ revision: i + 1, size })).filter(({ revision }) => revision % 3 !== 0);

function start(events: readonly Event[]): { past: Past<Event>; reads: [number, number][] } {
  const reads: [number, number][] = [];
  const past = new Past<Event>(async function* (from, to) {
    reads.push([from, to]);
    const wanted = events.filter(({ revision }) => revision > from && revision <= to);
    for (let at = 0; at < wanted.length; at += 7) {
      await Promise.resolve();
      yield wanted.slice(at, at + 7);
    }
  }, ({ size }) => size);
  return { past, reads };
}
const between = (events: readonly Event[], from: number, to: number): Event[] => events.filter(({ revision }) => revision > from && revision <= to);

it('whoever asks gets the events of its stretch, in order, whatever others asked', () => fc.assert(fc.asyncProperty(
  fc.array(fc.tuple(fc.nat(100), fc.nat(100)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const), { minLength: 1, maxLength: 20 }), fc.boolean(),
  async (stretches, atOnce) => {
    const events = happened(100);
    const { past } = start(events);
    const got: unknown[] = [];
    if (atOnce) got.push(...(await Promise.all(stretches.map(([from, to]) => past.events(from, to)))));
    else for (const [from, to] of stretches) got.push(await past.events(from, to));
    expect(got).toEqual(stretches.map(([from, to]) => between(events, from, to)));
  },
)));

it('no revision is read twice', async () => {
  const { past, reads } = start(happened(100));
  await Promise.all([past.events(60, 80), past.events(60, 80), past.events(50, 80), past.events(70, 90), past.events(55, 85)]);
  expect(reads).toEqual([[60, 80], [50, 60], [80, 90]]);
});

it('of what is too long the latest part is told, and nobody reads for more again', async () => {
  const events = happened(100, 1 << 20);
  const { past, reads } = start(events);
  await expect(past.events(10, 100)).rejects.toThrow(new Compacted(10, 76));
  expect(await past.events(76, 100)).toEqual(between(events, 76, 100));
  await expect(past.events(75, 100)).rejects.toThrow(Compacted);
  await expect(past.events(5, 100)).rejects.toThrow(Compacted);
  expect(reads).toEqual([[10, 100]]);
  // More has happened since.
  expect(await past.events(90, 130)).toHaveLength(7);
});

it.each<[string, [number, number][]]>([['older', [[80, 100], [0, 100]]], ['later', [[0, 20], [19, 100]]]])('what comes to it from %s times takes no more than can be kept', async (_, stretches) => {
  const events = happened(100, 1 << 20);
  const { past } = start(events);
  for (const [from, to] of stretches) await past.events(from, to).catch((error: unknown) => expect(error).toBeInstanceOf(Compacted));
  expect(await past.events(76, 100)).toEqual(between(events, 76, 100));
  await expect(past.events(75, 100)).rejects.toThrow(new Compacted(75, 76));
});

it('what others asked for does not make a stretch too long', async () => {
  const { past, reads } = start(happened(60, 1 << 20));
  await past.events(0, 20);
  expect(await past.events(15, 30)).toHaveLength(10);
  expect(reads).toEqual([[0, 20], [20, 30]]);
});

it('a failed read fails who asked, and nobody later', async () => {
  let fail = true;
  const past = new Past<Event>(async function* () {
    await Promise.resolve();
    if (fail) throw new Error('gone');
    yield happened(5);
  }, ({ size }) => size);
  const first = past.events(0, 5);
  await expect(first).rejects.toThrow('gone');
  fail = false;
  expect(await past.events(0, 5)).toHaveLength(4);
});

it('is forgotten ten seconds after it was last asked for', async () => {
  jest.useFakeTimers();
  try {
    const { past, reads } = start(happened(20));
    await past.events(0, 20);
    jest.advanceTimersByTime(9_000);
    await past.events(5, 20);
    jest.advanceTimersByTime(9_000);
    await past.events(5, 20);
    expect(reads).toHaveLength(1);
    jest.advanceTimersByTime(10_000);
    await past.events(5, 20);
    expect(reads).toEqual([[0, 20], [5, 20]]);
  } finally {
    jest.useRealTimers();
  }
});
