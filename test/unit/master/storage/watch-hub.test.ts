// The hub against a hand-made history: what the stores cannot be made to do on purpose.
import { setImmediate as turn } from 'node:timers/promises';
import { Compacted, SlowWatcher, type StoreEvent, type WatchBatch } from '../../../../master/storage/store.ts';
import { WatchHub } from '../../../../master/storage/watch-hub.ts';
import { FakeClock } from '../../../../src/util/clock.ts';

const put = (revision: number, key = `/a/${revision}`): StoreEvent => ({ type: 'put', entry: { key, value: Buffer.from('v'), revision, created: revision } });

function setUp(options: { revision?: number; limit?: number; replay?: (prefix: string, from: number) => WatchBatch } = {}) {
  const clock = new FakeClock();
  const state = { revision: options.revision ?? 0 };
  const hub = new WatchHub({
    revision: () => state.revision,
    replay: options.replay ?? (() => ({ revision: state.revision, events: [] })),
  }, clock, options.limit ?? 10);
  const stop = new AbortController();
  const watch = (prefix: string, from = 0): AsyncIterator<WatchBatch> => hub.watch(prefix, from, stop.signal)[Symbol.asyncIterator]();
  const publish = (...events: StoreEvent[]): void => {
    state.revision = Math.max(...events.map((event) => (event.type === 'put' ? event.entry.revision : event.revision)));
    hub.publish({ revision: state.revision, events });
  };
  return { clock, state, hub, stop, watch, publish };
}

it('bunches progress: at once after a quiet time, then every 5 ms at most', async () => {
  const { clock, watch, publish } = setUp();
  const seen: number[] = [];
  const watcher = watch('/a/');
  const reading = (async () => {
    for (let step = await watcher.next(); !step.done; step = await watcher.next()) {
      expect(step.value.events).toEqual([]);
      seen.push(step.value.revision);
    }
  })();
  publish(put(1, '/b/1'));
  await turn();
  await turn();
  expect(seen).toEqual([1]);
  for (let revision = 2; revision <= 50; revision++) publish(put(revision, '/b/x'));
  await clock.advance(4);
  expect(seen).toEqual([1]);
  await clock.advance(1);
  expect(seen).toEqual([1, 50]);
  await clock.advance(100);
  expect(clock.pending).toBe(0);
  publish(put(51, '/b/x'));
  await turn();
  await turn();
  expect(seen).toEqual([1, 50, 51]);
  await watcher.return!();
  await reading;
});

it('keeps one progress batch for a reader that is away, however many there were', async () => {
  const { clock, watch, publish } = setUp();
  const watcher = watch('/a/');
  const first = watcher.next();
  publish(put(1));
  await first;
  for (let revision = 2; revision <= 100; revision++) {
    publish(put(revision, '/b/x'));
    await clock.advance(5);
  }
  publish(put(101));
  expect(await watcher.next()).toEqual({ done: false, value: { revision: 101, events: [put(101)] } });
});

it('does not repeat what a watch from the future already knows', async () => {
  const { watch, publish } = setUp({ revision: 5 });
  const watcher = watch('/a/', 7);
  const first = watcher.next();
  publish(put(6));
  publish(put(7), put(8));
  expect((await first).value).toEqual({ revision: 8, events: [put(8)] });
});

it('asks for the log one stretch at a time, at the pace of its reader', async () => {
  const asked: number[] = [];
  const { watch, publish, state } = setUp({
    revision: 100,
    replay: (_, from) => {
      asked.push(from);
      const revision = Math.min(from + 10, state.revision);
      return { revision, events: revision % 20 === 0 ? [put(revision)] : [] };
    },
  });
  const watcher = watch('/a/');
  expect((await watcher.next()).value).toEqual({ revision: 20, events: [put(20)] });
  await turn();
  expect(asked).toEqual([0, 10]);
  publish(put(101), put(102));
  const seen = [];
  for (let last = 20; last < 102;) {
    const { value } = await watcher.next() as IteratorYieldResult<WatchBatch>;
    last = value.revision;
    seen.push(last);
  }
  expect(seen).toEqual([40, 60, 80, 100, 102]);
});

it('ends with Compacted when the log is cut off under a slow replay', async () => {
  let oldest = 0;
  const { watch } = setUp({
    revision: 100,
    replay: (_, from) => {
      if (from < oldest) throw new Compacted(from, oldest);
      return { revision: from + 10, events: [put(from + 10)] };
    },
  });
  const watcher = watch('/a/');
  await watcher.next();
  oldest = 50;
  await expect(watcher.next()).rejects.toMatchObject({ oldest: 50 });
  expect((await watcher.next()).done).toBe(true);
});

it('serves several calls of next in order, also in a replay', async () => {
  const { watch, publish, state } = setUp({ revision: 20, replay: (_, from) => ({ revision: Math.min(from + 10, state.revision), events: [put(from + 10)] }) });
  const watcher = watch('/a/');
  const steps = [watcher.next(), watcher.next(), watcher.next()];
  await Promise.all(steps.slice(0, 2));
  publish(put(21));
  expect((await Promise.all(steps)).map((step) => (step.value as WatchBatch).revision)).toEqual([10, 20, 21]);
});

it('wants events only for whom it can reach', async () => {
  const { hub, watch } = setUp();
  expect(hub.wants('/a/1')).toBe(false);
  const watcher = watch('/a/');
  void watcher.next();
  expect([hub.wants('/a/1'), hub.wants('/b/1')]).toEqual([true, false]);
  await watcher.return!();
  expect(hub.wants('/a/1')).toBe(false);
});

it('counts events, not batches, before it gives up on a reader', async () => {
  const { watch, publish } = setUp({ limit: 3 });
  const [first, second] = [watch('/a/'), watch('/a/')];
  const waiting = [first.next(), second.next()];
  publish(put(1));
  await Promise.all(waiting);
  publish(put(2), put(3), put(4));
  expect((await first.next()).value.events).toHaveLength(3);
  publish(put(5));
  expect((await first.next()).value.events).toHaveLength(1);
  await expect(second.next()).rejects.toBeInstanceOf(SlowWatcher);
});
