// Resources that are not stored: component statuses and bindings.
import { Pods } from '../../src/api/core/pod.ts';
import { MemoryTransport } from '../../master/apiserver/memory-transport.ts';
import type { Transport } from '../../src/client/transport.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';
import { refusal } from '../support/refusal.ts';

let api: TestApi;
let transport: Transport;
beforeAll(async () => {
  api = await startTestApi();
  transport = new MemoryTransport(api.server, { name: 'admin', groups: ['system:masters'] });
});
afterAll(() => api.stop());
const get = (path: string, accept?: string): Promise<any> => transport.request({ method: 'GET', path, ...(accept ? { headers: { accept } } : {}) });

it('component statuses are computed, one, all or as a table', async () => {
  const healthy = { conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }] };
  expect(await get('/api/v1/componentstatuses/scheduler')).toEqual({ kind: 'ComponentStatus', apiVersion: 'v1', metadata: { name: 'scheduler', creationTimestamp: null }, ...healthy });
  expect(await get('/api/v1/componentstatuses')).toMatchObject({ kind: 'ComponentStatusList', items: ['controller-manager', 'scheduler', 'etcd-0'].map((name) => ({ metadata: { name }, ...healthy })) });
  const table = await get('/api/v1/componentstatuses', 'application/json;as=Table;v=v1;g=meta.k8s.io');
  expect([table.columnDefinitions.map((c: { name: string }) => c.name), table.rows[0].cells]).toEqual([['Name', 'Status', 'Message', 'Error'], ['controller-manager', 'Healthy', 'ok', '']]);
  expect(await refusal(get('/api/v1/componentstatuses/x'))).toMatchObject({ code: 500, message: 'Component not found: x' });
  expect((await refusal(transport.request({ method: 'POST', path: '/api/v1/componentstatuses', body: {} }))).code).toBe(405);
});

it('a binding is made by name, and is nothing to be read', async () => {
  await api.client.transport.request({ method: 'POST', path: '/api/v1/namespaces/default/serviceaccounts', body: { metadata: { name: 'default' } } });
  await api.client.create(Pods, { metadata: { name: 'p', namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'i' }] } } as never);
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } };
  await transport.request({ method: 'POST', path: '/api/v1/namespaces/default/bindings', body: binding });
  // Where the Pod is to be is no other Pod.
  expect(await api.client.get(Pods, { namespace: 'default', name: 'p' })).toMatchObject({ metadata: { generation: 1 }, spec: { nodeName: 'n1' } });
  expect((await refusal(get('/api/v1/namespaces/default/bindings'))).code).toBe(405);
});
