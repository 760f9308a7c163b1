// Random and hostile requests against the whole API server in this process: every answer is one Kubernetes would give, a refused
// request leaves nothing behind, and names of JavaScript's own objects are names like any other.
import fc from 'fast-check';
import { allResources } from '../../src/api/index.ts';
import { Namespaces } from '../../src/api/core/namespace.ts';
import { ServiceAccounts } from '../../src/api/core/service-account.ts';
import type { Status } from '../../src/apimachinery/status-error.ts';
import { toYaml } from '../../master/apiserver/yaml.ts';
import { equalJson } from '../../src/util/json.ts';
import { silentLog, type Log } from '../../src/util/log.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';
import { seedObject, thingDefinition, thingStatus } from '../support/seed-objects.ts';
import { cpuSince, yardstick } from '../support/yardstick.ts';
import { anyRequest, collectionOf, namespace, requestOf, seedName, type FuzzedRequest } from '../support/fuzz-requests.ts';

const user = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };
let api: TestApi;
/** What the server itself did not expect. */
const failures: unknown[] = [];
const log: Log = { ...silentLog, error: (fields) => { failures.push((fields as { error?: unknown }).error ?? fields); } };

interface Told { readonly status: number; readonly value: unknown; readonly bytes: number }

/** One request, and its answer in each form it can have; a watch is read until it has nothing more to say. */
async function ask({ method, path, query, contentType, accept, body }: FuzzedRequest): Promise<Told> {
  const gone = new AbortController();
  const { answer, media, done } = await api.server.handle({
    method, path, query: new URLSearchParams(query), headers: { 'content-type': contentType, accept, 'user-agent': 'fuzz/1' },
    body: () => Promise.resolve({ bytes: body ?? new Uint8Array() }), signal: gone.signal, peer: { user, address: 'test' },
  });
  try {
    if (answer.kind === 'watch') {
      setImmediate(() => gone.abort());
      let bytes = 0;
      for await (const item of answer.items) {
        bytes += item.json().byteLength;
        if (media.type === 'protobuf') bytes += api.server.protobuf.frame(item).byteLength;
      }
      return { status: 200, value: undefined, bytes };
    }
    if (answer.kind === 'raw') {
      if (answer.body instanceof Uint8Array) return { status: answer.status, value: undefined, bytes: answer.body.byteLength };
      return { status: answer.status, value: undefined, bytes: 0 };
    }
    const value = answer.value();
    const text = JSON.stringify(value);
    // The wire form of a list leaves out what kind its items are.
    if (answer.json && !equalJson(JSON.parse(Buffer.concat([...answer.json().pieces()]).toString()), JSON.parse(text, (key, v: unknown) => (key === 'items' && Array.isArray(v) && isList(value) ? v.map(withoutKind) : v)))) throw new Error('the bytes of an answer are another object than its value');
    if (media.type === 'protobuf') api.server.protobuf.encode(value);
    if (media.type === 'yaml') toYaml(value);
    return { status: answer.status, value, bytes: text.length };
  } finally {
    gone.abort();
    done();
  }
}

const isList = (value: unknown): boolean => (value as { kind: string }).kind.endsWith('List');
function withoutKind(item: unknown): unknown {
  if (typeof item !== 'object' || item === null || !('metadata' in item)) return item;
  const { kind: _kind, apiVersion: _version, ...rest } = item as { kind?: string; apiVersion?: string };
  return rest;
}

