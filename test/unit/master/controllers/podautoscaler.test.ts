// How many Pods a measurement asks for, and how fast the number may change: upstream's tables, and what holds for any numbers.
import fc from 'fast-check';
import type { HorizontalPodAutoscalerBehavior } from '../../../../src/api/autoscaling/horizontal-pod-autoscaler.ts';
import type { Pod } from '../../../../src/api/core/pod.ts';
import { timestamp } from '../../../../src/util/clock.ts';
import { decideReplicas, withChange, type History } from '../../../../master/controllers/podautoscaler/behavior.ts';
import { goSelector, usageOf } from '../../../../master/controllers/podautoscaler/metrics.ts';
import { averageReplicas, groupPods, sharedReplicas, utilizationReplicas, wholeReplicas, type PodMetrics } from '../../../../master/controllers/podautoscaler/replica-calculator.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const minute = 60_000;

interface Shape { ready?: boolean; phase?: string; deleted?: boolean; request?: string | undefined; startedAgo?: number; changedAgo?: number }
const pod = (i: number, { ready = true, phase = 'Running', deleted = false, request = '1', startedAgo = 60 * minute, changedAgo }: Shape = {}): Pod => ({
  metadata: { name: `p${i}`, ...(deleted ? { deletionTimestamp: timestamp(now) } : {}) },
  spec: { containers: [{ name: 'c', resources: request ? { requests: { cpu: request } } : {} }] },
  status: {
    phase, startTime: timestamp(now - startedAgo),
    // One that is not ready never was, unless the shape says otherwise.
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: timestamp(now - (changedAgo ?? (ready ? startedAgo - 20_000 : startedAgo))) }],
  },
}) as unknown as Pod;
const metricsOf = (levels: readonly number[]): PodMetrics => new Map(levels.map((value, i) => [`p${i}`, { value, at: now - minute, windowMs: minute }]));
const pods = (shapes: readonly Shape[]): Pod[] => shapes.map((shape, i) => pod(i, shape));
const some = (count: number, shape: Shape = {}): Shape[] => Array.from({ length: count }, () => shape);
const unready = { ready: false };

// upstream: pkg/controller/podautoscaler/replica_calculator_test.go
it.each<[string, number, Shape[], number[], number, number, number, number]>([
  ['up', 3, some(3), [300, 500, 700], 30, 5, 50, 500],
  ['up, less by one that is not ready', 3, [unready, {}, {}], [300, 500, 700], 30, 4, 60, 600],
  ['not up when those that are not ready could carry it', 3, [{}, unready, unready], [400, 500, 700], 30, 3, 40, 400],
  ['up, whatever Pods failed', 2, [{}, {}, { ...unready, phase: 'Failed' }, { ...unready, phase: 'Failed' }], [500, 700], 30, 4, 60, 600],
  ['up, whatever Pods are ending', 2, [{}, {}, { ...unready, deleted: true }, { ...unready, deleted: true }], [500, 700], 30, 4, 60, 600],
  ['down', 5, some(5), [100, 300, 500, 250, 250], 50, 3, 28, 280],
  ['down, whatever is not ready', 5, [{}, {}, {}, unready, unready], [100, 300, 500, 250, 250], 50, 2, 30, 300],
  ['within tolerance', 3, [{ request: '900m' }, {}, { request: '1100m' }], [1010, 1030, 1020], 100, 3, 102, 1020],
  ['metrics of others', 4, some(4), [4000, 9500, 3000, 7000, 3200, 2000], 100, 24, 587, 5875],
  ['metrics that are missing', 4, some(4), [400, 95], 100, 3, 24, 247],
  ['one missing, at the aim', 2, some(2), [1000], 100, 2, 100, 1000],
  ['one missing, above', 2, some(2), [1900], 100, 2, 190, 1900],
  ['one missing, below', 2, some(2), [600], 100, 2, 60, 600],
  ['one missing, one not ready', 3, [unready, {}, {}], [100, 450], 50, 3, 45, 450],
  ['one missing, one not ready, far above', 3, [unready, {}, {}], [100, 2000], 50, 4, 200, 2000],
  ['one missing, one not ready, far below', 4, [unready, {}, {}, {}], [100, 100, 100], 50, 3, 10, 100],
])('utilization: %s', (_, current, shapes, levels, target, replicas, utilization, average) => {
  expect(utilizationReplicas({ pods: pods(shapes), metrics: metricsOf(levels), current, now, resource: 'cpu' }, target)).toEqual({ replicas, utilization, average });
});

