// What a write hands on to who watches is what the store has, and a status written beside parts that are shared with the last version
// is as one that is written beside copies: for each kind that has a status.
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { ServiceAccounts } from '../../src/api/core/service-account.ts';
import { allResources } from '../../src/api/index.ts';
import type { ApiObject, ResourceDefinition } from '../../src/schema/resource.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';
import { seedObject } from '../support/seed-objects.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await api.client.create(ServiceAccounts, { metadata: { name: 'default', namespace: 'default' } });
});
afterAll(() => api.stop());

const kinds = allResources.filter((resource) => resource.subresources.status && resource.verbs.includes('create') && resource.verbs.includes('patch') && !resource.storedAs && seedObject(resource, { name: 'shared' })).map((resource) => [resource.kind, resource] as const);

async function inStore(resource: ResourceDefinition, { metadata: { namespace, name } }: ApiObject): Promise<ApiObject> {
  const entry = (await api.registry.store.get(api.registry.of(resource).keyOf(namespace, name)))!;
  const object = JSON.parse(Buffer.from(entry.value).toString()) as ApiObject;
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(entry.revision) } };
}

it.each(kinds)('%s', async (_kind, resource) => {
  const stop = new AbortController();
  const place = resource.namespaced ? { namespace: 'default' } : {};
  const body = seedObject(resource, { name: 'shared', ...place }) as ApiObject;
  const key = { ...place, name: body.metadata.name };
  const events = api.client.watch<ApiObject>(resource, { ...place, resourceVersion: String(api.registry.cache.revision), signal: stop.signal })[Symbol.asyncIterator]();
  const told = async (): Promise<ApiObject> => (await events.next()).value.object as ApiObject;
  const first = told();
  const created = await api.client.create(resource, body);
  expect(await first).toStrictEqual(await inStore(resource, created));
  await api.client.patch(resource, key, { metadata: { labels: { a: '1' } } });
  let before = await told();
  expect(before).toStrictEqual(await inStore(resource, created));
  for (const type of ['merge', 'strategic'] as const) {
    const written = await api.client.patch<ApiObject>(resource, key, { metadata: { annotations: { [type]: '1' }, resourceVersion: before.metadata.resourceVersion } }, { type, subresource: 'status' });
    // Some kinds' statuses are written with no metadata.
    if (written.metadata.resourceVersion === before.metadata.resourceVersion) continue;
    const after = await told();
    expect(after).toStrictEqual(await inStore(resource, created));
    expect(after['spec']).toBe(before['spec']);
    before = after;
  }
  stop.abort();
});

it('a Pod with every default its spec can have', async () => {
  const limits = { cpu: '1', memory: '32Mi' };
  const key = { namespace: 'default', name: 'limited' };
  const spec = { hostNetwork: true, containers: [{ name: 'main', image: 'nginx:1', resources: { limits }, ports: [{ containerPort: 80 }] }], initContainers: [{ name: 'first', image: 'nginx:1', resources: { limits, requests: { cpu: '500m' } } }] };
  const stop = new AbortController();
  const events = api.client.watch<Pod>(Pods, { namespace: 'default', resourceVersion: String(api.registry.cache.revision), signal: stop.signal })[Symbol.asyncIterator]();
  const created = await api.client.create<Pod>(Pods, { metadata: key, spec } as never);
  await events.next();
  await api.client.patch(Pods, key, { metadata: { labels: { a: '1' } } });
  await events.next();
  expect([created.spec.containers[0]!.resources!.requests, created.spec.initContainers![0]!.resources!.requests]).toEqual([limits, { ...limits, cpu: '500m' }]);
  const written = await api.client.patch<Pod>(Pods, key, { status: { message: 'written' } }, { type: 'merge', subresource: 'status' });
  expect([written.status.message, written.spec]).toEqual(['written', created.spec]);
  stop.abort();
});
