// Each scheduler plugin by a table: what it filters, its words and its scores.
import { interPodAffinityDefaults, interPodAffinityWith } from '../../../../master/scheduler/plugins/inter-pod-affinity.ts';
import { imageForms, imageLocality } from '../../../../master/scheduler/plugins/image-locality.ts';
import { nodeAffinityWith } from '../../../../master/scheduler/plugins/node-affinity.ts';
import { balance } from '../../../../master/scheduler/plugins/node-resources-balanced-allocation.ts';
import { nodeResourcesFitDefaults } from '../../../../master/scheduler/plugins/node-resources-fit.ts';
import { scorerOf } from '../../../../master/scheduler/plugins/node-resources-scoring.ts';
import { podTopologySpreadDefaults, podTopologySpreadWith } from '../../../../master/scheduler/plugins/pod-topology-spread.ts';
import { taintToleration } from '../../../../master/scheduler/plugins/taint-toleration.ts';
import { requestsOf } from '../../../../master/scheduler/resources.ts';
import type { Pod } from '../../../../src/api/core/pod.ts';
import type { Draft } from '../../../../src/client/client.ts';
import { pod } from '../controllers/objects.ts';
import { asking, nodeInfo, place, scores, spreadBy } from './cluster.ts';

const [interPodAffinity, nodeAffinity, podTopologySpread] = [interPodAffinityWith(interPodAffinityDefaults), nodeAffinityWith({}), podTopologySpreadWith(podTopologySpreadDefaults)];
const leastAllocated = scorerOf(nodeResourcesFitDefaults.scoringStrategy);
const no = (reason: string, helpful = false, nodes = 1): string =>
  `0/${nodes} nodes are available: ${nodes} ${reason}. preemption: 0/${nodes} nodes are available: ${nodes} ${helpful ? 'No preemption victims found for incoming pod' : 'Preemption is not helpful for scheduling'}.`;
const spec = (s: object): Pod => pod({ metadata: { name: 'p' }, spec: s } as Draft<Pod>);
const zone = (name: string, z: string, pods: readonly Pod[] = []) => nodeInfo(name, { metadata: { labels: { 'topology.kubernetes.io/zone': z } } }, pods);

describe('why a node does not suit', () => {
  const busy = asking('busy', { cpu: '3', memory: '7Gi' });
  it.each<[string, Pod, ReturnType<typeof nodeInfo>, string]>([
    ['cordoned', spec({}), nodeInfo('n', { spec: { unschedulable: true } }), no('node(s) were unschedulable')],
    ['another name', spec({ nodeName: 'm' }), nodeInfo('n'), no("node(s) didn't match the requested node name")],
    ['a taint', spec({}), nodeInfo('n', { spec: { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] } }), no('node(s) had untolerated taint {k: v}')],
    ['a taint without value', spec({}), nodeInfo('n', { spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } }), no('node(s) had untolerated taint {k: }')],
    ['the node selector', spec({ nodeSelector: { disk: 'ssd' } }), nodeInfo('n'), no("node(s) didn't match Pod's node affinity/selector")],
    ['a host port', spec({ containers: [{ name: 'c', ports: [{ hostPort: 80, containerPort: 80 }] }] }), nodeInfo('n', {}, [spec({ containers: [{ name: 'c', ports: [{ hostPort: 80, hostIP: '10.0.0.1', containerPort: 80 }] }] })]), no("node(s) didn't have free ports for the requested pod ports", true)],
    ['no cpu left', asking('p', { cpu: '2' }), nodeInfo('n', {}, [busy]), no('Insufficient cpu', true)],
    ['more than it has', asking('p', { cpu: '5' }), nodeInfo('n'), no('Insufficient cpu')],
    ['Pods', spec({}), nodeInfo('n', { status: { allocatable: { pods: '1' } } }, [busy]), no('Too many pods', true)],
    ['an unknown resource', asking('p', { 'example.com/gpu': '1' }), nodeInfo('n'), no('Insufficient example.com/gpu')],
  ])('%s', (_, p, n, expected) => { expect(place(p, [n])).toBe(expected); });

  it('sums up over nodes, each with its first reason, sorted', () => {
    const taint = nodeInfo('a', { spec: { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] } });
    expect(place(asking('p', { cpu: '2', memory: '2Gi' }), [taint, nodeInfo('b', {}, [busy]), nodeInfo('c', {}, [busy])]))
      .toBe('0/3 nodes are available: 1 node(s) had untolerated taint {k: v}, 2 Insufficient cpu, 2 Insufficient memory. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.');
    expect(place(spec({}), [])).toBe('no nodes available to schedule pods');
    expect(place(asking('p', { cpu: '5' }, { spec: { preemptionPolicy: 'Never' } } as Draft<Pod>), [nodeInfo('n')])).toBe('0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.');
  });
  it('tolerations open tainted and cordoned nodes', () => {
    expect(place(spec({ tolerations: [{ operator: 'Exists' }] }), [nodeInfo('n', { spec: { unschedulable: true, taints: [{ key: 'k', effect: 'NoSchedule' }] } })])).toBe('n');
    expect(place(spec({ tolerations: [{ key: 'k', value: 'v' }] }), [nodeInfo('n', { spec: { taints: [{ key: 'k', value: 'w', effect: 'NoSchedule' }] } })])).toContain('untolerated');
  });
});

