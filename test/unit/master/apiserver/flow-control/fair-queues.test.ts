// Seats dealt by shares, and whose turn it is.
import fc from 'fast-check';
import { FairQueues } from '../../../../../master/apiserver/flow-control/fair-queues.ts';
import { planLevels, type Level } from '../../../../../master/apiserver/flow-control/levels.ts';
import { mandatoryLevels, suggestedLevels } from '../../../../../master/flowcontrol/objects.ts';

it('the levels of a new cluster share 600 seats as upstream\'s do', () => {
  const plan = Object.fromEntries(planLevels([...suggestedLevels, ...mandatoryLevels], 600).map(({ name, nominal, reserved, most, waiting }) => [name, [nominal, reserved, most, waiting.ofFlow, waiting.ofAll]]));
  expect(plan).toEqual({
    'system': [74, 50, 600, 300, 3200], 'node-high': [98, 73, 600, 300, 3200], 'leader-election': [25, 25, 600, 200, 800], 'workload-high': [98, 49, 600, 300, 6400],
    'workload-low': [245, 24, 600, 300, 6400], 'global-default': [49, 24, 600, 300, 6400], 'exempt': [0, 0, 600, 0, 0], 'catch-all': [13, 13, 600, 0, 0],
  });
});
it('a level borrows what its limit says', () => {
  const limited = (name: string, borrowingLimitPercent?: number) => ({ metadata: { name }, spec: { type: 'Limited', limited: { nominalConcurrencyShares: 10, borrowingLimitPercent } } }) as Parameters<typeof planLevels>[0] extends Iterable<infer T> ? T : never;
  expect(planLevels([limited('a', 50), limited('b', 0), limited('c')], 30).map(({ most }) => most)).toEqual([15, 10, 30]);
});

const level = (name: string, shares: number, more: Partial<Level> = {}): Level => ({ name, uid: '', exempt: false, shares, nominal: shares, reserved: shares, most: 1000, waiting: { ofFlow: 100, ofAll: 1000 }, ...more });

function queuesOf(seats: number, ...levels: Level[]): FairQueues<string> {
  const queues = new FairQueues<string>();
  queues.configure(levels, seats);
  return queues;
}
/** Serves all that waits, each at the cost that is told, and gives the order. */
function order(queues: FairQueues<string>, costOf: (item: string) => number = () => 1): string[] {
  const taken: string[] = [];
  for (let item = queues.take(); item !== undefined; item = queues.take()) {
    taken.push(item);
    queues.charge(item.split('/')[0]!, costOf(item));
  }
  return taken;
}

