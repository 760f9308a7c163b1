// The arithmetic of rolling updates, as tables and as properties.
import fc from 'fast-check';
import { boundsOf, scaledValue, type IntOrString } from '../../../../master/controllers/deployment/bounds.ts';
import { newSetSize, planRolling, type SetSize } from '../../../../master/controllers/deployment/rolling.ts';
import { activeOrLatest, planScaling, type ScaledSet } from '../../../../master/controllers/deployment/scaling.ts';

const bounds = (replicas: number, maxSurge: IntOrString, maxUnavailable: IntOrString) => boundsOf({ replicas, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } });
const set = (name: string, replicas: number, available = replicas, created = 0): SetSize => ({ name, replicas, available, created });

describe('bounds', () => {
  it.each<[number, IntOrString, IntOrString, number, number]>([
    [10, 3, 2, 3, 2], [3, '25%', '25%', 1, 0], [4, '25%', '25%', 1, 1], [10, '25%', '25%', 3, 2], [10, 0, 0, 0, 1], [1, '0%', '10%', 0, 1],
    [10, '100%', '100%', 10, 10], [5, 1, 10, 1, 5], [0, '25%', '25%', 0, 0], [0, 1, 1, 1, 0],
  ])('%d replicas, surge %s, unavailable %s', (replicas, surge, unavailable, maxSurge, maxUnavailable) => {
    expect(bounds(replicas, surge, unavailable)).toEqual({ maxSurge, maxUnavailable });
  });
  it('does not surge when it recreates', () => { expect(boundsOf({ replicas: 4, strategy: { type: 'Recreate' } })).toEqual({ maxSurge: 0, maxUnavailable: 0 }); });
  it('rounds as asked', () => { expect([scaledValue('50%', 5, 'up'), scaledValue('50%', 5, 'down'), scaledValue(undefined, 5, 'up'), scaledValue(7, 5, 'down')]).toEqual([3, 2, 0, 7]); });
});

describe('the size of the new ReplicaSet', () => {
  // upstream: rolling_test.go TestDeploymentController_reconcileNewReplicaSet
  it.each([
    [10, 0, 0, 10, 0], [10, 2, 0, 10, 2], [10, 2, 0, 5, 7], [10, 0, 2, 12, 2], [10, 2, 10, 11, 10],
  ])('wanted %d, surge %d, has %d of %d', (wanted, surge, current, total, expected) => { expect(newSetSize(wanted, surge, current, total)).toBe(expected); });
  it('shrinks to what is wanted', () => { expect(planRolling(10, { maxSurge: 0, maxUnavailable: 0 }, set('new', 12), [set('old', 2)])).toEqual([{ name: 'new', replicas: 10 }]); });
});

describe('the old ReplicaSets', () => {
  // upstream: rolling_test.go TestDeploymentController_reconcileOldReplicaSets; the new set has no room to grow in any of these
  it.each<[string, number, number, SetSize, SetSize[], Record<string, number>]>([
    ['nothing below minAvailable', 10, 0, set('new', 0, 0), [set('old', 10, 10)], {}],
    ['as many as may be unavailable', 10, 2, set('new', 0, 0), [set('old', 10, 10)], { old: 8 }],
    ['only the unhealthy when availability is short', 10, 2, set('new', 0, 0), [set('old', 10, 8)], { old: 8 }],
    ['unhealthy ones within the budget', 10, 2, set('new', 0, 0), [set('old', 10, 9)], { old: 8 }],
    ['nothing while new Pods are not available', 10, 2, set('new', 2, 0), [set('old', 8, 8)], {}],
    ['crash-looping new Pods keep a lost old one', 10, 2, set('new', 5, 0), [set('old', 8, 7)], {}],
    ['roll over: old generations shrink by age', 10, 2, set('new', 0, 0), [set('b', 5, 0, 2), set('a', 8, 8, 1)], { b: 0 }],
    ['no more than there are of a set whose status is from before it shrank', 4, 1, set('new', 2, 1), [set('old', 3, 4)], { old: 2 }],
    ['the oldest healthy first', 10, 2, set('new', 0, 0), [set('b', 5, 5, 2), set('a', 5, 5, 1)], { a: 3 }],
  ])('%s', (_, wanted, maxUnavailable, newSet, old, expected) => {
    const plan = planRolling(wanted, { maxSurge: 0, maxUnavailable }, newSet, old);
    expect(Object.fromEntries(plan.map((p) => [p.name, p.replicas]))).toEqual(expected);
  });
});

