// The official JavaScript client beyond objects of built-in kinds: what is used, custom objects, patches and applies of its typed
// APIs, access reviews, conditions of deletions.
import type * as types from '@kubernetes/client-node';
import { Nodes } from '../../src/api/core/node.ts';
import '../support/newer-node.ts';
import { quantityValue } from '../../src/apimachinery/quantity.ts';
import { thingStatus } from '../support/seed-objects.ts';
import { startStreamsCluster, type StreamsCluster } from './streams-cluster.ts';

const k8s = await import('@kubernetes/client-node');
const namespace = 'default';
let cluster: StreamsCluster;
let config: types.KubeConfig;
let core: types.CoreV1Api;
beforeAll(async () => {
  cluster = await startStreamsCluster();
  config = new k8s.KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  core = config.makeApiClient(k8s.CoreV1Api);
  await cluster.client.create(Nodes, { metadata: { name: 'node-1' }, status: { allocatable: { cpu: '2', memory: '8Gi' }, capacity: { cpu: '2', memory: '8Gi' } } } as never);
});
afterAll(() => cluster.stop());

const definition: types.V1CustomResourceDefinition = {
  metadata: { name: 'things.fuzz.example.com' },
  spec: {
    group: 'fuzz.example.com', scope: 'Namespaced', names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
    versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { count: { type: 'integer' } } }, status: { type: 'object', x_kubernetes_preserve_unknown_fields: true } } } } }],
  },
};
const code = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 200, (error: unknown) => (error as types.ApiException<unknown>).code);

describe('what is used', () => {
  it('is told of nodes and Pods', async () => {
    const metrics = new k8s.Metrics(config);
    const { kind, items: [node] } = await metrics.getNodeMetrics();
    expect([kind, node?.metadata.name]).toEqual(['NodeMetricsList', 'node-1']);
    expect(quantityValue(node!.usage.memory)).toBeGreaterThan(2 ** 24);
    expect(quantityValue(node!.usage.cpu)).toBeGreaterThan(0);
    const all = await metrics.getPodMetrics();
    expect((await metrics.getPodMetrics(namespace)).items.map(({ metadata }) => metadata.name)).toEqual(['web']);
    expect(all.items[0]!.containers.map(({ name }) => name)).toEqual(['main']);
    expect((await metrics.getPodMetrics('kube-system')).items).toEqual([]);
  });
  it('is added up by its top', async () => {
    const [node] = await k8s.topNodes(core);
    expect([node!.Node.metadata!.name, Number(node!.CPU.Capacity), Number(node!.Memory.Capacity)]).toEqual(['node-1', 2, 8 * 2 ** 30]);
    for (const pods of [await k8s.topPods(core, new k8s.Metrics(config)), await k8s.topPods(core, new k8s.Metrics(config), namespace)]) {
      expect(pods.map(({ Pod }) => Pod.metadata!.name)).toEqual(['web']);
      expect(pods[0]!.Containers.map(({ Container, MemoryUsage }) => [Container, Number(MemoryUsage.CurrentUsage) > 2 ** 24])).toEqual([['main', true]]);
    }
  });
});