describe('requests', () => {
  it('add up over containers; init containers count by their peak, sidecars beside the rest', () => {
    const c = (cpu: string, extra: object = {}) => ({ name: cpu, resources: { requests: { cpu } }, ...extra });
    const of = (s: object) => requestsOf(spec(s)).exact['cpu'];
    expect(of({ containers: [c('100m'), c('200m')] })).toBe(300);
    expect(of({ containers: [c('100m')], initContainers: [c('500m'), c('300m')] })).toBe(500);
    expect(of({ containers: [c('100m')], initContainers: [c('50m', { restartPolicy: 'Always' }), c('300m')] })).toBe(350);
    expect(of({ containers: [c('100m')], overhead: { cpu: '20m' } })).toBe(120);
  });
  it('are assumed for containers that ask for nothing, in scores only', () => {
    const resized = (status: object) => requestsOf({ ...spec({ containers: [{ name: 'a', resources: { requests: { cpu: '3' } } }] }), status } as never).exact['cpu'];
    const has = { containerStatuses: [{ name: 'a', allocatedResources: { cpu: '2' }, resources: { requests: { cpu: '1' } } }] };
    expect([resized({}), resized(has), resized({ ...has, conditions: [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible' }] }), resized({ containerStatuses: [{ ...has.containerStatuses[0], allocatedResources: { cpu: '4' } }] })]).toEqual([3000, 3000, 2000, 4000]);
    expect(requestsOf(spec({ containers: [{ name: 'a' }, { name: 'b', resources: { requests: { cpu: '1' } } }] }))).toEqual({ exact: { cpu: 1000 }, assumed: { cpu: 1100, memory: 400 * 1024 * 1024 } });
  });
});

describe('scores', () => {
  it('prefer the emptier node', () => {
    // upstream: noderesources/least_allocated_test.go: (4000-3000)/4000 → 25, (10000-5000)/10000 → 50: 37
    const info = nodeInfo('n', { status: { allocatable: { cpu: '4', memory: '10000' } } });
    expect(leastAllocated({ cpu: 3000, memory: 5000 }, info)).toBe(37);
    expect(place(asking('p', { cpu: '100m' }), [nodeInfo('full', {}, [asking('x', { cpu: '3', memory: '6Gi' })]), nodeInfo('empty')])).toBe('empty');
  });
  it('prefer balance', () => {
    const info = nodeInfo('n', { status: { allocatable: { cpu: '10', memory: '10000' } } });
    expect(balance({ cpu: 5000, memory: 3000 }, info, ['cpu', 'memory'])).toBe(90);
    expect(balance({ cpu: 3000, memory: 3000 }, info, ['cpu', 'memory'])).toBe(100);
  });
  it('count soft taints against a node', () => {
    const taint = (n: number) => nodeInfo(`n${n}`, { spec: { taints: Array.from({ length: n }, (_, i) => ({ key: `k${i}`, effect: 'PreferNoSchedule' })) } });
    expect(scores(taintToleration, spec({}), [taint(0), taint(1), taint(2)])).toEqual([100, 50, 0]);
  });
  it('count preferred node affinity', () => {
    const preferred = (weight: number, value: string) => ({ weight, preference: { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [value] }] } });
    const p = spec({ affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [preferred(10, 'a'), preferred(20, 'b')] } } });
    expect(scores(nodeAffinity, p, [nodeInfo('a'), nodeInfo('b'), nodeInfo('c')])).toEqual([50, 100, 0]);
  });
  it('prefer nodes that have large images', () => {
    const having = (name: string, sizeBytes: number) => nodeInfo(name, { status: { images: [{ names: ['docker.io/library/nginx:latest'], sizeBytes }] } });
    expect(scores(imageLocality, spec({ containers: [{ name: 'c', image: 'nginx' }] }), [having('a', 1000 * 1024 * 1024), nodeInfo('b')])).toEqual([48, 0]);
    expect(imageForms('registry:5000/a:1')).toEqual(['registry:5000/a:1']);
  });
});

describe('required node affinity', () => {
  const affine = (terms: object[]): Pod => spec({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } } });
  const nodes = [nodeInfo('a', { metadata: { labels: { cores: '4' } } }), nodeInfo('b', { metadata: { labels: { cores: '16' } } })];
  it.each<[string, object[], string]>([
    ['Gt', [{ matchExpressions: [{ key: 'cores', operator: 'Gt', values: ['8'] }] }], 'b'],
    ['any of several terms', [{ matchExpressions: [{ key: 'x', operator: 'Exists' }] }, { matchExpressions: [{ key: 'cores', operator: 'In', values: ['4'] }] }], 'a'],
    ['a field', [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['b'] }] }], 'b'],
    ['an empty term matches nothing', [{}], no("node(s) didn't match Pod's node affinity/selector", false, 2)],
  ])('%s', (_, terms, expected) => { expect(place(affine(terms), nodes)).toBe(expected); });
});

