// Preemption by tables: whom it would remove, from which node, and who may not remove anybody.
// upstream: pkg/scheduler/framework/plugins/defaultpreemption/default_preemption_test.go
import fc from 'fast-check';
import type { FitError } from '../../../../master/scheduler/fit-error.ts';
import type { NodeInfo } from '../../../../master/scheduler/node-info.ts';
import { plugins } from '../../../../master/scheduler/plugins/index.ts';
import { defaultPreemptionDefaults } from '../../../../master/scheduler/plugins/default-preemption.ts';
import { byImportance, candidatesWanted, cheapest, findCandidates, selectVictims, splitByBudget, type Candidate } from '../../../../master/scheduler/preemption.ts';
import { schedulePod } from '../../../../master/scheduler/schedule-pod.ts';
import { Trial } from '../../../../master/scheduler/trial.ts';
import type { Pod } from '../../../../src/api/core/pod.ts';
import type { Draft } from '../../../../src/client/client.ts';
import { at, budget, pod } from '../controllers/objects.ts';
import { asking, nodeInfo, snapshotOf } from './cluster.ts';

const [low, mid, high] = [0, 100, 1000];
const [small, medium, large, veryLarge] = ['100m', '200m', '300m', '500m'];
const one = (name: string, priority: number, cpu: string, extra: Draft<Pod> = {}): Pod => asking(name, { cpu }, { ...extra, spec: { priority, ...extra.spec } } as Draft<Pod>);
const started = (seconds: number): Draft<Pod> => ({ status: { startTime: at(seconds) } } as Draft<Pod>);
/** Nodes of half a core, as upstream's. */
const on = (name: string, ...pods: Pod[]): NodeInfo => nodeInfo(name, { status: { allocatable: { cpu: '500m' } } }, pods);
const labelled = (name: string, priority: number, labels: Record<string, string>, cpu = small): Pod => one(name, priority, cpu, { metadata: { labels } } as Draft<Pod>);
const names = (pods: readonly Pod[]): string[] => pods.map((p) => p.metadata.name);
const trialOf = (p: Pod, nodes: readonly NodeInfo[], nominated: readonly Pod[] = []): Trial => new Trial(p, { ...snapshotOf(nodes), nominated: (node) => nominated.filter((n) => n.status?.nominatedNodeName === node) }, plugins);
const told = (found: ReturnType<typeof selectVictims>): string | string[] => ('reasons' in found ? found.reasons.join(', ') : names(found.victims));

const spreading = (key: string) => ({ maxSkew: 1, topologyKey: key, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchExpressions: [{ key: 'foo', operator: 'Exists' }] } });
const repelling = (key: string) => ({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: { matchExpressions: [{ key, operator: 'Exists' }] }, topologyKey: 'kubernetes.io/hostname' }] } } });

