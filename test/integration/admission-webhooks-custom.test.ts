// Admission webhooks and custom resources: refused, changed and pruned, in the versions that rules name.
import { told } from '../support/refusal.ts';
import { admissionHooks, webhookApi } from '../support/webhook-api.ts';
import { judgeData, stage } from '../support/webhook-server.ts';

const api = webhookApi({ work: { hooked: 'yes' } });
const { call, merge } = api;
const { hook, configure, reviewsOf, only } = admissionHooks(api);

const preserve = { 'type': 'object', 'x-kubernetes-preserve-unknown-fields': true };
const data = { type: 'object', properties: { data: { type: 'object', properties: { start: { type: 'string' }, one: { type: 'string' }, verdict: { type: 'string' } } } } };
const path = (group: string, version = 'v1'): string => `/apis/${group}/${version}/namespaces/work/things`;
const define = (group: string, schema: object): Promise<void> => api.define({
  group, scope: 'Namespaced', names: { plural: 'things', kind: 'Thing' }, versions: ['v1', 'v2'].map((name) => ({ name, served: true, storage: name === 'v1', schema: { openAPIV3Schema: schema } })),
});
const thing = (group: string, name: string, value: object, version = 'v1'): object => ({ apiVersion: `${group}/${version}`, kind: 'Thing', metadata: { name }, data: value });
const things = (operations: string[], group: string, versions = ['v1', 'v2']): object => ({ operations, apiGroups: [group], apiVersions: versions, resources: ['things'] });

it('refuses custom resources like others, and lets them be deleted', async () => {
  await define('deny.example.org', preserve);
  api.server.on('/things', judgeData);
  await configure('validating', 'things', hook('/things', [things(['CREATE', 'UPDATE', 'DELETE'], 'deny.example.org')]));
  await told(call('POST', path('deny.example.org'), thing('deny.example.org', 'a', { verdict: 'bad' })));
  await call('POST', path('deny.example.org'), thing('deny.example.org', 'a', {}));
  await told(merge(`${path('deny.example.org')}/a`, { data: { verdict: 'bad' } }));
  await call('DELETE', `${path('deny.example.org')}/a`);
  expect(reviewsOf('/things').at(-1)!.request).toMatchObject({ operation: 'DELETE', oldObject: { apiVersion: 'deny.example.org/v1', kind: 'Thing', metadata: { name: 'a' } } });
});

it('prunes them once they are changed', async () => {
  await define('prune.example.org', data);
  api.server.on('/one', stage('start', 'one'));
  api.server.on('/two', stage('one', 'two'));
  await configure('mutating', 'things', hook('/one', [things(['CREATE'], 'prune.example.org')]), hook('/two', [things(['CREATE'], 'prune.example.org')]));
  expect((await call('POST', path('prune.example.org'), thing('prune.example.org', 'a', { start: 'yes' }))).data).toEqual({ start: 'yes', one: 'yes' });
  expect(reviewsOf('/two')[0]!.request.object.data).toEqual({ start: 'yes', one: 'yes' });
});

it('shows and changes them in the version a rule names, and stores them in that they are stored in now', async () => {
  const group = 'versions.example.org';
  await define(group, preserve);
  api.server.on('/one', stage('start', 'one'));
  api.server.on('/two', stage('one', 'two'));
  await configure('mutating', 'things', hook('/one', [things(['CREATE', 'UPDATE'], group, ['v2'])]), hook('/two', [things(['CREATE'], group)]));
  expect((await call('POST', path(group), thing(group, 'a', { start: 'yes' }))).data).toEqual({ start: 'yes', one: 'yes', two: 'yes' });
  expect(only('/one')).toMatchObject({ kind: { version: 'v2' }, requestKind: { version: 'v1' }, resource: { version: 'v2' }, requestResource: { version: 'v1' }, object: { apiVersion: `${group}/v2` } });
  const versions = ['v1', 'v2'].map((name) => ({ name, served: true, storage: name === 'v2', schema: { openAPIV3Schema: preserve } }));
  await merge(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.${group}`, { spec: { versions } });
  const patched = await call('PATCH', `${path(group, 'v2')}/a`, [{ op: 'add', path: '/dummy', value: 'test' }], {}, { 'content-type': 'application/json-patch+json' });
  expect(patched).toMatchObject({ apiVersion: `${group}/v2`, dummy: 'test', data: { start: 'yes', one: 'yes', two: 'yes' } });
});
