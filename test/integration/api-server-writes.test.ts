// Writes end to end in process: what status may change, generation, dry runs, finalizers, collections, and the two faces of Events.
import type { Transport, WatchEvent } from '../../src/client/transport.ts';
import { MemoryTransport } from '../../master/apiserver/memory-transport.ts';
import { ask } from '../support/ask.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';
import { refusal, unlessThere } from '../support/refusal.ts';

let api: TestApi;
let transport: Transport;
beforeAll(async () => {
  api = await startTestApi();
  transport = new MemoryTransport(api.server, { name: 'admin', groups: ['system:masters'] });
});
afterAll(() => api.stop());

const core = '/api/v1/namespaces/default';
const apps = '/apis/apps/v1/namespaces/default';
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
const contentTypes = { merge: 'application/merge-patch+json', json: 'application/json-patch+json', strategic: 'application/strategic-merge-patch+json' };
function call(method: Method, where: string, body?: unknown, form: keyof typeof contentTypes = 'merge'): Promise<any> {
  const [path = '', query = ''] = where.split('?');
  return transport.request({ method, path, query: Object.fromEntries(new URLSearchParams(query)), ...(body === undefined ? {} : { body }), ...(method === 'PATCH' ? { headers: { 'content-type': contentTypes[form] } } : {}) });
}
const deployment = (name: string): object => ({
  metadata: { name, labels: { l: '1' } },
  spec: { replicas: 0, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i' }] } } },
});

describe('a write to /status', () => {
  it('changes status and what metadata the kind lets it, and no generation', async () => {
    await call('POST', `${apps}/deployments`, deployment('status'));
    const written = await call('PATCH', `${apps}/deployments/status/status`, { metadata: { labels: { l: '2' }, annotations: { a: 'b' } }, spec: { replicas: 9 }, status: { observedGeneration: 1 } });
    expect(written).toMatchObject({ metadata: { generation: 1, labels: { l: '1' }, annotations: { a: 'b' } }, spec: { replicas: 0 }, status: { observedGeneration: 1 } });
  });
  it('changes no metadata of kinds whose status is written by machines only', async () => {
    const path = '/apis/storage.k8s.io/v1/volumeattachments';
    await call('POST', path, { metadata: { name: 'va', labels: { l: '1' } }, spec: { attacher: 'd.example.com', nodeName: 'n1', source: { persistentVolumeName: 'pv' } } });
    const written = await call('PATCH', `${path}/va/status`, { metadata: { labels: { l: '2' }, annotations: { a: 'b' }, finalizers: ['example.com/f'] }, spec: { nodeName: 'n2' }, status: { attached: true } });
    expect(written).toMatchObject({ metadata: { labels: { l: '1' } }, spec: { nodeName: 'n1' }, status: { attached: true } });
    expect([written.metadata.annotations, written.metadata.finalizers]).toEqual([undefined, undefined]);
  });
  it('is not made by other writes', async () => {
    const old = await call('GET', `${apps}/deployments/status`);
    const written = await call('PUT', `${apps}/deployments/status`, { ...old, status: { observedGeneration: 7 }, spec: { ...old.spec, replicas: 2 } });
    expect(written).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 2 }, status: { observedGeneration: 1 } });
  });
});

describe('generation', () => {
  it.each<[what: string, patch: object, grows: boolean]>([
    ['a label', { metadata: { labels: { x: 'y' } } }, false], ['an annotation, which ReplicaSets get too', { metadata: { annotations: { x: 'y' } } }, true],
    ['the spec', { spec: { minReadySeconds: 3 } }, true], ['the spec as it is', { spec: { replicas: 0 } }, false], ['itself', { metadata: { generation: 77 } }, false],
  ])('and %s', async (_what, patch, grows) => {
    await unlessThere(call('POST', `${apps}/deployments`, deployment('generation')));
    const { metadata } = await call('GET', `${apps}/deployments/generation`);
    expect((await call('PATCH', `${apps}/deployments/generation`, patch)).metadata.generation).toBe(metadata.generation + (grows ? 1 : 0));
  });
});

