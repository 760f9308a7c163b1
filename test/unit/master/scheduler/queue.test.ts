// The scheduler's queue and cache: order, back-off, and what wakes a waiting Pod.
import { SchedulerCache } from '../../../../master/scheduler/cache.ts';
import { schedulingChanged } from '../../../../master/scheduler/node-changes.ts';
import { plugins } from '../../../../master/scheduler/plugins/index.ts';
import { defaultConfiguration } from '../../../../master/scheduler/profiles/configuration.ts';
import { SchedulingQueue } from '../../../../master/scheduler/queue.ts';
import { feasibleEnough, schedulePod } from '../../../../master/scheduler/schedule-pod.ts';
import type { Pod } from '../../../../src/api/core/pod.ts';
import type { Draft } from '../../../../src/client/client.ts';
import { FakeClock } from '../../../../src/util/clock.ts';
import { node, pod } from '../controllers/objects.ts';
import { asking, nodeInfo, snapshotOf, spreadBy } from './cluster.ts';
import { cpuSince, yardstick } from '../../../support/yardstick.ts';

const named = (name: string, spec: object = {}): Pod => pod({ metadata: { name }, spec } as Draft<Pod>);
const noRoom = new Set(['NodeResourcesFit']);

function setUp() {
  const clock = new FakeClock();
  const queue = new SchedulingQueue(clock, () => plugins, defaultConfiguration);
  const taken: string[] = [];
  void (async () => { for (let p = await queue.take(); p; p = await queue.take()) taken.push(p.metadata.name); })();
  return { clock, queue, taken };
}

describe('the scheduling queue', () => {
  it('gives higher priority first, then who waits longer', async () => {
    const queue = new SchedulingQueue(new FakeClock(), () => plugins, defaultConfiguration);
    for (const p of [named('a'), named('b', { priority: 10 }), named('c')]) queue.set(p, false);
    expect([await queue.take(), await queue.take(), await queue.take()].map((p) => p!.metadata.name)).toEqual(['b', 'a', 'c']);
  });
  it('keeps what fits nowhere until a cure comes', async () => {
    const { clock, queue, taken } = setUp();
    queue.set(named('a'), false);
    await clock.advance(0);
    queue.unschedulable('uid-a', noRoom);
    queue.notify('Pod/add');
    await clock.advance(20_000);
    expect(taken).toEqual(['a']);
    queue.notify('Node/add');
    await clock.advance(0);
    expect(taken).toEqual(['a', 'a']);
  });
  it('backs off 1, 2, 4, 8 and then 10 s', async () => {
    const { clock, queue, taken } = setUp();
    queue.set(named('a'), false);
    await clock.advance(0);
    for (const [i, wait] of [1000, 2000, 4000, 8000, 10_000, 10_000].entries()) {
      queue.retry('uid-a');
      await clock.advance(wait - 1);
      expect(taken).toHaveLength(i + 1);
      await clock.advance(1);
      expect(taken).toHaveLength(i + 2);
    }
  });
  it('waits out the back-off when the cure comes early', async () => {
    const { clock, queue, taken } = setUp();
    queue.set(named('a'), false);
    await clock.advance(0);
    queue.unschedulable('uid-a', noRoom);
    queue.notify('Pod/delete');
    await clock.advance(999);
    expect(taken).toEqual(['a']);
    await clock.advance(1);
    expect(taken).toEqual(['a', 'a']);
  });
  it('does not miss a cure that came while the Pod was being placed', async () => {
    const { clock, queue, taken } = setUp();
    queue.set(named('a'), false);
    await clock.advance(0);
    queue.notify('Node/add');
    queue.unschedulable('uid-a', noRoom);
    await clock.advance(1000);
    expect(taken).toEqual(['a', 'a']);
  });
  it('tries again when the Pod itself changes, but not for its status', async () => {
    const { clock, queue, taken } = setUp();
    queue.set(named('a'), false);
    await clock.advance(0);
    queue.unschedulable('uid-a', noRoom);
    await clock.advance(5000);
    queue.set(named('a'), false);
    await clock.advance(0);
    expect(taken).toEqual(['a']);
    queue.set(named('a', { tolerations: [] }), true);
    await clock.advance(0);
    expect(taken).toEqual(['a', 'a']);
  });
  it('any event may cure what found no node; five minutes cure everything', async () => {
    const { clock, queue, taken } = setUp();
    queue.set(named('a'), false);
    await clock.advance(0);
    queue.unschedulable('uid-a', new Set());
    queue.notify('Pod/update');
    await clock.advance(1000);
    expect(taken).toEqual(['a', 'a']);
    queue.unschedulable('uid-a', noRoom);
    await clock.advance(299_999);
    expect(taken).toHaveLength(2);
    await clock.advance(1);
    expect(taken).toHaveLength(3);
  });
  it('holds gated Pods back, and forgets removed ones', async () => {
    const { clock, queue, taken } = setUp();
    queue.set(named('a', { schedulingGates: [{ name: 'g' }] }), false);
    await clock.advance(0);
    expect(taken).toEqual([]);
    queue.set(named('a'), true);
    await clock.advance(0);
    expect(taken).toEqual(['a']);
    queue.remove('uid-a');
    expect(queue.size).toBe(0);
    queue.unschedulable('uid-a', noRoom);
    expect(queue.size).toBe(0);
    queue.close();
    expect(await queue.take()).toBeUndefined();
  });
});

