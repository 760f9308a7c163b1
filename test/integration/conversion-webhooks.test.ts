// Custom resources whose versions a webhook converts: reads, lists, watches and writes of a version that is not the stored one. The
// kind is that of Kubernetes' own conformance test (test/e2e/apimachinery/crd_conversion_webhook.go).
import type { WatchEvent } from '../../src/client/transport.ts';
import { refusal } from '../support/refusal.ts';
import { webhookApi } from '../support/webhook-api.ts';
import type { Review } from '../support/webhook-server.ts';

const api = webhookApi({ work: {} });
const { call, merge } = api;
beforeEach(() => {
  api.server.on('/convert', converter);
  api.server.reviews.clear();
});

const refused = async (promise: Promise<unknown>): Promise<object> => {
  const { code, message } = await refusal(promise);
  return { code, message };
};

/** v1 has hostPort, v2 host and port. */
function convert(object: any, desired: string): object {
  const { hostPort, host, port, ...rest } = object;
  const labels = { ...rest.metadata.labels, in: desired.split('/')[1] };
  const own = { ...rest, apiVersion: desired, metadata: { ...rest.metadata, labels, creationTimestamp: '1999-01-01T00:00:00Z' } };
  if (desired.endsWith('/v1')) return { ...own, ...(host === undefined ? {} : { hostPort: `${host}:${port}` }) };
  const [first, second] = String(hostPort ?? '').split(':');
  return { ...own, ...(hostPort === undefined ? {} : { host: first, port: second }) };
}
const converter = ({ request }: Review): object => ({ result: { status: 'Success' }, convertedObjects: request['objects'].map((object: object) => convert(object, request['desiredAPIVersion'])) });
const asked = (): number => (api.server.reviews.get('/convert') ?? []).length;

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const properties = { v1: { hostPort: { type: 'string' } }, v2: { host: { type: 'string' }, port: { type: 'string' }, share: { type: 'integer', default: 5 } } };
const versions = (storage: string): object[] => (['v1', 'v2'] as const).map((name) => ({ name, served: true, storage: name === storage, schema: { openAPIV3Schema: { type: 'object', properties: { ...properties[name], status: { 'type': 'object', 'x-kubernetes-preserve-unknown-fields': true } } } }, subresources: { status: {} } }));
const define = (group: string, conversionReviewVersions: string[] = ['v1']): Promise<void> => api.define({
  group, scope: 'Namespaced', names: { plural: 'hosts', kind: 'Host' }, versions: versions('v1'), conversion: { strategy: 'Webhook', webhook: { clientConfig: api.server.clientConfig('/convert'), conversionReviewVersions } },
});
const path = (group: string, version: string): string => `/apis/${group}/${version}/namespaces/work/hosts`;
const host = (group: string, name: string, version = 'v1', more: object = version === 'v1' ? { hostPort: 'localhost:8080' } : { host: 'localhost', port: '8080' }): object => ({ apiVersion: `${group}/${version}`, kind: 'Host', metadata: { name }, ...more });
const v2Form = { host: 'localhost', port: '8080' };

it('reads what was written in the other version, and writes what is stored in the other', async () => {
  const group = 'read.example.org';
  await define(group);
  const created = await call('POST', path(group, 'v1'), host(group, 'one'));
  expect(asked()).toBe(0);
  const read = await call('GET', `${path(group, 'v2')}/one`);
  expect(read).toMatchObject({ apiVersion: `${group}/v2`, kind: 'Host', ...v2Form, share: 5, metadata: { name: 'one', uid: created.metadata.uid, resourceVersion: created.metadata.resourceVersion, labels: { in: 'v2' } } });
  expect(read).not.toHaveProperty('hostPort');
  // Of metadata labels and annotations alone are the webhook's.
  expect(read.metadata.creationTimestamp).toBe(created.metadata.creationTimestamp);
  expect(api.server.reviews.get('/convert')![0]).toMatchObject({ kind: 'ConversionReview', apiVersion: 'apiextensions.k8s.io/v1', request: { desiredAPIVersion: `${group}/v2`, objects: [{ apiVersion: `${group}/v1`, hostPort: 'localhost:8080' }] } });
  expect(api.server.lastQuery()).toBe('?timeout=30s');
  // A state is converted once.
  await call('GET', `${path(group, 'v2')}/one`);
  expect(asked()).toBe(1);
  expect(await call('POST', path(group, 'v2'), host(group, 'two', 'v2'))).toMatchObject({ apiVersion: `${group}/v2`, ...v2Form });
  expect(await call('GET', `${path(group, 'v1')}/two`)).toMatchObject({ apiVersion: `${group}/v1`, hostPort: 'localhost:8080' });
});

