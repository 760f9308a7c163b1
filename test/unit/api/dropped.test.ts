// What a write leaves out without a word, or says in another place, as Kubernetes 1.33 does with its default features.
import { Leases, leaseSpec } from '../../../src/api/coordination/lease.ts';
import { Nodes } from '../../../src/api/core/node.ts';
import { PersistentVolumeClaims } from '../../../src/api/core/persistent-volume-claim.ts';
import { Pods } from '../../../src/api/core/pod.ts';
import { endpointHints, EndpointSlices } from '../../../src/api/discovery/endpoint-slice.ts';
import { ServiceCIDRs } from '../../../src/api/networking/service-cidr.ts';
import { validateObject, validateValue } from '../../../src/schema/validation.ts';
import { createFaults, created, texts, updated } from './writing.ts';

describe('is not kept', () => {
  it('what would take part in coordinated elections, unless it is there', () => {
    const given = { spec: { holderIdentity: 'a', strategy: 'OldestEmulationVersion', preferredHolder: 'b' } };
    const old = created(Leases, given);
    expect(old['spec']).toEqual({ holderIdentity: 'a' });
    expect(updated(Leases, given, old)['spec']).toEqual({ holderIdentity: 'a' });
    const kept = { ...old, spec: { ...given.spec } };
    expect(updated(Leases, given, kept)['spec']).toEqual(given.spec);
  });
  it('the former topology of endpoints, and hints of nodes', () => {
    const given = { addressType: 'IPv4', endpoints: [{ addresses: ['10.1.1.1'], deprecatedTopology: { a: 'b' }, hints: { forNodes: [{ name: 'n' }] } }, { addresses: ['10.1.1.2'], hints: { forZones: [{ name: 'z' }], forNodes: [{ name: 'n' }] } }] };
    const bare = [{ addresses: ['10.1.1.1'], conditions: {} }, { addresses: ['10.1.1.2'], conditions: {}, hints: { forZones: [{ name: 'z' }] } }];
    const old = created(EndpointSlices, given);
    expect(old['endpoints']).toEqual(bare);
    expect(updated(EndpointSlices, given, old)['endpoints']).toEqual(bare);
    // What has not changed stays as it is.
    const before = { ...old, endpoints: given.endpoints.map((endpoint) => ({ ...endpoint, conditions: {} })) };
    expect(updated(EndpointSlices, given, before)['endpoints']).toEqual(before.endpoints);
  });
  it('how a node was once configured', () => {
    const node = created(Nodes, { spec: { configSource: { configMap: {} } }, status: { config: {} } });
    expect([node['spec'], (node['status'] as { config?: object }).config]).toEqual([{}, undefined]);
  });
  it.each<[string, object, [source: object | undefined, ref: object | undefined]]>([
    ['a source that is no claim and no snapshot', { dataSource: { apiGroup: 'a.b', kind: 'X', name: 'y' } }, [undefined, undefined]],
    ['a source in another namespace', { dataSourceRef: { apiGroup: 'a.b', kind: 'X', name: 'y', namespace: 'other' } }, [undefined, undefined]],
    ['but a claim is', { dataSource: { kind: 'PersistentVolumeClaim', name: 'y' } }, [{ apiGroup: null, kind: 'PersistentVolumeClaim', name: 'y' }, { apiGroup: null, kind: 'PersistentVolumeClaim', name: 'y' }]],
    ['and a snapshot', { dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'y' } }, [{ apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'y' }, { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'y' }]],
    ['and what the younger field names', { dataSourceRef: { apiGroup: 'a.b', kind: 'X', name: 'y' } }, [{ apiGroup: 'a.b', kind: 'X', name: 'y' }, { apiGroup: 'a.b', kind: 'X', name: 'y' }]],
  ])('%s', (_, spec, [source, ref]) => {
    const { dataSource, dataSourceRef } = created(PersistentVolumeClaims, { spec })['spec'] as { dataSource?: object; dataSourceRef?: object };
    expect([dataSource, dataSourceRef]).toEqual([source, ref]);
  });
});

it('is judged where it is kept all the same', () => {
  expect(texts(validateValue(leaseSpec, { strategy: 'Newest' }, 'spec'))).toEqual(['spec.strategy.strategy: Unsupported value: "Newest": supported values: "OldestEmulationVersion"']);
  expect(texts(validateValue(leaseSpec, { preferredHolder: 'b' }, 'spec'))).toEqual(['spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined']);
  expect(texts(validateValue(endpointHints, { forNodes: Array.from({ length: 9 }, (_, i) => ({ name: `n${i}` })) }, 'hints'))).toEqual(['hints.forNodes: Too many: 9: must have at most 8 items']);
  const node = created(Nodes, {});
  Object.assign(node['spec'] as object, { configSource: { configMap: { uid: 'u', namespace: 'a', name: 'b' } } });
  expect(texts(validateObject(Nodes, node))).toEqual(['spec.configSource.configMap.uid: Forbidden: uid must not be set in spec', 'spec.configSource.configMap.kubeletConfigKey: Required value: kubeletConfigKey must be set']);
});

const annotation = 'container.apparmor.security.beta.kubernetes.io/a';
const warning = `metadata.annotations[${annotation}]: deprecated since v1.30; use the "appArmorProfile" field instead`;
it.each<[string, string, object, object | undefined, string[]]>([
  ['becomes a field', 'localhost/x', {}, { type: 'Localhost', localhostProfile: 'x' }, [warning]],
  ['is no profile', 'localhost/', {}, undefined, [warning]],
  ['says what the Pod says', 'unconfined', { securityContext: { appArmorProfile: { type: 'Unconfined' } } }, undefined, []],
  ['says more than the Pod', 'runtime/default', { securityContext: { appArmorProfile: { type: 'Unconfined' } } }, { type: 'RuntimeDefault' }, [warning]],
  ['stands beside the field', 'unconfined', { containers: [{ name: 'a', image: 'i', securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } }] }, { type: 'RuntimeDefault' }, []],
  ['is of a Pod of Windows', 'unconfined', { os: { name: 'windows' } }, undefined, []],
])('an annotation of AppArmor that %s', (_, profile, spec, expected, warnings) => {
  const pod = created(Pods, { spec: { containers: [{ name: 'a', image: 'i' }], ...spec } });
  pod.metadata.annotations = { [annotation]: profile };
  expect(Pods.prepareCreate!(pod)).toEqual(warnings);
  expect((pod['spec'] as { containers: { securityContext?: { appArmorProfile?: object } }[] }).containers[0]!.securityContext?.appArmorProfile).toEqual(expected);
});

it.each<[string[], string[]]>([
  [['10.0.0.0/8'], []], [['2001:db8::/64', '10.0.0.0/8'], []],
  [['10.1.0.0/8'], ['spec.cidrs[0]: Invalid value: "10.1.0.0/8": must not have bits set beyond the prefix length']],
  [['2001:DB8::/64'], ['spec.cidrs[0]: Invalid value: "2001:DB8::/64": must be in canonical form ("2001:db8::/64")']],
  [['::ffff:10.0.0.0/104'], ['spec.cidrs[0]: Invalid value: "::ffff:10.0.0.0/104": must not have an IPv4-mapped IPv6 address']],
  [['x'], ['spec.cidrs[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']],
  [['10.0.0.0/8', 'x'], ['spec.cidrs: Invalid value: {"cidrs":["10.0.0.0/8","x"]}: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64']],
])('ranges of Services %j', (cidrs, faults) => { expect(createFaults(ServiceCIDRs, { spec: { cidrs } })).toEqual(faults); });
