// When a silent node counts as gone, and which Pods it then loses.
import { AwakeTime, graceLeft, observe, silentConditions } from '../../../../master/controllers/nodelifecycle/health.ts';
import { planTaints, toleratedMs } from '../../../../master/controllers/nodelifecycle/taints.ts';
import { defaultEvictionRates, disruptionOf, EvictionQueue, Evictions, zoneOf } from '../../../../master/controllers/nodelifecycle/zones.ts';
import { nextSubnet } from '../../../../master/controllers/nodeipam/node-ipam-controller.ts';
import type { Node } from '../../../../src/api/core/node.ts';
import type { Lease } from '../../../../src/api/coordination/lease.ts';
import { formatCIDR, mustParseCIDR } from '../../../../src/util/cidr.ts';
import { at, node, t0 } from './objects.ts';

const lease = (renewTime: string): Lease => ({ spec: { renewTime } }) as unknown as Lease;
const withReady = (status: string, lastHeartbeatTime = at(0)) => node({ metadata: { name: 'n' }, status: { conditions: [{ type: 'Ready', status, lastHeartbeatTime }] } });

describe('a node', () => {
  it('is heard by its Lease or its heartbeat, as seen by this clock', () => {
    const first = observe(undefined, withReady('True'), lease(at(-999)), t0);
    expect(graceLeft(withReady('True'), first, t0 + 39_999)).toBe(1);
    expect(observe(first, withReady('True'), lease(at(-999)), t0 + 5000).heardAt).toBe(t0);
    expect(observe(first, withReady('True'), lease(at(-998)), t0 + 5000).heardAt).toBe(t0 + 5000);
    expect(observe(first, withReady('True', at(3)), lease(at(-999)), t0 + 6000).heardAt).toBe(t0 + 6000);
  });
  it('is not heard by our own mark', () => {
    const first = observe(undefined, withReady('True'), lease(at(0)), t0);
    const marked = observe(first, withReady('Unknown'), lease(at(0)), t0 + 40_000);
    expect(marked.heardAt).toBe(t0);
    expect(observe(marked, withReady('Unknown'), lease(at(41)), t0 + 41_000).heardAt).toBe(t0 + 41_000);
  });
  it('has a minute to report at first', () => { expect(graceLeft(node(), { uid: '', sign: '', heardAt: t0 }, t0)).toBe(60_000); });
  it('that is silent has unknown conditions, once', () => {
    const conditions = silentConditions(withReady('True'), t0)!;
    expect(conditions.find((c) => c.type === 'Ready')).toMatchObject({ status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.', lastTransitionTime: at(0) });
    expect(conditions.find((c) => c.type === 'DiskPressure')).toMatchObject({ status: 'Unknown', reason: 'NodeStatusNeverUpdated', message: 'Kubelet never posted node status.' });
    expect(silentConditions(node({ status: { conditions } }), t0)).toBeUndefined();
  });
});

describe('taints of a node', () => {
  const keys = (n: Parameters<typeof planTaints>[0], evict = true) => planTaints(n, evict, t0)?.map((t) => `${t.key.replace('node.kubernetes.io/', '')}:${t.effect}`);
  it('follow its conditions', () => {
    expect(keys(withReady('True'))).toBeUndefined();
    expect(keys(withReady('False'))).toEqual(['not-ready:NoSchedule', 'not-ready:NoExecute']);
    expect(keys(withReady('Unknown'))).toEqual(['unreachable:NoSchedule', 'unreachable:NoExecute']);
    expect(keys(node({ spec: { unschedulable: true }, status: { conditions: [{ type: 'Ready', status: 'True' }, { type: 'DiskPressure', status: 'True' }] } }))).toEqual(['disk-pressure:NoSchedule', 'unschedulable:NoSchedule']);
  });
  it('do not evict while no node is ready', () => { expect(keys(withReady('Unknown'), false)).toEqual(['unreachable:NoSchedule']); });
  it('leave others alone, keep their time and go when they are over', () => {
    const taints = [{ key: 'mine', effect: 'NoSchedule' }, { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: at(-9) }];
    expect(planTaints(node({ spec: { taints }, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } }), true, t0)).toEqual([...taints, { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' }]);
    expect(planTaints(node({ spec: { taints }, status: { conditions: [{ type: 'Ready', status: 'True' }] } }), true, t0)).toEqual([taints[0]]);
  });
});

describe('how long a Pod may stay', () => {
  const taint = { key: 'k', value: 'v', effect: 'NoExecute', timeAdded: at(0) };
  it.each<[string, object[], object[], number | undefined]>([
    ['nothing evicts', [{ key: 'k', effect: 'NoSchedule' }], [], undefined],
    ['not tolerated', [taint], [], 0],
    ['tolerated for good', [taint], [{ key: 'k', operator: 'Exists' }], Infinity],
    ['tolerated for a while', [taint], [{ key: 'k', operator: 'Exists', tolerationSeconds: 300 }], 300_000],
    ['tolerated for no time', [taint], [{ key: 'k', operator: 'Exists', tolerationSeconds: -1 }], 0],
    ['the shortest counts', [taint], [{ operator: 'Exists', tolerationSeconds: 300 }, { key: 'k', value: 'v', tolerationSeconds: 20 }], 20_000],
    ['a time without end does not lengthen another', [taint], [{ operator: 'Exists' }, { key: 'k', value: 'v', tolerationSeconds: 20 }], 20_000],
    ['one of two not tolerated', [taint, { key: 'z', effect: 'NoExecute' }], [{ key: 'k', operator: 'Exists' }], 0],
    ['another value', [taint], [{ key: 'k', value: 'w' }], 0],
  ])('%s', (_, taints, tolerations, expected) => { expect(toleratedMs(taints as never, tolerations as never)).toBe(expected); });
});

describe('time awake', () => {
  it('passes like any other while it is looked at, and stands still while this process does not run', () => {
    const awake = new AwakeTime();
    expect([1_000, 6_000, 11_000].map((t) => awake.read(t))).toEqual([1_000, 6_000, 11_000]);
    expect(awake.read(3_611_000)).toBe(16_000);
    expect(awake.read(3_612_000)).toBe(17_000);
  });
});

describe('zones', () => {
  const inZone = (zone: string, ready: boolean, labels = {}): Node => node({ metadata: { name: `${zone}-${ready}`, labels: { ...(zone ? { 'topology.kubernetes.io/zone': zone } : {}), ...labels } }, status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] } });
  const many = (zone: string, ready: number, lost: number): Node[] => [...Array.from({ length: ready }, () => inZone(zone, true)), ...Array.from({ length: lost }, () => inZone(zone, false))];

  // upstream: node_lifecycle_controller_test.go, TestMonitorNodeHealthEvictPodsWithDisruption
  it.each<[string, Node[], Record<string, number>, boolean]>([
    ['one of two lost', many('a', 1, 1), { a: 0.1 }, false],
    ['two of two lost, another zone well', [...many('a', 0, 2), ...many('b', 2, 0)], { a: 0.1, b: 0.1 }, false],
    ['two of three lost: too few to tell', many('a', 1, 2), { a: 0.1 }, false],
    ['three of five lost', many('a', 2, 3), { a: 0 }, false],
    ['three of six lost: below the threshold', many('a', 3, 3), { a: 0.1 }, false],
    ['most of a large zone lost', many('a', 21, 30), { a: 0.01 }, false],
    ['most of a zone of fifty lost', many('a', 20, 30), { a: 0 }, false],
    ['all lost, in every zone', [...many('a', 0, 1), ...many('b', 0, 3)], { a: 0, b: 0 }, true],
    ['no node at all', [], {}, false],
    ['nodes that do not count', [...many('a', 0, 3), ...many('b', 1, 0)].map((n) => (n.metadata.name === 'b-true' ? inZone('b', true, { 'node.kubernetes.io/exclude-disruption': '' }) : n)), { a: 0 }, true],
    ['nodes without a zone', [...many('', 1, 0), ...many('a', 0, 1)], { '': 0.1, a: 0.1 }, false],
  ])('%s', (_, nodes, rates, everywhere) => {
    const found = disruptionOf(nodes, defaultEvictionRates);
    expect([Object.fromEntries([...found.rates].map(([zone, rate]) => [(JSON.parse(zone) as string[])[1], rate])), found.everywhere]).toEqual([rates, everywhere]);
  });
  it('know regions and old labels', () => {
    expect(new Set([inZone('a', true), inZone('a', true, { 'topology.kubernetes.io/region': 'r' }), inZone('', true, { 'failure-domain.beta.kubernetes.io/zone': 'a' })].map(zoneOf)).size).toBe(2);
  });

  it('give nodes up one at a time, in their order', () => {
    const queue = new EvictionQueue(0.1);
    expect([queue.ask('a', 0), queue.ask('b', 0), queue.ask('c', 0)]).toEqual([0, 10_000, 20_000]);
    expect([queue.ask('c', 10_000), queue.ask('b', 10_000), queue.ask('c', 10_001)]).toEqual([10_000, 0, 9_999]);
    queue.leave('c');
    expect([queue.ask('d', 20_000), queue.ask('e', 45_000)]).toEqual([0, 0]);
  });
  it('that change their rate let who waits wait a whole turn', () => {
    const queue = new EvictionQueue(0.1);
    queue.setRate(0.01, 0);
    expect([queue.ask('a', 0), queue.ask('b', 0)]).toEqual([0, 100_000]);
    queue.setRate(0, 1000);
    expect(queue.ask('b', 1_000_000)).toBe(Infinity);
    queue.setRate(0.1, 2_000_000);
    expect([queue.ask('b', 2_000_000), queue.ask('b', 2_010_000)]).toEqual([10_000, 0]);
  });
  it('stop and forget who waits when all are lost', () => {
    const evictions = new Evictions(defaultEvictionRates);
    const [first, second] = [node({ metadata: { name: 'first' } }), node({ metadata: { name: 'second' } })];
    const some = disruptionOf([...many('', 1, 0), first, second], defaultEvictionRates);
    expect([evictions.ask(first, some, 0), evictions.ask(second, some, 0)]).toEqual([0, 10_000]);
    expect(evictions.ask(second, disruptionOf([first, second], defaultEvictionRates), 5000)).toBe(Infinity);
    expect([evictions.ask(first, some, 6000), evictions.ask(second, some, 6000)]).toEqual([10_000, 20_000]);
    evictions.leave('first');
    expect(evictions.ask(second, some, 16_000)).toBe(0);
  });
});

describe('subnets', () => {
  const cluster = mustParseCIDR('10.42.0.0/22');
  const next = (used: string[], start: number) => { const found = nextSubnet(cluster, 24, used.map(mustParseCIDR), start); return found && formatCIDR(found.subnet); };
  it('go round the range and skip what is taken', () => {
    expect(next([], 0)).toBe('10.42.0.0/24');
    expect(next(['10.42.1.0/24'], 1)).toBe('10.42.2.0/24');
    expect(next(['10.42.3.0/24'], 3)).toBe('10.42.0.0/24');
    expect(next(['10.42.0.128/25'], 0)).toBe('10.42.1.0/24');
    expect(next(['10.42.0.0/23', '10.42.2.0/23'], 0)).toBeUndefined();
  });
});
