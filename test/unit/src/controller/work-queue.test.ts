// The work queue's contract: fair, stingy, with back-off, closed at the end.
import { WorkQueue } from '../../../../src/controller/work-queue.ts';
import { FakeClock } from '../../../../src/util/clock.ts';

const setUp = () => { const clock = new FakeClock(); return { clock, queue: new WorkQueue(clock) }; };

describe('the work queue', () => {
  it('is fair and stingy', async () => {
    const { queue } = setUp();
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect(queue.length).toBe(3);
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(['a', 'b', 'c']);
  });
  it('never works a key twice at the same time; what came meanwhile is worked once after', async () => {
    const { queue } = setUp();
    queue.add('a');
    expect(await queue.take()).toBe('a');
    queue.add('a');
    queue.add('a');
    expect([queue.length, queue.idle]).toEqual([0, false]);
    queue.done('a');
    expect(await queue.take()).toBe('a');
    queue.done('a');
    expect(queue.idle).toBe(true);
  });
  it('hands a key straight to one who waits', async () => {
    const { queue } = setUp();
    const taken = queue.take();
    queue.add('a');
    expect(await taken).toBe('a');
    expect(queue.idle).toBe(false);
  });
  it('of several delays the earliest counts', async () => {
    const { clock, queue } = setUp();
    queue.addAfter('a', 100);
    queue.addAfter('a', 50);
    queue.addAfter('a', 200);
    await clock.advance(49);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(1);
    expect(await queue.take()).toBe('a');
    queue.done('a');
    await clock.advance(1000);
    expect(queue.length).toBe(0);
  });
  it('retries later each time, until forgotten', async () => {
    const { clock, queue } = setUp();
    for (const wait of [5, 10, 20]) {
      queue.retry('a');
      await clock.advance(wait - 1);
      expect(queue.length).toBe(0);
      await clock.advance(1);
      queue.done((await queue.take())!);
    }
    expect(queue.failures('a')).toBe(3);
    queue.forget('a');
    queue.retry('a');
    await clock.advance(5);
    expect(queue.length).toBe(1);
  });
  it('closes: who waits gets nothing, and nothing more comes in', async () => {
    const { clock, queue } = setUp();
    const waiting = queue.take();
    queue.addAfter('late', 10);
    queue.close();
    queue.add('a');
    await clock.advance(20);
    expect([await waiting, await queue.take(), queue.length]).toEqual([undefined, undefined, 0]);
    expect(clock.pending).toBe(0);
  });
});
