// When a silent node counts as gone, and which Pods it then loses.
import { AwakeTime, graceLeft, observe, silentConditions } from '../../../../master/controllers/nodelifecycle/health.ts';
import { planTaints, toleratedMs } from '../../../../master/controllers/nodelifecycle/taints.ts';
import { nextSubnet } from '../../../../master/controllers/nodeipam/node-ipam-controller.ts';
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
  it('has a minute to report at first', () => { expect(graceLeft(node(), { sign: '', heardAt: t0 }, t0)).toBe(60_000); });
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
