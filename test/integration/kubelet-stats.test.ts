// The kubelet's pages through the API server's node proxy and the tunnel: numbers of a real process from the kernel's files, and who
// may see them.
import { request as httpsRequest } from 'node:https';
import { ClusterRoleBindings } from '../../src/api/rbac/cluster-role-binding.ts';
import { ClusterRoles } from '../../src/api/rbac/cluster-role.ts';
import { Nodes } from '../../src/api/core/node.ts';
import type { ClusterAccess } from '../../src/client/kubeconfig.ts';
import { startStreamsCluster, type StreamsCluster } from './streams-cluster.ts';

let cluster: StreamsCluster;
beforeAll(async () => {
  cluster = await startStreamsCluster();
  await cluster.client.create(Nodes, { metadata: { name: 'node-1' } });
});
afterAll(() => cluster.stop());

function get(path: string, { server, ca, cert, key }: ClusterAccess = cluster.access): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(`${server}/api/v1/nodes/node-1/proxy${path}`, { ca, cert, key, agent: false }).on('error', reject);
    outgoing.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => { body += chunk; }).on('end', () => resolve({ status: response.statusCode!, body }));
    });
    outgoing.end();
  });
}

it('the summary has what the kernel says of a running container', async () => {
  const { status, body } = await get('/stats/summary');
  expect(status).toBe(200);
  const { node, pods: [pod] } = JSON.parse(body);
  expect([node.nodeName, pod.podRef.name, pod.containers[0].name]).toEqual(['node-1', 'web', 'main']);
  // This process is in a group that has worked and holds at least what it holds itself.
  for (const { cpu, memory } of [node, pod, pod.containers[0]]) {
    expect(cpu.usageCoreNanoSeconds).toBeGreaterThan(1e8);
    expect(cpu.usageNanoCores).toBeGreaterThanOrEqual(0);
    expect(memory.workingSetBytes).toBeGreaterThan(10 * 2 ** 20);
    expect(memory.workingSetBytes).toBeLessThanOrEqual(memory.usageBytes);
  }
  expect(pod.volume).toEqual([expect.objectContaining({ name: 'scratch', usedBytes: expect.any(Number), capacityBytes: expect.any(Number) })]);
  expect(pod.volume[0].usedBytes).toBeGreaterThan(0);
  expect(node.fs.capacityBytes).toBeGreaterThan(node.fs.usedBytes);
  const brief = JSON.parse((await get('/stats/summary?only_cpu_and_memory=true')).body);
  expect([brief.node.fs, brief.pods[0].volume, brief.pods[0].cpu.usageCoreNanoSeconds > 1e8]).toEqual([undefined, undefined, true]);
});

it.each([
  ['/healthz', 'ok'], ['/pods', '"name":"web"'], ['/runningpods/', '"name":"main"'], ['/configz', '{"kubeletconfig":{}}'], ['/metrics', 'kubelet_running_pods 1'],
  ['/metrics/resource', 'container_cpu_usage_seconds_total{container="main",namespace="default",pod="web"} '], ['/metrics/cadvisor', 'container_memory_working_set_bytes{container="main",'], ['/metrics/probes', ''],
])('%s', async (path, part) => expect(await get(path)).toEqual({ status: 200, body: expect.stringContaining(part) }));

it('is open to whoever a role names the page\'s subresource for, and no further', async () => {
  for (const [name, resources] of [['all', ['nodes/proxy']], ['metrics', ['nodes/metrics']], ['stats', ['nodes/stats']]] as const) {
    await cluster.client.create(ClusterRoles, { metadata: { name }, rules: [{ verbs: ['get'], apiGroups: [''], resources: [...resources] }] });
    await cluster.client.create(ClusterRoleBindings, { metadata: { name }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name }, subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name }] });
  }
  const paths = ['/metrics/resource', '/stats/summary?only_cpu_and_memory=true', '/pods', '/containerLogs/default/web/main'];
  const codes = async (user: string): Promise<number[]> => { const access = await cluster.as(user, 'people'); return Promise.all(paths.map(async (path) => (await get(path, access)).status)); };
  expect(await codes('all')).toEqual([200, 200, 200, 200]);
  expect(await codes('metrics')).toEqual([200, 403, 403, 403]);
  expect(await codes('stats')).toEqual([403, 200, 403, 403]);
  expect(await codes('nobody')).toEqual([403, 403, 403, 403]);
  const refused = await get('/metrics', await cluster.as('nobody', 'people'));
  expect(JSON.parse(refused.body).message).toBe('nodes "node-1" is forbidden: User "nobody" cannot get resource "nodes/proxy" in API group "" at the cluster scope');
  expect((await get('/metrics/..%2fcontainerLogs/default/web/main', await cluster.as('metrics', 'people'))).status).toBe(403);
});
