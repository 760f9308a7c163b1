// Disruption budgets: how many Pods should be healthy, how many may be evicted, and which granted evictions still count.
import fc from 'fast-check';
import { planBudget, type Scale } from '../../../../master/controllers/disruption/plan.ts';
import { staleIn } from '../../../../master/controllers/disruption/stale-disruption-controller.ts';
import type { Pod } from '../../../../src/api/core/pod.ts';
import type { PodDisruptionBudget } from '../../../../src/api/policy/pod-disruption-budget.ts';
import type { Draft } from '../../../../src/client/client.ts';
import { at, budget, pod, t0 } from './objects.ts';

const owner = (uid: string) => [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: uid, uid, controller: true }];
let serial = 0;
const owned = (uid: string | undefined, ready: boolean, more: Draft<Pod['metadata']> = {}): Pod =>
  pod({ metadata: { name: `p${serial++}`, ...(uid ? { ownerReferences: owner(uid) } : {}), ...more } as never, ...(ready ? { ready: 0 } : {}) });
const pods = (healthy: number, broken = 0, uid: string | undefined = 'rs'): Pod[] => [...Array.from({ length: healthy }, () => owned(uid, true)), ...Array.from({ length: broken }, () => owned(uid, false))];
const scale = (replicas: number) => ({ uid }: { uid: string }): Scale => ({ uid, replicas });
const numbers = (spec: Draft<PodDisruptionBudget['spec']>, given: Pod[], replicas: number): number[] => {
  const { status } = planBudget(budget({ spec }), given, scale(replicas), t0);
  return [status.expectedPods, status.desiredHealthy, status.currentHealthy, status.disruptionsAllowed];
};

describe('the numbers: expected, desired, healthy, allowed', () => {
  it.each<[string, Draft<PodDisruptionBudget['spec']>, Pod[], number, number[]]>([
    ['minAvailable', { minAvailable: 2 }, pods(3), 3, [3, 2, 3, 1]],
    ['minAvailable, too few', { minAvailable: 3 }, pods(2, 1), 3, [3, 3, 2, 0]],
    ['minAvailable as a share of the scale, rounded up', { minAvailable: '50%' }, pods(3), 5, [5, 3, 3, 0]],
    ['maxUnavailable', { maxUnavailable: 1 }, pods(3), 3, [3, 2, 3, 1]],
    ['maxUnavailable as a share, rounded up', { maxUnavailable: '10%' }, pods(3), 3, [3, 2, 3, 1]],
    ['maxUnavailable beyond all', { maxUnavailable: 9 }, pods(3), 3, [3, 0, 3, 3]],
    ['no Pods', { minAvailable: 0 }, [], 0, [0, 0, 0, 0]],
    ['one that is ending', { minAvailable: 1 }, [owned('rs', true), owned('rs', true, { deletionTimestamp: at(1) })], 2, [2, 1, 1, 0]],
    ['two controllers', { maxUnavailable: 1 }, [...pods(2), ...pods(2, 0, 'other')], 2, [4, 3, 4, 1]],
    ['neither bound', {}, pods(3), 3, [0, 0, 3, 0]],
  ])('%s', (_, spec, given, replicas, expected) => { expect(numbers(spec, given, replicas)).toEqual(expected); });
  it('two ReplicaSets of one Deployment have one scale', () => {
    const { status } = planBudget(budget({ spec: { maxUnavailable: 1 } }), [...pods(2), ...pods(1, 0, 'new')], () => ({ uid: 'deployment', replicas: 3 }), t0);
    expect(status).toMatchObject({ expectedPods: 3, disruptionsAllowed: 1 });
  });
  it('names Pods without a controller, where they make a difference', () => {
    const loose = owned(undefined, true);
    expect(planBudget(budget({ spec: { maxUnavailable: 1 } }), [loose], scale(0), t0)).toMatchObject({ unmanaged: [loose.metadata.name], status: { expectedPods: 0, disruptionsAllowed: 0 } });
    expect(planBudget(budget({ spec: { minAvailable: 0 } }), [loose], scale(0), t0)).toMatchObject({ unmanaged: [], status: { expectedPods: 1, disruptionsAllowed: 1 } });
  });
  it('cannot be told without a scale', () => {
    expect(() => planBudget(budget({ spec: { maxUnavailable: 1 } }), pods(1), () => { throw new Error('none'); }, t0)).toThrow('none');
  });
  it('are put into words by a condition', () => {
    const of = (minAvailable: number): unknown => planBudget(budget({ spec: { minAvailable } }), pods(2), scale(2), t0).status.conditions;
    expect(of(1)).toEqual([{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods', message: '', observedGeneration: 1, lastTransitionTime: at(0) }]);
    expect(of(2)).toMatchObject([{ status: 'False', reason: 'InsufficientPods' }]);
  });
});

it('a granted eviction counts as gone for two minutes', () => {
  const [gone, other] = pods(2) as [Pod, Pod];
  const granted = budget({ spec: { minAvailable: 1 }, status: { disruptedPods: { [gone.metadata.name]: at(0), missing: at(0) } } as never });
  const soon = planBudget(granted, [gone, other], scale(2), t0 + 60_000);
  expect(soon).toMatchObject({ status: { currentHealthy: 1, disruptionsAllowed: 0, disruptedPods: { [gone.metadata.name]: at(0) } }, notDeleted: [], requeueAfter: 60_001 });
  const late = planBudget(granted, [gone, other], scale(2), t0 + 121_000);
  expect(late).toMatchObject({ status: { currentHealthy: 2, disruptionsAllowed: 1 }, notDeleted: [gone] });
  expect(late.status.disruptedPods).toBeUndefined();
});

it('a condition nobody acted on is stale after two minutes', () => {
  const marked = (reason: string, more: object = {}): Pod => pod({ status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason, lastTransitionTime: at(0) }], ...more } as never });
  expect([staleIn(marked('EvictionByEvictionAPI'), t0 + 30_000), staleIn(marked('TerminationByKubelet'), t0), staleIn(marked('x', { phase: 'Failed' }), t0), staleIn(pod(), t0)]).toEqual([90_000, undefined, undefined, undefined]);
});

