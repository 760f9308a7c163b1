// Which Pods become endpoints of a Service, and in which slices.
import fc from 'fast-check';
import { planSubsets } from '../../../../master/controllers/endpoints/plan.ts';
import { planSlices, type SlicePlan } from '../../../../master/controllers/endpointslice/plan.ts';
import { zoneRatios } from '../../../../master/controllers/endpointslice/topology-hints.ts';
import { TriggerTimes } from '../../../../master/controllers/trigger-times.ts';
import { targetPortIn } from '../../../../master/controllers/service-pods.ts';
import type { Pod } from '../../../../src/api/core/pod.ts';
import type { Service } from '../../../../src/api/core/service.ts';
import type { EndpointSlice } from '../../../../src/api/discovery/endpoint-slice.ts';
import { at, node, pod, service } from './objects.ts';

const backend = (n: number, extra: Parameters<typeof pod>[0] = {}): Pod =>
  pod({ ready: 1, ...extra, metadata: { name: `p${n}`, labels: { app: 'web' }, ...extra.metadata }, status: { podIP: `10.42.${n >> 8}.${n & 255}`, ...extra.status } });
let serial = 0;
/** What the API would hold after the plan's writes. */
function carryOut(existing: readonly EndpointSlice[], plan: SlicePlan): EndpointSlice[] {
  const gone = new Set(plan.remove.map((s) => s.metadata.name));
  const kept = existing.filter((s) => !gone.has(s.metadata.name)).map((s) => plan.update.find((u) => u.metadata.name === s.metadata.name) ?? s);
  return [...kept, ...plan.create.map((draft) => ({ ...draft, metadata: { ...draft.metadata, name: `web-${serial++}`, resourceVersion: '1', uid: String(serial) } }) as unknown as EndpointSlice)];
}
const slicesFor = (svc: Service, pods: readonly Pod[], existing: readonly EndpointSlice[] = [], nodes: Record<string, ReturnType<typeof node>> = {}) => planSlices(svc, pods, (name) => nodes[name], existing, () => zoneRatios(Object.values(nodes) as never));
const settled = (svc: Service, pods: readonly Pod[], from: readonly EndpointSlice[] = []): EndpointSlice[] => carryOut(from, slicesFor(svc, pods, from));

describe('an endpoint', () => {
  const endpoint = (p: Pod, svc = service(), nodes = {}) => (slicesFor(svc, [p], [], nodes).create[0]!.endpoints as unknown[])[0];
  it('says where a Pod is and what it is', () => {
    const p = backend(5, { spec: { nodeName: 'n1', hostname: 'db', subdomain: 'web' } });
    expect(endpoint(p, service(), { n1: node({ metadata: { labels: { 'topology.kubernetes.io/zone': 'z1' } } }) })).toEqual({
      addresses: ['10.42.0.5'], conditions: { ready: true, serving: true, terminating: false }, hostname: 'db', nodeName: 'n1', zone: 'z1',
      targetRef: { kind: 'Pod', namespace: 'default', name: 'p5', uid: 'uid-p5' },
    });
  });
  it.each<[string, Pod, boolean, object]>([
    ['ready', backend(1), false, { ready: true, serving: true, terminating: false }],
    ['not ready', pod({ metadata: { name: 'p' }, status: { podIP: '10.0.0.1' } }), false, { ready: false, serving: false, terminating: false }],
    ['ending but ready', backend(1, { metadata: { deletionTimestamp: at(1) } }), false, { ready: false, serving: true, terminating: true }],
    ['not ready but published', pod({ metadata: { name: 'p' }, status: { podIP: '10.0.0.1' } }), true, { ready: true, serving: false, terminating: false }],
  ])('%s', (_, p, publishNotReadyAddresses, conditions) => { expect(endpoint(p, service({ spec: { publishNotReadyAddresses } }))).toMatchObject({ conditions }); });
});

