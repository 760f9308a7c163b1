// Waiting for work only so long.
import { FakeClock, within } from '../../../../src/util/clock.ts';

it('takes what the work comes to, and leaves no timer', async () => {
  const clock = new FakeClock();
  await expect(within(clock, 1000, Promise.resolve('done'), () => 'late')).resolves.toBe('done');
  await expect(within(clock, 1000, Promise.reject(new Error('failed')), () => 'late')).rejects.toThrow('failed');
  expect(clock.pending).toBe(0);
});

it('goes on without it when time is up, whatever it comes to later', async () => {
  const clock = new FakeClock();
  let fail = (_: Error): void => undefined;
  const work = new Promise<string>((_, reject) => { fail = reject; });
  const answer = within(clock, 1000, work, () => 'late');
  const refusal = within(clock, 1000, work, () => { throw new Error('too late'); });
  refusal.catch(() => undefined); // asked below, when it has been refused for a while
  await clock.advance(999);
  expect(clock.pending).toBe(2);
  await clock.advance(1);
  await expect(answer).resolves.toBe('late');
  await expect(refusal).rejects.toThrow('too late');
  fail(new Error('nobody hears this'));
});
