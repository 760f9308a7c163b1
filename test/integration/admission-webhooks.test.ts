// Admission webhooks against a real HTTPS server: what they are asked, what they refuse and change, and what it means when they cannot
// be asked. The cases are those of Kubernetes' own conformance test (test/e2e/apimachinery/webhook.go), and more.
import { cloneJson } from '../../src/util/json.ts';
import { told } from '../support/refusal.ts';
import { admissionHooks, configurations, webhookApi } from '../support/webhook-api.ts';
import { allow, deny, jsonPatch, judgeData, ruleOf, stage } from '../support/webhook-server.ts';

const api = webhookApi({ work: { hooked: 'yes' }, skipped: { hooked: 'yes', skip: 'yes' }, other: {} });
const { call, merge } = api;
const { hook, configure, reviewsOf, only } = admissionHooks(api);

const maps = '/api/v1/namespaces/work/configmaps';
const pod = (name: string, more: object = {}): object => ({ metadata: { name }, spec: { containers: [{ name: 'main', image: 'pause' }] }, ...more });

describe('refusals', () => {
  it('refuse creates, updates, patches and deletes, where the namespace is meant', async () => {
    api.server.on('/maps', judgeData);
    await configure('validating', 'deny', hook('/maps', [ruleOf(['CREATE', 'UPDATE', 'DELETE'], 'configmaps')], { namespaceSelector: { matchLabels: { hooked: 'yes' }, matchExpressions: [{ key: 'skip', operator: 'NotIn', values: ['yes'] }] } }));
    const denied = { code: 400, message: 'admission webhook "maps.k8s.io" denied the request: the configmap contains unwanted key and value' };
    expect(await told(call('POST', maps, { metadata: { name: 'a' }, data: { verdict: 'bad' } }))).toEqual(denied);
    await call('POST', maps, { metadata: { name: 'a' } });
    expect(await told(call('PUT', `${maps}/a`, { metadata: { name: 'a' }, data: { verdict: 'bad' } }))).toEqual(denied);
    expect(await told(merge(`${maps}/a`, { data: { verdict: 'bad' } }))).toEqual(denied);
    const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { verdict: 'bad' } };
    expect(await told(call('PATCH', `${maps}/a`, applied, { fieldManager: 'me' }, { 'content-type': 'application/apply-patch+yaml' }))).toEqual(denied);
    expect((await call('GET', `${maps}/a`)).data).toBeUndefined();
    for (const namespace of ['skipped', 'other']) await call('POST', `/api/v1/namespaces/${namespace}/configmaps`, { metadata: { name: 'a' }, data: { verdict: 'bad' } });
    await call('DELETE', configurations('validating'));
    await merge(`${maps}/a`, { data: { verdict: 'bad' } });
    await configure('validating', 'deny', hook('/maps', [ruleOf(['*'], 'configmaps')]));
    expect(await told(call('DELETE', `${maps}/a`))).toEqual(denied);
    expect(await told(call('DELETE', maps))).toEqual(denied);
    await call('DELETE', configurations('validating'));
    await call('DELETE', maps);
  });

  it('have the code, reason and words of the webhook', async () => {
    await configure('validating', 'deny', hook('/words', [ruleOf(['CREATE'], 'configmaps')]));
    const answered = async (answer: object): Promise<object> => {
      api.server.on('/words', () => answer);
      return told(call('POST', maps, { metadata: { name: 'a' } }));
    };
    const head = 'admission webhook "words.k8s.io" denied the request';
    expect(await answered(deny())).toEqual({ code: 400, message: `${head} without explanation` });
    expect(await answered({ allowed: false, status: { reason: 'Because' } })).toEqual({ code: 400, reason: 'Because', message: `${head}: Because` });
    expect(await answered(deny('no', { code: 403, reason: 'Forbidden' }))).toEqual({ code: 403, reason: 'Forbidden', message: `${head}: no` });
  });

  it('concern definitions of custom resources, selected by their own labels', async () => {
    api.server.on('/crd', () => deny('the crd contains unwanted label'));
    await configure('validating', 'crd', hook('/crd', [ruleOf(['CREATE'], 'customresourcedefinitions', { apiGroups: ['apiextensions.k8s.io'], apiVersions: ['*'] })], { objectSelector: { matchLabels: { mine: 'yes' } } }));
    const crd = (labels: object): object => ({ metadata: { name: 'things.deny.example.com', labels }, spec: { group: 'deny.example.com', scope: 'Namespaced', names: { plural: 'things', kind: 'Thing' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }] } });
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    expect(await told(call('POST', path, crd({ mine: 'yes' })))).toMatchObject({ message: 'admission webhook "crd.k8s.io" denied the request: the crd contains unwanted label' });
    await call('POST', path, crd({}));
  });

  it('bring warnings along, which an answer that lets pass may have too', async () => {
    api.server.on('/warn', () => ({ allowed: true, warnings: ['beware'] }));
    await configure('validating', 'warn', hook('/warn', [ruleOf(['CREATE'], 'configmaps')]));
    const heard: string[] = [];
    const { request } = await import('node:https');
    const { ca, cert, key, server: url } = api.admin;
    await new Promise<void>((resolve, reject) => {
      const outgoing = request(`${url}${maps}?dryRun=All`, { method: 'POST', ca, cert, key, agent: false, headers: { 'content-type': 'application/json' } }, (response) => {
        heard.push(response.headers['warning'] as unknown as string);
        response.resume().on('end', resolve);
      });
      outgoing.on('error', reject);
      outgoing.end(JSON.stringify({ metadata: { name: 'warned' } }));
    });
    expect(heard).toEqual(['299 - "beware"']);
  });
});

