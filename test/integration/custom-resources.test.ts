// Custom resources over HTTP, with the controllers that establish and collect them: the answers clients see.
import type { Transport, WatchEvent } from '../../src/client/transport.ts';
import { CustomResourceDefinitions, type JSONSchemaProps } from '../../src/api/apiextensions/custom-resource-definition.ts';
import type { ApiObject } from '../../src/schema/resource.ts';
import { MemoryStore } from '../../master/storage/memory-store.ts';
import { startTestApi } from '../support/api-server.ts';
import { startHttpsApi, type HttpsApi } from '../support/api-server-https.ts';
import { refusal } from '../support/refusal.ts';

let api: HttpsApi;
let transport: Transport;
beforeAll(async () => {
  api = await startHttpsApi({ openApi: true, controllers: true });
  transport = api.transport(api.admin);
  await call('POST', '/api/v1/namespaces', { metadata: { name: 'work' } });
});
afterAll(() => api.stop());

const call = (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, more: { headers?: Record<string, string>; query?: Record<string, string> } = {}): Promise<any> =>
  transport.request({ method, path, ...(body === undefined ? {} : { body }), ...more });
const patchAs = (type: string) => (path: string, body: unknown, query: Record<string, string> = {}): Promise<any> => call('PATCH', path, body, { headers: { 'content-type': type }, query });
const merge = patchAs('application/merge-patch+json');
const apply = patchAs('application/apply-patch+yaml');

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
type Version = Record<string, unknown> & { schema?: JSONSchemaProps };
interface Shape { readonly group: string; readonly plural?: string; readonly kind?: string; readonly names?: object; readonly scope?: string; readonly versions: readonly Version[] }

