// Tables: the columns of each kind, and what they show for an object.
import { ControllerRevisions } from '../../../src/api/apps/controller-revision.ts';
import { Deployments } from '../../../src/api/apps/deployment.ts';
import { ReplicaSets } from '../../../src/api/apps/replica-set.ts';
import { Leases } from '../../../src/api/coordination/lease.ts';
import { ConfigMaps } from '../../../src/api/core/config-map.ts';
import { Endpoints } from '../../../src/api/core/endpoints.ts';
import { Events } from '../../../src/api/core/event.ts';
import { Namespaces } from '../../../src/api/core/namespace.ts';
import { Nodes } from '../../../src/api/core/node.ts';
import { ReplicationControllers } from '../../../src/api/core/replication-controller.ts';
import { Secrets } from '../../../src/api/core/secret.ts';
import { ServiceAccounts } from '../../../src/api/core/service-account.ts';
import { Services } from '../../../src/api/core/service.ts';
import { EndpointSlices } from '../../../src/api/discovery/endpoint-slice.ts';
import { Events as NewEvents, fromCoreEvent } from '../../../src/api/events/event.ts';
import type { ResourceDefinition } from '../../../src/schema/resource.ts';

const created = '2026-01-01T00:00:00Z';
const now = Date.parse('2026-01-01T00:05:00Z');
const metadata = { name: 'x', namespace: 'default', creationTimestamp: created };
const cells = (resource: ResourceDefinition, object: object): unknown[] => resource.columns!.map((column) => column.value({ metadata, ...object }, now));

it.each<[ResourceDefinition, string]>([
  [Namespaces, 'Name Status Age'],
  [Nodes, 'Name Status Roles Age Version Internal-IP:1 External-IP:1 OS-Image:1 Kernel-Version:1 Container-Runtime:1'],
  [Services, 'Name Type Cluster-IP External-IP Port(s) Age Selector:1'],
  [Endpoints, 'Name Endpoints Age'],
  [ConfigMaps, 'Name Data Age'],
  [Secrets, 'Name Type Data Age'],
  [ServiceAccounts, 'Name Secrets Age'],
  [Events, 'Last_Seen Type Reason Object Subobject:1 Source:1 Message First_Seen:1 Count:1 Name:1'],
  [NewEvents, 'Last_Seen Type Reason Object Subobject:1 Source:1 Message First_Seen:1 Count:1 Name:1'],
  [ReplicationControllers, 'Name Desired/integer Current/integer Ready/integer Age Containers:1 Images:1 Selector:1'],
  [ReplicaSets, 'Name Desired/integer Current/integer Ready/integer Age Containers:1 Images:1 Selector:1'],
  [Deployments, 'Name Ready Up-to-date Available Age Containers:1 Images:1 Selector:1'],
  [ControllerRevisions, 'Name Controller Revision Age'],
  [EndpointSlices, 'Name AddressType Ports Endpoints Age'],
  [Leases, 'Name Holder Age'],
])('columns of $kind in $group', (resource, text) => {
  expect(resource.columns!.map(({ name, type, priority }) => `${name.replace(' ', '_')}${type === 'string' ? '' : `/${type}`}${priority ? `:${priority}` : ''}`).join(' ')).toBe(text);
  expect(resource.columns!.filter(({ format }) => format === 'name').map(({ name }) => name)).toEqual(['Name']);
});

const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'a', image: 'i:1' }, { name: 'b', image: 'j:2' }] } };
const port = { port: 80, protocol: 'TCP' };
const ready = (status: string): object => ({ conditions: [{ type: 'Ready', status }] });
const event = {
  involvedObject: { kind: 'Pod', name: 'p', fieldPath: 'spec.containers{a}' }, reason: 'R', message: ' m\n', type: 'Normal', source: { component: 'kubelet', host: 'n1' }, firstTimestamp: created,
  lastTimestamp: '2026-01-01T00:04:00Z', eventTime: null, count: 3, reportingComponent: 'kubelet', reportingInstance: 'n1',
};