describe('a review', () => {
  it('tells of a create: who, what, with which options', async () => {
    api.server.on('/all', allow);
    await configure('validating', 'all', hook('/all', [ruleOf(['*'], '*/*')]));
    await call('POST', maps, { metadata: { generateName: 'a-' } }, { dryRun: 'All', fieldManager: 'me' });
    const request = only('/all');
    expect(reviewsOf('/all')[0]).toMatchObject({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' });
    expect(request).toMatchObject({
      kind: { group: '', version: 'v1', kind: 'ConfigMap' }, resource: { group: '', version: 'v1', resource: 'configmaps' }, requestKind: { kind: 'ConfigMap' }, requestResource: { resource: 'configmaps' },
      namespace: 'work', operation: 'CREATE', dryRun: true, oldObject: null, options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', dryRun: ['All'], fieldManager: 'me' },
      userInfo: { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }, object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { generateName: 'a-', namespace: 'work' } },
    });
    expect(request).not.toHaveProperty('subResource');
    // Who validates sees what is to be stored.
    expect(request.object.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(request.name).toBe(request.object.metadata.name);
    expect(api.server.lastQuery()).toBe('?timeout=10s');
  });

  it('tells of updates, deletes and subresources', async () => {
    api.server.on('/all', allow);
    await call('POST', '/apis/apps/v1/namespaces/work/replicasets', { metadata: { name: 'r' }, spec: { replicas: 0, selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } });
    await configure('validating', 'all', hook('/all', [ruleOf(['*'], '*/*', { apiGroups: ['apps'] })], { matchConditions: [{ name: 'people', expression: 'request.userInfo.username == "kubernetes-admin"' }] }));
    const path = '/apis/apps/v1/namespaces/work/replicasets/r';
    await merge(path, { metadata: { labels: { l: '1' } } }, { fieldManager: 'me' });
    await merge(`${path}/scale`, { spec: { replicas: 2 } }, { dryRun: 'All' });
    await merge(`${path}/status`, { status: { observedGeneration: 7 } }, { dryRun: 'All' });
    await call('DELETE', path, { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background', gracePeriodSeconds: 5 });
    const [patched, scaled, reported, deleted] = reviewsOf('/all').map(({ request }) => request);
    expect(patched).toMatchObject({ operation: 'UPDATE', name: 'r', object: { metadata: { labels: { l: '1' } } }, oldObject: { kind: 'ReplicaSet', metadata: { name: 'r' } }, options: { kind: 'UpdateOptions', fieldManager: 'me' } });
    expect(patched!.oldObject.metadata).not.toHaveProperty('labels');
    expect(scaled).toMatchObject({ operation: 'UPDATE', subResource: 'scale', kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' }, resource: { resource: 'replicasets' }, object: { kind: 'Scale', spec: { replicas: 2 } }, oldObject: { kind: 'Scale', spec: {} } });
    expect(reported).toMatchObject({ operation: 'UPDATE', subResource: 'status', requestSubResource: 'status', kind: { kind: 'ReplicaSet' }, object: { status: { observedGeneration: 7 } } });
    expect(deleted).toMatchObject({ operation: 'DELETE', name: 'r', object: null, oldObject: { metadata: { name: 'r' } }, dryRun: false, options: { kind: 'DeleteOptions', propagationPolicy: 'Background', gracePeriodSeconds: 5 } });
  });

  it('tells of a binding, an eviction and a token once, by their own kinds', async () => {
    api.server.on('/all', allow);
    await call('POST', '/api/v1/namespaces/work/pods', pod('steps'));
    await configure('validating', 'all', hook('/all', [ruleOf(['*'], 'pods/*'), ruleOf(['*'], 'pods'), ruleOf(['*'], 'serviceaccounts/*')], { matchConditions: [{ name: 'people', expression: 'request.userInfo.username == "kubernetes-admin"' }] }));
    const path = '/api/v1/namespaces/work/pods/steps';
    await call('POST', `${path}/binding`, { target: { kind: 'Node', name: 'node-1' } });
    await call('POST', `${path}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'steps' } });
    await call('POST', '/api/v1/namespaces/work/serviceaccounts/default/token', { spec: { audiences: ['x'] } });
    expect(reviewsOf('/all').map(({ request }) => [request.operation, request['subResource'], request.name, request['kind'].kind, request.object.kind, request.oldObject])).toEqual([
      ['CREATE', 'binding', 'steps', 'Binding', 'Binding', null], ['CREATE', 'eviction', 'steps', 'Eviction', 'Eviction', null], ['CREATE', 'token', 'default', 'TokenRequest', 'TokenRequest', null],
    ]);
  });

  it('tells of a review, which may be refused and changed', async () => {
    const reviews = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    const asked = (verb: string): Promise<any> => call('POST', reviews, { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: { verb, resource: 'pods' } } }, {}, { 'user-agent': 'curl/8.5' });
    api.server.on('/asked', ({ request }) => ((request.object.spec as { resourceAttributes: { verb: string } }).resourceAttributes.verb === 'watch' ? deny('not here') : allow()));
    api.server.on('/changed', () => jsonPatch({ op: 'replace', path: '/spec/resourceAttributes/resource', value: 'secrets' }));
    const rule = ruleOf(['CREATE'], '*', { apiGroups: ['authorization.k8s.io'] });
    await configure('validating', 'reviews', hook('/asked', [rule]));
    await configure('mutating', 'reviews', hook('/changed', [rule]));
    expect(await asked('get')).toMatchObject({ spec: { resourceAttributes: { verb: 'get', resource: 'secrets' } }, status: { allowed: true } });
    expect(only('/asked')).toMatchObject({ operation: 'CREATE', resource: { group: 'authorization.k8s.io', resource: 'selfsubjectaccessreviews' }, object: { kind: 'SelfSubjectAccessReview', metadata: { managedFields: [{ manager: 'curl', operation: 'Update' }] } } });
    expect(await told(asked('watch'))).toEqual({ code: 400, message: 'admission webhook "asked.k8s.io" denied the request: not here' });
  });

  it('comes in the version the webhook understands, and of the resource in that its rules name', async () => {
    api.server.on('/old', allow);
    await configure('validating', 'old', hook('/old', [ruleOf(['CREATE'], 'events', { apiGroups: ['events.k8s.io'] })], { admissionReviewVersions: ['v0', 'v1beta1'] }), hook('/exact', [ruleOf(['CREATE'], 'events', { apiGroups: ['events.k8s.io'] })], { matchPolicy: 'Exact' }));
    await call('POST', '/api/v1/namespaces/work/events', { metadata: { name: 'e' }, involvedObject: { namespace: 'work', name: 'x' }, message: 'told', reason: 'Told', type: 'Normal' });
    expect(reviewsOf('/old')[0]!.apiVersion).toBe('admission.k8s.io/v1beta1');
    expect(only('/old')).toMatchObject({ kind: { group: 'events.k8s.io', kind: 'Event' }, requestKind: { group: '', kind: 'Event' }, requestResource: { group: '', version: 'v1', resource: 'events' }, object: { apiVersion: 'events.k8s.io/v1', note: 'told', regarding: { name: 'x' } } });
    expect(reviewsOf('/exact')).toEqual([]);
  });

  it('is not for those whose conditions do not hold; a condition that cannot be judged refuses', async () => {
    api.server.on('/conditions', allow);
    const conditional = (expression: string, more: object = {}): object => hook('/conditions', [ruleOf(['CREATE'], 'configmaps')], { matchConditions: [{ name: 'c', expression }], ...more });
    await configure('validating', 'those-who-may-not', conditional('!authorizer.requestResource.check("create").allowed()'));
    await configure('validating', 'one', conditional('object.metadata.name.startsWith("seen") && oldObject == null && request.operation == "CREATE"'));
    await call('POST', maps, { metadata: { name: 'unseen' } });
    await call('POST', maps, { metadata: { name: 'seen' } });
    expect(only('/conditions').name).toBe('seen');
    await call('DELETE', configurations('validating'));
    await configure('validating', 'one', conditional('object.data.missing == "x"'));
    expect(await told(call('POST', maps, { metadata: { name: 'b' }, data: { a: 'b' } }))).toEqual({ code: 403, reason: 'Forbidden', message: 'configmaps "b" is forbidden: expression \'object.data.missing == "x"\' resulted in error: no such key: missing' });
    await call('DELETE', configurations('validating'));
    await configure('validating', 'one', conditional('object.data.missing == "x"', { failurePolicy: 'Ignore' }));
    await call('POST', maps, { metadata: { name: 'b' }, data: { a: 'b' } });
    expect(reviewsOf('/conditions')).toHaveLength(1);
    expect(await told(configure('validating', 'two', conditional('object.')))).toMatchObject({ code: 422, message: expect.stringContaining('webhooks[0].matchConditions[0].expression: Invalid value: "object.": compilation failed: ') });
    expect(await told(configure('validating', 'two', conditional('"text"')))).toMatchObject({ code: 422, message: expect.stringContaining('must evaluate to bool') });
  });
});

describe('changes', () => {
  it('follow each other, by the names of configurations and the order within one', async () => {
    api.server.on('/one', stage('start', 'one'));
    api.server.on('/two', stage('one', 'two'));
    api.server.on('/three', stage('two', 'three'));
    await configure('mutating', 'b', hook('/three', [ruleOf(['CREATE'], 'configmaps')]));
    await configure('mutating', 'a', hook('/one', [ruleOf(['CREATE'], 'configmaps')]), hook('/two', [ruleOf(['CREATE'], 'configmaps')]));
    expect((await call('POST', maps, { metadata: { name: 'staged' }, data: { start: 'yes' } })).data).toEqual({ start: 'yes', one: 'yes', two: 'yes', three: 'yes' });
    // Nobody wished to be asked again.
    for (const path of ['/one', '/two', '/three']) expect(reviewsOf(path)).toHaveLength(1);
    // Who changes objects sees them before they have a name of their own.
    expect(only('/one').object.metadata).not.toHaveProperty('uid');
  });

  it('are seen once more by who wishes so, when somebody after them changed the object', async () => {
    api.server.on('/first', stage('one', 'late'));
    api.server.on('/second', stage('start', 'one'));
    await configure('mutating', 'again', hook('/first', [ruleOf(['CREATE'], 'configmaps')], { reinvocationPolicy: 'IfNeeded' }), hook('/second', [ruleOf(['CREATE'], 'configmaps')], { reinvocationPolicy: 'IfNeeded' }));
    expect((await call('POST', maps, { metadata: { name: 'again' }, data: { start: 'yes' } })).data).toEqual({ start: 'yes', one: 'yes', late: 'yes' });
    // What the first changes in the second round concerns the second, too; there is no third.
    expect([reviewsOf('/first').length, reviewsOf('/second').length]).toEqual([2, 2]);
  });

  it('get defaults, pass the other plugins again, and are validated', async () => {
    api.server.on('/pods', () => jsonPatch({ op: 'add', path: '/spec/initContainers', value: [{ name: 'added', image: 'i', nonsense: 1 }] }, { op: 'add', path: '/spec/priorityClassName', value: 'high' }, { op: 'remove', path: '/spec/priority' }));
    await call('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'high' }, value: 1000 });
    await configure('mutating', 'pods', hook('/pods', [ruleOf(['CREATE'], 'pods')]));
    const created = await call('POST', '/api/v1/namespaces/work/pods', pod('changed'));
    expect(created.spec.initContainers).toEqual([expect.objectContaining({ name: 'added', terminationMessagePolicy: 'File' })]);
    expect(created.spec.initContainers[0]).not.toHaveProperty('nonsense');
    expect(created.spec.priority).toBe(1000);
    expect(created.spec.volumes).toHaveLength(1);
    api.server.on('/pods', () => jsonPatch({ op: 'replace', path: '/spec/containers/0/name', value: 'Not a name' }));
    expect(await told(call('POST', '/api/v1/namespaces/work/pods', pod('wrong')))).toMatchObject({ code: 422, reason: 'Invalid' });
    api.server.on('/pods', () => jsonPatch({ op: 'replace', path: '/metadata/namespace', value: 'other' }));
    expect(await told(call('POST', '/api/v1/namespaces/work/pods', pod('moved')))).toMatchObject({ code: 400 });
  });

  it('of an update keep what a status may not change, and the name', async () => {
    api.server.on('/status', () => jsonPatch({ op: 'add', path: '/metadata/labels', value: { l: '1' } }, { op: 'add', path: '/spec/activeDeadlineSeconds', value: 5 }));
    await call('POST', '/api/v1/namespaces/work/pods', pod('reported'));
    await configure('mutating', 'status', hook('/status', [ruleOf(['UPDATE'], 'pods/status')]));
    const updated = await merge('/api/v1/namespaces/work/pods/reported/status', { status: { message: 'm' } });
    expect(updated).toMatchObject({ metadata: { labels: { l: '1' } }, status: { message: 'm' } });
    expect(updated.spec).not.toHaveProperty('activeDeadlineSeconds');
    api.server.on('/rename', () => jsonPatch({ op: 'replace', path: '/metadata/name', value: 'another' }));
    await call('POST', maps, { metadata: { name: 'named' } });
    await configure('mutating', 'rename', hook('/rename', [ruleOf(['UPDATE'], 'configmaps')]));
    expect(await told(merge(`${maps}/named`, { data: { a: 'b' } }))).toMatchObject({ code: 422, message: expect.stringContaining('metadata.name') });
  });

  it('cannot spoil who manages which fields', async () => {
    api.server.on('/owners', () => jsonPatch({ op: 'replace', path: '/metadata/managedFields/0/fieldsType', value: 'FieldsV0' }, { op: 'add', path: '/data', value: { a: 'b' } }));
    await configure('mutating', 'owners', hook('/owners', [ruleOf(['CREATE'], 'configmaps')]));
    const created = await call('POST', maps, { metadata: { name: 'owned' }, data: { c: 'd' } }, { fieldManager: 'me' });
    expect(created).toMatchObject({ data: { a: 'b' }, metadata: { managedFields: [{ manager: 'me', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { 'f:c': {} } } }] } });
  });

  it('of a scale are replicas', async () => {
    api.server.on('/scale', () => jsonPatch({ op: 'replace', path: '/spec/replicas', value: 3 }));
    await call('POST', '/apis/apps/v1/namespaces/work/replicasets', { metadata: { name: 's' }, spec: { replicas: 0, selector: { matchLabels: { a: 's' } }, template: { metadata: { labels: { a: 's' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } });
    await configure('mutating', 'scale', hook('/scale', [ruleOf(['UPDATE'], '*/scale', { apiGroups: ['*'], apiVersions: ['*'] })]));
    expect((await merge('/apis/apps/v1/namespaces/work/replicasets/s/scale', { spec: { replicas: 1 } }, { dryRun: 'All' })).spec).toEqual({ replicas: 3 });
  });

  it('that cannot be made are errors of the webhook', async () => {
    await configure('mutating', 'broken', hook('/broken', [ruleOf(['*'], 'configmaps')]));
    const answered = async (answer: object): Promise<string> => {
      api.server.on('/broken', () => answer);
      return (await told(call('POST', maps, { metadata: { name: 'broken' } })) as { message: string }).message;
    };
    const failed = 'Internal error occurred: failed calling webhook "broken.k8s.io": ';
    expect(await answered({ allowed: true, patch: 'bm8=', patchType: 'JSONPatch' })).toMatch(`${failed}received undecodable patch in webhook response: `);
    expect(await answered({ allowed: true, patch: 'W10=' })).toBe(`${failed}received invalid webhook response: webhook returned response.patch but not response.patchType`);
    expect(await answered({ allowed: true, patchType: 'JSONPatch' })).toBe(`${failed}received invalid webhook response: webhook returned response.patchType but not response.patch`);
    expect(await answered(jsonPatch({ op: 'remove', path: '/data/none' }))).toMatch('Internal error occurred: ');
    expect(await answered(jsonPatch({ op: 'add', path: '/data', value: 5 }))).toMatch('Internal error occurred: json: cannot unmarshal number into Go struct field ConfigMap.data');
    expect(await answered(jsonPatch({ op: 'replace', path: '/kind', value: 'Secret' }))).toMatch('Internal error occurred: ');
    api.server.on('/broken', allow);
    await call('POST', maps, { metadata: { name: 'broken' } });
    api.server.on('/broken', () => jsonPatch({ op: 'add', path: '/data', value: {} }));
    expect(await told(call('DELETE', `${maps}/broken`))).toMatchObject({ code: 500, message: 'Internal error occurred: admission webhook "broken.k8s.io" attempted to modify the object, which is not supported for this operation' });
  });
});

describe('a webhook that cannot be asked', () => {
  const failed = 'Internal error occurred: failed calling webhook "lost.k8s.io": ';
  const lost = (clientConfig: object, more: object = {}): object => hook('/lost', [ruleOf(['CREATE'], 'configmaps')], { clientConfig, ...more });
  const answeredBy = async (...webhooks: object[]): Promise<object> => {
    await call('DELETE', configurations('validating'));
    await configure('validating', 'lost', ...webhooks);
    return told(call('POST', maps, { metadata: { name: 'lost' } }));
  };

  it('refuses in its stead, and says why', async () => {
    const url = `${api.server.url}/lost`;
    const post = `${failed}failed to call webhook: Post "${url}?timeout=10s": `;
    const internal = { code: 500, reason: 'InternalError' };
    expect(await answeredBy(lost({ url }))).toEqual({ ...internal, message: `${post}tls: failed to verify certificate: x509: certificate signed by unknown authority` });
    expect(await answeredBy(lost({ url: url.replace('127.0.0.1', 'localhost'), caBundle: api.server.caBundle }))).toMatchObject({ ...internal, message: expect.stringContaining('x509: certificate is valid for 127.0.0.1, not localhost') });
    expect(await answeredBy(lost({ url: 'https://127.0.0.1:1/x', caBundle: api.server.caBundle }))).toEqual({ ...internal, message: `${failed}failed to call webhook: Post "https://127.0.0.1:1/x?timeout=10s": dial tcp 127.0.0.1:1: connect: connection refused` });
    expect(await answeredBy(lost(api.server.clientConfig('/nowhere')))).toEqual({ ...internal, message: `${failed}failed to call webhook: the server could not find the requested resource` });
    api.server.raw('/lost', 500, 'it broke');
    expect(await answeredBy(lost(api.server.clientConfig('/lost')))).toEqual({ ...internal, message: `${failed}failed to call webhook: an error on the server ("it broke") has prevented the request from succeeding` });
    api.server.raw('/lost', 200, '{}');
    expect(await answeredBy(lost(api.server.clientConfig('/lost')))).toEqual({ ...internal, message: `${failed}received invalid webhook response: webhook response was absent` });
    api.server.on('/lost', () => ({ allowed: true, uid: 'another' }));
    expect(await answeredBy(lost(api.server.clientConfig('/lost')))).toMatchObject({ ...internal, message: expect.stringMatching(/received invalid webhook response: expected response.uid="[0-9a-f-]{36}", got "another"$/) });
    api.server.on('/lost', () => jsonPatch({ op: 'add', path: '/data', value: {} }));
    expect(await answeredBy(lost(api.server.clientConfig('/lost')))).toEqual({ ...internal, message: `${failed}received invalid webhook response: validating webhook may not return response.patch` });
    await expect(call('GET', `${maps}/lost`)).rejects.toMatchObject({ code: 404 });
  });

  it('is passed over where that is its policy, when it is late too', async () => {
    api.server.on('/lost', () => undefined);
    const late = lost(api.server.clientConfig('/lost'), { timeoutSeconds: 1 });
    expect(await answeredBy(late)).toEqual({ code: 500, reason: 'InternalError', message: `${failed}failed to call webhook: Post "${api.server.url}/lost?timeout=1s": context deadline exceeded` });
    await call('DELETE', configurations('validating'));
    await configure('validating', 'lost', { ...late, failurePolicy: 'Ignore' });
    await configure('mutating', 'lost', { ...lost({ url: 'https://127.0.0.1:1/x' }), failurePolicy: 'Ignore' });
    await call('POST', maps, { metadata: { name: 'lost' } });
    expect(reviewsOf('/lost')).toHaveLength(2);
  });
});

describe('a request whose time is over', () => {
  it('stores nothing, whoever may be passed over', async () => {
    api.server.on('/late', () => undefined);
    await configure('mutating', 'late', hook('/late', [ruleOf(['CREATE'], 'configmaps')], { failurePolicy: 'Ignore', timeoutSeconds: 30 }));
    expect(await told(call('POST', maps, { metadata: { name: 'late' } }, { timeout: '700ms' }))).toMatchObject({ code: 504, reason: 'Timeout' });
    expect(api.server.lastQuery()).toBe('?timeout=1s');
    await call('DELETE', configurations('mutating'));
    // Had the first been stored after its answer, there would be one of this name.
    expect(await call('POST', maps, { metadata: { name: 'late' } })).toMatchObject({ metadata: { name: 'late' } });
  });
});

describe('configurations', () => {
  it('are in force once their write is answered: created, patched, updated, listed and deleted', async () => {
    api.server.on('/maps', judgeData);
    for (let i = 0; i < 10; i++) await call('POST', configurations('validating'), { metadata: { name: `listed-${i}`, labels: { listed: 'yes' } }, webhooks: [hook('/maps', [ruleOf(['CREATE'], 'configmaps')])] });
    expect((await call('GET', configurations('validating'), undefined, { labelSelector: 'listed=yes' })).items).toHaveLength(10);
    const bad = { metadata: { generateName: 'bad-' }, data: { verdict: 'bad' } };
    await told(call('POST', maps, bad));
    await call('DELETE', configurations('validating'), undefined, { labelSelector: 'listed=yes' });
    await call('POST', maps, bad);
    const created = cloneJson(await configure('validating', 'changed', hook('/maps', [ruleOf(['CREATE'], 'configmaps')])));
    await told(call('POST', maps, bad));
    created.webhooks[0].rules[0].operations = ['UPDATE'];
    await call('PUT', `${configurations('validating')}/changed`, created);
    await call('POST', maps, bad);
    await call('PATCH', `${configurations('validating')}/changed`, [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }], {}, { 'content-type': 'application/json-patch+json' });
    await told(call('POST', maps, bad));
  });

  it('are asked about with nobody', async () => {
    api.server.on('/always', () => deny());
    const everything = ruleOf(['*'], '*', { apiGroups: ['admissionregistration.k8s.io'], apiVersions: ['*'] });
    await configure('validating', 'guard', hook('/always', [everything], { namespaceSelector: {} }));
    await configure('mutating', 'guard', hook('/always', [everything], { namespaceSelector: {} }));
    for (const kind of ['validating', 'mutating'] as const) {
      await configure(kind, 'dummy', hook('/always', [ruleOf(['CREATE'], 'invalid')]));
      await call('DELETE', `${configurations(kind)}/dummy`);
    }
    expect(reviewsOf('/always')).toEqual([]);
  });
});
