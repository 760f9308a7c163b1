// Keys that are due later: each is told once, at the earliest of its times, however many there are and whoever adds more meanwhile.
import fc from 'fast-check';
import { FakeClock } from '../../../src/util/clock.ts';
import { DueTimes } from '../../../src/util/due-times.ts';

it('tells each key once, at the earliest of its times and in their order, with one timer at most', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), fc.integer({ min: 1, max: 50 })), { maxLength: 40 }), async (adds) => {
    const clock = new FakeClock();
    const told: [string, number][] = [];
    const due = new DueTimes(clock, (key) => told.push([key, clock.monotonic()]));
    const start = clock.monotonic();
    for (const [key, ms] of adds) {
      due.add(key, ms * 10);
      expect(clock.pending).toBe(1);
    }
    const wanted = new Map<string, number>();
    for (const [key, ms] of adds) wanted.set(key, Math.min(wanted.get(key) ?? Infinity, start + ms * 10));
    await clock.advance(500);
    expect(new Map(told)).toEqual(wanted);
    expect(told).toHaveLength(wanted.size);
    expect(told.map(([, at]) => at)).toEqual([...wanted.values()].sort((a, b) => a - b));
    expect([clock.pending, due.size]).toEqual([0, 0]);
  }));
});

it('takes in what is added while others are told, and nothing after it was cleared', async () => {
  const clock = new FakeClock();
  const told: string[] = [];
  const due: DueTimes = new DueTimes(clock, (key) => {
    told.push(key);
    if (told.length < 3) due.add(`${key}+`, 10);
  });
  due.add('a', 10);
  await clock.advance(100);
  expect(told).toEqual(['a', 'a+', 'a++']);
  due.add('b', 10);
  due.clear();
  await clock.advance(100);
  expect([told.length, clock.pending]).toEqual([3, 0]);
});
