// Admission webhooks and custom resources: refused, changed and pruned, in the versions that rules name.
import type { Transport } from '../../src/client/transport.ts';
import { startHttpsApi, type HttpsApi } from '../support/api-server-https.ts';
import { hookOf, judgeData, refusal, stage, startWebhookServer, type Review, type WebhookServer } from '../support/webhook-server.ts';

let api: HttpsApi;
let transport: Transport;
let server: WebhookServer;
beforeAll(async () => {
  [api, server] = await Promise.all([startHttpsApi({ controllers: true }), startWebhookServer()]);
  transport = api.transport(api.admin);
  await call('POST', '/api/v1/namespaces', { metadata: { name: 'work', labels: { hooked: 'yes' } } });
});
afterAll(async () => {
  await api.stop();
  await server.stop();
});
afterEach(async () => {
  for (const kind of ['validating', 'mutating'] as const) await call('DELETE', configurations(kind));
  server.reviews.clear();
});

type Query = Record<string, string>;
const call = (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, query: Query = {}, headers: Record<string, string> = {}): Promise<any> => transport.request({ method, path, query, headers, ...(body === undefined ? {} : { body }) });
const merge = (path: string, body: unknown, query: Query = {}): Promise<any> => call('PATCH', path, body, query, { 'content-type': 'application/merge-patch+json' });
const configurations = (kind: 'validating' | 'mutating'): string => `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations`;
const hook = (path: string, rules: object[]): object => hookOf(server, path, rules);
const configure = (kind: 'validating' | 'mutating', name: string, ...webhooks: object[]): Promise<any> => call('POST', configurations(kind), { metadata: { name }, webhooks });
const reviewsOf = (path: string): Review[] => server.reviews.get(path) ?? [];
const only = (path: string): Review['request'] => {
  expect(reviewsOf(path)).toHaveLength(1);
  return reviewsOf(path)[0]!.request;
};

const preserve = { 'type': 'object', 'x-kubernetes-preserve-unknown-fields': true };
const data = { type: 'object', properties: { data: { type: 'object', properties: { start: { type: 'string' }, one: { type: 'string' }, verdict: { type: 'string' } } } } };
const path = (group: string, version = 'v1'): string => `/apis/${group}/${version}/namespaces/work/things`;
async function define(group: string, schema: object): Promise<void> {
  const versions = ['v1', 'v2'].map((name) => ({ name, served: true, storage: name === 'v1', schema: { openAPIV3Schema: schema } }));
  await call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { metadata: { name: `things.${group}` }, spec: { group, scope: 'Namespaced', names: { plural: 'things', kind: 'Thing' }, versions } });
  const query = { watch: 'true', fieldSelector: `metadata.name=things.${group}`, timeoutSeconds: '60' };
  for await (const { object } of transport.watch({ method: 'GET', path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', query })) {
    if ((object as any).status?.conditions?.some((c: any) => c.type === 'Established' && c.status === 'True')) return;
  }
}
const thing = (group: string, name: string, value: object, version = 'v1'): object => ({ apiVersion: `${group}/${version}`, kind: 'Thing', metadata: { name }, data: value });
const things = (operations: string[], group: string, versions = ['v1', 'v2']): object => ({ operations, apiGroups: [group], apiVersions: versions, resources: ['things'] });

it('refuses custom resources like others, and lets them be deleted', async () => {
  await define('deny.example.org', preserve);
  server.on('/things', judgeData);
  await configure('validating', 'things', hook('/things', [things(['CREATE', 'UPDATE', 'DELETE'], 'deny.example.org')]));
  await refusal(call('POST', path('deny.example.org'), thing('deny.example.org', 'a', { verdict: 'bad' })));
  await call('POST', path('deny.example.org'), thing('deny.example.org', 'a', {}));
  await refusal(merge(`${path('deny.example.org')}/a`, { data: { verdict: 'bad' } }));
  await call('DELETE', `${path('deny.example.org')}/a`);
  expect(reviewsOf('/things').at(-1)!.request).toMatchObject({ operation: 'DELETE', oldObject: { apiVersion: 'deny.example.org/v1', kind: 'Thing', metadata: { name: 'a' } } });
});

it('prunes them once they are changed', async () => {
  await define('prune.example.org', data);
  server.on('/one', stage('start', 'one'));
  server.on('/two', stage('one', 'two'));
  await configure('mutating', 'things', hook('/one', [things(['CREATE'], 'prune.example.org')]), hook('/two', [things(['CREATE'], 'prune.example.org')]));
  expect((await call('POST', path('prune.example.org'), thing('prune.example.org', 'a', { start: 'yes' }))).data).toEqual({ start: 'yes', one: 'yes' });
  expect(reviewsOf('/two')[0]!.request.object.data).toEqual({ start: 'yes', one: 'yes' });
});

it('shows and changes them in the version a rule names, and stores them in that they are stored in now', async () => {
  const group = 'versions.example.org';
  await define(group, preserve);
  server.on('/one', stage('start', 'one'));
  server.on('/two', stage('one', 'two'));
  await configure('mutating', 'things', hook('/one', [things(['CREATE', 'UPDATE'], group, ['v2'])]), hook('/two', [things(['CREATE'], group)]));
  expect((await call('POST', path(group), thing(group, 'a', { start: 'yes' }))).data).toEqual({ start: 'yes', one: 'yes', two: 'yes' });
  expect(only('/one')).toMatchObject({ kind: { version: 'v2' }, requestKind: { version: 'v1' }, resource: { version: 'v2' }, requestResource: { version: 'v1' }, object: { apiVersion: `${group}/v2` } });
  const versions = ['v1', 'v2'].map((name) => ({ name, served: true, storage: name === 'v2', schema: { openAPIV3Schema: preserve } }));
  await merge(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.${group}`, { spec: { versions } });
  const patched = await call('PATCH', `${path(group, 'v2')}/a`, [{ op: 'add', path: '/dummy', value: 'test' }], {}, { 'content-type': 'application/json-patch+json' });
  expect(patched).toMatchObject({ apiVersion: `${group}/v2`, dummy: 'test', data: { start: 'yes', one: 'yes', two: 'yes' } });
});