describe('who would have to go', () => {
  it.each<[string, Pod, NodeInfo[], (string | string[])[]]>([
    ['nobody is less important', one('p', high, small), [on('a', one('x', high, veryLarge))], ['No preemption victims found for incoming pod']],
    ['the rest is too full still', one('p', high, large), [on('a', one('x', low, small), one('y', high, large))], ['Insufficient cpu']],
    ['all less important ones', one('p', high, large), [on('a', one('x', low, large)), on('b', one('y', mid, large))], [['x'], ['y']]],
    ['a lower one stays when it is small', one('p', high, large), [on('a', one('x', low, small), one('y', mid, large)), on('b', one('z', mid, large))], [['y'], ['z']]],
    ['several priorities', one('p', high, large), [on('a', one('1.1', low, small), one('1.2', low, small), one('1.3', mid, medium), one('1.4', high, small)), on('b', one('2', high, large))], [['1.3', '1.2'], 'No preemption victims found for incoming pod']],
    ['of equals the one that started later', one('p', high, large), [on('a', one('1.1', low, small, started(200)), one('1.2', low, small, started(100)), one('1.3', mid, medium, started(300)), one('1.4', high, small))], [['1.3', '1.1']]],
    ['of equals, when both are too many', one('p', high, '400m'), [on('a', one('1.1', low, small, started(200)), one('1.2', low, small, started(100)))], [['1.1']]],
    ['the one who keeps it away', labelled('p', high, { pod: 'preemptor' }), [on('a', one('1.1', low, small, { metadata: { labels: { x: '1' } }, spec: repelling('pod') } as Draft<Pod>), one('1.2', mid, small), one('1.3', high, small))], [['1.1']]],
    ['the one it wants to be away from', one('p', high, small, { spec: repelling('service') } as Draft<Pod>), [on('a', labelled('1.1', low, { service: 'x' }), one('1.2', low, small))], [['1.1']]],
  ])('%s', (_, p, nodes, expected) => { expect(nodes.map((node) => told(selectVictims(trialOf(p, nodes), node, [])))).toEqual(expected); });

  it('those who make the spread too uneven', () => {
    const zoned = (name: string, zone: string, ...pods: Pod[]) => nodeInfo(name, { metadata: { labels: { zone } } }, pods);
    const foo = (name: string, priority: number): Pod => labelled(name, priority, { foo: '' });
    const nodes = [zoned('node-a', 'zone1', foo('a1', mid), foo('a2', low)), zoned('node-b', 'zone1', foo('b1', low)), zoned('node-x', 'zone2', foo('x1', high), foo('x2', high))];
    const p = one('p', high, small, { metadata: { labels: { foo: '' } }, spec: { topologySpreadConstraints: [spreading('zone'), spreading('kubernetes.io/hostname')] } } as Draft<Pod>);
    const trial = trialOf(p, nodes);
    expect(nodes.map((node) => told(selectVictims(trial, node, [])))).toEqual([['a2'], ['b1'], 'No preemption victims found for incoming pod']);
    // Trying leaves no trace.
    expect(nodes.map((node) => told(selectVictims(trial, node, [])))).toEqual([['a2'], ['b1'], 'No preemption victims found for incoming pod']);
  });
  it('Pods that were promised room count, unless they are less important', () => {
    const waiting = (priority: number): Pod => one('promised', priority, large, { status: { nominatedNodeName: 'a' } } as Draft<Pod>);
    const nodes = [on('a', one('x', low, medium))];
    expect(told(selectVictims(trialOf(one('p', mid, medium), nodes, [waiting(high)]), nodes[0]!, []))).toEqual(['x']);
    expect(trialOf(one('p', mid, large), nodes, [waiting(high)]).reject(nodes[0]!)).toMatchObject({ reasons: ['Insufficient cpu'] });
    expect(trialOf(one('p', mid, large), nodes, [waiting(low)]).reject(nodes[0]!)).toBeUndefined();
    expect(trialOf(one('promised', mid, large), nodes, [waiting(mid)]).reject(nodes[0]!)).toBeUndefined();
  });
  it('budgets are kept where that is possible', () => {
    const protect = (disruptionsAllowed: number, extra: object = {}) => budget({ spec: { selector: { matchLabels: { app: 'foo' } } }, status: { disruptionsAllowed, ...extra } } as never);
    const pods = [labelled('1', mid, { app: 'foo' }), labelled('2', low, { app: 'foo' }), labelled('3', low, { app: 'other' }), one('4', low, small)];
    const split = (...budgets: ReturnType<typeof protect>[]) => names(splitByBudget(pods, budgets).violating);
    expect(split(protect(2))).toEqual([]);
    expect(split(protect(1))).toEqual(['2']);
    expect(split(protect(0))).toEqual(['1', '2']);
    expect(split(protect(2), protect(0))).toEqual(['1', '2']);
    expect(split(protect(0, { disruptedPods: { 2: at(0) } }))).toEqual(['1']);
    expect(split(budget({ spec: { selector: {} }, status: { disruptionsAllowed: 0 } } as never))).toEqual([]);
    // The protected one stays, though it is no more important.
    const node = on('a', labelled('1.1', mid, { app: 'x' }, medium), labelled('1.2', mid, { app: 'foo' }, medium));
    expect(selectVictims(trialOf(one('p', high, large), [node]), node, [protect(0)])).toMatchObject({ victims: [{ metadata: { name: '1.1' } }], violations: 0 });
    const crowded = on('a', labelled('1.1', mid, { app: 'foo' }, large));
    expect(selectVictims(trialOf(one('p', high, large), [crowded]), crowded, [protect(0)])).toMatchObject({ violations: 1 });
  });
});

describe('where it costs least', () => {
  const victims = (node: string, violations: number, ...of: [priority: number, start?: number][]): Candidate => ({ node, violations, victims: of.map(([priority, start], i) => one(`${node}.${i}`, priority, small, start === undefined ? {} : started(start))) });
  it.each<[string, Candidate[], string]>([
    ['fewer broken budgets', [victims('a', 1, [low]), victims('b', 0, [mid], [mid])], 'b'],
    ['a lower highest priority', [victims('a', 0, [mid]), victims('b', 0, [low], [low])], 'b'],
    ['a smaller sum', [victims('a', 0, [mid], [mid]), victims('b', 0, [mid], [low])], 'b'],
    ['a smaller sum of negative ones', [victims('a', 0, [-5], [-5]), victims('b', 0, [-5])], 'b'],
    ['fewer, when the sum is smaller too', [victims('a', 0, [mid], [low], [low]), victims('b', 0, [mid], [low])], 'b'],
    ['a later start of the most important', [victims('a', 0, [mid, 100], [low, 900]), victims('b', 0, [mid, 200], [low, 50])], 'b'],
    ['the first of equals', [victims('a', 0, [mid, 100]), victims('b', 0, [mid, 100])], 'a'],
  ])('%s', (_, candidates, expected) => { expect(cheapest(candidates)!.node).toBe(expected); });
  it('of nothing is nowhere', () => { expect(cheapest([])).toBeUndefined(); });
  it.each([[1, 1], [99, 99], [100, 100], [999, 100], [1000, 100], [1200, 120], [5000, 500]])('of %d nodes %d are tried', (nodes, tried) => { expect(candidatesWanted(nodes, defaultPreemptionDefaults)).toBe(tried); });
});

