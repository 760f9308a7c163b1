// Updates that name no resourceVersion, for each kind: which kinds take them by PUT, and that patches need none.
// upstream: the strategies' AllowUnconditionalUpdate, apiserver registry/generic/registry/store.go
import { MemoryTransport } from '../../master/apiserver/memory-transport.ts';
import { ServiceAccounts } from '../../src/api/core/service-account.ts';
import { allResources } from '../../src/api/index.ts';
import type { Transport } from '../../src/client/transport.ts';
import type { ApiObject, ResourceDefinition } from '../../src/schema/resource.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';
import { seedObject } from '../support/seed-objects.ts';

let api: TestApi;
let transport: Transport;
beforeAll(async () => {
  api = await startTestApi();
  await api.client.create(ServiceAccounts, { metadata: { name: 'default', namespace: 'default' } });
  transport = new MemoryTransport(api.server, { name: 'admin', groups: ['system:masters'] });
});
afterAll(() => api.stop());

/** Whoever writes one of these may not have read it too long ago. */
const conditional = `
apiservices csidrivers csinodes csistoragecapacities customresourcedefinitions leases mutatingwebhookconfigurations poddisruptionbudgets runtimeclasses
validatingadmissionpolicies validatingadmissionpolicybindings validatingwebhookconfigurations volumeattachments
`.trim().split(/\s+/);

it('the kinds whose PUT must name one', () => {
  expect(allResources.filter((resource) => resource.requiresRevision).map(({ plural }) => plural).sort()).toEqual(conditional);
});

const kinds = allResources.filter((resource) => ['create', 'update', 'patch'].every((verb) => (resource.verbs as readonly string[]).includes(verb)) && seedObject(resource, { name: 'plain' })).map((resource) => [`${resource.kind} (${resource.apiVersion})`, resource] as const);

it.each(kinds)('%s', async (_kind, resource: ResourceDefinition) => {
  const name = `plain-${resource.version}`;
  const place = resource.namespaced ? { namespace: 'default' } : {};
  const created = await api.client.create<ApiObject>(resource, seedObject(resource, { name, ...place }) as ApiObject);
  const path = `${resource.group ? `/apis/${resource.group}` : '/api'}/${resource.version}${resource.namespaced ? '/namespaces/default' : ''}/${resource.plural}/${created.metadata.name}`;
  const { resourceVersion: _read, ...metadata } = created.metadata;
  const put = transport.request({ method: 'PUT', path, body: { ...created, metadata: { ...metadata, labels: { ...metadata.labels, put: '1' } } } });
  if (resource.requiresRevision) {
    await expect(put).rejects.toMatchObject({
      code: 422, message: `${resource.plural}.${resource.group} "${created.metadata.name}" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`,
      status: { details: { kind: resource.plural, group: resource.group, causes: [{ reason: 'FieldValueInvalid', field: 'metadata.resourceVersion' }] } },
    });
  } else expect(await put).toMatchObject({ metadata: { labels: { put: '1' } } });
  for (const type of ['application/merge-patch+json', 'application/strategic-merge-patch+json']) {
    expect(await transport.request({ method: 'PATCH', path, headers: { 'content-type': type }, body: { metadata: { labels: { put: type.length.toString() } } } })).toMatchObject({ metadata: { labels: { put: type.length.toString() } } });
    if (resource.subresources.status) await transport.request({ method: 'PATCH', path: `${path}/status`, headers: { 'content-type': type }, body: { metadata: { annotations: { type } }, status: {} } });
  }
  if (!resource.subresources.status || resource.requiresRevision) return;
  const { resourceVersion: _now, ...now } = ((await transport.request({ method: 'GET', path })) as ApiObject).metadata;
  expect(await transport.request({ method: 'PUT', path: `${path}/status`, body: { ...created, metadata: now } })).toMatchObject({ metadata: { name: created.metadata.name } });
});
