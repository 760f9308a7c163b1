// IPAddress objects follow the addresses Services hold; the range is an object too.
import { Services } from '../../src/api/core/service.ts';
import { IPAddresses } from '../../src/api/networking/ip-address.ts';
import { ServiceCIDRs } from '../../src/api/networking/service-cidr.ts';
import { bootstrapServiceCIDR } from '../../master/bootstrap.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';

let plane: ControlPlane;
beforeEach(async () => { plane = await startControlPlane({ nodes: [] }); });
afterEach(() => plane.stop());
const named = (ip: string) => plane.informers.informer(IPAddresses).get(ip);
const service = (name: string, spec: object) => plane.client.create(Services, { metadata: { name, namespace: 'default' }, spec: { ports: [{ port: 80 }], ...spec } } as never);

it('an address has its object as long as a Service holds it', async () => {
  await service('web', { clusterIP: '10.43.0.77' });
  await service('headless', { clusterIP: 'None' });
  await plane.until(() => named('10.43.0.77'));
  expect(named('10.43.0.77')).toMatchObject({ metadata: { labels: { 'ipaddress.kubernetes.io/ip-family': 'IPv4', 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' } }, spec: { parentRef: { resource: 'services', namespace: 'default', name: 'web' } } });
  await plane.client.delete(IPAddresses, { name: '10.43.0.77' });
  await plane.until(() => named('10.43.0.77'));
  await plane.client.create(IPAddresses, { metadata: { name: '10.43.0.78' }, spec: { parentRef: { resource: 'gateways', group: 'example.com', name: 'g' } } } as never);
  await plane.client.delete(Services, { namespace: 'default', name: 'web' });
  await plane.until(() => !named('10.43.0.77'));
  expect(plane.informers.informer(IPAddresses).list().map((o) => o.metadata.name)).toEqual(['10.43.0.78']);
});

it('the range is there once, ready since the first start', async () => {
  await bootstrapServiceCIDR(plane.client, '10.43.0.0/16', '2030-01-01T00:00:00Z');
  await bootstrapServiceCIDR(plane.client, '10.43.0.0/16', '2031-01-01T00:00:00Z');
  const { spec, status } = await plane.client.get(ServiceCIDRs, { name: 'kubernetes' });
  expect(spec.cidrs).toEqual(['10.43.0.0/16']);
  expect(status!.conditions).toEqual([expect.objectContaining({ type: 'Ready', status: 'True', lastTransitionTime: '2030-01-01T00:00:00Z' })]);
});