it('evicting as long as it is allowed never leaves fewer healthy Pods than desired', () => {
  const scenario = fc.record({ replicas: fc.integer({ min: 1, max: 8 }), bound: fc.oneof(fc.record({ minAvailable: fc.oneof(fc.nat(8), fc.constantFrom('0%', '30%', '50%', '100%')) }), fc.record({ maxUnavailable: fc.oneof(fc.nat(8), fc.constantFrom('0%', '30%', '100%')) })), luck: fc.array(fc.nat(99), { minLength: 20, maxLength: 20 }) });
  fc.assert(fc.property(scenario, ({ replicas, bound, luck }) => {
    let current = budget({ spec: bound as never });
    let world = pods(replicas);
    for (let step = 0; step < 60; step++) {
      const { status } = planBudget(current, world, scale(replicas), t0 + step * 5000);
      current = { ...current, status } as PodDisruptionBudget;
      const healthy = (): Pod[] => world.filter((p) => p.status!.conditions!.length && !p.metadata.deletionTimestamp);
      const dice = luck[step % luck.length]!;
      const victim = healthy()[dice % Math.max(1, healthy().length)];
      if (status.disruptionsAllowed > 0 && victim && !status.disruptedPods?.[victim.metadata.name]) {
        // The grant is noted before the Pod goes; it may go late.
        current = { ...current, status: { ...status, disruptedPods: { ...status.disruptedPods, [victim.metadata.name]: at(step * 5) } } } as PodDisruptionBudget;
        if (dice < 70) world = world.filter((p) => p !== victim);
      }
      for (const name of Object.keys(current.status?.disruptedPods ?? {})) if (dice > 50) world = world.filter((p) => p.metadata.name !== name);
      expect(healthy().length).toBeGreaterThanOrEqual(Math.min(status.desiredHealthy, status.currentHealthy));
      if (world.length < replicas && dice % 3 === 0) world.push(owned('rs', true));
    }
  }));
});
