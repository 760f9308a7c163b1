// Endpoints that a person wrote for a Service without a selector, against the real API server in memory: slices come, follow and go.
import { Endpoints } from '../../src/api/core/endpoints.ts';
import { Services, type Service } from '../../src/api/core/service.ts';
import { EndpointSlices, type EndpointSlice } from '../../src/api/discovery/endpoint-slice.ts';
import type { Draft } from '../../src/client/client.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';

let plane: ControlPlane;
beforeEach(async () => { plane = await startControlPlane({ nodes: [] }); });
afterEach(() => plane.stop());

const key = { namespace: 'default', name: 'db' };
const slices = (): EndpointSlice[] => plane.informers.informer(EndpointSlices).list('default').filter((slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === 'db');
const addresses = (): string => slices().flatMap((slice) => (slice.endpoints ?? []).map((endpoint) => endpoint.addresses[0])).sort().join(' ');
const write = (...ips: string[]): object => ({ metadata: key, subsets: [{ addresses: ips.map((ip) => ({ ip })), ports: [{ port: 5432 }] }] });

it('are mirrored while the Service has no selector, and put back where somebody changes the mirror', async () => {
  await plane.client.create(Endpoints, write('192.0.2.1') as Draft<Endpoints>);
  await plane.client.create(Services, { metadata: key, spec: { ports: [{ port: 5432 }] } } as unknown as Draft<Service>);
  await plane.until(() => addresses() === '192.0.2.1');
  await plane.client.patch(Endpoints, key, write('192.0.2.1', '192.0.2.2'));
  await plane.until(() => addresses() === '192.0.2.1 192.0.2.2');
  await plane.client.delete(EndpointSlices, { namespace: 'default', name: slices()[0]!.metadata.name });
  await plane.until(() => addresses() === '192.0.2.1 192.0.2.2');
  await plane.client.patch(Services, key, { spec: { selector: { app: 'db' } } });
  await plane.until(() => slices().length > 0 && slices().every((slice) => slice.metadata.labels!['endpointslice.kubernetes.io/managed-by'] === 'endpointslice-controller.k8s.io'));
});
it('are not where they say so, nor without a Service, and their slices go with them', async () => {
  await plane.client.create(Services, { metadata: key, spec: { ports: [{ port: 5432 }] } } as unknown as Draft<Service>);
  await plane.client.create(Endpoints, write('192.0.2.1') as Draft<Endpoints>);
  await plane.until(() => addresses() === '192.0.2.1');
  await plane.client.patch(Endpoints, key, { metadata: { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } } });
  await plane.until(() => slices().length === 0);
  await plane.client.patch(Endpoints, key, { metadata: { labels: null } });
  await plane.until(() => addresses() === '192.0.2.1');
  await plane.client.delete(Services, key);
  await plane.until(() => slices().length === 0 && !plane.informers.informer(Endpoints).get('default/db'));
});