describe('spreading', () => {
  const web = (name: string): Pod => pod({ metadata: { name, labels: { app: 'web' } } });
  const constrained = (extra: object = {}): Pod => pod({
    metadata: { name: 'p', labels: { app: 'web' } },
    spec: { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'web' } }, ...extra }] },
  } as Draft<Pod>);
  const nodes = [zone('a', 'z1', [web('1'), web('2')]), zone('b', 'z2', [web('3')])];

  it('by demand goes only where the skew stays small', () => {
    expect(place(constrained(), nodes)).toBe('b');
    expect(place(constrained(), [zone('a', 'z1', [web('1'), web('2')]), zone('b', 'z2', [])].map((n) => (n.name === 'b' ? nodeInfo('b', { metadata: { labels: n.labels }, spec: { unschedulable: true } }) : n))))
      .toBe("0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) were unschedulable. preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.");
    expect(place(constrained(), [nodeInfo('n')])).toBe(no("node(s) didn't match pod topology spread constraints (missing required label)"));
    expect(place(constrained({ minDomains: 3 }), nodes)).toContain("2 node(s) didn't match pod topology spread constraints");
  });
  it('counts only Pods that share the keys', () => {
    const v2 = constrained({ matchLabelKeys: ['v'] });
    const other = { ...v2, metadata: { ...v2.metadata, labels: { app: 'web', v: '2' } } };
    expect(place(other, [nodes[0]!])).toBe('a');
    expect(scores(podTopologySpread, { ...other, spec: { ...other.spec, topologySpreadConstraints: [{ ...other.spec.topologySpreadConstraints![0]!, whenUnsatisfiable: 'ScheduleAnyway' }] } } as Pod, nodes)).toEqual([100, 100]);
  });
  it('by default spreads siblings over nodes', () => {
    const sibling = pod({ metadata: { name: 'p', labels: { app: 'web' } } });
    expect(scores(podTopologySpread, sibling, nodes, spreadBy({ app: 'web' }))[1]).toBe(100);
    expect(place(sibling, nodes, spreadBy({ app: 'web' }))).toBe('b');
    expect(scores(podTopologySpread, sibling, nodes)).toEqual([0, 0]);
  });
});

describe('affinity between Pods', () => {
  const term = (app: string, topologyKey = 'topology.kubernetes.io/zone') => ({ labelSelector: { matchLabels: { app } }, topologyKey });
  const wanting = (labels: Record<string, string>, affinity: object): Pod => pod({ metadata: { name: 'p', labels }, spec: { affinity } } as Draft<Pod>);
  const db = pod({ metadata: { name: 'db', labels: { app: 'db' } } });
  const nodes = [zone('a', 'z1', [db]), zone('b', 'z1'), zone('c', 'z2')];

  it('near, away, and as others demand', () => {
    const near = wanting({}, { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('db')] } });
    expect(['a', 'b']).toContain(place(near, nodes));
    expect(place(near, [zone('c', 'z2')])).toBe(no("node(s) didn't match pod affinity rules"));
    const away = wanting({}, { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('db')] } });
    expect(place(away, nodes)).toBe('c');
    expect(place(away, [nodes[0]!])).toBe(no("node(s) didn't match pod anti-affinity rules", true));
    const shy = wanting({ app: 'shy' }, { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('web')] } });
    expect(place(pod({ metadata: { name: 'w', labels: { app: 'web' } } }), [zone('a', 'z1', [shy])])).toBe(no("node(s) didn't satisfy existing pods anti-affinity rules", true));
  });
  it('the first of a group may go anywhere', () => { expect(place(wanting({ app: 'g' }, { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('g')] } }), [zone('c', 'z2')])).toBe('c'); });
  it('other namespaces count only when named or selected', () => {
    const there = pod({ metadata: { name: 'x', namespace: 'other', labels: { app: 'db' } } });
    const away = (extra: object) => wanting({}, { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...term('db'), ...extra }] } });
    const on = [zone('a', 'z1', [there])];
    expect(place(away({}), on)).toBe('a');
    expect(place(away({ namespaces: ['other'] }), on)).toContain('anti-affinity');
    expect(place(away({ namespaceSelector: { matchLabels: { team: 'x' } } }), on, { namespaceLabels: () => ({ team: 'x' }) })).toContain('anti-affinity');
  });
  it('as a wish', () => {
    const wish = wanting({}, { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 5, podAffinityTerm: term('db', 'kubernetes.io/hostname') }] } });
    expect(scores(interPodAffinity, wish, nodes)).toEqual([100, 0, 0]);
  });
});
