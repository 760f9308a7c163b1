// What plugins do with their arguments, by upstream's numbers.
import { balance } from '../../../../master/scheduler/plugins/node-resources-balanced-allocation.ts';
import { interPodAffinityWith } from '../../../../master/scheduler/plugins/inter-pod-affinity.ts';
import { nodeAffinityWith } from '../../../../master/scheduler/plugins/node-affinity.ts';
import { nodeResourcesFitDefaults, nodeResourcesFitWith } from '../../../../master/scheduler/plugins/node-resources-fit.ts';
import { onShape, scorerOf, type ScoringStrategy } from '../../../../master/scheduler/plugins/node-resources-scoring.ts';
import { podTopologySpreadWith } from '../../../../master/scheduler/plugins/pod-topology-spread.ts';
import { feasibleEnough } from '../../../../master/scheduler/schedule-pod.ts';
import type { Pod } from '../../../../src/api/core/pod.ts';
import type { Draft } from '../../../../src/client/client.ts';
import { pod } from '../controllers/objects.ts';
import { asking, nodeInfo, place, scores, spreadBy } from './cluster.ts';

const spec = (s: object, name = 'p', labels = {}): Pod => pod({ metadata: { name, labels }, spec: s } as Draft<Pod>);
const both = [{ name: 'cpu', weight: 1 }, { name: 'memory', weight: 1 }];
const info = (allocatable: Record<string, string>, pods: readonly Pod[] = []) => nodeInfo('n', { status: { allocatable } }, pods);

describe('NodeResourcesFit', () => {
  // upstream: noderesources/most_allocated_test.go, least_allocated_test.go: of 4000 and 10000, 3000 and 5000 are asked for
  it.each<[string, ScoringStrategy, number]>([
    ['most', { type: 'MostAllocated', resources: both }, (75 + 50) / 2 - 0.5],
    ['most, memory twice', { type: 'MostAllocated', resources: [both[0]!, { name: 'memory', weight: 2 }] }, 58],
    ['least, memory twice', { type: 'LeastAllocated', resources: [both[0]!, { name: 'memory', weight: 2 }] }, 41],
    ['by a shape, full is best', { type: 'RequestedToCapacityRatio', resources: both, shape: [{ utilization: 0, score: 0 }, { utilization: 100, score: 10 }] }, 63],
    ['by a shape, half is best', { type: 'RequestedToCapacityRatio', resources: both, shape: [{ utilization: 0, score: 0 }, { utilization: 50, score: 10 }, { utilization: 100, score: 0 }] }, 75],
  ])('likes nodes %s', (_, strategy, score) => { expect(scorerOf(strategy)({ cpu: 3000, memory: 5000 }, info({ cpu: '4', memory: '10000' }))).toBe(score); });

  it('scores an extended resource only for who asks for it', () => {
    const shape = [{ utilization: 0, score: 0 }, { utilization: 100, score: 10 }];
    const score = scorerOf({ type: 'RequestedToCapacityRatio', resources: [{ name: 'intel.com/foo', weight: 3 }], shape });
    // upstream: requested_to_capacity_ratio_test.go: 2 of 8 and 2 of 4 make 25 and 50
    expect([score({ 'intel.com/foo': 2 }, info({ 'intel.com/foo': '8' })), score({ 'intel.com/foo': 2 }, info({ 'intel.com/foo': '4' })), score({ cpu: 1 }, info({ 'intel.com/foo': '4' }))]).toEqual([25, 50, 0]);
  });
  it('counts what others use, with their assumed minimum', () => {
    const most = scorerOf({ type: 'MostAllocated', resources: [{ name: 'cpu', weight: 1 }] });
    expect(most({ cpu: 1000 }, info({ cpu: '4' }, [asking('a', { cpu: '1' }), asking('b', {})]))).toBe(52);
  });
  it.each([[0, 10], [10, 10], [25, 40], [40, 70], [70, 70], [90, 30], [100, 10]])('at %d %% the shape says %d', (utilization, score) => {
    expect(onShape([{ utilization: 10, score: 10 }, { utilization: 40, score: 70 }, { utilization: 70, score: 70 }, { utilization: 100, score: 10 }], utilization)).toBe(score);
  });
  it('ignores the extended resources it is told to', () => {
    const fit = (args: object) => [nodeResourcesFitWith({ ...nodeResourcesFitDefaults, ...args })];
    const wanting = asking('p', { 'example.com/gpu': '1', cpu: '1' });
    expect(place(wanting, [nodeInfo('n')], {}, fit({}))).toBe('0/1 nodes are available: 1 Insufficient example.com/gpu.');
    expect(place(wanting, [nodeInfo('n')], {}, fit({ ignoredResources: ['example.com/gpu'] }))).toBe('n');
    expect(place(wanting, [nodeInfo('n')], {}, fit({ ignoredResourceGroups: ['example.com'] }))).toBe('n');
    expect(place(asking('p', { cpu: '5' }), [nodeInfo('n')], {}, fit({ ignoredResources: ['cpu'] }))).toBe('0/1 nodes are available: 1 Insufficient cpu.');
  });
});