describe('hints', () => {
  const nodes = { n1: node({ metadata: { name: 'n1', labels: { 'topology.kubernetes.io/zone': 'z1' } } }), n2: node({ metadata: { name: 'n2' } }) };
  const close = (spec: object = {}): Service => service({ spec: { trafficDistribution: 'PreferClose', ...spec } } as never);
  it.each<[string, Service, Pod, string | undefined]>([
    ['the zone a ready Pod is in', close(), backend(1, { spec: { nodeName: 'n1' } }), 'z1'],
    ['none without trafficDistribution', service(), backend(1, { spec: { nodeName: 'n1' } }), undefined],
    ['none where a node has no zone', close(), backend(1, { spec: { nodeName: 'n2' } }), undefined],
    ['none of a Pod that ends', close(), backend(1, { metadata: { deletionTimestamp: at(1) }, spec: { nodeName: 'n1' } }), undefined],
    ['the zone of a Pod that is published before it is ready', close({ publishNotReadyAddresses: true }), pod({ metadata: { name: 'p' }, spec: { nodeName: 'n1' }, status: { podIP: '10.0.0.1' } }), 'z1'],
  ])('%s', (_, svc, p, zone) => {
    expect(slicesFor(svc, [p], [], nodes).create[0]!.endpoints![0]!.hints).toEqual(zone === undefined ? undefined : { forZones: [{ name: zone }] });
  });
  it('come and go with the wish', () => {
    const p = backend(1, { spec: { nodeName: 'n1' } });
    const before = carryOut([], slicesFor(service(), [p], [], nodes));
    const hinted = carryOut(before, slicesFor(close(), [p], before, nodes));
    expect(hinted[0]!.endpoints![0]!.hints).toEqual({ forZones: [{ name: 'z1' }] });
    expect(carryOut(hinted, slicesFor(service(), [p], hinted, nodes))[0]!.endpoints![0]!.hints).toBeUndefined();
  });
});