it('an average for each Pod asks for as many as share the whole', () => {
  const situation = { pods: pods(some(3)), metrics: metricsOf([300, 500, 700]), current: 3, now, resource: 'cpu' };
  expect(averageReplicas(situation, 300)).toEqual({ replicas: 5, average: 500 });
  expect(averageReplicas(situation, 480)).toEqual({ replicas: 3, average: 500 });
  expect(averageReplicas({ ...situation, metrics: metricsOf([300]) }, 600)).toEqual({ replicas: 3, average: 300 });
});

it.each<[string, Shape[], number[], string]>([
  ['no Pods', [], [100], 'no pods returned by selector while calculating replica count'],
  ['none ready', [unready, unready], [100, 200], 'did not receive metrics for targeted pods (pods might be unready)'],
  ['no request', [{}, { request: '' }], [100, 200], 'missing request for cpu in container c of Pod p1'],
  ['a request of nothing', [{ request: '0' }], [100], 'no metrics returned matched known pods'],
])('cannot be told: %s', (_, shapes, levels, message) => {
  expect(() => utilizationReplicas({ pods: pods(shapes), metrics: metricsOf(levels), current: 2, now, resource: 'cpu' }, 50)).toThrow(message);
});

// upstream: TestGroupPods
it.each<[string, Shape, string, 'ready' | 'unready' | 'missing' | 'ignored']>([
  ['pending', { phase: 'Pending' }, 'cpu', 'unready'],
  ['starting, not ready', { ...unready, startedAgo: 2 * minute, changedAgo: minute }, 'cpu', 'unready'],
  ['starting, ready before the window of the sample', { startedAgo: 4 * minute, changedAgo: 3 * minute }, 'cpu', 'ready'],
  ['starting, ready within the window of the sample', { startedAgo: 4 * minute, changedAgo: 90_000 }, 'cpu', 'unready'],
  ['long there, never ready', { ...unready, startedAgo: 10 * minute, changedAgo: 10 * minute }, 'cpu', 'unready'],
  ['long there, not ready any more', { ...unready, startedAgo: 10 * minute, changedAgo: 5 * minute }, 'cpu', 'ready'],
  ['not ready, but that says nothing of memory', { ...unready, startedAgo: minute }, 'memory', 'ready'],
  ['failed', { phase: 'Failed' }, 'memory', 'ignored'],
])('a Pod that is %s', (_, shape, resource, group) => {
  const groups = groupPods({ pods: [pod(0, shape)], metrics: metricsOf([500]), current: 1, now, resource });
  expect({ ...groups, unready: groups.unready.size, missing: groups.missing.size, ignored: groups.ignored.size }).toEqual({ ready: 0, unready: 0, missing: 0, ignored: 0, [group]: 1 });
});

it('what containers use is added up, one is taken alone, and a Pod of which one says nothing is left out', () => {
  const items = [
    { metadata: { name: 'a', namespace: 'd' }, timestamp: timestamp(now), window: '1.5s', containers: [{ name: 'c', usage: { cpu: '100m' } }, { name: 's', usage: { cpu: '1' } }] },
    { metadata: { name: 'b', namespace: 'd' }, timestamp: timestamp(now), window: '1s', containers: [{ name: 'c', usage: { cpu: '1n' } }, { name: 's', usage: {} }] },
  ] as never;
  expect([...usageOf(items, 'cpu', undefined)]).toEqual([['a', { value: 1100, at: now, windowMs: 1500 }]]);
  expect([...usageOf(items, 'cpu', 'c')].map(([name, { value }]) => [name, value])).toEqual([['a', 100], ['b', 1]]);
  expect(() => usageOf(items, 'cpu', 'x')).toThrow('container x not present in metrics for pod d/a');
  expect(() => usageOf([], 'cpu', undefined)).toThrow('no metrics returned from resource metrics API');
});