it('NodeResourcesBalancedAllocation takes the deviation over all its resources', () => {
  // upstream: balanced_allocation_test.go: shares of 0.6, 0.5 and 0.1 deviate by 0.216
  const node = info({ cpu: '10', memory: '10000', 'nvidia.com/gpu': '10' });
  expect(balance({ cpu: 6000, memory: 5000, 'nvidia.com/gpu': 1 }, node, ['cpu', 'memory', 'nvidia.com/gpu'])).toBe(78);
  expect(balance({ cpu: 6000, memory: 5000 }, node, ['cpu', 'memory', 'nvidia.com/gpu'])).toBe(95);
});

it('NodeAffinity adds to what Pods wish', () => {
  const ssd = { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] };
  const zoneA = { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] };
  const nodes = [nodeInfo('n1', { metadata: { labels: { disk: 'ssd' } } }), nodeInfo('n2', { metadata: { labels: { zone: 'a' } } })];
  const required = nodeAffinityWith({ addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [ssd] } } });
  expect(place(spec({}), nodes, {}, [required])).toBe('n1');
  expect(place(spec({ nodeSelector: { zone: 'a' } }), nodes, {}, [required])).toBe("0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) didn't match scheduler-enforced node affinity.");
  const preferred = nodeAffinityWith({ addedAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 2, preference: zoneA }] } });
  expect(scores(preferred, spec({ affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: ssd }] } } }), nodes)).toEqual([50, 100]);
});

it('InterPodAffinity weighs demands of others as told, and may leave their wishes alone', () => {
  const term = { labelSelector: { matchLabels: { app: 'web' } }, topologyKey: 'kubernetes.io/hostname' };
  const demanding = spec({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } }, 'demanding', { app: 'web' });
  const wishing = spec({ affinity: { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 10, podAffinityTerm: term }] } } }, 'wishing');
  const nodes = [nodeInfo('n1', {}, [demanding]), nodeInfo('n2', {}, [wishing]), nodeInfo('n3')];
  const raw = (hardPodAffinityWeight: number, ignorePreferredTermsOfExistingPods = false) => scores({ ...interPodAffinityWith({ hardPodAffinityWeight, ignorePreferredTermsOfExistingPods }) }, spec({}, 'p', { app: 'web' }), nodes);
  expect(raw(1)).toEqual([10, 100, 0]);
  expect(raw(20)).toEqual([100, 50, 0]);
  expect(raw(0)).toEqual([0, 100, 0]);
  expect(raw(1, true)).toEqual([0, 0, 0]);
});

describe('PodTopologySpread with constraints of its own', () => {
  const zone = (name: string, z: string, pods: readonly Pod[] = []) => nodeInfo(name, { metadata: { labels: { zone: z } } }, pods);
  const web = (name: string): Pod => spec({}, name, { app: 'web' });
  const list = (...defaultConstraints: object[]) => [podTopologySpreadWith({ defaultingType: 'List', defaultConstraints: defaultConstraints as never })];
  const hard = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' };

  it('holds Pods without constraints to them, and those with any to these alone', () => {
    const nodes = [zone('a', 'a', [web('1')]), zone('b', 'b')];
    expect(place(web('p'), nodes, spreadBy({ app: 'web' }), list(hard))).toBe('b');
    expect(place(web('p'), [nodes[0]!, nodeInfo('none')], spreadBy({ app: 'web' }), list(hard))).toBe('a');
    expect(place(web('p'), [nodes[0]!, nodeInfo('none')], spreadBy({ app: 'web' }), list({ ...hard, minDomains: 2 })))
      .toBe("0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) didn't match pod topology spread constraints (missing required label).");
    const own = spec({ topologySpreadConstraints: [{ maxSkew: 5, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { app: 'web' } } }] }, 'own', { app: 'web' });
    expect(place(own, nodes.slice(0, 1), spreadBy({ app: 'web' }), list({ ...hard, minDomains: 2 }))).toBe('a');
  });
  it('spreads nothing by an empty list', () => {
    expect(scores(list()[0]!, web('p'), [zone('a', 'a', [web('1')]), zone('b', 'b')], spreadBy({ app: 'web' }))).toEqual([0, 0]);
  });
});

// upstream: schedule_one_test.go, TestNumFeasibleNodesToFind
it.each([[10, 0, 10], [10, 40, 10], [1000, 0, 420], [1000, 40, 400], [6000, 0, 300], [6000, 40, 2400], [6000, 100, 6000], [200, 10, 100]])('of %d nodes at %d %% %d are enough', (nodes, percentage, enough) => {
  expect(feasibleEnough(nodes, percentage)).toBe(enough);
});
