// Where constraints let a Pod go, by upstream's own tables: two zones of two nodes each, and how many Pods are on them.
// upstream: podtopologyspread/filtering_test.go (TestSingleConstraint, TestMultipleConstraints), scoring_test.go
import { podTopologySpreadDefaults, podTopologySpreadWith } from '../../../../master/scheduler/plugins/pod-topology-spread.ts';
import type { Pod } from '../../../../src/api/core/pod.ts';
import type { Draft } from '../../../../src/client/client.ts';
import { at, pod } from '../controllers/objects.ts';
import { nodeInfo, scores, snapshotOf, spreadBy } from './cluster.ts';
import type { NodeInfo } from '../../../../master/scheduler/node-info.ts';

const plugin = podTopologySpreadWith(podTopologySpreadDefaults);
type Labels = Record<string, string>;
let serial = 0;
const existing = (labels: Labels, more: Draft<Pod['metadata']> = {}): Pod => pod({ metadata: { name: `p${serial++}`, labels, ...more } } as never);
const times = (count: number, labels: Labels = { foo: '' }): Pod[] => Array.from({ length: count }, () => existing(labels));
const on = (name: string, zone: string | undefined, pods: readonly Pod[]): NodeInfo => nodeInfo(name, { metadata: { labels: { node: name, ...(zone ? { zone } : {}) } } }, pods);
/** Pods on nodes a and b of zone 1, x and y of zone 2. */
const cluster = (a: Pod[], b: Pod[], x: Pod[], y: Pod[]): NodeInfo[] => [on('a', '1', a), on('b', '1', b), on('x', '2', x), on('y', '2', y)];
const spread = (topologyKey: string, maxSkew = 1, label = 'foo', more: object = {}): object => ({ maxSkew, topologyKey, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchExpressions: [{ key: label, operator: 'Exists' }] }, ...more });
const incoming = (constraints: object[], labels: Labels = { foo: '' }, spec: object = {}): Pod => pod({ metadata: { name: 'p', labels }, spec: { topologySpreadConstraints: constraints, ...spec } } as never);
const nodesIn = (...values: string[]): object => ({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'node', operator: 'In', values }] }] } } } });
const both = { foo: '', bar: '' };

it.each<[string, Pod, NodeInfo[], string]>([
  ['no Pods', incoming([spread('zone')]), cluster([], [], [], []), 'a b x y'],
  ['no Pods, and it does not match itself', incoming([spread('zone')], { bar: '' }), cluster([], [], [], []), 'a b x y'],
  ['Pods of other namespaces do not count', incoming([spread('zone')]), cluster([existing({ foo: '' }, { namespace: 'other' })], times(2), times(1), []), 'x y'],
  ['3/3 over zones', incoming([spread('zone')]), cluster(times(2), times(1), [], times(3)), 'a b x y'],
  ['a node without the label', incoming([spread('zone')]), [on('a', '1', times(1)), on('b', undefined, times(1)), on('x', '2', times(1)), on('y', '2', times(1))], 'a'],
  ['no node has the label', incoming([spread('rack')]), cluster(times(1), [], times(1), []), ''],
  ['2/1/0/3 over nodes', incoming([spread('node')]), cluster(times(2), times(1), [], times(3)), 'x'],
  ['2/1/0/3 with a skew of two', incoming([spread('node', 2)]), cluster(times(2), times(1), [], times(3)), 'b x'],
  ['2/1/0/3, and it does not match itself', incoming([spread('node')], { bar: '' }), cluster(times(2), times(1), [], times(3)), 'b x'],
  ['nodes it cannot go to do not count', incoming([spread('node')], { foo: '' }, nodesIn('a', 'y')), cluster(times(2), times(1), [], times(3)), 'a b x'],
  ['unless they are to', incoming([spread('node', 1, 'foo', { nodeAffinityPolicy: 'Ignore' })], { foo: '' }, nodesIn('a', 'y')), cluster(times(2), times(1), [], times(3)), 'x'],
  ['Pods that end do not count', incoming([spread('node')]), [on('a', '1', [existing({ foo: '' }, { deletionTimestamp: at(1) })]), on('b', '1', times(1))], 'a'],
  ['fewer domains than it wants', incoming([spread('zone', 1, 'foo', { minDomains: 3 })]), cluster(times(1), [], [], times(1)), ''],
  ['as many domains as it wants', incoming([spread('zone', 1, 'foo', { minDomains: 2 })]), cluster(times(1), [], [], times(1)), 'a b x y'],
  ['zone and node: 3/3 and 2/1/0/3', incoming([spread('zone'), spread('node')]), cluster(times(2), times(1), [], times(3)), 'x'],
  ['zone and node: 3/4 and 2/1/0/4', incoming([spread('zone'), spread('node')]), cluster(times(2), times(1), [], times(4)), ''],
  ['of two labels: 1/0 and 1/0/0/1', incoming([spread('zone'), spread('node', 1, 'bar')], both), cluster(times(1, both), [], [], times(1, { bar: '' })), 'x'],
  ['of two labels: 1/0 and 0/0/1/1', incoming([spread('zone'), spread('node', 1, 'bar')], both), cluster(times(1), [], times(1, { bar: '' }), times(1, { bar: '' })), ''],
  ['of two labels: 2/3 and 1/0/0/1', incoming([spread('zone'), spread('node', 1, 'bar')], both), cluster(times(1, both), times(1), times(2), [...times(1, { bar: '' }), ...times(1)]), 'b'],
  ['of two labels: 1/0 and 0/0/1/1, and it does not match the first', incoming([spread('zone'), spread('node', 1, 'bar')], { bar: '' }), cluster(times(1), [], times(1, { bar: '' }), times(1, { bar: '' })), 'a b'],
])('a Pod may go: %s', (_, wanting, nodes, expected) => {
  const { filter } = plugin.check!(wanting, snapshotOf(nodes));
  expect(nodes.filter((node) => filter!(node) === undefined).map(({ name }) => name).join(' ')).toBe(expected);
});