describe('a dry run', () => {
  it.each<[method: Method, where: string, body: unknown, answer: object]>([
    ['POST', 'configmaps', { metadata: { name: 'none' } }, { metadata: { name: 'none', namespace: 'default' } }],
    ['PUT', 'configmaps/dry', { metadata: { name: 'dry' }, data: { a: '2' } }, { data: { a: '2' } }],
    ['PATCH', 'configmaps/dry', { data: { a: '3' } }, { data: { a: '3' } }],
    ['DELETE', 'configmaps/dry', undefined, { kind: 'Status', status: 'Success' }],
    ['POST', 'services', { metadata: { name: 'dry' }, spec: { type: 'NodePort', clusterIP: '10.43.7.7', ports: [{ port: 80, nodePort: 30777 }] } }, { spec: { clusterIP: '10.43.7.7' } }],
  ])('of %s %s stores nothing', async (method, where, body, answer) => {
    await unlessThere(call('POST', `${core}/configmaps`, { metadata: { name: 'dry' }, data: { a: '1' } }));
    const before = api.registry.cache.revision;
    // Twice: nothing it would have taken stays taken.
    for (let i = 0; i < 2; i++) expect(await call(method, `${core}/${where}?dryRun=All`, body)).toMatchObject(answer);
    expect(api.registry.cache.revision).toBe(before);
  });
});

describe('metadata', () => {
  it('of an object to be created is the server\'s where it must be', async () => {
    const made = await call('POST', `${core}/configmaps?dryRun=All`, { metadata: { name: 'meta', uid: 'x', creationTimestamp: '2001-01-01T00:00:00Z', deletionTimestamp: '2001-01-01T00:00:00Z', generation: 7 } });
    expect(made.metadata).toMatchObject({ name: 'meta', generation: 7 });
    expect(made.metadata.uid).not.toBe('x');
    expect(made.metadata.creationTimestamp).not.toBe('2001-01-01T00:00:00Z');
    expect(made.metadata.deletionTimestamp).toBeUndefined();
    expect(await refusal(call('POST', `${core}/configmaps`, { metadata: { name: 'meta', resourceVersion: '5' } }))).toMatchObject({ code: 500, message: 'resourceVersion should not be set on objects to be created' });
  });
  it.each<[what: string, patch: object, code: number, message: string]>([
    ['name', { metadata: { name: 'b' } }, 400, 'the name of the object (b) does not match the name on the URL (fixed)'],
    ['namespace', { metadata: { namespace: 'b' } }, 400, 'the namespace of the object (b) does not match the namespace on the request (default)'],
    ['uid', { metadata: { uid: 'b' } }, 422, 'ConfigMap "fixed" is invalid: metadata.uid: Invalid value: "b": field is immutable'],
    ['revision', { metadata: { resourceVersion: '1' } }, 409, 'the object has been modified'],
  ])('%s cannot change', async (_what, patch, code, message) => {
    await unlessThere(call('POST', `${core}/configmaps`, { metadata: { name: 'fixed' } }));
    const error = await refusal(call('PATCH', `${core}/configmaps/fixed`, patch));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    if (code === 422) expect(error.status.details!.causes).toHaveLength(2);
  });
  it('of a PUT must say which object and may say which life of it', async () => {
    expect((await refusal(call('PUT', `${core}/configmaps/fixed`, {}))).message).toBe('the name of the object (fixed based on URL) was undeterminable: name must be provided');
    expect((await refusal(call('PUT', `${core}/configmaps/fixed`, { metadata: { name: 'fixed', uid: 'other' } }))).message).toMatch(/^Operation cannot be fulfilled on configmaps "fixed": StorageError: invalid object, Code: 4, Key: \/registry\/configmaps\/default\/fixed, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in object meta: /);
  });
  it.each([
    ['configmaps', '/registry/configmaps/default/none', core, ''], ['services', '/registry/services/specs/default/none', core, '/status'], ['nodes', '/registry/minions/none', '/api/v1', ''],
    ['ingresses', '/registry/ingress/default/none', '/apis/networking.k8s.io/v1/namespaces/default', ''], ['leases', '/registry/leases/default/none', '/apis/coordination.k8s.io/v1/namespaces/default', ''],
    ['customresourcedefinitions', '/registry/apiextensions.k8s.io/customresourcedefinitions/none', '/apis/apiextensions.k8s.io/v1', ''],
  ])('of a PUT of %s that are gone comes too late', async (plural, key, path, subresource) => {
    const error = await refusal(call('PUT', `${path}/${plural}/none${subresource}`, { metadata: { name: 'none', uid: 'u', resourceVersion: '5' }, spec: plural === 'customresourcedefinitions' ? { group: '', scope: '', names: { kind: '', plural: '' }, versions: [] } : {} }));
    expect(error.code).toBe(409);
    expect(error.message).toMatch(/^Operation cannot be fulfilled on /);
    expect(error.message).toContain(`: StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: u, UID in object meta: `);
  });
  it('of a PATCH is no precondition', async () => {
    for (const form of ['merge', 'strategic'] as const) expect(await refusal(call('PATCH', `${core}/configmaps/none`, { metadata: { uid: 'u' } }, form))).toMatchObject({ code: 404 });
    const apply = (name: string): Promise<unknown> => transport.request({ method: 'PATCH', path: `${core}/configmaps/${name}`, query: { fieldManager: 'm' }, headers: { 'content-type': 'application/apply-patch+yaml' }, body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, uid: 'u' } } });
    expect(await refusal(apply('none'))).toMatchObject({ code: 409, message: 'Operation cannot be fulfilled on configmaps "none": uid mismatch: the provided object specified uid u, and no existing object was found' });
    expect(await refusal(apply('fixed'))).toMatchObject({ code: 422, message: expect.stringContaining('metadata.uid: Invalid value: "u": field is immutable') as string });
  });
});