it('changes and deletes in either version', async () => {
  const group = 'change.example.org';
  await define(group, ['v0', 'v1beta1']);
  await call('POST', path(group, 'v1'), host(group, 'a'));
  expect(await merge(`${path(group, 'v2')}/a`, { port: '9' })).toMatchObject({ host: 'localhost', port: '9' });
  expect(api.server.reviews.get('/convert')![0]!.apiVersion).toBe('apiextensions.k8s.io/v1beta1');
  const current = await call('GET', `${path(group, 'v1')}/a`);
  expect(current).toMatchObject({ hostPort: 'localhost:9', metadata: { generation: 2 } });
  await call('PUT', `${path(group, 'v2')}/a`, { ...host(group, 'a', 'v2', { host: 'h', port: '1' }), metadata: { name: 'a', resourceVersion: current.metadata.resourceVersion } });
  expect(await merge(`${path(group, 'v2')}/a/status`, { status: { seen: true } })).toMatchObject({ host: 'h', status: { seen: true } });
  const applied = await call('PATCH', `${path(group, 'v2')}/a`, host(group, 'a', 'v2', { port: '2' }), { fieldManager: 'me', force: 'true' }, { 'content-type': 'application/apply-patch+yaml' });
  expect(applied).toMatchObject({ host: 'h', port: '2', status: { seen: true } });
  expect(await call('GET', `${path(group, 'v1')}/a`)).toMatchObject({ hostPort: 'h:2', status: { seen: true } });
  await merge(`${path(group, 'v2')}/a`, { metadata: { finalizers: ['example.org/held'] } });
  expect(await call('DELETE', `${path(group, 'v2')}/a`)).toMatchObject({ apiVersion: `${group}/v2`, host: 'h', metadata: { deletionTimestamp: expect.any(String) } });
  await merge(`${path(group, 'v1')}/a`, { metadata: { finalizers: null } });
  expect(await refused(call('GET', `${path(group, 'v2')}/a`))).toMatchObject({ code: 404 });
});

