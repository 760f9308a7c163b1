// metrics.k8s.io from a kubelet's numbers of a real process: as objects, lists and tables, by selectors, to whom roles allow it, and
// as kubectl prints it.
import { ClusterRoleBindings } from '../../src/api/rbac/cluster-role-binding.ts';
import { Nodes } from '../../src/api/core/node.ts';
import { NodeMetricses } from '../../src/api/metrics/node-metrics.ts';
import { PodMetricses } from '../../src/api/metrics/pod-metrics.ts';
import { ownRoles } from '../../master/rbac/own-roles.ts';
import { ClusterRoles } from '../../src/api/rbac/cluster-role.ts';
import { Client } from '../../src/client/client.ts';
import { HttpTransport } from '../../src/client/http-transport.ts';
import { quantityValue, milliValue } from '../../src/apimachinery/quantity.ts';
import { describeKubectls } from '../support/kubectl.ts';
import { run } from '../../src/util/run.ts';
import { startStreamsCluster, type StreamsCluster } from './streams-cluster.ts';

let cluster: StreamsCluster;
beforeAll(async () => {
  cluster = await startStreamsCluster();
  await cluster.client.create(Nodes, { metadata: { name: 'node-1', labels: { disk: 'ssd' } }, status: { allocatable: { cpu: '2', memory: '8Gi' }, capacity: { cpu: '2', memory: '8Gi' } } } as never);
  await cluster.client.create(Nodes, { metadata: { name: 'silent' } });
});
afterAll(() => cluster.stop());
const pod = { namespace: 'default', name: 'web' };
const code = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 200, (error: unknown) => (error as { code: number }).code);

it('tells what a node and a Pod use; a node without an agent has no metrics', async () => {
  const node = await cluster.client.get(NodeMetricses, { name: 'node-1' });
  expect(node).toMatchObject({ kind: 'NodeMetrics', apiVersion: 'metrics.k8s.io/v1beta1', metadata: { name: 'node-1', labels: { disk: 'ssd' } } });
  expect(milliValue(node.usage!['cpu']!)).toBeGreaterThan(0);
  expect(quantityValue(node.usage!['memory']!)).toBeGreaterThan(2 ** 24);
  expect(Date.now() - Date.parse(node.timestamp!)).toBeLessThan(60_000);
  const { containers: [main] = [], window } = await cluster.client.get(PodMetricses, pod);
  expect(main!.name).toBe('main');
  expect(main!.usage!['cpu']).toMatch(/^\d+[numk]?$/);
  expect(quantityValue(main!.usage!['memory']!)).toBeGreaterThan(2 ** 24);
  expect(window).toMatch(/^[\d.]+(ms|s)$/);
  expect((await cluster.client.list(NodeMetricses)).items.map((item) => item.metadata.name)).toEqual(['node-1']);
  expect([await code(cluster.client.get(NodeMetricses, { name: 'silent' })), await code(cluster.client.get(PodMetricses, { ...pod, name: 'none' })), await code(cluster.client.create(NodeMetricses as never, { metadata: { name: 'x' } } as never))]).toEqual([404, 404, 405]);
});

it('selects by label and name, and is shown as a table', async () => {
  const names = async (selector: object): Promise<string[]> => (await cluster.client.list(NodeMetricses, selector)).items.map((item) => item.metadata.name);
  expect([await names({ labelSelector: 'disk=ssd' }), await names({ labelSelector: 'disk=hdd' }), await names({ fieldSelector: 'metadata.name=node-1' })]).toEqual([['node-1'], [], ['node-1']]);
  expect((await cluster.client.list(PodMetricses, { namespace: 'kube-system' })).items).toEqual([]);
  const table = await cluster.client.transport.request({ method: 'GET', path: '/apis/metrics.k8s.io/v1beta1/pods', headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } }) as any;
  expect(table.columnDefinitions.map((c: { name: string }) => c.name)).toEqual(['Name', 'cpu', 'memory', 'Window']);
  expect(table.rows[0].cells[0]).toBe('web');
});

it('is read by whoever may view, as metrics-server\'s own role has it', async () => {
  const role = ownRoles.find((r) => r.metadata.name === 'system:aggregated-metrics-reader')!;
  expect(role.metadata.labels).toMatchObject(Object.fromEntries(['view', 'edit', 'admin'].map((to) => [`rbac.authorization.k8s.io/aggregate-to-${to}`, 'true'])));
  await cluster.client.create(ClusterRoles, role as never);
  await cluster.client.create(ClusterRoleBindings, { metadata: { name: 'viewer' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role.metadata.name }, subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'viewer' }] });
  const codes = async (user: string): Promise<unknown[]> => {
    const access = await cluster.as(user, 'people');
    const transport = new HttpTransport({ access: () => access, userAgent: 'test' });
    const client = new Client(transport);
    const found = [await code(client.list(NodeMetricses)), await code(client.get(PodMetricses, pod))];
    await transport.close();
    return found;
  };
  expect([await codes('viewer'), await codes('stranger')]).toEqual([[200, 200], [403, 403]]);
});

describeKubectls(['1.27', '1.33'], (_, path) => {
  const kubectl = (...args: string[]): Promise<string> => run(path, ['--kubeconfig', cluster.kubeconfig, ...args]);
  it('top', async () => {
    expect(await kubectl('top', 'nodes')).toMatch(/^NAME\s+CPU\S+\s+CPU%?\S*\s+MEMORY\S+\s+MEMORY%?\S*\s*\nnode-1\s+\d+m\s+\d+%\s+\d+Mi\s+\d+%/);
    expect(await kubectl('top', 'pods', '--containers')).toMatch(/^POD\s+NAME\s+CPU\(cores\)\s+MEMORY\(bytes\)\s*\nweb\s+main\s+\d+m\s+\d+Mi/);
    expect(await kubectl('get', 'pods.metrics.k8s.io', 'web')).toMatch(/^NAME\s+CPU\s+MEMORY\s+WINDOW\s*\nweb\s+\S+\s+\S+\s+\S+s/);
  });
});
