// Endpoints and EndpointSlices against the real API server in memory: since when they could have been as they are, and what is told
// where they cannot be written and where their hints come and go.
import { Endpoints } from '../../src/api/core/endpoints.ts';
import { Events } from '../../src/api/core/event.ts';
import { Nodes } from '../../src/api/core/node.ts';
import { Pods } from '../../src/api/core/pod.ts';
import { ResourceQuotas } from '../../src/api/core/resource-quota.ts';
import { Services } from '../../src/api/core/service.ts';
import { EndpointSlices, serviceNameLabel } from '../../src/api/discovery/endpoint-slice.ts';
import { triggerTimeAnnotation } from '../../master/controllers/trigger-times.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';

let plane: ControlPlane;
beforeEach(async () => { plane = await startControlPlane(); });
afterEach(() => plane.stop());

const namespace = 'default';
const labels = { app: 'web' };
const service = (name = 'web') => plane.client.create(Services, { metadata: { namespace, name }, spec: { selector: labels, ports: [{ port: 80 }] } } as never);
const pod = (name: string, spec = {}) => plane.client.create(Pods, { metadata: { namespace, name, labels }, spec: { ...spec, containers: [{ name: 'c', image: 'i' }] } } as never);
const endpoints = () => plane.informers.informer(Endpoints).get('default/web');
const slice = () => plane.informers.informer(EndpointSlices).list(namespace).find((s) => s.metadata.labels?.[serviceNameLabel] === 'web');

it('say when the change began that they tell of', async () => {
  const { metadata: { creationTimestamp } } = await service();
  await plane.until(() => endpoints() && slice());
  expect([endpoints()!, slice()!].map(({ metadata }) => metadata.annotations?.[triggerTimeAnnotation])).toEqual([creationTimestamp, creationTimestamp]);
  await plane.clock.advance(90_000);
  await pod('one');
  await plane.until(() => endpoints()!.subsets?.[0]?.addresses?.length === 1 && slice()!.endpoints?.[0]?.conditions?.ready);
  const since = plane.informers.informer(Pods).get('default/one')!.status!.conditions!.find(({ type }) => type === 'Ready')!.lastTransitionTime;
  expect([endpoints()!, slice()!].map(({ metadata }) => metadata.annotations?.[triggerTimeAnnotation])).toEqual([since, since]);
  // A Pod that goes leaves no time of its own.
  await plane.client.delete(Pods, { namespace, name: 'one' });
  await plane.until(() => !endpoints()!.subsets?.length && !slice()!.endpoints?.length);
  expect([endpoints()!, slice()!].map(({ metadata }) => metadata.annotations?.[triggerTimeAnnotation])).toEqual([undefined, undefined]);
});

it('tell in Events why they are not made', async () => {
  await plane.client.create(ResourceQuotas, { metadata: { namespace, name: 'none' }, spec: { hard: { 'count/endpoints': '0', 'count/endpointslices.discovery.k8s.io': '0' } } } as never);
  await plane.until(() => plane.informers.informer(ResourceQuotas).get('default/none')?.status.used);
  await service();
  const told = async () => (await plane.client.list(Events, { namespace })).items.filter(({ type }) => type === 'Warning').map(({ reason, message, involvedObject: { kind } }) => `${kind} ${reason}: ${message}`);
  await plane.untilAsync(async () => (await told()).some((text) => text.startsWith('Endpoints FailedToCreateEndpoint: Failed to create endpoint for service default/web: endpoints "web" is forbidden: exceeded quota: none')));
  await plane.untilAsync(async () => (await told()).some((text) => text.startsWith('Service FailedToUpdateEndpointSlices: Error updating Endpoint Slices for Service default/web: endpointslices.discovery.k8s.io ')));
});

it('tell in Events that topology-aware hints came, and that they went with their annotation', async () => {
  for (const [name, zone] of [['node-1', 'a'], ['node-2', 'b']] as const) {
    await plane.client.patch(Nodes, { name }, { metadata: { labels: { 'topology.kubernetes.io/zone': zone } } } as never);
    await pod(`on-${name}`, { nodeName: name });
  }
  await plane.client.create(Services, { metadata: { namespace, name: 'web', annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } }, spec: { selector: labels, ports: [{ port: 80 }] } } as never);
  const hints = (): string[] => (slice()?.endpoints ?? []).map((endpoint) => endpoint.hints?.forZones?.[0]?.name ?? '').sort();
  await plane.until(() => hints().join() === 'a,b');
  const told = async () => (await plane.client.list(Events, { namespace })).items.filter(({ reason }) => reason?.startsWith('TopologyAwareHints')).map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
  await plane.untilAsync(async () => (await told()).includes('Normal TopologyAwareHintsEnabled: Topology Aware Hints has been enabled, addressType: IPv4'));
  await plane.client.patch(Services, { namespace, name: 'web' }, { metadata: { annotations: { 'service.kubernetes.io/topology-mode': null } } } as never);
  await plane.until(() => hints().join() === ',');
  await plane.untilAsync(async () => (await told()).includes('Warning TopologyAwareHintsDisabled: Topology Aware Hints has been disabled, addressType: IPv4'));
});
