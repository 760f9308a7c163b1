// When the kernel's tables are looked at: told of a loss at once, seldom while the kernel is listened to, often while it is not.
import { Guard } from '../../../../../agent/proxy/nftables/guard.ts';
import { AsyncQueue } from '../../../../../src/util/async-queue.ts';
import { FakeClock } from '../../../../../src/util/clock.ts';
import { silentLog } from '../../../../../src/util/log.ts';

describe('Guard', () => {
  let stop: AbortController;
  beforeEach(() => { stop = new AbortController(); });
  afterEach(() => stop.abort());

  /** `looks` are the seconds since the start; each look takes `lookMs`. */
  function start(lookMs = 0): { clock: FakeClock; monitors: AsyncQueue<string>[]; looks: () => number[] } {
    const clock = new FakeClock();
    const monitors: AsyncQueue<string>[] = [];
    const guard = new Guard({
      table: 't', clock, log: silentLog,
      commands: {
        run: () => Promise.reject(new Error('nothing is run')),
        follow(_command, _args, signal) {
          const lines = new AsyncQueue<string>();
          signal.addEventListener('abort', () => lines.end());
          monitors.push(lines);
          return lines;
        },
      },
    });
    const looks: number[] = [];
    const begin = clock.monotonic();
    void guard.run(stop.signal, async () => {
      looks.push(Math.floor((clock.monotonic() - begin) / 1000));
      if (lookMs > 0) await clock.sleep(lookMs);
    });
    return { clock, monitors, looks: () => looks.splice(0) };
  }

  it('looks a second after it began to listen, and then every five minutes', async () => {
    const { clock, looks } = start();
    await clock.advance(700_000);
    expect(looks()).toEqual([1, 301, 601]);
  });

  it.each([['a table', 'delete table ip t', true], ['more than could be heard', '# ERROR: We lost some netlink events!', true], ['another table', 'delete table ip u', false]])('is told of %s', async (_, line, told) => {
    const { clock, monitors, looks } = start();
    await clock.advance(10_000);
    expect(looks()).toEqual([1]);
    monitors[0]!.push(line);
    await clock.advance(0);
    await clock.advance(1_000);
    expect(looks()).toEqual(told ? [10] : []);
  });

  it('looks again after a look during which it was told of a loss', async () => {
    const { clock, monitors, looks } = start(2_000);
    await clock.advance(2_000);
    expect(looks()).toEqual([1]);
    monitors[0]!.push('delete table ip t');
    await clock.advance(0);
    await clock.advance(3_000);
    expect(looks()).toEqual([3]);
  });

  it('looks every half minute while it cannot listen, and at once when it does again', async () => {
    const { clock, monitors, looks } = start();
    await clock.advance(10_000);
    looks();
    monitors[0]!.end(new Error('exit code 1'));
    await clock.advance(0);
    await clock.advance(29_000);
    expect(looks()).toEqual([10]);
    await clock.advance(20_000);
    expect(monitors).toHaveLength(2);
    expect(looks()).toEqual([40, 41]);
    await clock.advance(400_000);
    expect(looks()).toEqual([341]);
  });
});