describe('a rolling update, whatever happens', () => {
  const scenario = fc.record({
    wanted: fc.integer({ min: 1, max: 20 }), surge: fc.integer({ min: 0, max: 20 }), unavailable: fc.integer({ min: 0, max: 20 }),
    old: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 3 }), started: fc.integer({ min: 0, max: 10 }),
    luck: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 20, maxLength: 20 }),
  });
  it('stays within its bounds and ends with new Pods only', () => {
    fc.assert(fc.property(scenario, ({ wanted, surge, unavailable, old, started, luck }) => {
      const limit = bounds(wanted, surge, unavailable);
      let newSet = set('new', started, 0);
      let oldSets = old.map((n, i) => set(`old-${i}`, n, n, i));
      const total = (): number => newSet.replicas + oldSets.reduce((n, s) => n + s.replicas, 0);
      const available = (): number => newSet.available + oldSets.reduce((n, s) => n + s.available, 0);
      for (let pass = 0; pass < 400; pass++) {
        const before = { total: total(), available: available() };
        const plan = planRolling(wanted, limit, newSet, oldSets);
        const apply = (s: SetSize): SetSize => {
          const replicas = plan.find((p) => p.name === s.name)?.replicas ?? s.replicas;
          expect(replicas).toBeGreaterThanOrEqual(0);
          // The ReplicaSet removes Pods that are not available first.
          return { ...s, replicas, available: Math.min(s.available, replicas) };
        };
        newSet = apply(newSet);
        oldSets = oldSets.map(apply);
        expect(total()).toBeLessThanOrEqual(Math.max(before.total, wanted + limit.maxSurge));
        expect(available()).toBeGreaterThanOrEqual(Math.min(before.available, wanted - limit.maxUnavailable));
        if (newSet.available < newSet.replicas && (luck[pass % luck.length]! > 0.5 || !plan.length)) newSet = { ...newSet, available: newSet.available + 1 };
        else if (!plan.length && newSet.available === newSet.replicas) break;
      }
      expect([newSet.replicas, total()]).toEqual([wanted, wanted]);
    }), { numRuns: 300 });
  });
});

describe('scaling in the middle of a roll-out', () => {
  const sized = (name: string, replicas: number, maxReplicas: number, created: number, available = replicas): ScaledSet => ({ name, replicas, available, created, maxReplicas, desired: maxReplicas });
  const scale = (wanted: number, newSet: ScaledSet | undefined, oldSets: ScaledSet[], maxSurge = 0) =>
    Object.fromEntries(planScaling({ wanted, bounds: { maxSurge, maxUnavailable: 0 }, rolling: true, statusReplicas: 0, newSet, oldSets }).map((s) => [s.name, s.replicas]));

  // upstream: sync_test.go TestScale
  it.each<[string, number, ScaledSet | undefined, ScaledSet[], Record<string, number>, number?]>([
    ['only the new one has Pods', 12, sized('new', 10, 10, 3), [], { new: 12 }],
    ['down with one set', 5, sized('new', 10, 10, 3), [], { new: 5 }],
    ['no set has Pods: the new one', 5, sized('new', 0, 0, 3), [sized('old', 0, 0, 1)], { new: 5 }],
    ['no new set: the newest old one', 5, undefined, [sized('a', 0, 0, 1), sized('b', 0, 0, 2)], { b: 5 }],
    ['in proportion 5:5 up', 12, sized('new', 5, 10, 3), [sized('old', 5, 10, 1)], { new: 6, old: 6 }],
    ['in proportion 5:5 up by an odd number: the newer leads', 13, sized('new', 5, 10, 3), [sized('old', 5, 10, 1)], { new: 7, old: 6 }],
    ['larger set takes more', 14, sized('new', 2, 10, 3), [sized('old', 8, 10, 1)], { old: 11, new: 3 }],
    ['in proportion down', 6, sized('new', 5, 10, 3), [sized('old', 5, 10, 1)], { new: 3, old: 3 }],
    ['to zero', 0, sized('new', 5, 10, 3), [sized('old', 5, 10, 1)], { new: 0, old: 0 }],
    ['with a surge', 8, sized('new', 2, 7, 3), [sized('old', 5, 7, 1)], { old: 7, new: 3 }, 2],
    ['a saturated new set takes the old ones down', 5, { ...sized('new', 5, 5, 3), desired: 5 }, [sized('old', 3, 5, 1)], { old: 0 }],
  ])('%s', (_, wanted, newSet, old, expected, surge = 0) => { expect(scale(wanted, newSet, old, surge)).toEqual(expected); });

  it('adds up to what is wanted, for any sizes', () => {
    const size = fc.integer({ min: 1, max: 30 });
    fc.assert(fc.property(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 5 }), size, fc.array(size, { minLength: 1, maxLength: 4 }), (wanted, surge, fresh, old) => {
      const total = fresh + old.reduce((a, b) => a + b, 0);
      const plan = scale(wanted, sized('new', fresh, total, 9, 0), old.map((n, i) => sized(`old-${i}`, n, total, i)), surge);
      const sizes = Object.values(plan);
      expect(sizes.every((n) => n >= 0)).toBe(true);
      expect(sizes.reduce((a, b) => a + b, 0)).toBe(wanted === 0 ? 0 : wanted + surge);
    }));
  });
  it('knows the only active set', () => { expect(activeOrLatest(sized('new', 3, 3, 2), [sized('old', 1, 3, 1)])).toBeUndefined(); });
});