describe('topology-aware hints', () => {
  const located = (name: string, zone: string | undefined, cpu = '4') => node({ metadata: { name, labels: zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone } }, status: { allocatable: { cpu }, conditions: [{ type: 'Ready', status: 'True' }] } } as never);
  const nodes = { n1: located('n1', 'a'), n2: located('n2', 'b') };
  const auto = (annotations: object = { 'service.kubernetes.io/topology-mode': 'Auto' }): Service => service({ metadata: { annotations }, spec: { trafficDistribution: 'PreferClose' } } as never);
  const on = (...names: string[]): Pod[] => names.map((nodeName, i) => backend(i + 1, { spec: { nodeName } }));
  const hintsOf = (slices: readonly EndpointSlice[]): string[] => slices.flatMap((slice) => (slice.endpoints ?? []).map((endpoint) => (endpoint.hints?.forZones ?? []).map(({ name }) => name).join())).sort();

  it.each<[string, Service, Pod[], Record<string, ReturnType<typeof node>>, string[], string[]]>([
    ['the own zones where they have their share', auto(), on('n1', 'n2'), nodes, ['a', 'b'], ['Normal TopologyAwareHintsEnabled: Topology Aware Hints has been enabled, addressType: IPv4']],
    ['another zone, which lacks endpoints', auto(), on('n1', 'n1', 'n1', 'n2'), nodes, ['a', 'a', 'b', 'b'], ['Normal TopologyAwareHintsEnabled: Topology Aware Hints has been enabled, addressType: IPv4']],
    ['the older annotation', auto({ 'service.kubernetes.io/topology-aware-hints': 'auto' }), on('n1', 'n1', 'n1', 'n2'), nodes, ['a', 'a', 'b', 'b'], ['Normal TopologyAwareHintsEnabled: Topology Aware Hints has been enabled, addressType: IPv4']],
    ['none of that where it is switched off', auto({ 'service.kubernetes.io/topology-mode': 'Disabled', 'service.kubernetes.io/topology-aware-hints': 'Auto' }), on('n1', 'n1', 'n1', 'n2'), nodes, ['a', 'a', 'a', 'b'], []],
    ['none for fewer endpoints than zones', auto(), on('n1'), nodes, [''], ['Warning TopologyAwareHintsDisabled: Insufficient number of endpoints (1 endpoints, 2 zones), addressType: IPv4']],
    ['none where shares are too unequal', auto(), on('n1', 'n1', 'n2'), nodes, ['', '', ''], ['Warning TopologyAwareHintsDisabled: Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (3 endpoints, 2 zones), addressType: IPv4']],
    ['none where a node has no zone', auto(), on('n1', 'n2'), { ...nodes, n3: located('n3', undefined) }, ['', ''], ['Warning TopologyAwareHintsDisabled: Insufficient Node information: allocatable CPU or zone not specified on one or more nodes, addressType: IPv4']],
    ['none where an endpoint has no zone', auto(), on('n1', 'n2', 'gone', 'gone'), nodes, ['', '', '', ''], ['Warning TopologyAwareHintsDisabled: One or more endpoints do not have a zone specified, addressType: IPv4']],
  ])('%s', (_, svc, pods, where, hints, events) => {
    const plan = slicesFor(svc, pods, [], where);
    expect([hintsOf(carryOut([], plan)), plan.events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`)]).toEqual([hints, events]);
  });
  it('stay while they fit, move when they do not, and go when there can be none', () => {
    const pods = on('n1', 'n1', 'n1', 'n2');
    const first = carryOut([], slicesFor(auto(), pods, [], nodes));
    const again = slicesFor(auto(), pods, first, nodes);
    expect([again.create, again.update, again.remove, again.events]).toEqual([[], [], [], []]);
    const grown = { ...nodes, n3: located('n3', 'c', '8') };
    const wider = carryOut(first, slicesFor(auto(), pods, first, grown));
    expect(hintsOf(wider)).toEqual(['a', 'b', 'c', 'c']);
    const alone = slicesFor(auto(), pods, wider, { n1: nodes.n1 });
    expect([hintsOf(carryOut(wider, alone)), alone.events[0]?.type]).toEqual([['', '', '', ''], 'Warning']);
    expect(hintsOf(carryOut(wider, slicesFor(auto({}), pods, wider, nodes)))).toEqual(['a', 'a', 'a', 'b']);
  });
  it('are told to have gone with the annotation, and only when they were such', () => {
    const pods = on('n1', 'n2');
    const told = (svc: Service, had?: boolean) => planSlices(svc, pods, (name) => nodes[name as 'n1'], [], () => zoneRatios(Object.values(nodes)), had).events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
    const [gone, enabled] = [['Warning TopologyAwareHintsDisabled: Topology Aware Hints has been disabled, addressType: IPv4'], ['Normal TopologyAwareHintsEnabled: Topology Aware Hints has been enabled, addressType: IPv4']];
    expect([told(auto({}), true), told(auto({}), false), told(auto({})), told(auto(), true), told(auto(), false)]).toEqual([gone, [], [], [], enabled]);
  });
  it('of both kinds of addresses are told once', () => {
    const both = (annotations?: object): Service => { const svc = auto(annotations); return { ...svc, spec: { ...svc.spec, ipFamilies: ['IPv6', 'IPv4'] } } as Service; };
    const pods = on('n1', 'n2').map((p, i) => ({ ...p, status: { ...p.status, podIPs: [{ ip: `10.42.0.${i + 1}` }, { ip: `fd00::${i + 1}` }] } }) as Pod);
    const plan = (svc: Service, had: boolean) => planSlices(svc, pods, (name) => nodes[name as 'n1'], [], () => zoneRatios(Object.values(nodes)), had);
    expect([plan(both(), false), plan(both(), true), plan(both({}), true)].map(({ hints, events }) => [hints, events.map(({ message }) => message)])).toEqual([
      [true, ['Topology Aware Hints has been enabled, addressType: IPv6']], [true, []], [false, ['Topology Aware Hints has been disabled, addressType: IPv6']]]);
  });
  it('for any nodes and Pods: every ready endpoint has one or none has, and a plan carried out has nothing left to do', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 16 })), { minLength: 1, maxLength: 6 }), fc.array(fc.nat(), { maxLength: 130 }), (shapes, places) => {
      const where = Object.fromEntries(shapes.map(([zone, cpu], i) => [`n${i}`, located(`n${i}`, zone, String(cpu))]));
      const pods = places.map((place, i) => backend(i + 1, { spec: { nodeName: `n${place % shapes.length}` } }));
      const slices = carryOut([], slicesFor(auto(), pods, [], where));
      const hints = hintsOf(slices);
      expect(hints.every((hint) => hint === '') || hints.every((hint) => hint !== '')).toBe(true);
      const left = slicesFor(auto(), pods, slices, where);
      expect([left.create.length, left.update.length, left.remove.length]).toEqual([0, 0, 0]);
    }));
  });
});

describe('ports', () => {
  const containers = [{ name: 'c', ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }, { name: 'dns', containerPort: 53, protocol: 'UDP' }] }];
  it.each([['http', 'TCP', 8080], ['dns', 'UDP', 53], ['dns', 'TCP', undefined], ['none', 'TCP', undefined], [9000, 'TCP', 9000]])('%s/%s', (targetPort, protocol, expected) => {
    expect(targetPortIn(pod({ spec: { containers } as never }), { port: 80, targetPort, protocol } as never)).toBe(expected);
  });
  it('of a sidecar count too', () => {
    expect(targetPortIn(pod({ spec: { initContainers: [{ name: 's', restartPolicy: 'Always', ports: [{ name: 'm', containerPort: 9 }] }] } as never }), { port: 80, targetPort: 'm', protocol: 'TCP' } as never)).toBe(9);
  });
  it('that differ between Pods make separate slices', () => {
    const svc = service({ spec: { ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP', appProtocol: 'http' }] } });
    const on = (n: number, port: number): Pod => backend(n, { spec: { containers: [{ name: 'c', ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }] }] } as never });
    const slices = settled(svc, [on(1, 80), on(2, 8080), on(3, 80)]);
    expect(slices.map((s) => [s.ports![0]!.port, s.endpoints!.length]).sort()).toEqual([[80, 2], [8080, 1]]);
    expect(slices[0]!.ports![0]).toEqual({ name: 'http', port: 80, protocol: 'TCP', appProtocol: 'http' });
  });
});

describe('slices', () => {
  it('hold at most 100, belong to the Service and carry its labels', () => {
    const { create } = slicesFor(service({ metadata: { labels: { team: 'a' } } }), Array.from({ length: 250 }, (_, i) => backend(i)));
    expect(create.map((s) => (s.endpoints as unknown[]).length)).toEqual([100, 100, 50]);
    expect(create[0]!.metadata).toMatchObject({
      generateName: 'web-', labels: { team: 'a', 'kubernetes.io/service-name': 'web', 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 'web', controller: true, blockOwnerDeletion: true }],
    });
  });
  it('of a headless Service say so', () => { expect(slicesFor(service({ spec: { clusterIP: 'None' } }), []).create[0]!.metadata!.labels).toHaveProperty(['service.kubernetes.io/headless'], ''); });
  it('stay when nothing changed; one change writes one slice', () => {
    const pods = Array.from({ length: 150 }, (_, i) => backend(i));
    const slices = settled(service(), pods);
    expect(slicesFor(service(), pods, slices)).toEqual({ create: [], update: [], remove: [], hints: false, events: [] });
    const ending = pods.map((p, i) => (i === 7 ? backend(7, { metadata: { deletionTimestamp: at(1) } }) : p));
    const plan = slicesFor(service(), ending, slices);
    expect([plan.create.length, plan.update.length, plan.remove.length]).toEqual([0, 1, 0]);
  });
  it('a new Pod fills the fullest slice with room', () => {
    const slices = settled(service(), Array.from({ length: 150 }, (_, i) => backend(i)));
    const plan = slicesFor(service(), Array.from({ length: 151 }, (_, i) => backend(i)), slices);
    expect(plan.create).toEqual([]);
    expect(plan.update.map((s) => s.endpoints!.length)).toEqual([51]);
  });
  it('an empty Service keeps one empty slice, which is filled later', () => {
    const empty = settled(service(), []);
    expect(empty).toHaveLength(1);
    expect(slicesFor(service(), [], empty)).toEqual({ create: [], update: [], remove: [], hints: false, events: [] });
    const plan = slicesFor(service(), [backend(1)], empty);
    expect([plan.create.length, plan.update.length, plan.remove.length]).toEqual([0, 1, 0]);
  });
  it('end up with each Pod once, by few writes, whatever came before', () => {
    const numbers = fc.uniqueArray(fc.nat(320), { maxLength: 320 });
    fc.assert(fc.property(numbers, numbers, (before, after) => {
      const first = settled(service(), before.map((n) => backend(n)));
      const plan = slicesFor(service(), after.map((n) => backend(n)), first);
      const slices = carryOut(first, plan);
      const addresses = slices.flatMap((s) => s.endpoints ?? []).flatMap((e) => e.addresses);
      expect([...addresses].sort()).toEqual(after.map((n) => `10.42.${n >> 8}.${n & 255}`).sort());
      expect(slices.every((s) => (s.endpoints?.length ?? 0) <= 100)).toBe(true);
      expect(slices.length).toBeGreaterThan(0);
      expect(plan.create.length > 0 && plan.remove.length > 0).toBe(false);
    }), { numRuns: 60 });
  });
});

describe('Endpoints', () => {
  it('list ready and other Pods apart, by ports', () => {
    const notReady = pod({ metadata: { name: 'p3', labels: { app: 'web' } }, status: { podIP: '10.42.0.3' } });
    const ending = backend(4, { metadata: { deletionTimestamp: at(1) } });
    const { subsets } = planSubsets(service(), [backend(2), backend(1), notReady, ending]);
    expect(subsets).toEqual([{
      addresses: [expect.objectContaining({ ip: '10.42.0.1' }), expect.objectContaining({ ip: '10.42.0.2' })], notReadyAddresses: [expect.objectContaining({ ip: '10.42.0.3' })], ports: [{ port: 8080, protocol: 'TCP' }],
    }]);
  });
  it('of a Service without ports have addresses only', () => {
    expect(planSubsets(service({ spec: { clusterIP: 'None', ports: [] } }), [backend(1)]).subsets).toEqual([{ addresses: [expect.objectContaining({ ip: '10.42.0.1' })] }]);
  });
  it('stop at a thousand and say so', () => {
    const { subsets, truncated } = planSubsets(service(), Array.from({ length: 1001 }, (_, i) => backend(i)));
    expect([subsets[0]!.addresses!.length, truncated]).toEqual([1000, true]);
  });
  // upstream: TestTruncateEndpoints; the named port leads to two numbers, so that there are two subsets
  it.each<[string, [number, number][], [number, number][], boolean]>([
    ['all have room', [[600, 200], [200, 0]], [[600, 200], [200, 0]], false],
    ['too many ready in one', [[1001, 0]], [[1000, 0]], true],
    ['ready before others', [[1100, 100]], [[1000, 0]], true],
    ['others take what room is left', [[900, 600]], [[900, 100]], true],
    ['each subset its share of ready', [[300, 0], [800, 20]], [[273, 0], [727, 0]], true],
    ['each subset its share of others', [[100, 300], [800, 900]], [[100, 25], [800, 75]], true],
  ])('%s', (_, given, expected, cut) => {
    let n = 0;
    const named = service({ spec: { ports: [{ port: 80, targetPort: 'http', protocol: 'TCP' }] } as never });
    const all = given.flatMap(([ready, notReady], i) => Array.from({ length: ready + notReady }, (_value, k) => {
      const one = backend(n++, { spec: { containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 + i }] }] } });
      return k < ready ? one : { ...one, status: { ...one.status, conditions: [] } };
    }));
    const { subsets, truncated } = planSubsets(named, all);
    expect([subsets.map(({ addresses = [], notReadyAddresses = [] }) => [addresses.length, notReadyAddresses.length]), truncated]).toEqual([expected, cut]);
  });
});

// upstream: trigger_time_tracker_test.go
describe('the time of the last change', () => {
  const svc = service({ metadata: { creationTimestamp: at(100) } });
  const ready = (n: number, seconds: number): Pod => backend(n, { ready: seconds });
  it.each<[string, Pod[][], (string | undefined)[]]>([
    ['a new Service has its own', [[ready(1, 80)]], [at(100)]],
    ['a Pod that is new', [[ready(1, 80)], [ready(1, 80), ready(2, 110)]], [at(100), at(110)]],
    ['a Pod that changed', [[ready(1, 80)], [ready(1, 120)]], [at(100), at(120)]],
    ['the earliest of several', [[], [ready(1, 125), ready(2, 120), ready(3, 130)]], [at(100), at(120)]],
    ['nothing changed', [[ready(1, 80)], [ready(1, 80)]], [at(100), undefined]],
    ['a Pod that went says no time', [[ready(1, 80), ready(2, 90)], [ready(1, 80)]], [at(100), undefined]],
    ['a Pod without a condition', [[], [pod({ metadata: { name: 'p9' } })]], [at(100), undefined]],
  ])('%s', (_, looks, expected) => {
    const times = new TriggerTimes();
    expect(looks.map((pods) => times.changed('default/web', svc, pods))).toEqual(expected);
    times.forget('default/web');
    expect(times.changed('default/web', svc, [])).toBe(at(100));
  });
});