describe('a Pod that fits nowhere', () => {
  const attempt = (p: Pod, nodes: readonly NodeInfo[]): FitError => {
    try {
      schedulePod(p, snapshotOf(nodes), plugins, { start: 0, random: () => 0 });
    } catch (error) {
      return error as FitError;
    }
    throw new Error('it fits');
  };
  it('is nominated to the cheapest node, and no more is said', () => {
    const { message, after } = attempt(one('p', high, large), [on('a', one('x', mid, veryLarge)), on('b', one('y', low, veryLarge))]);
    expect([message, after.nominated?.node, names(after.nominated!.victims)]).toEqual(['0/2 nodes are available: 2 Insufficient cpu.', 'b', ['y']]);
  });
  it('says what stands in its way on each node when nothing helps', () => {
    const { message, after } = attempt(one('p', mid, large), [on('a', one('x', high, veryLarge)), on('b', one('y', high, large), one('z', low, small)), nodeInfo('c', { spec: { unschedulable: true } })]);
    expect(message).toBe('0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu. preemption: 0/3 nodes are available: 1 Insufficient cpu, 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.');
    expect(after).toMatchObject({ clear: true });
  });
  it('waits for those it removed, as long as they end', () => {
    const ending = one('x', low, veryLarge, { metadata: { deletionTimestamp: at(0) }, status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }] } } as Draft<Pod>);
    const p = one('p', high, large, { status: { nominatedNodeName: 'a' } } as Draft<Pod>);
    const { message, after } = attempt(p, [on('a', ending), on('b', one('y', low, veryLarge))]);
    expect(message).toBe('0/2 nodes are available: 2 Insufficient cpu. preemption: not eligible due to a terminating pod on the nominated node.');
    expect([after.nominated, after.clear]).toEqual([undefined, undefined]);
    // A node that can never take it is given up at once.
    expect(attempt(p, [nodeInfo('a', { spec: { unschedulable: true } }, [ending]), on('b', one('y', low, veryLarge))]).after.nominated?.node).toBe('b');
    expect(attempt(one('p', high, large, { status: { nominatedNodeName: 'a' } } as Draft<Pod>), [on('a', { ...ending, status: { ...ending.status, conditions: [] } } as Pod)]).after.nominated?.node).toBe('a');
  });
  it('that never preempts leaves all in peace', () => {
    const { message, after } = attempt(one('p', high, large, { spec: { preemptionPolicy: 'Never' } } as Draft<Pod>), [on('a', one('x', low, veryLarge))]);
    expect([message, after.nominated]).toEqual(['0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.', undefined]);
  });
});

it('removes no more than it must, only less important Pods, and leaves what it looked at as it was', () => {
  const somePod = fc.record({ priority: fc.constantFrom(low, mid, high), cpu: fc.integer({ min: 1, max: 300 }), start: fc.integer({ min: 0, max: 5 }), app: fc.constantFrom('a', 'b', 'c') });
  fc.assert(fc.property(fc.array(fc.array(somePod, { maxLength: 6 }), { minLength: 1, maxLength: 4 }), somePod, fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 9 }), (layout, wanted, allowed, offset) => {
    const make = (name: string, { priority, cpu, start, app }: typeof wanted): Pod => one(name, priority, `${cpu}m`, { metadata: { labels: { app } }, ...started(start) } as Draft<Pod>);
    const nodes = layout.map((pods, n) => on(`n${n}`, ...pods.map((p, i) => make(`${n}.${i}`, p))));
    const p = make('p', wanted);
    const trial = trialOf(p, nodes);
    const budgets = [budget({ spec: { selector: { matchLabels: { app: 'a' } } }, status: { disruptionsAllowed: allowed } } as never)];
    const before = nodes.map((node) => [node.requested['cpu'], trial.reject(node)?.reasons]);
    const { candidates } = findCandidates(trial, nodes.filter((node) => trial.reject(node)), budgets, offset, defaultPreemptionDefaults);
    expect(nodes.map((node) => [node.requested['cpu'], trial.reject(node)?.reasons])).toEqual(before);
    for (const { node, victims } of candidates) {
      const clone = nodes.find((n) => n.name === node)!.clone();
      expect(victims.every((victim) => victim.spec.priority! < p.spec.priority!)).toBe(true);
      expect([...victims].sort(byImportance)).toEqual(victims);
      for (const victim of victims) clone.remove(victim.metadata.uid);
      expect(trial.reject(clone)).toBeUndefined();
      for (const victim of victims) {
        clone.add(victim);
        expect(trial.reject(clone)).toBeDefined();
        clone.remove(victim.metadata.uid);
      }
    }
  }));
});

it('a Pod of nothing but a name has priority 0', () => { expect(byImportance(pod({ metadata: { name: 'a' } }), one('b', 0, small))).toBe(0); });
