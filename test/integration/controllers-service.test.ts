// The service controller against the real API server in memory: the ingress follows the nodes and the Service's type.
import { Events } from '../../src/api/core/event.ts';
import { Nodes } from '../../src/api/core/node.ts';
import { Services, type Service } from '../../src/api/core/service.ts';
import type { Draft } from '../../src/client/client.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';

let plane: ControlPlane;
beforeEach(async () => {
  plane = await startControlPlane();
  await setAddress('node-1', '192.0.2.1');
});
afterEach(() => plane.stop());

const key = { namespace: 'default', name: 'web' };
const service = (): Service | undefined => plane.informers.informer(Services).get('default/web');
const ips = (): string => (service()?.status?.loadBalancer?.ingress ?? []).map((i) => i.ip).join(' ');
const create = (spec: object = {}): Promise<Service> =>
  plane.client.create(Services, { metadata: key, spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80 }], ...spec } } as unknown as Draft<Service>);
const reasons = async (): Promise<string[]> => (await plane.client.list(Events, { namespace: 'default' })).items.filter((e) => e.involvedObject.name === 'web').map((e) => e.reason ?? '');
async function setAddress(name: string, address: string): Promise<void> {
  await plane.client.patch(Nodes, { name }, { status: { addresses: [{ type: 'InternalIP', address }] } }, { subresource: 'status' });
}

describe('a Service of type LoadBalancer', () => {
  it('has the ready nodes as its entrances, follows them, and is left alone while nothing changes', async () => {
    await create();
    await plane.until(() => ips() === '192.0.2.1');
    expect(service()!.status!.loadBalancer!.ingress![0]!.ipMode).toBe('Proxy');
    const { resourceVersion } = service()!.metadata;
    await plane.clock.advance(60_000);
    expect(service()!.metadata.resourceVersion).toBe(resourceVersion);
    await setAddress('node-2', '192.0.2.2');
    await plane.until(() => ips() === '192.0.2.1 192.0.2.2');
    plane.silence('node-2');
    await plane.until(() => ips() === '192.0.2.1', 'the silent node is left out', 60_000);
    await plane.client.delete(Nodes, { name: 'node-1' });
    await plane.until(() => ips() === '');
    await plane.untilAsync(async () => (await reasons()).includes('UnAvailableLoadBalancer'));
    expect(await reasons()).toEqual(expect.arrayContaining(['EnsuringLoadBalancer', 'EnsuredLoadBalancer', 'UpdatedLoadBalancer']));
  });
  it('loses its ingress with its type', async () => {
    await create();
    await plane.until(() => ips() !== '');
    await plane.client.patch(Services, key, { spec: { type: 'ClusterIP' } });
    await plane.until(() => service()?.spec.type === 'ClusterIP' && ips() === '');
    await plane.untilAsync(async () => (await reasons()).includes('DeletedLoadBalancer'));
  });
  it('of another class is not touched', async () => {
    await create({ loadBalancerClass: 'example.com/lb' });
    const ingress = [{ ip: '198.51.100.9', ipMode: 'VIP' }];
    await plane.client.patch(Services, key, { status: { loadBalancer: { ingress } } }, { subresource: 'status' });
    await plane.clock.advance(1_000);
    expect(service()!.status!.loadBalancer!.ingress).toEqual(ingress);
  });
});
