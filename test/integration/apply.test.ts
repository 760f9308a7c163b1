// Managed fields and server-side apply through the API server: the answers clients see.
import { Deployments, type Deployment } from '../../src/api/apps/deployment.ts';
import { ConfigMaps } from '../../src/api/core/config-map.ts';
import { Events as CoreEvents } from '../../src/api/core/event.ts';
import { Pods } from '../../src/api/core/pod.ts';
import { ServiceAccounts } from '../../src/api/core/service-account.ts';
import { Events } from '../../src/api/events/event.ts';
import type { ApiObject } from '../../src/schema/resource.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';
import { refusal } from '../support/refusal.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await api.client.create(ServiceAccounts, { metadata: { name: 'default', namespace: 'default' } });
});
afterAll(() => api.stop());

const at = (name: string): { namespace: string; name: string } => ({ namespace: 'default', name });
const configMap = (name: string, data?: Record<string, string>, metadata: object = {}): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...metadata }, ...(data ? { data } : {}) });
const apply = (configuration: object, fieldManager: string, force = false): Promise<ApiObject> =>
  api.client.patch(ConfigMaps, at((configuration as { metadata: { name: string } }).metadata.name), configuration, { type: 'apply', fieldManager, force }) as Promise<ApiObject>;
const owners = ({ metadata }: { metadata: ApiObject['metadata'] }): string[] => (metadata.managedFields ?? []).map((e) => `${e.manager} ${e.operation}${e.subresource ? `/${e.subresource}` : ''}`);
const deployment = (name: string): object => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'default' },
  spec: { selector: { matchLabels: { a: name } }, template: { metadata: { labels: { a: name } }, spec: { containers: [{ name: 'c', image: 'i' }] } } },
});