const nothingYet: History = { recommendations: [], changes: [] };
const rules = (selectPolicy: string, ...policies: [string, number, number][]) => ({ selectPolicy, stabilizationWindowSeconds: 0, policies: policies.map(([type, value, periodSeconds]) => ({ type, value, periodSeconds })) });
const free = rules('Max', ['Percent', 1000, 15]);
const upBy = (scaleUp: object): HorizontalPodAutoscalerBehavior => ({ scaleUp, scaleDown: free }) as never;
const downBy = (scaleDown: object): HorizontalPodAutoscalerBehavior => ({ scaleUp: free, scaleDown }) as never;
const ago = (seconds: number): number => now - seconds * 1000;

it.each<[string, Partial<Parameters<typeof decideReplicas>[0]>, Partial<History>, number, string]>([
  ['within', { current: 5, desired: 7 }, {}, 7, 'DesiredWithinRange'],
  ['too many', { current: 5, desired: 20 }, {}, 10, 'TooManyReplicas'],
  ['too few', { current: 3, desired: 1 }, {}, 2, 'TooFewReplicas'],
  ['doubled at most', { current: 3, desired: 9, maximum: 100 }, {}, 6, 'ScaleUpLimit'],
  ['from few to four', { current: 1, desired: 9, maximum: 100 }, {}, 4, 'ScaleUpLimit'],
  ['no fewer than lately', { current: 8, desired: 3 }, { recommendations: [{ at: ago(200), replicas: 6 }, { at: ago(301), replicas: 8 }] }, 6, 'DesiredWithinRange'],
  ['Pods by policy', { current: 5, desired: 50, maximum: 100, behavior: upBy(rules('Max', ['Pods', 3, 60])) }, {}, 8, 'ScaleUpLimit'],
  ['percent by policy, rounded up', { current: 5, desired: 50, maximum: 100, behavior: upBy(rules('Max', ['Percent', 10, 60])) }, {}, 6, 'ScaleUpLimit'],
  ['the larger policy', { current: 10, desired: 50, maximum: 100, behavior: upBy(rules('Max', ['Pods', 4, 60], ['Percent', 100, 60])) }, {}, 20, 'ScaleUpLimit'],
  ['the smaller policy', { current: 10, desired: 50, maximum: 100, behavior: upBy(rules('Min', ['Pods', 4, 60], ['Percent', 100, 60])) }, {}, 14, 'ScaleUpLimit'],
  ['what was added in the period counts', { current: 8, desired: 50, maximum: 100, behavior: upBy(rules('Max', ['Pods', 4, 60])) }, { changes: [{ at: ago(30), by: 3 }, { at: ago(61), by: 2 }] }, 9, 'ScaleUpLimit'],
  ['none while more than that was added', { current: 8, desired: 50, maximum: 100, behavior: upBy(rules('Max', ['Pods', 2, 60])) }, { changes: [{ at: ago(30), by: 5 }] }, 8, 'ScaleUpLimit'],
  ['never up', { current: 5, desired: 9, behavior: upBy(rules('Disabled')) }, {}, 5, 'ScaleUpLimit'],
  ['down by percent, rounded down', { current: 9, desired: 2, behavior: downBy(rules('Max', ['Percent', 50, 60])) }, {}, 4, 'ScaleDownLimit'],
  ['down by the smaller policy', { current: 9, desired: 2, behavior: downBy(rules('Min', ['Percent', 50, 60], ['Pods', 1, 60])) }, {}, 8, 'ScaleDownLimit'],
  ['never down', { current: 5, desired: 2, behavior: downBy(rules('Disabled')) }, {}, 5, 'ScaleDownLimit'],
  ['too few by policy', { current: 5, desired: 1, behavior: downBy(free) }, {}, 2, 'TooFewReplicas'],
  ['up no further than lately', { current: 3, desired: 9, behavior: upBy({ ...free, stabilizationWindowSeconds: 60 }) }, { recommendations: [{ at: ago(30), replicas: 5 }, { at: ago(90), replicas: 2 }] }, 5, 'DesiredWithinRange'],
])('%s', (_, wish, history, replicas, reason) => {
  const decision = decideReplicas({ behavior: undefined, current: 1, desired: 1, minimum: 2, maximum: 10, now, ...wish }, { ...nothingYet, ...history });
  expect([decision.replicas, decision.conditions[1]!.reason]).toEqual([replicas, reason]);
});