describe('a PUT of what is not there', () => {
  it('makes a Service, with all it needs', async () => {
    const service = { metadata: { name: 'by-put' }, spec: { ports: [{ port: 80 }] } };
    expect(await call('PUT', `${core}/services/by-put`, service)).toMatchObject({ metadata: { uid: expect.any(String) as string }, spec: { type: 'ClusterIP', clusterIP: expect.stringMatching(/^10\./) as string } });
    expect(await refusal(call('PUT', `${core}/services/none/status`, { ...service, metadata: { name: 'none' } }))).toMatchObject({ code: 404 });
  });
});

describe('a delete that does not say what becomes of dependents', () => {
  const job = { metadata: { name: 'work' }, spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } } };
  const jobs = '/apis/batch/v1/namespaces/default/jobs';
  const warning = ['child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning'];
  it.each([
    ['/work', undefined, ['orphan'], warning], ['/work?propagationPolicy=Orphan', undefined, ['orphan'], []], ['/work', { orphanDependents: true }, ['orphan'], []], ['?labelSelector=job-name=work', undefined, ['orphan'], warning],
  ])('of a Job orphans them, and warns: %s %j', async (where, body, finalizers, warnings) => {
    await ask(api, 'POST', jobs, job);
    expect((await ask(api, 'DELETE', jobs + where, body)).warnings).toEqual(warnings);
    expect((await ask(api, 'GET', `${jobs}/work`)).object.metadata.finalizers).toEqual(finalizers);
    await ask(api, 'PATCH', `${jobs}/work`, { metadata: { finalizers: null } });
  });
});