describe('apply', () => {
  it('creates, merges, and keeps the revision when nothing changes', async () => {
    const created = await apply(configMap('c', { a: '1' }), 'm1');
    expect(created.metadata.managedFields).toEqual([{ manager: 'm1', operation: 'Apply', apiVersion: 'v1', time: expect.any(String), fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { 'f:a': {} } } }]);
    expect((await apply(configMap('c', { a: '1' }), 'm1')).metadata.resourceVersion).toBe(created.metadata.resourceVersion);
    const merged = await apply(configMap('c', { b: '2' }), 'm2');
    expect(merged['data']).toEqual({ a: '1', b: '2' });
    expect(owners(merged)).toEqual(['m1 Apply', 'm2 Apply']);
  });
  it('tells conflicts as Kubernetes does', async () => {
    await apply(configMap('conflict', { a: '1', b: '2' }), 'm1');
    const one = await refusal(apply(configMap('conflict', { a: 'x' }), 'm2'));
    expect([one.code, one.reason, one.message]).toEqual([409, 'Conflict', 'Apply failed with 1 conflict: conflict with "m1": .data.a']);
    expect(one.status.details).toEqual({ causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "m1"', field: '.data.a' }] });
    await api.client.patch(ConfigMaps, at('conflict'), { data: { b: '3' } }, { fieldManager: 'edit' });
    const two = await refusal(apply(configMap('conflict', { a: 'x', b: 'y' }), 'm2'));
    expect(two.message).toBe('Apply failed with 2 conflicts: conflicts with "edit" using v1:\n- .data.b\nconflicts with "m1":\n- .data.a');
    expect((await apply(configMap('conflict', { a: 'x', b: 'y' }), 'm2', true))['data']).toEqual({ a: 'x', b: 'y' });
  });
  it.each([
    ['another kind', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'bad' } }, 400, 'invalid object type: /v1, Kind=Secret'],
    ['another version', { apiVersion: 'apps/v9', kind: 'ConfigMap', metadata: { name: 'bad' } }, 400, 'invalid object type: apps/v9, Kind=ConfigMap'],
    ['managed fields', configMap('bad', {}, { managedFields: [] }), 400, 'metadata.managedFields must be nil'],
    ['an unknown field', { ...configMap('bad'), nope: 1 }, 500, 'failed to create typed patch object (/bad; /v1, Kind=ConfigMap): .nope: field not declared in schema'],
    ['another name', configMap('other'), 400, 'the name of the object (other) does not match the name on the URL (bad)'],
    ['a value of another kind', { ...configMap('bad'), data: 5 }, 500, 'failed to create typed patch object (/bad; /v1, Kind=ConfigMap): .data: expected map, got &{5}'],
  ])('refuses %s', async (_what, configuration, code, message) => {
    const error = await refusal(api.client.patch(ConfigMaps, at('bad'), configuration, { type: 'apply', fieldManager: 'm' }));
    expect([error.code, error.message]).toEqual([code, message]);
  });
  it('wants to know who applies', async () => {
    const error = await refusal(api.client.patch(ConfigMaps, at('bad'), configMap('bad'), { type: 'apply' }));
    expect([error.code, error.message]).toEqual([422, 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch']);
  });
  it('locks on a named revision', async () => {
    const created = await apply(configMap('locked', { a: '1' }), 'm1');
    const error = await refusal(apply(configMap('locked', { a: '2' }, { resourceVersion: '1' }), 'm1'));
    expect([error.code, error.message]).toEqual([409, 'Operation cannot be fulfilled on configmaps "locked": the object has been modified; please apply your changes to the latest version and try again']);
    expect((await apply(configMap('locked', { a: '2' }, { resourceVersion: created.metadata.resourceVersion }), 'm1'))['data']).toEqual({ a: '2' });
  });
  it('retries against other writers', async () => {
    await apply(configMap('busy', { first: 'x' }), 'm');
    await Promise.all(Array.from({ length: 8 }, (_, i) => apply(configMap('busy', { [`k${i}`]: 'x' }), `m${i}`)));
    const { data } = await api.client.get(ConfigMaps, at('busy'));
    expect(Object.keys(data ?? {})).toHaveLength(9);
  });
});

describe('managed fields', () => {
  it('follow each writer through create, update, status and removal', async () => {
    const alice = api.as('alice', 'system:masters');
    await alice.create(Pods, { metadata: { name: 'p', namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'i' }] } } as never);
    const pod = await api.as('kubelet', 'system:masters').patch(Pods, at('p'), { status: { phase: 'Running' } }, { type: 'strategic', subresource: 'status' });
    expect(owners(pod)).toEqual(['alice Update', 'kubelet Update/status']);
    expect(pod.metadata.managedFields![1]!.fieldsV1).toEqual({ 'f:status': { 'f:phase': {} } });
    const fields = pod.metadata.managedFields![0]!.fieldsV1 as Record<string, object>;
    // What admission adds belongs to nobody.
    expect(Object.keys(fields['f:spec']!)).toEqual(['f:containers', 'f:dnsPolicy', 'f:enableServiceLinks', 'f:restartPolicy', 'f:schedulerName', 'f:securityContext', 'f:terminationGracePeriodSeconds']);
    const edited = await api.client.patch(Pods, at('p'), { metadata: { managedFields: [] } }, { fieldManager: 'edit' });
    expect(edited.metadata.managedFields).toBeUndefined();
  });
  it('of one storage are kept for each version', async () => {
    const event = { metadata: { name: 'e', namespace: 'default' }, regarding: { kind: 'Pod', name: 'p', namespace: 'default' }, eventTime: '2026-01-01T00:00:00.000000Z', reportingController: 'k/x', reportingInstance: 'k-1', action: 'Start', reason: 'Started', note: 'one', type: 'Normal' };
    const created = await api.as('recorder', 'system:masters').create(Events, event as never);
    expect(Object.keys(created.metadata.managedFields![0]!.fieldsV1 as object)).toContain('f:note');
    // What core calls the message is the note of the other version, which the first writer loses.
    const edited = await api.client.patch(CoreEvents, at('e'), { message: 'two' }, { fieldManager: 'edit' });
    const entryOf = (manager: string): any => edited.metadata.managedFields!.find((e) => e.manager === manager);
    expect(entryOf('edit')).toMatchObject({ apiVersion: 'v1', fieldsV1: { 'f:message': {} } });
    expect(entryOf('recorder').apiVersion).toBe('events.k8s.io/v1');
    expect(Object.keys(entryOf('recorder').fieldsV1)).not.toContain('f:note');
  });
  it('are not changed by writes that change nothing', async () => {
    const created = await api.as('alice', 'system:masters').create(ConfigMaps, configMap('same', { a: '1' }, { namespace: 'default' }) as never);
    const { resourceVersion: _r, managedFields: _m, ...metadata } = created.metadata;
    const put = await api.as('bob', 'system:masters').update(ConfigMaps, { ...created, metadata } as never);
    expect(put.metadata).toEqual(created.metadata);
  });
  it('of the replica count are shared with its Scale', async () => {
    const configuration = deployment('d');
    const patch = (body: object, options: object): Promise<Deployment> => api.client.patch(Deployments, at('d'), body, options) as Promise<Deployment>;
    await patch({ ...configuration, spec: { ...(configuration as Deployment).spec, replicas: 1 } }, { type: 'apply', fieldManager: 'm1' });
    await patch({ spec: { replicas: 3 } }, { subresource: 'scale', fieldManager: 'autoscaler' });
    const scaled = await api.client.get(Deployments, at('d'));
    expect([scaled.spec.replicas, owners(scaled)]).toEqual([3, ['m1 Apply', 'autoscaler Update/scale']]);
    expect(scaled.metadata.managedFields![1]).toMatchObject({ apiVersion: 'apps/v1', fieldsV1: { 'f:spec': { 'f:replicas': {} } } });
    const error = await refusal(patch({ ...configuration, spec: { replicas: 1 } }, { type: 'apply', fieldManager: 'm1' }));
    expect(error.message).toBe('Apply failed with 1 conflict: conflict with "autoscaler" with subresource "scale" using apps/v1: .spec.replicas');
    const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'd' }, spec: { replicas: 4 } };
    const refused = await refusal(patch(scale, { type: 'apply', subresource: 'scale', fieldManager: 'm2' }));
    expect(refused.message).toBe('Apply failed with 1 conflict: conflict with "autoscaler" with subresource "scale" using autoscaling/v1: .spec.replicas');
    await patch(scale, { type: 'apply', subresource: 'scale', fieldManager: 'm2', force: true });
    expect(owners(await api.client.get(Deployments, at('d')))).toEqual(['m1 Apply', 'm2 Apply/scale']);
  });
});

it('an object keeps its name when its applier gives up the last of its metadata', async () => {
  await apply(configMap('named', { a: '1' }, { annotations: { note: 'x' } }), 'only');
  const applied = await apply(configMap('named', { a: '1' }), 'only');
  expect(applied.metadata).toMatchObject({ name: 'named', namespace: 'default' });
  expect(applied.metadata).not.toHaveProperty('annotations');
});