it('whatever is asked for, the number stays in its bounds and changes no faster than its policy', () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 5 }), fc.integer({ min: 6, max: 60 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 15, max: 120 }),
    fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 200 })), { maxLength: 40 }),
    (minimum, maximum, step, periodSeconds, wishes) => {
      const behavior = { scaleUp: rules('Max', ['Pods', step, periodSeconds]), scaleDown: rules('Max', ['Pods', step, periodSeconds]) } as never as HorizontalPodAutoscalerBehavior;
      let history = nothingYet;
      let [current, at] = [minimum, now];
      const past: [number, number][] = [[at, current]];
      for (const [seconds, desired] of wishes) {
        at += seconds * 1000;
        const { replicas, history: next } = decideReplicas({ behavior, current, desired, minimum, maximum, now: at }, history);
        history = replicas === current ? next : withChange(next, replicas - current, at);
        const change = replicas - current;
        current = replicas;
        expect(current).toBeGreaterThanOrEqual(minimum);
        expect(current).toBeLessThanOrEqual(maximum);
        past.push([at, current]);
        const start = past.findLast(([then]) => then <= at - periodSeconds * 1000)?.[1];
        // Only in its own direction: what came down may still be above what it was before it went up.
        if (start !== undefined) expect(Math.sign(change) * (current - start)).toBeLessThanOrEqual(step);
      }
    },
  ));
});

// upstream: replica_calculator_test.go (object and external metrics)
it.each<[string, number, Shape[], number, number, number]>([
  ['up', 3, some(3), 20_000, 15_000, 4], ['down', 5, some(5), 11_000, 20_000, 3], ['within tolerance', 3, some(3), 20_666, 20_000, 3],
  ['counted by those that are ready', 3, [{}, unready, unready], 50_000, 15_000, 4], ['from nothing, to what the value asks for', 0, [], 3_000, 1_000, 3], ['from nothing, to nothing', 0, [], 0, 1_000, 0], ['to nothing', 3, some(3), 0, 1_000, 0],
])('a metric of the whole: %s', (_, current, shapes, value, target, wanted) => expect(wholeReplicas({ pods: pods(shapes), current }, value, target)).toBe(wanted));
it('cannot reckon from Pods that are not there', () => expect(() => wholeReplicas({ pods: [], current: 2 }, 5, 1)).toThrow('unable to calculate ready pods: no pods returned by selector while calculating replica count'));
it.each<[string, number, number, number, number, number]>([
  ['up', 3, 8_600, 2_150, 4, 2_867], ['down', 5, 8_600, 2_867, 3, 1_720], ['within tolerance', 4, 8_600, 2_100, 4, 2_150], ['from nothing', 0, 5_000, 1_000, 5, 5_000], ['nothing from nothing', 0, 0, 1_000, 0, 0],
])('a metric shared out: %s', (_, told, value, target, replicas, average) => expect(sharedReplicas(told, value, target)).toEqual({ replicas, average }));
it.each([
  [undefined, 'nil'], [{}, '&LabelSelector{MatchLabels:map[string]string{},MatchExpressions:[]LabelSelectorRequirement{},}'],
  [{ matchLabels: { b: '2', a: '1' }, matchExpressions: [{ key: 'k', operator: 'In', values: ['x', 'y'] }, { key: 'l', operator: 'Exists' }] },
    '&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:k,Operator:In,Values:[x y],},LabelSelectorRequirement{Key:l,Operator:Exists,Values:[],},},}'],
])('a selector as Go prints it: %j', (selector, text) => expect(goSelector(selector as never)).toBe(text));