/** Upstream's own 500s: patches that cannot be merged, configurations that do not fit their type, and components nobody knows. */
const expected500 = /^(failed to (create typed patch object|convert new typed object|create typed live object)|unknown patch type|list element types|merging lists|map: map\[|The order in patch list|resourceVersion should not be set|metadata\.|target\.|\[|Component not found: )/;
const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype];
const ownNames = prototypes.map((p) => Reflect.ownKeys(p).length);

/** Many times what any of these requests takes; what grows with the square of its size takes more. */
const mostCpuMs = Math.max(2000, 40 * yardstick());

async function check(request: FuzzedRequest): Promise<void> {
  const before = await api.registry.store.revision();
  failures.length = 0;
  const begun = process.cpuUsage();
  const { status, value, bytes } = await ask(request);
  const tookMs = cpuSince(begun);
  const after = await api.registry.store.revision();
  const problems: unknown[] = [...failures];
  if (status >= 500 && status !== 504 && !expected500.test((value as Status | undefined)?.message ?? '')) problems.push(`${status} ${JSON.stringify(value)}`);
  // What is late may go on.
  if (status >= 400 && status !== 504 && after !== before) problems.push(`${status} ${(value as Status | undefined)?.message}, but something was stored`);
  if (status >= 400 && bytes > 64 * 1024 + 20 * (request.body?.byteLength ?? 0) + 20 * request.query.length) problems.push(`a refusal of ${bytes} bytes`);
  if (tookMs > mostCpuMs) problems.push(`${tookMs} ms of CPU`);
  if (prototypes.some((p, i) => Reflect.ownKeys(p).length !== ownNames[i])) problems.push('a prototype was changed');
  if (problems.length) throw new Error(`${request.method} ${request.path}?${request.query} ${request.contentType} ${Buffer.from(request.body ?? []).toString().slice(0, 2000)}\n${problems.map((p) => (p instanceof Error ? p.stack : String(p))).join('\n')}`);
}

beforeAll(async () => {
  api = await startTestApi({ log });
  await api.client.create(Namespaces, { metadata: { name: namespace } });
  await api.client.create(ServiceAccounts, { metadata: { name: 'default', namespace } });
});
afterAll(() => api.stop());

const post = (path: string, body: object): Promise<Told> => ask({ method: 'POST', path, query: '', contentType: 'application/json', accept: '', body: Buffer.from(JSON.stringify(body)) });
/** The object requests are about, again when a request has deleted it. */
async function seed(resource: (typeof allResources)[number]): Promise<void> {
  const object = seedObject(resource, { name: seedName, ...(resource.namespaced ? { namespace } : {}) });
  const store = api.registry.of(resource);
  if (object && !store.find(namespace, seedName)) await post(collectionOf(resource), object);
}

test('every kind has a valid object to begin with', async () => {
  const told = await Promise.all(allResources.map(async (resource) => {
    const object = seedObject(resource, { name: seedName, ...(resource.namespaced ? { namespace } : {}) });
    return object ? [resource.kind, (await post(collectionOf(resource), object)).status] : undefined;
  }));
  expect(told.filter((t) => t && t[1] !== 201 && t[1] !== 409)).toEqual([]);
});

test('a patch that changes nothing leaves every kind as it is', async () => {
  const changed: unknown[] = [];
  for (const resource of allResources.filter((r) => api.registry.of(r).find(namespace, seedName))) {
    const request = { path: `${collectionOf(resource)}/${seedName}`, query: '', accept: '' };
    const { value } = await ask({ ...request, method: 'GET', contentType: '', body: undefined });
    for (const [contentType, body] of [['application/json-patch+json', '[]'], ['application/merge-patch+json', '{}'], ['application/strategic-merge-patch+json', '{}']] as const) {
      const told = await ask({ ...request, method: 'PATCH', contentType, body: Buffer.from(body) });
      if (!equalJson(told.value, value)) changed.push([resource.kind, contentType, told.value, value]);
    }
  }
  expect(changed).toEqual([]);
});

const bare = ['{}', '{"metadata":{}}', '{"metadata":{"name":""},"spec":{}}', '{"metadata":{"generateName":"g-"},"spec":{},"status":{}}', '{"metadata":null,"spec":null}', `{"metadata":{"name":"${'n'.repeat(2000)}"}}`, `{"metadata":{"generateName":"${'n'.repeat(2000)}"}}`];
test('bodies that say next to nothing are refused, or are objects', async () => {
  for (const resource of allResources) for (const body of bare) await check({ method: 'POST', path: collectionOf(resource), query: 'dryRun=All', accept: '', contentType: 'application/json', body: Buffer.from(body) });
});

describe('sizes', () => {
  const post = (contentType: string, body: string, path = '/api/v1/namespaces/fuzz/configmaps'): FuzzedRequest => ({ method: contentType.includes('patch') ? 'PATCH' : 'POST', path: contentType.includes('patch') ? `${path}/${seedName}` : path, query: contentType.includes('apply') ? 'fieldManager=f' : '', accept: '', contentType, body: Buffer.from(body) });
  const deep = (n: number): string => '['.repeat(n) + ']'.repeat(n);
  const deepMap = (n: number): string => '{"a":'.repeat(n) + '1' + '}'.repeat(n);
  const patches = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml'];
  const schema = (n: number): string => `{"metadata":{"name":"xs.example.com"},"spec":{"group":"example.com","scope":"Cluster","names":{"plural":"xs","kind":"X"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":${'{"bogus":1,"type":"object","properties":{"p":'.repeat(n)}{}${'}}'.repeat(n)}}}]}}`;
  const quoted = JSON.stringify({ metadata: { name: 'large' }, data: { text: '":'.repeat(300_000) } });
  test.each<[string, FuzzedRequest]>([
    ['lists a hundred thousand deep', post('application/json', deep(100_000))],
    ['objects a hundred thousand deep', post('application/json', `{"data":${deepMap(100_000)}}`)],
    ['data nine thousand deep where anything may stand', post('application/json', `{"metadata":{"name":"deep"},"revision":1,"data":${deepMap(9000)}}`, '/apis/apps/v1/namespaces/fuzz/controllerrevisions')],
    ['deep YAML', post('application/yaml', deep(50_000))],
    ['deep YAML blocks', post('application/yaml', Array.from({ length: 1500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'))],
    ...patches.flatMap((type): [string, FuzzedRequest][] => [[`deep ${type}`, post(type, type.includes('json-patch+') && !type.includes('merge') ? `[{"op":"add","path":"/data/a","value":${deepMap(50_000)}}]` : `{"apiVersion":"v1","kind":"ConfigMap","data":${deepMap(50_000)}}`)]]),
    ['a schema three thousand deep', post('application/json', schema(3000), '/apis/apiextensions.k8s.io/v1/customresourcedefinitions')],
    ['YAML whose aliases multiply', post('application/yaml', `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, i) => `${'bcdefghij'[i]}: &${'bcdefghij'[i]} [${Array.from({ length: 9 }, () => `*${'abcdefghi'[i]}`).join(',')}]`).join('\n')}`)],
    ['a YAML alias of itself', post('application/yaml', 'metadata: &m {name: x, labels: *m}')],
    ['YAML whose merges multiply', post('application/yaml', `a0: &a0 {k: v}\n${Array.from({ length: 60 }, (_, i) => `a${i + 1}: &a${i + 1} {<<: [*a${i},*a${i},*a${i},*a${i},*a${i}]}`).join('\n')}`)],
    ['thousands of keys in YAML', post('application/yaml', `metadata: {name: yaml}\ndata:\n${Array.from({ length: 6000 }, (_, i) => `  key-${i}: value of the key ${i}, and more\n`).join('')}`)],
    ['text that looks like many keys', post('application/json', quoted)],
    ['thousands of unknown fields', post('application/json', `{"metadata":{"name":"unknown"},${Array.from({ length: 30_000 }, (_, i) => `"u${i}":1`).join(',')}}`)],
    ['thousands of keys that stand twice', post('application/json', `{"metadata":{"name":"twice"},"data":{${Array.from({ length: 6000 }, (_, i) => `"u${i}":"","u${i}":""`).join(',')}}}`)],
    ['a JSON patch that copies what it has copied', post('application/json-patch+json', JSON.stringify([{ op: 'add', path: '/metadata/annotations', value: { a: 'x'.repeat(100) } }, ...Array.from({ length: 60 }, (_, i) => ({ op: 'copy', from: '/metadata/annotations', path: `/metadata/annotations/c${i}` }))]))],
    ['two thousand quantities', post('application/json', `{"metadata":{"name":"q"},"spec":{"hard":{${Array.from({ length: 2000 }, (_, i) => `"requests.storage${i}":"1e300"`).join(',')}}}}`, '/api/v1/namespaces/fuzz/resourcequotas')],
    ['a long label selector', { method: 'GET', path: '/api/v1/configmaps', query: `labelSelector=${'a,'.repeat(20_000)}a`, accept: '', contentType: '', body: undefined }],
    ['a grace that never ends', { method: 'DELETE', path: '/api/v1/namespaces/fuzz/pods/seed', query: 'gracePeriodSeconds=9007199254740991', accept: '', contentType: '', body: undefined }],
  ])('%s', async (_, request) => { await check(request); });
});

test.each(allResources.map((r) => [`${r.plural}.${r.group || 'core'} ${r.version}`, r] as const))('%s', async (_, resource) => {
  await seed(resource);
  await fc.assert(fc.asyncProperty(requestOf(resource), async (request) => {
    await seed(resource);
    await check(request);
  }), { numRuns: Number(process.env['FUZZ_RUNS'] ?? 40) });
});

test('things.fuzz.example.com v1, a custom resource', async () => {
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  expect((await post(definitions, thingDefinition)).status).toBe(201);
  await ask({ method: 'PATCH', path: `${definitions}/things.fuzz.example.com/status`, query: '', contentType: 'application/merge-patch+json', accept: '', body: Buffer.from(JSON.stringify(thingStatus)) });
  const { resource } = api.registry.of({ group: 'fuzz.example.com', version: 'v1', plural: 'things' });
  await fc.assert(fc.asyncProperty(requestOf(resource), async (request) => {
    if (!api.registry.of(resource).find(namespace, seedName)) await post(collectionOf(resource), { apiVersion: resource.apiVersion, kind: resource.kind, metadata: { name: seedName }, spec: { names: [{ name: 'a' }] } });
    await check(request);
  }), { numRuns: 2 * Number(process.env['FUZZ_RUNS'] ?? 40) });
});

test('any other path', () => fc.assert(fc.asyncProperty(anyRequest, check), { numRuns: 300 }));