describe('an object that ends', () => {
  it('leaves with its last finalizer, and gets no new one', async () => {
    await call('POST', `${core}/configmaps`, { metadata: { name: 'held', finalizers: ['a.b/c', 'a.b/d'] } });
    expect((await call('DELETE', `${core}/configmaps/held`)).metadata.deletionTimestamp).toBeDefined();
    expect((await refusal(call('PATCH', `${core}/configmaps/held`, { metadata: { finalizers: ['a.b/c', 'x.y/z'] } }))).message).toContain('no new finalizers can be added if the object is being deleted');
    expect((await call('PATCH', `${core}/configmaps/held`, { metadata: { finalizers: ['a.b/c'] } })).metadata.finalizers).toEqual(['a.b/c']);
    expect((await call('PATCH', `${core}/configmaps/held`, { metadata: { finalizers: null } })).metadata.finalizers).toBeUndefined();
    expect((await refusal(call('GET', `${core}/configmaps/held`))).code).toBe(404);
  });
  it('ends only when it is the one that is meant', async () => {
    const { metadata } = await call('POST', `${core}/configmaps`, { metadata: { name: 'meant' } });
    expect((await refusal(call('DELETE', `${core}/configmaps/meant`, { preconditions: { uid: 'x' } }))).message).toBe(`Operation cannot be fulfilled on ConfigMap "meant": the UID in the precondition (x) does not match the UID in record (${String(metadata.uid)}). The object might have been deleted and then recreated`);
    expect(await call('DELETE', `${core}/configmaps/meant?uid=${String(metadata.uid)}`)).toMatchObject({ status: 'Success' });
  });
});

describe('a collection', () => {
  it('is deleted as it is listed: by labels, a page at a time, or not at all in a dry run', async () => {
    for (const name of ['c1', 'c2', 'c3', 'other']) await call('POST', `${core}/configmaps`, { metadata: { name, labels: { set: name === 'other' ? 'no' : 'yes' } } });
    const names = (list: { items: { metadata: { name: string } }[] }): string[] => list.items.map((i) => i.metadata.name);
    expect(names(await call('DELETE', `${core}/configmaps?labelSelector=set%3Dyes&dryRun=All`))).toEqual(['c1', 'c2', 'c3']);
    expect(names(await call('DELETE', `${core}/configmaps?labelSelector=set%3Dyes&limit=1`))).toEqual(['c1']);
    expect(names(await call('DELETE', `${core}/configmaps?labelSelector=set%3Dyes`, { propagationPolicy: 'Background' }))).toEqual(['c2', 'c3']);
    expect(names(await call('GET', `${core}/configmaps?labelSelector=set`))).toEqual(['other']);
  });
});

