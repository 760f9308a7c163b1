// Which slices say what Endpoints say.
import { isMirrored, planMirror, type MirrorPlan } from '../../../../master/controllers/endpointslicemirroring/plan.ts';
import type { Endpoints } from '../../../../src/api/core/endpoints.ts';
import type { EndpointSlice } from '../../../../src/api/discovery/endpoint-slice.ts';

const endpoints = (subsets: object[], metadata: object = {}): Endpoints => ({ apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'db', namespace: 'default', uid: 'uid-db', resourceVersion: '1', ...metadata }, subsets }) as unknown as Endpoints;
const ips = (from: number, count: number): object[] => Array.from({ length: count }, (_, i) => ({ ip: `10.0.${(from + i) >> 8}.${(from + i) & 255}` }));
const port = { name: 'sql', port: 5432, protocol: 'TCP' };
let serial = 0;
function carryOut(existing: readonly EndpointSlice[], plan: MirrorPlan): EndpointSlice[] {
  const left = existing.filter((slice) => !plan.remove.includes(slice)).map((slice) => plan.update.find((u) => u.metadata.name === slice.metadata.name) ?? slice);
  return [...left, ...plan.create.map((draft) => ({ ...draft, metadata: { ...draft.metadata, name: `db-${serial++}` } }) as unknown as EndpointSlice)];
}
const settled = (of: Endpoints, from: readonly EndpointSlice[] = []): EndpointSlice[] => carryOut(from, planMirror(of, from));
const counts = ({ create, update, remove }: MirrorPlan): number[] => [create.length, update.length, remove.length];

describe('Endpoints', () => {
  it('become a slice that belongs to them', () => {
    const { create } = planMirror(endpoints([{ addresses: [{ ip: '10.0.0.1', hostname: 'one', nodeName: 'n1' }], notReadyAddresses: [{ ip: '10.0.0.2' }], ports: [port] }], {
      labels: { team: 'a' }, annotations: { note: 'b', 'kubectl.kubernetes.io/last-applied-configuration': '{}', 'endpoints.kubernetes.io/last-change-trigger-time': 'now' },
    }), []);
    expect(create).toEqual([{
      metadata: {
        generateName: 'db-', namespace: 'default', labels: { team: 'a', 'kubernetes.io/service-name': 'db', 'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io' }, annotations: { note: 'b' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Endpoints', name: 'db', uid: 'uid-db', controller: true, blockOwnerDeletion: true }],
      },
      addressType: 'IPv4', ports: [port],
      endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true }, hostname: 'one', nodeName: 'n1' }, { addresses: ['10.0.0.2'], conditions: { ready: false } }],
    }]);
  });
  it('become one slice for each family and set of ports', () => {
    const slices = settled(endpoints([{ addresses: [{ ip: '10.0.0.1' }, { ip: '2001:db8::1' }], ports: [port] }, { addresses: [{ ip: '10.0.0.2' }], ports: [{ port: 80 }] }, { addresses: [{ ip: '10.0.0.3' }], ports: [port] }]));
    expect(slices.map((s) => [s.addressType, s.ports!.map((p) => [p.name, p.port, p.protocol]), s.endpoints!.map((e) => e.addresses[0])])).toEqual([
      ['IPv4', [['sql', 5432, 'TCP']], ['10.0.0.1', '10.0.0.3']], ['IPv6', [['sql', 5432, 'TCP']], ['2001:db8::1']], ['IPv4', [['', 80, 'TCP']], ['10.0.0.2']],
    ]);
  });
  it('cost nothing while they stay as they are, and one write when they change', () => {
    const of = endpoints([{ addresses: ips(1, 3), ports: [port] }]);
    const slices = settled(of);
    expect(counts(planMirror(of, slices))).toEqual([0, 0, 0]);
    expect(counts(planMirror(endpoints([{ addresses: ips(1, 4), ports: [port] }]), slices))).toEqual([0, 1, 0]);
    expect(counts(planMirror(endpoints([{ addresses: ips(1, 2), notReadyAddresses: ips(3, 1), ports: [port] }]), slices))).toEqual([0, 1, 0]);
    expect(counts(planMirror(endpoints([{ addresses: ips(1, 3), ports: [port] }], { labels: { a: 'b' } }), slices))).toEqual([0, 1, 0]);
    expect(counts(planMirror(endpoints([{ addresses: ips(1, 3), ports: [port] }], { annotations: { a: 'b' } }), slices))).toEqual([0, 1, 0]);
    expect(counts(planMirror(endpoints([]), slices))).toEqual([0, 0, 1]);
  });
  it('that change their ports use their slice again', () => {
    const slices = settled(endpoints([{ addresses: ips(1, 3), ports: [port] }]));
    const plan = planMirror(endpoints([{ addresses: ips(1, 3), ports: [{ ...port, port: 5433 }] }]), slices);
    expect(counts(plan)).toEqual([0, 1, 0]);
    expect(carryOut(slices, plan).map((s) => [s.metadata.name, s.ports![0]!.port])).toEqual([[slices[0]!.metadata.name, 5433]]);
  });
  it('need no second slice of the same', () => {
    const [slice] = settled(endpoints([{ addresses: ips(1, 3), ports: [port] }]));
    expect(counts(planMirror(endpoints([{ addresses: ips(1, 3), ports: [port] }]), [slice!, { ...slice!, metadata: { ...slice!.metadata, name: 'again' } }]))).toEqual([0, 0, 1]);
  });
  it('that go make nothing more', () => { expect(counts(planMirror(endpoints([{ addresses: ips(1, 1) }], { deletionTimestamp: '2026-01-01T00:00:00Z' }), []))).toEqual([0, 0, 0]); });
  // upstream: reconciler_test.go, with 1,000 addresses a subset
  it.each<[string, object[], [number, number, number]]>([
    ['as many as fit', [{ addresses: ips(0, 600), notReadyAddresses: ips(600, 400) }], [1000, 0, 0]],
    ['more', [{ addresses: ips(0, 1200), notReadyAddresses: ips(1200, 10) }], [1000, 0, 210]],
    ['what is no address', [{ addresses: [{ ip: 'x' }, ...ips(0, 2)] }], [2, 1, 1]],
  ])('of %s addresses', (_, subsets, expected) => {
    const plan = planMirror(endpoints(subsets), []);
    expect([(plan.create[0]!.endpoints as unknown[]).length, plan.invalid, plan.skipped]).toEqual(expected);
  });
  it.each<[object, boolean]>([
    [{}, true], [{ labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }, false], [{ labels: { 'endpointslice.kubernetes.io/skip-mirror': 'no' } }, true], [{ annotations: { 'control-plane.alpha.kubernetes.io/leader': '' } }, false],
  ])('with %j are mirrored: %s', (metadata, mirrored) => { expect(isMirrored(endpoints([], metadata))).toBe(mirrored); });
});