it('lists objects of several stored versions in one, by labels too', async () => {
  const group = 'list.example.org';
  await define(group);
  await call('POST', path(group, 'v1'), host(group, 'one'));
  await merge(`${definitions}/hosts.${group}`, { spec: { versions: versions('v2') } });
  await call('POST', path(group, 'v1'), host(group, 'two'));
  const bare = ({ items }: { items: any[] }): object[] => items.map(({ metadata: { name }, hostPort, host: first, port }) => ({ name, ...(hostPort === undefined ? { host: first, port } : { hostPort }) }));
  expect(bare(await call('GET', path(group, 'v1')))).toEqual([{ name: 'one', hostPort: 'localhost:8080' }, { name: 'two', hostPort: 'localhost:8080' }]);
  expect(bare(await call('GET', path(group, 'v2')))).toEqual([{ name: 'one', ...v2Form }, { name: 'two', ...v2Form }]);
  // Each was sent once, whoever read it first: the second when it was stored.
  const toV2 = api.server.reviews.get('/convert')!.filter(({ request }) => request['desiredAPIVersion'] === `${group}/v2`).flatMap(({ request }) => request['objects'] as { metadata: { name: string } }[]);
  expect(toV2.map(({ metadata }) => metadata.name).sort()).toEqual(['one', 'two']);
  expect(bare(await call('GET', path(group, 'v2'), undefined, { labelSelector: 'in=v2' }))).toHaveLength(2);
  const table = await call('GET', path(group, 'v1'), undefined, { limit: '1' }, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
  expect([table.kind, table.rows.length]).toEqual(['Table', 1]);
  // A write that changes nothing stores an object in the version of now.
  await merge(`${path(group, 'v1')}/one`, {});
  api.server.reviews.clear();
  await call('GET', path(group, 'v2'));
  expect(asked()).toBe(0);
});

it('tells a watch of changes in its version, in order', async () => {
  const group = 'watch.example.org';
  await define(group);
  await call('POST', path(group, 'v1'), host(group, 'a'));
  const stop = new AbortController();
  const seen: string[] = [];
  const { metadata } = await call('GET', path(group, 'v2'));
  const events = api.transport.watch({ method: 'GET', path: path(group, 'v2'), query: { watch: 'true', sendInitialEvents: 'true', allowWatchBookmarks: 'true', resourceVersionMatch: 'NotOlderThan', resourceVersion: metadata.resourceVersion, timeoutSeconds: '60' }, signal: stop.signal });
  for await (const { type, object } of events as AsyncIterable<WatchEvent<any>>) {
    if (type === 'BOOKMARK') {
      await merge(`${path(group, 'v1')}/a`, { hostPort: 'h:1' });
      await call('DELETE', `${path(group, 'v1')}/a`);
      continue;
    }
    seen.push(`${type} ${(object.apiVersion as string).split('/')[1]} ${object.host}:${object.port}`);
    if (type === 'DELETED') break;
  }
  stop.abort();
  expect(seen).toEqual(['ADDED v2 localhost:8080', 'MODIFIED v2 h:1', 'DELETED v2 h:1']);
});

it('says what is wrong with a webhook, and with what it answers', async () => {
  const group = 'wrong.example.org';
  await define(group);
  await call('POST', path(group, 'v1'), host(group, 'a'));
  const named = `conversion webhook for ${group}/v1, Kind=Host`;
  const answered = async (change: (object: any) => object | undefined, more: object = {}): Promise<object> => {
    api.server.on('/convert', ({ request }) => ({ result: { status: 'Success' }, convertedObjects: request['objects'].map((object: any) => change(convert(object, request['desiredAPIVersion']))).filter((object: unknown) => object), ...more }));
    return refused(call('GET', `${path(group, 'v2')}/a`));
  };
  const bare = (message: string): object => ({ code: 500, message: `${named} ${message}` });
  expect(await answered(() => undefined)).toEqual(bare('returned 0 objects, expected 1'));
  expect(await answered((object) => object, { result: { status: 'Failure', message: 'it cannot be' } })).toEqual(bare('failed: it cannot be'));
  expect(await answered((object) => object, { result: {} })).toEqual(bare("failed: response.result.status was '', not 'Success'"));
  expect(await answered((object) => object, { uid: 'other' })).toMatchObject({ message: expect.stringMatching(/failed: expected response.uid="[0-9a-f-]{36}", got "other"$/) });
  expect(await answered((object) => ({ ...object, apiVersion: `${group}/v1` }))).toEqual(bare(`returned invalid object: invalid groupVersion (expected ${group}/v2, received ${group}/v1)`));
  expect(await answered((object) => ({ ...object, kind: 'Guest' }))).toEqual(bare('returned invalid object: invalid kind (expected Host, received Guest)'));
  expect(await answered((object) => ({ ...object, metadata: { ...object.metadata, name: 'b' } }))).toEqual(bare('returned invalid object: must have the same name: a != b'));
  expect(await answered((object) => ({ ...object, metadata: undefined }))).toEqual(bare('returned invalid metadata: missing metadata in converted object'));
  expect(await answered((object) => ({ ...object, metadata: { ...object.metadata, labels: { a: 1 } } }))).toEqual(bare('returned invalid metadata: metadata.labels[a] must be a string, but is number in converted object'));
  expect(await answered((object) => ({ ...object, metadata: { ...object.metadata, labels: { 'a b': '1' } } }))).toMatchObject({ code: 500, message: expect.stringContaining('returned invalid metadata: metadata.labels: Invalid value: "a b"') });
  api.server.raw('/convert', 500, 'no');
  const failed = bare('failed: an error on the server ("no") has prevented the request from succeeding');
  expect(await refused(call('GET', path(group, 'v2')))).toEqual(failed);
  expect(await refused(call('POST', path(group, 'v2'), host(group, 'b', 'v2')))).toEqual({ code: 500, message: `conversion webhook for ${group}/v2, Kind=Host failed: an error on the server ("no") has prevented the request from succeeding` });
  // The stored version needs nobody.
  expect((await call('GET', path(group, 'v1'))).items).toHaveLength(1);
  const { metadata } = await call('GET', `${path(group, 'v1')}/a`);
  const events = api.transport.watch({ method: 'GET', path: path(group, 'v2'), query: { watch: 'true', resourceVersion: metadata.resourceVersion, timeoutSeconds: '60' } })[Symbol.asyncIterator]();
  const next = events.next();
  await merge(`${path(group, 'v1')}/a`, { hostPort: 'h:1' });
  await expect(next).rejects.toMatchObject({ code: 500, message: expect.stringContaining('conversion webhook for') });
});

it('does not keep a definition whose webhook has gone from being deleted', async () => {
  const group = 'gone.example.org';
  await define(group);
  await call('POST', path(group, 'v1'), host(group, 'a'));
  api.server.raw('/convert', 500, 'no');
  const { metadata } = await call('GET', `${definitions}/hosts.${group}`);
  await call('DELETE', `${definitions}/hosts.${group}`);
  const events = api.transport.watch({ method: 'GET', path: definitions, query: { watch: 'true', resourceVersion: metadata.resourceVersion, fieldSelector: `metadata.name=hosts.${group}`, timeoutSeconds: '60' } });
  for await (const { type } of events) if (type === 'DELETED') break;
  expect(await refused(call('GET', `${definitions}/hosts.${group}`))).toMatchObject({ code: 404 });
});

it('shows admission webhooks the version they ask for', async () => {
  const group = 'admit.example.org';
  await define(group);
  api.server.on('/admit', ({ request: { object } }) => ({ allowed: true, ...(object?.port === '8080' ? { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify([{ op: 'replace', path: '/port', value: '9090' }])).toString('base64') } : {}) }));
  await call('POST', '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', { metadata: { name: 'hosts' }, webhooks: [{ name: 'hosts.k8s.io', clientConfig: api.server.clientConfig('/admit'), sideEffects: 'None', admissionReviewVersions: ['v1'], rules: [{ operations: ['CREATE'], apiGroups: [group], apiVersions: ['v2'], resources: ['hosts'] }] }] });
  expect(await call('POST', path(group, 'v1'), host(group, 'a'))).toMatchObject({ hostPort: 'localhost:9090' });
  expect(api.server.reviews.get('/admit')![0]!.request).toMatchObject({ kind: { version: 'v2' }, requestKind: { version: 'v1' }, object: { apiVersion: `${group}/v2`, ...v2Form } });
});