describe('Events', () => {
  it('are the same objects in both groups', async () => {
    const later = '/apis/events.k8s.io/v1/namespaces/default/events';
    const from = api.registry.cache.revision;
    await call('POST', `${core}/events`, { metadata: { name: 'old' }, involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' }, reason: 'R', message: 'm', type: 'Normal', source: { component: 'c' }, count: 2 });
    await call('POST', later, { metadata: { name: 'new' }, eventTime: '2024-01-01T00:00:00.000000Z', reportingController: 'x.y/z', reportingInstance: 'i', action: 'A', reason: 'R', type: 'Normal', note: 'n', regarding: { kind: 'Pod', namespace: 'default', name: 'p' } });
    expect(await call('GET', `${later}/old`)).toMatchObject({ apiVersion: 'events.k8s.io/v1', note: 'm', deprecatedCount: 2, deprecatedSource: { component: 'c' }, regarding: { name: 'p' } });
    expect(await call('GET', `${core}/events/new`)).toMatchObject({ apiVersion: 'v1', message: 'n', reportingComponent: 'x.y/z', involvedObject: { name: 'p' } });
    await call('PATCH', `${core}/events/old`, { message: 'changed' });
    expect((await call('GET', `${later}?fieldSelector=regarding.name%3Dp`)).items.map((e: { note: string }) => e.note)).toEqual(['n', 'changed']);
    expect((await call('GET', `${core}/events?fieldSelector=involvedObject.name%3Dq`)).items).toEqual([]);
    await call('DELETE', `${later}/old`);
    const seen: string[] = [];
    for await (const event of transport.watch({ method: 'GET', path: later, query: { watch: 'true', resourceVersion: String(from) } }) as AsyncIterable<WatchEvent>) {
      seen.push(`${event.type} ${event.object.apiVersion} ${event.object.metadata.name} ${event.object.note}`);
      if (seen.length === 4) break;
    }
    expect(seen).toEqual(['ADDED events.k8s.io/v1 old m', 'ADDED events.k8s.io/v1 new n', 'MODIFIED events.k8s.io/v1 old changed', 'DELETED events.k8s.io/v1 old changed']);
  });
});

describe('a patch', () => {
  it.each<[form: keyof typeof contentTypes, query: string, patch: unknown, code: number, message: string | RegExp]>([
    ['json', '', [{ op: 'test', path: '/data/a', value: 'no' }], 422, 'the server rejected our request due to an error in our request'],
    ['json', '', { op: 'x' }, 400, 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp'],
    ['json', 'fieldValidation=Ignore', { op: 'x' }, 400, 'json: cannot unmarshal object into Go value of type jsonpatch.Patch'],
    ['json', 'fieldValidation=Strict', [{ op: 'add', path: '/data/b', value: 'x', why: '' }], 422, /: strict decoding error: json patch unknown field "\[0\]\.why"$/],
    ['json', '', [{ op: 'add', path: '/data', value: 'x' }], 422, /^ "" is invalid: patch: Invalid value: "\{.*\}": json: cannot unmarshal string into Go struct field ConfigMap\.data of type map\[string\]string$/],
    ['merge', '', [], 400, 'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}'],
    ['merge', '', null, 400, 'Invalid JSON Patch'],
    ['strategic', '', ['x'], 400, 'json: cannot unmarshal array into Go value of type map[string]interface {}'],
    ['merge', 'force=true', {}, 422, 'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch'],
    ['strategic', 'fieldValidation=Strict', { dat: 1 }, 422, ' "" is invalid: patch: Invalid value: "map[dat:1]": strict decoding error: unknown field "dat"'],
    ['strategic', '', { data: 'x' }, 422, ' "" is invalid: patch: Invalid value: "map[data:x]": cannot restore map from string'],
    ['strategic', '', { data: { a: 1 } }, 422, ' "" is invalid: patch: Invalid value: "map[data:map[a:1]]": cannot convert int64 to string'],
    ['strategic', '', { binaryData: { a: '$' } }, 422, ' "" is invalid: patch: Invalid value: "map[binaryData:map[a:$]]": error decoding from json: illegal base64 data at input byte 0'],
    ['strategic', '', { immutable: 'yes' }, 422, ' "" is invalid: patch: Invalid value: "map[immutable:yes]": unrecognized type: bool'],
    ['strategic', 'fieldValidation=Strict', { why: {}, dat: { $retainKeys: [] }, data: { $patch: 'replace' }, metadata: { '$setElementOrder/finalizers': ['a'], finalizers: ['a'] } }, 422, ' "" is invalid: patch: Invalid value: "map[dat:map[$retainKeys:[]] data:map[] metadata:map[] why:map[]]": strict decoding error: unknown field "dat", unknown field "why"'],
    ['strategic', '', { $patch: 'frob' }, 500, 'unknown patch type: frob in map: map[$patch:frob]'],
  ])('%s %s %j is refused', async (form, query, patch, code, message) => {
    await unlessThere(call('POST', `${core}/configmaps`, { metadata: { name: 'patched' }, data: { a: '1' } }));
    const error = await refusal(call('PATCH', `${core}/configmaps/patched?${query}`, patch, form));
    expect(error.code).toBe(code);
    expect(error.message).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });
  it.each<[form: keyof typeof contentTypes, patch: unknown]>([['json', null], ['json', []], ['strategic', null], ['strategic', {}], ['merge', {}]])('%s %j changes nothing', async (form, patch) => {
    await unlessThere(call('POST', `${core}/configmaps`, { metadata: { name: 'patched' }, data: { a: '1' } }));
    const before = await call('GET', `${core}/configmaps/patched`);
    expect(await call('PATCH', `${core}/configmaps/patched`, patch, form)).toEqual(before);
  });
});

describe('a request that is refused before it begins', () => {
  it.each([['a deadline that is none', 'POST', `${core}/configmaps?timeout=soon`, 400], ['a deadline that is none, of what would fail', 'DELETE', `${core}/configmaps/none?timeout=soon`, 400]] as const)('for %s does nothing', async (_what, method, where, code) => {
    expect(await refusal(call(method, where, method === 'POST' ? { metadata: { name: 'late' } } : undefined))).toMatchObject({ code });
    expect(await refusal(call('GET', `${core}/configmaps/late`))).toMatchObject({ code: 404 });
  });
  it('for a form the answer cannot have does nothing', async () => {
    const asList = { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' };
    expect(await refusal(transport.request({ method: 'POST', path: `${core}/configmaps`, body: { metadata: { name: 'formless' } }, headers: asList }))).toMatchObject({ code: 406 });
    expect(await refusal(call('GET', `${core}/configmaps/formless`))).toMatchObject({ code: 404 });
  });
});

describe('a subresource of a Pod', () => {
  it.each<[string, unknown]>([
    ['binding', { target: { name: 5 } }], ['binding', { target: { name: 'n' }, metadata: { annotations: 'abc' } }], ['binding', { kind: 'Pod', target: { name: 'n' } }],
    ['eviction', { deleteOptions: { gracePeriodSeconds: 'x' } }], ['eviction', { deleteOptions: { dryRun: 'All' } }], ['eviction', { kind: 'Pod' }],
  ])('%s %j is refused', async (subresource, body) => {
    await unlessThere(call('POST', `${core}/serviceaccounts`, { metadata: { name: 'default' } }));
    await unlessThere(call('POST', `${core}/pods`, { metadata: { name: 'sub' }, spec: { containers: [{ name: 'c', image: 'i' }] } }));
    const before = await call('GET', `${core}/pods/sub`);
    expect(await refusal(call('POST', `${core}/pods/sub/${subresource}`, body))).toMatchObject({ code: 400 });
    expect(await call('GET', `${core}/pods/sub`)).toEqual(before);
  });
  it.each([['resize', { metadata: { name: 'sub' }, spec: { containers: null } }], ['resize', { metadata: { name: 'sub' } }]])('%s %j is refused', async (subresource, body) => {
    expect(await refusal(call('PUT', `${core}/pods/sub/${subresource}`, body))).toMatchObject({ code: 422 });
  });
  it.each<[string, code: number, message: string]>([
    ['none/exec', 404, 'pods "none" not found'], ['sub/exec?container=x&command=a', 400, 'container x is not valid for pod sub'], ['sub/attach', 400, 'pod sub does not have a host assigned'],
    ['placed/exec?command=a', 400, 'Upgrade request required'], ['placed/attach', 400, 'Upgrade request required'], ['placed/portforward?ports=80', 400, 'Upgrade request required'],
  ])('%s without an upgrade is refused for what is wrong first', async (where, code, message) => {
    await unlessThere(call('POST', `${core}/pods`, { metadata: { name: 'placed' }, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] } }));
    for (const method of ['GET', 'POST'] as const) expect(await refusal(call(method, `${core}/pods/${where}`))).toMatchObject({ code, message });
  });
  it('eviction is spoken in its older version too', async () => {
    expect(await call('POST', `${core}/pods/sub/eviction?dryRun=All`, { apiVersion: 'policy/v1beta1', kind: 'Eviction', metadata: { name: 'sub' } })).toMatchObject({ status: 'Success' });
  });
});

test('list items that cannot be told apart are stored, and have no owner', async () => {
  const made = await call('POST', `${core}/serviceaccounts`, { metadata: { name: 'nameless' }, secrets: [{}] });
  expect([made.secrets, made.metadata.managedFields]).toEqual([[{}], undefined]);
});
