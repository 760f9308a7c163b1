// Stops go to the engine a few at a time, and nobody who is slow to end keeps others from being told to.
import { StopLimit } from '../../../../agent/kubelet/stop-limit.ts';
import { FakeClock } from '../../../../src/util/clock.ts';

it('begins the next when one has ended, or has taken 100 ms', async () => {
  const clock = new FakeClock();
  const limit = new StopLimit(2, clock);
  const begun: number[] = [];
  const end: (() => void)[] = [];
  const stops = [0, 1, 2, 3, 4].map((n) => limit.run(() => { begun.push(n); return new Promise((resolve) => { end[n] = resolve; }); }));
  await clock.advance(0);
  expect(begun).toEqual([0, 1]);
  await clock.advance(50);
  end[1]!();
  await stops[1];
  await clock.advance(0);
  expect(begun).toEqual([0, 1, 2]);
  // The first has its place no longer, the third for as long again.
  await clock.advance(50);
  expect(begun).toEqual([0, 1, 2, 3]);
  await clock.advance(50);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  for (const n of [0, 2, 3, 4]) end[n]!();
  await Promise.all(stops);
});

it('passes the place on after a failure, and counts nobody twice', async () => {
  const clock = new FakeClock();
  const limit = new StopLimit(1, clock);
  await expect(limit.run(() => Promise.reject(new Error('no engine')))).rejects.toThrow('no engine');
  await clock.advance(1000);
  const begun: number[] = [];
  const hanging = [0, 1].map((n) => limit.run(() => { begun.push(n); return clock.sleep(150); }));
  await clock.advance(0);
  expect(begun).toEqual([0]);
  await clock.advance(300);
  await Promise.all(hanging);
  const after = [2, 3].map((n) => limit.run(() => { begun.push(n); return clock.sleep(10); }));
  await clock.advance(0);
  expect(begun).toEqual([0, 1, 2]);
  await clock.advance(20);
  await Promise.all(after);
});