it('custom objects: created, listed, read, replaced, patched in three forms, with their status, deleted', async () => {
  const objects = config.makeApiClient(k8s.CustomObjectsApi);
  await config.makeApiClient(k8s.ApiextensionsV1Api).createCustomResourceDefinition({ body: definition });
  await config.makeApiClient(k8s.ApiextensionsV1Api).patchCustomResourceDefinitionStatus({ name: 'things.fuzz.example.com', body: thingStatus }, k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch));
  const things = { group: 'fuzz.example.com', version: 'v1', namespace, plural: 'things' };
  const made = await objects.createNamespacedCustomObject({ ...things, body: { apiVersion: 'fuzz.example.com/v1', kind: 'Thing', metadata: { name: 'one' }, spec: { count: 1 } } });
  expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
  const named = { ...things, name: 'one' };
  expect((await objects.listNamespacedCustomObject(things)).items.map((item: types.KubernetesObject) => item.metadata!.name)).toEqual(['one']);
  expect((await objects.listCustomObjectForAllNamespaces({ group: things.group, version: things.version, resourcePlural: 'things', labelSelector: 'none' })).items).toEqual([]);
  expect((await objects.replaceNamespacedCustomObject({ ...named, body: { ...made, spec: { ...made.spec, count: 2 } } })).spec.count).toBe(2);
  expect(await code(objects.replaceNamespacedCustomObject({ ...named, body: made }))).toBe(409);
  const as = (strategy: string): ReturnType<typeof k8s.setHeaderOptions> => k8s.setHeaderOptions('Content-Type', strategy);
  expect((await objects.patchNamespacedCustomObject({ ...named, body: [{ op: 'replace', path: '/spec/count', value: 3 }] })).spec.count).toBe(3);
  expect((await objects.patchNamespacedCustomObject({ ...named, body: { spec: { count: 4 } } }, as(k8s.PatchStrategy.MergePatch))).spec.count).toBe(4);
  const applied = await objects.patchNamespacedCustomObject({ ...named, fieldManager: 'me', force: true, body: { apiVersion: 'fuzz.example.com/v1', kind: 'Thing', metadata: { name: 'one' }, spec: { count: 5 } } }, as(k8s.PatchStrategy.ServerSideApply));
  expect(applied.metadata.managedFields.map(({ manager, operation }: types.V1ManagedFieldsEntry) => `${manager} ${operation}`)).toContain('me Apply');
  expect(await code(objects.patchNamespacedCustomObject({ ...named, body: {} }, as(k8s.PatchStrategy.StrategicMergePatch)))).toBe(415);
  expect((await objects.patchNamespacedCustomObjectStatus({ ...named, body: { status: { replicas: 2 } } }, as(k8s.PatchStrategy.MergePatch))).status).toEqual({ replicas: 2 });
  expect((await objects.getNamespacedCustomObject(named)).spec.count).toBe(5);
  expect((await objects.deleteNamespacedCustomObject(named)).status).toBe('Success');
  expect(await code(objects.getNamespacedCustomObject(named))).toBe(404);
});

it('typed patches take each strategy, and typed deletions their conditions', async () => {
  const as = (strategy: string): ReturnType<typeof k8s.setHeaderOptions> => k8s.setHeaderOptions('Content-Type', strategy);
  const named = { namespace, name: 'patched' };
  const made = await core.patchNamespacedConfigMap({ ...named, fieldManager: 'me', body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'patched' }, data: { a: '1' } } }, as(k8s.PatchStrategy.ServerSideApply));
  expect(made.data).toEqual({ a: '1' });
  expect((await core.patchNamespacedConfigMap({ ...named, body: { data: { b: '2' } } }, as(k8s.PatchStrategy.MergePatch))).data).toEqual({ a: '1', b: '2' });
  expect((await core.patchNamespacedConfigMap({ ...named, body: { data: { a: null } } }, as(k8s.PatchStrategy.StrategicMergePatch))).data).toEqual({ b: '2' });
  expect((await core.patchNamespacedConfigMap({ ...named, dryRun: 'All', body: [{ op: 'remove', path: '/data/b' }] })).data).toBeUndefined();
  expect(await code(core.deleteNamespacedConfigMap({ ...named, body: { preconditions: { uid: '00000000-0000-4000-8000-000000000000' } } }))).toBe(409);
  expect(await code(core.deleteNamespacedConfigMap({ ...named, dryRun: 'All' }))).toBe(200);
  expect((await core.readNamespacedConfigMap(named)).data).toEqual({ b: '2' });
  expect(await code(core.deleteNamespacedConfigMap({ ...named, propagationPolicy: 'Foreground', body: { preconditions: { uid: made.metadata!.uid! } } }))).toBe(200);
});

it('access reviews answer', async () => {
  const { status } = await config.makeApiClient(k8s.AuthorizationV1Api).createSelfSubjectAccessReview({ body: { spec: { resourceAttributes: { verb: 'get', resource: 'pods', namespace } } } });
  expect(status?.allowed).toBe(true);
  const { status: self } = await config.makeApiClient(k8s.AuthenticationV1Api).createSelfSubjectReview({ body: {} });
  expect(self?.userInfo?.username).toBe('kubernetes-admin');
});