function definition({ group, plural = 'widgets', kind = 'Widget', names = {}, scope = 'Namespaced', versions }: Shape): ApiObject {
  const list = versions.map(({ schema, ...version }, i) => ({ name: 'v1', served: true, storage: i === 0, schema: { openAPIV3Schema: schema ?? { 'type': 'object', 'x-kubernetes-preserve-unknown-fields': true } }, ...version }));
  return { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${plural}.${group}` }, spec: { group, scope, names: { plural, kind, ...names }, versions: list } } as unknown as ApiObject;
}

/** Watches one object until it is as wanted. */
async function until(path: string, name: string, wanted: (object: ApiObject, type: WatchEvent['type']) => boolean): Promise<ApiObject> {
  const stop = new AbortController();
  const list = await call('GET', path) as { metadata: { resourceVersion: string }; items: ApiObject[] };
  const present = list.items.find(({ metadata }) => metadata.name === name);
  if (present && wanted(present, 'ADDED')) return present;
  try {
    for await (const { type, object } of transport.watch({ method: 'GET', path, query: { watch: 'true', resourceVersion: list.metadata.resourceVersion, fieldSelector: `metadata.name=${name}`, timeoutSeconds: '100' }, signal: stop.signal })) {
      if (wanted(object as ApiObject, type)) return object as ApiObject;
    }
  } finally {
    stop.abort();
  }
  throw new Error(`${path} ${name} did not become as wanted`);
}
async function untilGone(path: string, name: string): Promise<void> {
  const { items } = await call('GET', path) as { items: ApiObject[] };
  const present = items.find(({ metadata }) => metadata.name === name);
  if (!present) return;
  const query = { watch: 'true', resourceVersion: present.metadata.resourceVersion, fieldSelector: `metadata.name=${name}`, timeoutSeconds: '100' };
  const stop = new AbortController();
  for await (const { type } of transport.watch({ method: 'GET', path, query, signal: stop.signal })) if (type === 'DELETED') return stop.abort();
  throw new Error(`${path} ${name} did not go`);
}
const isTrue = (type: string) => ({ status }: ApiObject): boolean => (status as { conditions?: { type: string; status: string }[] } | undefined)?.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;

async function define(shape: Shape): Promise<ApiObject> {
  const crd = definition(shape);
  await call('POST', definitions, crd);
  return until(definitions, crd.metadata.name, isTrue('Established'));
}

const widgetSchema: JSONSchemaProps = {
  type: 'object',
  properties: {
    spec: {
      type: 'object', required: ['size'],
      properties: {
        'size': { type: 'integer', minimum: 1, maximum: 100 }, 'color': { type: 'string', enum: ['red', 'blue'], default: 'red' }, 'port': { 'x-kubernetes-int-or-string': true },
        'free': { 'type': 'object', 'x-kubernetes-preserve-unknown-fields': true },
        'rules': { 'type': 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'], 'items': { type: 'object', required: ['name'], properties: { name: { type: 'string' }, value: { type: 'integer' }, note: { type: 'string' } } } },
        'tags': { 'type': 'array', 'x-kubernetes-list-type': 'set', 'items': { type: 'string' } },
      },
    },
    status: { type: 'object', properties: { ready: { type: 'integer' }, selector: { type: 'string' } } },
  },
};
const group = 'first.example.com';
const root = `/apis/${group}/v1`;
const widgets = `${root}/namespaces/work/widgets`;
const widget = (name: string, spec: object = { size: 3 }, more: object = {}): object => ({ apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name }, spec, ...more });

describe('a served definition', () => {
  beforeAll(() => define({
    group, names: { shortNames: ['wd'], categories: ['all'] },
    versions: [{
      schema: widgetSchema, subresources: { status: {}, scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.ready', labelSelectorPath: '.status.selector' } },
      additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }, { name: 'Tags', type: 'string', jsonPath: '.spec.tags' }], selectableFields: [{ jsonPath: '.spec.color' }],
    }],
  }));

  it('is in discovery, in all its forms', async () => {
    const list = await call('GET', root) as { resources: { name: string; shortNames?: string[]; storageVersionHash?: string }[] };
    expect(list.resources.map(({ name }) => name)).toEqual(['widgets', 'widgets/scale', 'widgets/status']);
    expect(list.resources[0]).toMatchObject({ singularName: 'widget', namespaced: true, kind: 'Widget', shortNames: ['wd'], categories: ['all'], storageVersionHash: expect.stringMatching(/=$/) });
    const groups = await call('GET', '/apis') as { groups: { name: string }[] };
    expect(groups.groups.find(({ name }) => name === group)).toMatchObject({ preferredVersion: { groupVersion: `${group}/v1`, version: 'v1' } });
  });

  it('takes objects: defaulted, pruned with a warning, generation 1, no status', async () => {
    const made = await call('POST', widgets, widget('a', { size: 3, sice: 4, free: { any: [1, { deep: null }] }, port: '80' }, { status: { ready: 9 } })) as ApiObject;
    expect(made).toMatchObject({ apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name: 'a', namespace: 'work', generation: 1 }, spec: { size: 3, color: 'red', port: '80', free: { any: [1, { deep: null }] } } });
    expect(made['spec']).not.toHaveProperty('sice');
    expect(made).not.toHaveProperty('status');
    expect(await call('GET', `${widgets}/a`)).toEqual(made);
  });

  it('refuses unknown fields when asked to be strict', async () => {
    const error = await refusal(call('POST', widgets, widget('strict', { size: 3, sice: 4 }), { query: { fieldValidation: 'Strict' } }));
    expect([error.code, error.message]).toEqual([400, 'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.sice"']);
  });

  it('judges objects whole', async () => {
    const error = await refusal(call('POST', widgets, widget('b', { size: 500, color: 'green', tags: ['x', 'x'] })));
    expect(error.message).toBe(`Widget.${group} "b" is invalid: [spec.color: Unsupported value: "green": supported values: "red", "blue", spec.size: Invalid value: 500: spec.size in body should be less than or equal to 100, spec.tags[1]: Duplicate value: "x"]`);
    expect((await refusal(call('POST', widgets, widget('b', {})))).message).toBe(`Widget.${group} "b" is invalid: spec.size: Required value`);
  });

  it('grows its generation with all but metadata and status, which has its own door', async () => {
    await call('POST', widgets, widget('g'));
    expect(await merge(`${widgets}/g/status`, { status: { ready: 2 }, spec: { size: 50 }, metadata: { labels: { a: 'b' } } })).toMatchObject({ metadata: { generation: 1 }, spec: { size: 3 }, status: { ready: 2 } });
    const next = await merge(`${widgets}/g`, { status: { ready: 77 }, spec: { size: 4 }, metadata: { labels: { a: 'b' } } }) as ApiObject;
    expect(next).toMatchObject({ metadata: { generation: 2, labels: { a: 'b' } }, spec: { size: 4 }, status: { ready: 2 } });
    expect((await merge(`${widgets}/g`, { metadata: { labels: { a: 'c' } } }) as ApiObject).metadata.generation).toBe(2);
    const { resourceVersion: _none, ...metadata } = next.metadata;
    expect((await refusal(call('PUT', `${widgets}/g`, { ...next, metadata }))).message).toBe(`widgets.${group} "g" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`);
  });

  it('scales by the paths of its definition', async () => {
    await call('POST', widgets, widget('s'));
    await merge(`${widgets}/s/status`, { status: { ready: 1, selector: 'a=b' } });
    expect(await merge(`${widgets}/s/scale`, { spec: { replicas: 7 } })).toMatchObject({ kind: 'Scale', spec: { replicas: 7 }, status: { replicas: 1, selector: 'a=b' } });
    expect(await call('GET', `${widgets}/s`)).toMatchObject({ spec: { size: 7 }, metadata: { generation: 2 } });
    expect((await refusal(merge(`${widgets}/s/scale`, { spec: { replicas: 500 } }))).message).toContain('spec.size in body should be less than or equal to 100');
    expect((await refusal(call('GET', `${widgets}/none/scale`))).message).toBe(`widgets.${group} "none" not found`);
  });

  it('has no strategic merge and no protobuf', async () => {
    const error = await refusal(patchAs('application/strategic-merge-patch+json')(`${widgets}/a`, {}));
    expect([error.code, error.message]).toEqual([415, 'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml']);
    // The failure itself can be told in protobuf, which this client does not read.
    await expect(call('GET', `${widgets}/a`, undefined, { headers: { accept: 'application/vnd.kubernetes.protobuf' } })).rejects.toThrow(/k8s.*Failure.*only the following media types are accepted: /s);
    expect((await refusal(call('POST', widgets, widget('p'), { headers: { 'content-type': 'application/vnd.kubernetes.protobuf' } }))).code).toBe(415);
    expect(await call('GET', `${widgets}/a`, undefined, { headers: { accept: 'application/vnd.kubernetes.protobuf,application/json' } })).toMatchObject({ kind: 'Widget' });
    expect(await patchAs('application/json-patch+json')(`${widgets}/a`, [{ op: 'replace', path: '/spec/size', value: 8 }])).toMatchObject({ spec: { size: 8 } });
  });

  it('is applied by list keys and sets, with conflicts and owners', async () => {
    const first = await apply(`${widgets}/ap`, widget('ap', { size: 2, rules: [{ name: 'one', value: 1 }], tags: ['x'], free: { a: { b: 1 } } }), { fieldManager: 'm1' }) as ApiObject;
    expect(first.metadata.managedFields).toMatchObject([{ manager: 'm1', operation: 'Apply', apiVersion: `${group}/v1`, fieldsV1: {
      'f:spec': { 'f:size': {}, 'f:free': { 'f:a': { '.': {}, 'f:b': {} } }, 'f:rules': { 'k:{"name":"one"}': { '.': {}, 'f:name': {}, 'f:value': {} } }, 'f:tags': { 'v:"x"': {} } },
    } }]);
    const second = await apply(`${widgets}/ap`, widget('ap', { rules: [{ name: 'two', value: 2 }, { name: 'one', note: 'n' }], tags: ['y'] }), { fieldManager: 'm2' }) as ApiObject;
    expect(second['spec']).toMatchObject({ size: 2, rules: [{ name: 'two', value: 2 }, { name: 'one', value: 1, note: 'n' }], tags: ['x', 'y'] });
    expect((await refusal(apply(`${widgets}/ap`, widget('ap', { size: 9 }), { fieldManager: 'm2' }))).message).toBe('Apply failed with 1 conflict: conflict with "m1": .spec.size');
    const third = await apply(`${widgets}/ap`, widget('ap', { size: 2, tags: ['x'] }), { fieldManager: 'm1' }) as ApiObject;
    expect(third['spec']).toMatchObject({ rules: [{ name: 'two', value: 2 }, { name: 'one', note: 'n' }], tags: ['x', 'y'] });
    expect(third['spec']).not.toHaveProperty('free');
    const unknown = await refusal(apply(`${widgets}/ap`, widget('ap', { nosuch: 1 }), { fieldManager: 'm1' }));
    expect([unknown.code, unknown.message]).toEqual([500, `failed to create typed patch object (/ap; ${group}/v1, Kind=Widget): .spec.nosuch: field not declared in schema`]);
  });

  it('is selected by labels and by the fields its definition names', async () => {
    await call('POST', widgets, widget('blue', { size: 1, color: 'blue' }, { metadata: { name: 'blue', labels: { c: 'b' } } }));
    const names = async (query: Record<string, string>): Promise<string[]> => ((await call('GET', widgets, undefined, { query })) as { items: ApiObject[] }).items.map(({ metadata }) => metadata.name);
    expect(await names({ fieldSelector: 'spec.color=blue' })).toEqual(['blue']);
    expect(await names({ labelSelector: 'c=b' })).toEqual(['blue']);
    expect((await refusal(names({ fieldSelector: 'spec.size=1' }))).message).toBe('field label not supported: spec.size');
    const page = await call('GET', widgets, undefined, { query: { limit: '2' } }) as { items: ApiObject[]; metadata: { continue: string; remainingItemCount: number } };
    expect(page.items.map(({ kind }) => kind)).toEqual(['Widget', 'Widget']);
    const rest = await call('GET', widgets, undefined, { query: { continue: page.metadata.continue } }) as { items: ApiObject[] };
    expect(rest.items).toHaveLength(page.metadata.remainingItemCount);
  });

  it('shows its columns in tables', async () => {
    await merge(`${widgets}/blue`, { spec: { tags: ['x', 'y'] } });
    const table = await call('GET', `${widgets}/blue`, undefined, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } }) as { columnDefinitions: { name: string }[]; rows: { cells: unknown[] }[] };
    expect(table.columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Size', 'Tags']);
    expect(table.rows[0]!.cells).toEqual(['blue', 1, '["x","y"]']);
  });

  it('is found where its objects are, and only there', async () => {
    for (const [method, path] of [['POST', `${root}/widgets`], ['GET', `/apis/${group}/v9/widgets`], ['GET', `${root}/gadgets`], ['GET', `/apis/${group}/v9`]] as const) {
      await expect(call(method, path, method === 'POST' ? widget('x') : undefined)).rejects.toThrow('404 page not found');
    }
    const wrong = await refusal(call('POST', widgets, { ...widget('x'), kind: 'Gadget' }));
    expect([wrong.code, wrong.message]).toEqual([422, `Widget.${group} "x" is invalid: kind: Invalid value: "Gadget": must be Widget`]);
    expect((await refusal(call('POST', widgets, { ...widget('x'), apiVersion: `${group}/v2` }))).message).toBe(`the API version in the data (${group}/v2) does not match the expected API version (${group}/v1)`);
    expect((await refusal(call('POST', `${widgets}/x`, widget('x')))).code).toBe(405);
    expect((await refusal(call('GET', `${widgets}/x/nosuch`))).message).toBe(`widgets.${group} "x" not found`);
  });

  it('makes names, tries without keeping, waits for finalizers', async () => {
    expect((await call('POST', widgets, { ...widget(''), metadata: { generateName: 'gen-' } }) as ApiObject).metadata.name).toMatch(/^gen-[a-z0-9]{5}$/);
    expect(await call('POST', widgets, widget('dry'), { query: { dryRun: 'All' } })).toMatchObject({ metadata: { name: 'dry' } });
    expect((await refusal(call('GET', `${widgets}/dry`))).code).toBe(404);
    await call('POST', widgets, widget('held', { size: 1 }, { metadata: { name: 'held', finalizers: ['example.com/hold'] } }));
    expect((await call('DELETE', `${widgets}/held`) as ApiObject).metadata.deletionTimestamp).toBeTruthy();
    await merge(`${widgets}/held`, { metadata: { finalizers: null } });
    expect((await refusal(call('GET', `${widgets}/held`))).code).toBe(404);
  });

  it('is published in OpenAPI', async () => {
    const document = await call('GET', `/openapi/v3/apis/${group}/v1`) as { components: { schemas: Record<string, any> }; paths: Record<string, unknown> };
    const schema = document.components.schemas['com.example.first.v1.Widget'] as Record<string, any>;
    expect(schema['x-kubernetes-group-version-kind']).toEqual([{ group, kind: 'Widget', version: 'v1' }]);
    expect(schema['properties'].spec.properties.color).toEqual({ type: 'string', enum: ['red', 'blue'], default: 'red' });
    expect(schema['properties'].metadata.allOf).toEqual([{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }]);
    expect(Object.keys(document.paths)).toContain(`${root}/namespaces/{namespace}/widgets/{name}/scale`);
    const v2 = await call('GET', '/openapi/v2') as { definitions: Record<string, any> };
    expect(v2.definitions['com.example.first.v1.Widget'].properties.spec.properties.size).toMatchObject({ type: 'integer' });
  });

  it('has owners and dependents like any other', async () => {
    const owner = await call('POST', widgets, widget('owner')) as ApiObject;
    const ownerReferences = [{ apiVersion: `${group}/v1`, kind: 'Widget', name: 'owner', uid: owner.metadata.uid }];
    await call('POST', '/api/v1/namespaces/work/configmaps', { metadata: { name: 'dependent', ownerReferences } });
    await call('POST', widgets, widget('child', { size: 1 }, { metadata: { name: 'child', ownerReferences } }));
    const gone = Promise.all([until('/api/v1/namespaces/work/configmaps', 'dependent', (_o, type) => type === 'DELETED'), until(widgets, 'child', (_o, type) => type === 'DELETED')]);
    await call('DELETE', `${widgets}/owner`, { propagationPolicy: 'Background' });
    await gone;
  });

  it('is emptied with its namespace', async () => {
    await call('POST', '/api/v1/namespaces', { metadata: { name: 'short' } });
    await call('POST', `${root}/namespaces/short/widgets`, widget('inside'));
    const gone = until('/api/v1/namespaces', 'short', (_o, type) => type === 'DELETED');
    await call('DELETE', '/api/v1/namespaces/short');
    await gone;
    expect(((await call('GET', `${root}/widgets`)) as { items: ApiObject[] }).items.map(({ metadata }) => metadata.namespace)).not.toContain('short');
  });
});

describe('definitions come and go', () => {
  it('names are given once in a group, and freed again', async () => {
    const one = { group: 'names.example.com', plural: 'ones', kind: 'One', names: { shortNames: ['sn'] }, versions: [{}] };
    await define(one);
    const two = definition({ ...one, plural: 'twos' });
    await call('POST', definitions, two);
    const conditions = async (): Promise<Record<string, string>> => Object.fromEntries(((await call('GET', `${definitions}/twos.names.example.com`)) as { status: { conditions: { type: string; status: string; reason: string; message: string }[] } }).status.conditions.map((c) => [c.type, `${c.status} ${c.reason}: ${c.message}`]));
    await until(definitions, two.metadata.name, ({ status }) => ((status as { conditions?: unknown[] }).conditions?.length ?? 0) >= 2);
    expect(await conditions()).toMatchObject({ NamesAccepted: 'False ListKindConflict: "OneList" is already in use', Established: 'False NotAccepted: not all names are accepted' });
    await expect(call('GET', '/apis/names.example.com/v1/twos')).rejects.toThrow('404 page not found');
    const established = until(definitions, two.metadata.name, isTrue('Established'));
    await call('DELETE', `${definitions}/ones.names.example.com`);
    await established;
    expect(await conditions()).toMatchObject({ NamesAccepted: 'True NoConflicts: no conflicts found', Established: 'True InitialNamesAccepted: the initial names have been accepted' });
    expect((await call('GET', '/apis/names.example.com/v1/twos') as { kind: string }).kind).toBe('OneList');
  });

  it('a definition that goes takes its objects along, ends their watches, and leaves discovery', async () => {
    const its = '/apis/gone.example.com/v1/widgets';
    await define({ group: 'gone.example.com', scope: 'Cluster', versions: [{}] });
    await call('POST', its, { apiVersion: 'gone.example.com/v1', kind: 'Widget', metadata: { name: 'w', finalizers: ['example.com/hold'] } });
    const seen: string[] = [];
    const watching = (async () => { for await (const { type } of transport.watch({ method: 'GET', path: its, query: { watch: 'true', resourceVersion: '0' } })) seen.push(type); })();
    const answer = await call('DELETE', `${definitions}/widgets.gone.example.com`) as ApiObject;
    expect(answer.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
    expect(answer['status'].conditions).toContainEqual(expect.objectContaining({ type: 'Terminating', status: 'True', reason: 'InstanceDeletionPending' }));
    await until(definitions, 'widgets.gone.example.com', ({ status }) => JSON.stringify(status).includes('InstanceDeletionInProgress'));
    const refused = await refusal(call('POST', its, { apiVersion: 'gone.example.com/v1', kind: 'Widget', metadata: { name: 'late' } }));
    expect([refused.code, refused.message]).toEqual([405, 'create not allowed while custom resource definition is terminating']);
    const gone = until(definitions, 'widgets.gone.example.com', (_o, type) => type === 'DELETED');
    await until(its, 'w', ({ metadata }) => Boolean(metadata.deletionTimestamp));
    await call('PATCH', `${its}/w`, { metadata: { finalizers: null } }, { headers: { 'content-type': 'application/merge-patch+json' } });
    await gone;
    await watching;
    expect(seen.at(-1)).toBe('DELETED');
    await expect(call('GET', its)).rejects.toThrow('404 page not found');
    expect(JSON.stringify(await call('GET', '/apis'))).not.toContain('gone.example.com');
  });

  it('versions show the same objects, each in its own form; storage follows the definition', async () => {
    const versioned = 'versions.example.com';
    const schema = (field: string): JSONSchemaProps => ({ type: 'object', properties: { spec: { type: 'object', properties: { both: { type: 'string' }, [field]: { type: 'string', default: field } } } } });
    await define({ group: versioned, versions: [{ name: 'v1beta1', schema: schema('old'), deprecated: true }, { name: 'v1', schema: schema('fresh'), storage: false }] });
    const at = (version: string): string => `/apis/${versioned}/${version}/namespaces/work/widgets`;
    await call('POST', at('v1beta1'), { apiVersion: `${versioned}/v1beta1`, kind: 'Widget', metadata: { name: 'w' }, spec: { both: 'x' } });
    expect(await call('GET', `${at('v1beta1')}/w`)).toMatchObject({ apiVersion: `${versioned}/v1beta1`, spec: { both: 'x', old: 'old' } });
    const fresh = await call('GET', `${at('v1')}/w`) as ApiObject;
    expect(fresh).toMatchObject({ apiVersion: `${versioned}/v1`, spec: { both: 'x', fresh: 'fresh' } });
    expect(fresh['spec']).not.toHaveProperty('old');
    expect(await call('GET', `/apis/${versioned}`)).toMatchObject({ preferredVersion: { version: 'v1' }, versions: [{ version: 'v1' }, { version: 'v1beta1' }] });
    const crd = await call('GET', `${definitions}/widgets.${versioned}`) as ApiObject;
    const versions = (crd['spec'].versions as { name: string }[]).map((version) => ({ ...version, storage: version.name === 'v1' }));
    expect((await merge(`${definitions}/widgets.${versioned}`, { spec: { versions } }) as ApiObject)['status'].storedVersions).toEqual(['v1beta1', 'v1']);
    const before = fresh.metadata.resourceVersion;
    expect((await merge(`${at('v1')}/w`, {}) as ApiObject).metadata.resourceVersion).not.toBe(before);
    const stored = JSON.parse(Buffer.from((await api.registry.store.get(`/registry/${versioned}/widgets/work/w`))!.value).toString()) as ApiObject;
    expect(stored.apiVersion).toBe(`${versioned}/v1`);
  });

  it('what belongs to a kind nobody serves is kept, and judged when the kind is defined', async () => {
    const maps = '/api/v1/namespaces/work/configmaps';
    const ownerReferences = [{ apiVersion: 'later.example.com/v1', kind: 'Widget', name: 'never', uid: 'never-there' }];
    await call('POST', maps, { metadata: { name: 'waiting', ownerReferences } });
    // The collector has looked at it once it has collected what came after it.
    await call('POST', maps, { metadata: { name: 'after', ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'never', uid: 'never-there-either' }] } });
    await untilGone(maps, 'after');
    expect(await call('GET', `${maps}/waiting`)).toMatchObject({ metadata: { name: 'waiting' } });
    const gone = until(maps, 'waiting', (_o, type) => type === 'DELETED');
    await define({ group: 'later.example.com', versions: [{}] });
    await gone;
  });

  it('rules in CEL are judged, on updates with what was there before', async () => {
    const its = '/apis/rules.example.com/v1/widgets';
    const rules = [{ rule: 'self.min <= self.max', message: 'min may not be above max' }, { rule: 'self.min >= oldSelf.min' }];
    const schema = { type: 'object', properties: { spec: { 'type': 'object', 'properties': { min: { type: 'integer' }, max: { type: 'integer' } }, 'x-kubernetes-validations': rules } } } as JSONSchemaProps;
    await define({ group: 'rules.example.com', scope: 'Cluster', versions: [{ schema }] });
    const made = (spec: object): Promise<unknown> => call('POST', its, { apiVersion: 'rules.example.com/v1', kind: 'Widget', metadata: { name: 'w' }, spec });
    expect((await refusal(made({ min: 2, max: 1 }))).message).toBe('Widget.rules.example.com "w" is invalid: spec: Invalid value: "object": min may not be above max');
    await made({ min: 2, max: 3 });
    expect((await refusal(merge(`${its}/w`, { spec: { min: 1 } }))).message).toBe('Widget.rules.example.com "w" is invalid: spec: Invalid value: "object": failed rule: self.min >= oldSelf.min');
    expect((await refusal(call('POST', definitions, definition({ group: 'broken.example.com', versions: [{ schema: { 'type': 'object', 'x-kubernetes-validations': [{ rule: 'self.a >' }] } as JSONSchemaProps }] })))).message).toContain('x-kubernetes-validations[0].rule: Invalid value: {"rule":"self.a >"}: compilation failed: ');
  });

  it('a changed schema holds at once, for what is stored too', async () => {
    const changing = 'changing.example.com';
    const its = `/apis/${changing}/v1/widgets`;
    const schema = (properties: Record<string, JSONSchemaProps>): JSONSchemaProps => ({ type: 'object', properties: { spec: { type: 'object', properties } } });
    await define({ group: changing, scope: 'Cluster', versions: [{ schema: schema({ a: { type: 'string' } }) }] });
    await call('POST', its, { apiVersion: `${changing}/v1`, kind: 'Widget', metadata: { name: 'w' }, spec: { a: 'x' } });
    const versions = definition({ group: changing, versions: [{ schema: schema({ a: { type: 'string', maxLength: 0 }, b: { type: 'string', default: 'later' } }) }] })['spec'].versions as unknown;
    await merge(`${definitions}/widgets.${changing}`, { spec: { versions } });
    expect(await call('GET', `${its}/w`)).toMatchObject({ spec: { a: 'x', b: 'later' } });
    expect(await merge(`${its}/w`, { metadata: { labels: { a: 'b' } } })).toMatchObject({ spec: { a: 'x' } });
    expect((await refusal(merge(`${its}/w`, { spec: { a: 'y' } }))).message).toContain('spec.a: Too long: may not be more than 0 bytes');
  });
});

it('a master that starts anew serves what was defined before', async () => {
  const store = new MemoryStore();
  const first = await startTestApi({ store });
  const crd = await first.client.create(CustomResourceDefinitions, definition({ group: 'again.example.com', scope: 'Cluster', versions: [{}] }) as never);
  const conditions = [{ type: 'Established', status: 'True' }];
  expect(first.registry.find('again.example.com', 'v1', 'widgets')).toBeUndefined();
  await first.client.updateStatus(CustomResourceDefinitions, { ...crd, status: { ...crd.status, acceptedNames: crd.spec.names, conditions } } as never);
  // Served to whoever has the answer to the write that established it.
  const [resource] = first.registry.served.current.filter(({ custom }) => custom);
  await first.client.create(resource!, { metadata: { name: 'kept' }, spec: { any: 'thing' } } as never);
  const second = await startTestApi({ store });
  expect(await second.client.get(second.registry.of(resource!).resource, { name: 'kept' })).toMatchObject({ kind: 'Widget', spec: { any: 'thing' } });
  await first.stop();
  await second.stop();
});