it.each<[string, ResourceDefinition, object, unknown[]]>([
  ['namespace', Namespaces, { status: { phase: 'Active' } }, ['x', 'Active', '5m']],
  ['node, bare', Nodes, { spec: {}, status: {} }, ['x', 'Unknown', '<none>', '5m', '', '<none>', '<none>', '<unknown>', '<unknown>', '<unknown>']],
  ['node, whole', Nodes, {
    metadata: { ...metadata, labels: { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/control-plane': '', 'kubernetes.io/role': 'master', 'node-role.kubernetes.io/': '' } }, spec: { unschedulable: true },
    status: { ...ready('True'), addresses: [{ type: 'Hostname', address: 'h' }, { type: 'InternalIP', address: '10.0.0.1' }, { type: 'InternalIP', address: '10.0.0.2' }, { type: 'ExternalIP', address: '1.2.3.4' }], nodeInfo: { kubeletVersion: 'v1.33.0', osImage: 'Debian', kernelVersion: '6.1', containerRuntimeVersion: 'docker://20.10' } },
  }, ['x', 'Ready,SchedulingDisabled', 'control-plane,master,worker', '5m', 'v1.33.0', '10.0.0.1', '1.2.3.4', 'Debian', '6.1', 'docker://20.10']],
  ['node, silent', Nodes, { spec: {}, status: ready('Unknown') }, ['x', 'NotReady', '<none>', '5m', '', '<none>', '<none>', '<unknown>', '<unknown>', '<unknown>']],
  ['service', Services, { spec: { type: 'ClusterIP', clusterIPs: ['10.0.0.1'], ports: [port, { port: 53, protocol: 'UDP' }], selector: { b: '2', a: '1' } }, status: {} }, ['x', 'ClusterIP', '10.0.0.1', '<none>', '80/TCP,53/UDP', '5m', 'a=1,b=2']],
  ['service, headless, no selector', Services, { spec: { type: 'ClusterIP', clusterIPs: ['None'], externalIPs: ['1.1.1.1', '2.2.2.2'] }, status: {} }, ['x', 'ClusterIP', 'None', '1.1.1.1,2.2.2.2', '<none>', '5m', '<none>']],
  ['service, node port', Services, { spec: { type: 'NodePort', clusterIPs: ['10.0.0.1'], ports: [{ ...port, nodePort: 30080 }] }, status: {} }, ['x', 'NodePort', '10.0.0.1', '<none>', '80:30080/TCP', '5m', '<none>']],
  ['service, balancer pending', Services, { spec: { type: 'LoadBalancer', clusterIPs: ['10.0.0.1'], ports: [port] }, status: { loadBalancer: {} } }, ['x', 'LoadBalancer', '10.0.0.1', '<pending>', '80/TCP', '5m', '<none>']],
  ['service, balancer', Services, { spec: { type: 'LoadBalancer', externalIPs: ['9.9.9.9'], ports: [port] }, status: { loadBalancer: { ingress: [{ hostname: 'lb.example.com' }, { ip: '2.2.2.2' }, { ip: '2.2.2.2' }] } } }, ['x', 'LoadBalancer', '<none>', '2.2.2.2,lb.example.com,9.9.9.9', '80/TCP', '5m', '<none>']],
  ['service, external name', Services, { spec: { type: 'ExternalName', externalName: 'example.com' }, status: {} }, ['x', 'ExternalName', '<none>', 'example.com', '<none>', '5m', '<none>']],
  ['endpoints, none', Endpoints, {}, ['x', '<none>', '5m']],
  ['endpoints', Endpoints, { subsets: [{ addresses: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }], notReadyAddresses: [{ ip: '10.0.0.9' }], ports: [{ port: 80 }, { port: 443 }] }, { addresses: [{ ip: '10.0.0.3' }] }] }, ['x', '10.0.0.1:80,[fd00::1]:80,10.0.0.1:443 + 2 more...', '5m']],
  ['endpoints, not ready', Endpoints, { subsets: [{ notReadyAddresses: [{ ip: '10.0.0.9' }], ports: [{ port: 80 }] }] }, ['x', '', '5m']],
  ['config map', ConfigMaps, { data: { a: '', b: '' }, binaryData: { c: '' } }, ['x', 3, '5m']],
  ['secret', Secrets, { type: 'Opaque', data: { a: '' } }, ['x', 'Opaque', 1, '5m']],
  ['service account', ServiceAccounts, {}, ['x', 0, '5m']],
  ['event', Events, event, ['60s', 'Normal', 'R', 'pod/p', 'spec.containers{a}', 'kubelet, n1', 'm', '5m', 3, 'x']],
  ['event, newer form', NewEvents, fromCoreEvent({ apiVersion: 'v1', kind: 'Event', metadata, ...event } as never), ['60s', 'Normal', 'R', 'pod/p', 'spec.containers{a}', 'kubelet, n1', 'm', '5m', 3, 'x']],
  ['event, series', Events, { ...event, involvedObject: { kind: 'Node' }, source: {}, firstTimestamp: null, lastTimestamp: null, count: undefined, eventTime: '2026-01-01T00:03:00.000000Z', series: { count: 4, lastObservedTime: '2026-01-01T00:04:50.000000Z' }, reportingInstance: '' },
    ['10s', 'Normal', 'R', 'node', '', 'kubelet', 'm', '2m', 4, 'x']],
  ['event, just seen', Events, { ...event, firstTimestamp: null, lastTimestamp: null, count: undefined, eventTime: '2026-01-01T00:03:00.000000Z' }, ['2m', 'Normal', 'R', 'pod/p', 'spec.containers{a}', 'kubelet, n1', 'm', '2m', 1, 'x']],
  ['replication controller', ReplicationControllers, { spec: { replicas: 3, selector: { app: 'x' }, template }, status: { replicas: 2, readyReplicas: 1 } }, ['x', 3, 2, 1, '5m', 'a,b', 'i:1,j:2', 'app=x']],
  ['replica set', ReplicaSets, { spec: { replicas: 3, selector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['2', '1'] }] }, template }, status: { replicas: 2 } }, ['x', 3, 2, 0, '5m', 'a,b', 'i:1,j:2', 'a in (1,2)']],
  ['deployment', Deployments, { spec: { replicas: 3, selector: { matchLabels: { app: 'x' } }, template }, status: { replicas: 4, readyReplicas: 2, updatedReplicas: 1, availableReplicas: 2 } }, ['x', '2/3', 1, 2, '5m', 'a,b', 'i:1,j:2', 'app=x']],
  ['deployment, new', Deployments, { spec: { replicas: 0, selector: {}, template }, status: {} }, ['x', '0/0', 0, 0, '5m', 'a,b', 'i:1,j:2', '']],
  ['controller revision', ControllerRevisions, { metadata: { ...metadata, ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'u', controller: true }] }, revision: 3 }, ['x', 'statefulset.apps/db', 3, '5m']],
  ['controller revision, alone', ControllerRevisions, { revision: 1 }, ['x', '<none>', 1, '5m']],
  ['endpoint slice', EndpointSlices, { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1', '10.0.0.2'] }, { addresses: ['10.0.0.3'] }, { addresses: ['10.0.0.4'] }], ports: [{ name: 'http', port: 80 }, { name: 'any' }, { name: '' }] }, ['x', 'IPv4', '80,any,*', '10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...', '5m']],
  ['endpoint slice, empty', EndpointSlices, { addressType: 'IPv4', endpoints: [], ports: null }, ['x', 'IPv4', '<unset>', '<unset>', '5m']],
  ['lease', Leases, { spec: { holderIdentity: 'n1' } }, ['x', 'n1', '5m']],
  ['lease, free', Leases, { spec: {} }, ['x', '', '5m']],
])('cells of %s', (_name, resource, object, expected) => {
  expect(cells(resource, object)).toEqual(expected);
});