describe('the scheduler’s cache', () => {
  const bound = (name: string, nodeName: string): Pod => asking(name, { cpu: '1' }, { spec: { nodeName } } as Draft<Pod>);
  it('counts placed Pods until they are seen or forgotten', () => {
    const cache = new SchedulerCache();
    cache.setNode(node({ metadata: { name: 'n' } }));
    cache.assume(asking('a', { cpu: '1' }), 'n');
    expect([cache.nodes[0]!.requested['cpu'], cache.isAssumed('uid-a')]).toEqual([1000, true]);
    cache.setPod(bound('a', 'n'));
    expect([cache.nodes[0]!.requested['cpu'], cache.nodes[0]!.podCount, cache.isAssumed('uid-a')]).toEqual([1000, 1, false]);
    cache.forget('uid-a');
    expect(cache.nodes[0]!.podCount).toBe(1);
    cache.assume(asking('b', { cpu: '1' }), 'n');
    cache.forget('uid-b');
    expect(cache.nodes[0]!.requested['cpu']).toBe(1000);
    cache.removePod('uid-a');
    expect(cache.nodes[0]!.requested['cpu']).toBe(0);
  });
  it('knows Pods before their node, and nodes only while they exist', () => {
    const cache = new SchedulerCache();
    cache.setPod(bound('a', 'n'));
    expect(cache.nodes).toEqual([]);
    cache.setNode(node({ metadata: { name: 'n' } }));
    expect(cache.nodes.map((n) => [n.name, n.podCount])).toEqual([['n', 1]]);
    cache.removeNode('n');
    expect(cache.nodes).toEqual([]);
  });
});

it('a heartbeat changes nothing for the scheduler', () => {
  const base = { metadata: { name: 'n', labels: { a: 'b' } }, status: { allocatable: { cpu: '1' } } };
  expect(schedulingChanged(node({ ...base, status: { ...base.status, conditions: [{ type: 'Ready', status: 'True' }] } }), node(base))).toBe(false);
  expect(schedulingChanged(node({ ...base, spec: { unschedulable: true } }), node(base))).toBe(true);
  expect(schedulingChanged(node({ ...base, metadata: { name: 'n', labels: {} } }), node(base))).toBe(true);
});

it.each([[1, 1], [100, 100], [101, 100], [1000, 420], [5000, 500], [10_000, 500]])('of %d nodes %d suitable ones are enough', (nodes, enough) => { expect(feasibleEnough(nodes)).toBe(enough); });

it('a Pod is placed among 100 nodes with 30 Pods each in well under 5 ms', () => {
  const nodes = Array.from({ length: 100 }, (_, i) => nodeInfo(`n${i}`, {}, Array.from({ length: 30 }, (__, j) => asking(`p${i}-${j}`, { cpu: '10m', memory: '64Mi' }, { metadata: { labels: { app: 'web' } } } as Draft<Pod>))));
  const placed = 200;
  // Time on the processor: a busy machine takes nothing from it.
  const before = process.cpuUsage();
  for (let i = 0; i < placed; i++) {
    const p = asking(`new-${i}`, { cpu: '10m', memory: '64Mi' }, { metadata: { labels: { app: 'web' } } } as Draft<Pod>);
    schedulePod(p, snapshotOf(nodes, spreadBy({ app: 'web' })), plugins, { start: 0, random: Math.random }).node.add(p);
  }
  expect(cpuSince(before) / placed).toBeLessThan(Math.max(5, yardstick() / 10));
});