const soft = (topologyKey: string, maxSkew = 1, label = 'foo'): object => ({ ...spread(topologyKey, maxSkew, label), whenUnsatisfiable: 'ScheduleAnyway' });
const hostname = 'kubernetes.io/hostname';
const hosts = (...counts: number[]): NodeInfo[] => counts.map((count, i) => nodeInfo(`n${i}`, {}, times(count)));
const bars = times(1, { bar: '' });
// Those it cannot go to come last; their Pods count in their zones all the same.
it.each<[string, Pod, NodeInfo[], number[]]>([
  ['no Pods', incoming([soft(hostname)]), hosts(0, 0), [100, 100]],
  ['as many on each host', incoming([soft(hostname)]), hosts(1, 1), [100, 100]],
  ['2/1/0/3', incoming([soft(hostname)]), hosts(2, 1, 0, 3), [20, 60, 100, 0]],
  ['2/1/0/3 without a selector', incoming([{ maxSkew: 1, topologyKey: hostname, whenUnsatisfiable: 'ScheduleAnyway' }]), hosts(2, 1, 0, 3), [100, 100, 100, 100]],
  ['2/1/0/3 with a skew of two', incoming([soft(hostname, 2)]), hosts(2, 1, 0, 3), [33, 66, 100, 16]],
  ['4/3/2/1 with a skew of three', incoming([soft(hostname, 3)]), hosts(4, 3, 2, 1), [44, 66, 77, 100]],
  ['4/2/1/~3~', incoming([soft(hostname)]), hosts(4, 2, 1, 3), [33, 83, 100]],
  ['4/?2?/1/~3~', incoming([soft(hostname)]), hosts(4, 2, 1, 3).map((node, i) => (i === 1 ? nodeInfo('n1', { metadata: { labels: { [hostname]: undefined as never } } }, [...node.pods]) : node)), [16, 0, 100]],
  ['4/2/1/~3~ over zones', incoming([soft('zone')]), cluster(times(4), times(2), times(1), times(3)), [75, 75, 100]],
  ['zone and host: 2/2/~1~/~4~', incoming([soft('zone'), soft(hostname)]), [on('a', '1', times(2)), on('x', '2', times(2)), on('b', '1', times(1)), on('y', '2', times(4))], [100, 63]],
  ['of two labels', incoming([soft('zone'), soft(hostname, 1, 'bar')], both), cluster(times(1), times(1, both), [], [...times(1), ...bars]), [60, 20, 100, 60]],
  ['of two labels, some nodes empty', incoming([soft('zone'), soft(hostname, 1, 'bar')], both), cluster([], bars, times(1), times(1, both)), [100, 60, 40, 0]],
])('a Pod had better go: %s', (_, wanting, nodes, expected) => {
  const feasible = nodes.slice(0, expected.length);
  const check = plugin.check!(wanting, snapshotOf(nodes));
  check.beforeScore!(feasible);
  expect(check.normalize!(feasible.map((node) => check.score!(node)), feasible)).toEqual(expected);
});

it('siblings spread by default as by one constraint, where nodes have no zone', () => {
  expect(scores(plugin, pod({ metadata: { name: 'p', labels: { foo: '' } } }), hosts(4, 3, 2, 1), spreadBy({ foo: '' }))).toEqual([44, 66, 77, 100]);
});

it('siblings spread by default, over nodes whether they have zones or not', () => {
  const wanting = pod({ metadata: { name: 'p', labels: { foo: '' } } });
  const zoned = (name: string, zone: string | undefined, count: number): NodeInfo => nodeInfo(name, { metadata: { labels: zone ? { 'topology.kubernetes.io/zone': zone } : {} } }, times(count));
  // Nodes without a zone are together one more domain: zones weigh ln(2 + 1 + 2).
  const nodes = [zoned('a', 'z1', 6), zoned('b', 'z2', 0), zoned('c', undefined, 1)];
  const raw = ([own, zone]: [number, number | undefined]): number => Math.round(own * Math.log(5) + 2 + (zone === undefined ? 0 : zone * Math.log(5) + 4));
  const [high, low] = [raw([6, 6]), raw([1, undefined])];
  expect(scores(plugin, wanting, nodes, spreadBy({ foo: '' }))).toEqual([[6, 6], [0, 0], [1, undefined]].map((counts) => Math.floor((100 * (high + low - raw(counts as [number, number | undefined]))) / high)));
});