it('levels are served in proportion to their shares, flows in turn', () => {
  const queues = queuesOf(100, level('high', 30), level('low', 10));
  for (let i = 0; i < 8; i++) for (const flow of ['a', 'b']) for (const name of ['high', 'low']) queues.add(name, flow, `${name}/${flow}`);
  const taken = order(queues);
  expect(taken.slice(0, 16).filter((item) => item.startsWith('high'))).toHaveLength(12);
  expect(taken.filter((item) => item.startsWith('low')).slice(0, 4)).toEqual(['low/a', 'low/b', 'low/a', 'low/b']);
  expect(queues.length).toBe(0);
});
it('what costs more comes less often', () => {
  const queues = queuesOf(100, level('dear', 10), level('cheap', 10));
  for (let i = 0; i < 12; i++) for (const name of ['dear', 'cheap']) queues.add(name, '', `${name}/`);
  expect(order(queues, (item) => (item === 'dear/' ? 3 : 1)).slice(0, 12).filter((item) => item === 'cheap/')).toHaveLength(9);
});
it('a level that was idle has saved up nothing', () => {
  const queues = queuesOf(100, level('busy', 10), level('idle', 10));
  for (let i = 0; i < 50; i++) queues.add('busy', '', 'busy/');
  for (let i = 0; i < 40; i++) queues.charge(queues.take()!.split('/')[0]!, 1);
  for (let i = 0; i < 10; i++) queues.add('idle', '', 'idle/');
  expect(order(queues).slice(0, 6).filter((item) => item === 'busy/')).toHaveLength(3);
});
it('a level uses the seats that others lend, and never those they keep', () => {
  const queues = queuesOf(20, level('a', 10), level('b', 10, { reserved: 4 }), level('c', 0, { exempt: true }));
  let entered = 0;
  while (queues.hasRoom('a')) { queues.enter('a'); entered++; }
  expect(entered).toBe(16);
  for (let i = 0; i < 50; i++) queues.enter('c');
  expect([queues.hasRoom('c'), queues.hasRoom('a'), queues.hasRoom('b')]).toEqual([true, false, true]);
  queues.add('a', '', 'a/');
  expect(queues.take()).toBeUndefined();
  queues.add('b', '', 'b/');
  expect(queues.take()).toBe('b/');
  queues.leave('a');
  expect(queues.take()).toBe('a/');
});
it('takes as many as may wait, of a flow and of all', () => {
  const queues = queuesOf(10, level('a', 0, { waiting: { ofFlow: 2, ofAll: 3 } }), level('refusing', 2, { waiting: { ofFlow: 0, ofAll: 0 } }));
  expect([queues.add('a', 'x', '1'), queues.add('a', 'x', '2'), queues.add('a', 'x', '3'), queues.add('a', 'y', '4'), queues.add('a', 'y', '5')]).toEqual([true, true, false, true, false]);
  // For the processor one may wait on a seat of the level's own.
  queues.enter('refusing');
  expect([queues.add('refusing', '', '6'), queues.add('refusing', '', '7')]).toEqual([true, false]);
  expect(queues.drop((item) => item === '1' || item === '6')).toEqual(['1', '6']);
  expect(queues.length).toBe(2);
  expect(queues.add('a', 'x', '8')).toBe(true);
});
it('a level that goes serves out what waits', () => {
  const queues = queuesOf(10, level('a', 10));
  queues.add('a', '', 'a/');
  queues.configure([level('b', 10)], 10);
  expect([...queues.levels()].map(({ name }) => name)).toEqual(['b', 'a']);
  expect(queues.take()).toBe('a/');
  queues.configure([level('b', 10)], 10);
  expect([...queues.levels()].map(({ name }) => name)).toEqual(['b']);
  queues.charge('a', 1);
});

it('nothing is lost, nothing served twice, and no limit passed', () => {
  const step = fc.oneof(
    fc.record({ act: fc.constant('add' as const), level: fc.constantFrom('a', 'b', 'c'), flow: fc.constantFrom('x', 'y') }),
    fc.record({ act: fc.constant('take' as const) }), fc.record({ act: fc.constant('leave' as const), index: fc.nat() }), fc.record({ act: fc.constant('drop' as const), modulo: fc.integer({ min: 2, max: 5 }) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
    const queues = queuesOf(6, level('a', 2), level('b', 3, { reserved: 1, most: 4 }), level('c', 1, { waiting: { ofFlow: 2, ofAll: 3 } }));
    const waiting = new Set<string>();
    const running: string[] = [];
    let next = 0;
    for (const s of steps) {
      if (s.act === 'add') {
        const item = `${s.level}/${next++}`;
        if (queues.add(s.level, s.flow, item)) waiting.add(item);
      } else if (s.act === 'take') {
        const item = queues.take();
        if (item === undefined) continue;
        expect(waiting.delete(item)).toBe(true);
        queues.enter(item[0]!);
        running.push(item);
        expect(running.length).toBeLessThanOrEqual(6);
        expect(running.filter((r) => r[0] === 'b').length).toBeLessThanOrEqual(4);
      } else if (s.act === 'leave') {
        const [left] = running.splice(s.index % Math.max(1, running.length), 1);
        if (left) queues.leave(left[0]!);
      } else for (const item of queues.drop((i) => Number(i.slice(2)) % s.modulo === 0)) expect(waiting.delete(item)).toBe(true);
      expect(queues.length).toBe(waiting.size);
    }
    for (const item of running) queues.leave(item[0]!);
    let left = 0;
    while (queues.take() !== undefined) left++;
    expect(left).toBe(waiting.size);
  }));
});
