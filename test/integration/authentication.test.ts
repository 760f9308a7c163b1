// Who asks, over the wire: tokens of ServiceAccounts, impersonation, and the reviews that tell who somebody is and what they may do.
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { Pods } from '../../src/api/core/pod.ts';
import { Secrets } from '../../src/api/core/secret.ts';
import { ServiceAccounts, type ServiceAccount } from '../../src/api/core/service-account.ts';
import { ClusterRoleBindings } from '../../src/api/rbac/cluster-role-binding.ts';
import { ClusterRoles } from '../../src/api/rbac/cluster-role.ts';
import { Client } from '../../src/client/client.ts';
import { startHttpsApi, type HttpsApi } from '../support/api-server-https.ts';
import { unlessThere } from '../support/refusal.ts';

interface Answer { readonly status: number; readonly type: string; readonly text: string; readonly object: any }
type Headers = Record<string, string | string[]>;

let api: HttpsApi;
let admin: Client;
let robot: ServiceAccount;
const issuer = 'https://kubernetes.default.svc.cluster.local';
const account = { namespace: 'default', name: 'robot' };
beforeAll(async () => {
  api = await startHttpsApi({ policy: true });
  admin = new Client(api.memory('kubernetes-admin', 'system:masters'));
  robot = await admin.create(ServiceAccounts, { metadata: account });
});
afterAll(() => api.stop());

/** As nobody unless `headers` show who; with the administrator's certificate when `certified`. */
async function call(method: string, path: string, { headers = {}, body, certified = false }: { headers?: Headers; body?: unknown; certified?: boolean } = {}): Promise<Answer> {
  const credentials = certified ? { cert: api.admin.cert, key: api.admin.key } : {};
  const outgoing = httpsRequest(api.admin.server + path, { method, agent: false, ca: api.admin.ca, ...credentials, headers: { 'content-type': 'application/json', ...headers } });
  outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const type = response.headers['content-type'] ?? '';
  return { status: response.statusCode!, type, text, object: type.includes('json') ? (JSON.parse(text) as unknown) : undefined };
}
const asAdmin = (method: string, path: string, body?: unknown, headers: Headers = {}): Promise<Answer> => call(method, path, { body, headers, certified: true });
const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });
const review = (group: string, kind: string, rest: object = {}): object => ({ apiVersion: `${group}/v1`, kind, ...rest });
const requestToken = (spec: object, name = 'robot'): Promise<Answer> => asAdmin('POST', `/api/v1/namespaces/default/serviceaccounts/${name}/token`, review('authentication.k8s.io', 'TokenRequest', { spec }));
const tokenFor = async (spec: object = {}): Promise<string> => (await requestToken(spec)).object.status.token as string;
const whoAmI = async (headers: Headers, certified = false): Promise<Answer> => call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { headers, certified, body: review('authentication.k8s.io', 'SelfSubjectReview') });
const user = 'system:serviceaccount:default:robot';
const groups = ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'];

describe('a token of a ServiceAccount', () => {
  it('says whose it is, for whom and for how long', async () => {
    const { status, object } = await requestToken({ audiences: ['vault'], expirationSeconds: 900 });
    expect(status).toBe(201);
    expect(object).toMatchObject({ kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', metadata: account, spec: { audiences: ['vault'], expirationSeconds: 900, boundObjectRef: null } });
    const claims = decodeJwt(object.status.token as string) as any;
    expect(claims).toMatchObject({ iss: issuer, sub: user, aud: ['vault'], jti: expect.stringMatching(/^[0-9a-f-]{36}$/), 'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'robot', uid: robot.metadata.uid } } });
    expect(claims.exp - claims.iat).toBe(900);
    expect(claims.nbf).toBe(claims.iat);
    expect(Date.parse(object.status.expirationTimestamp as string) / 1000).toBe(claims.exp);
  });

  it('is checked by the key that is published', async () => {
    const found = (await asAdmin('GET', '/.well-known/openid-configuration')).object;
    expect(found).toEqual({ issuer, jwks_uri: 'https://127.0.0.1:6443/openid/v1/jwks', response_types_supported: ['id_token'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['ES256'] });
    const keys = await call('GET', '/openid/v1/jwks', { headers: bearer(await tokenFor()) });
    expect([keys.status, keys.type]).toEqual([200, 'application/jwk-set+json']);
    const { payload } = await jwtVerify(await tokenFor(), createLocalJWKSet(JSON.parse(keys.text)), { issuer, audience: issuer });
    expect(payload.sub).toBe(user);
    expect((await call('GET', '/openid/v1/jwks')).status).toBe(403);
  });

  it('is a credential, with the account\'s groups', async () => {
    const token = await tokenFor();
    const { status, object } = await whoAmI(bearer(token));
    expect(status).toBe(201);
    expect(object).toMatchObject({ kind: 'SelfSubjectReview', status: { userInfo: { username: user, uid: robot.metadata.uid, groups, extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${decodeJwt(token).jti}`] } } } });
    const refused = await call('GET', '/api/v1/namespaces/default/pods', { headers: bearer(token) });
    expect([refused.status, refused.object.message]).toEqual([403, `pods is forbidden: User "${user}" cannot list resource "pods" in API group "" in the namespace "default"`]);
  });

  it.each<[string, () => Promise<string>]>([
    ['for another audience', () => tokenFor({ audiences: ['vault'] })],
    ['that was changed', async () => { const parts = (await tokenFor()).split('.'); parts[1] = Buffer.from(JSON.stringify({ ...decodeJwt(parts.join('.')), sub: 'system:serviceaccount:kube-system:x' })).toString('base64url'); return parts.join('.'); }],
    ['of nobody', () => Promise.resolve('abc')],
    ['without a signature', async () => `${(await tokenFor()).split('.').slice(0, 2).join('.')}.`],
  ])('%s is refused', async (_, make) => {
    const { status, object } = await call('GET', '/version', { headers: bearer(await make()) });
    expect([status, object.reason]).toEqual([401, 'Unauthorized']);
  });

  it('ends with its account, though its signature was seen before', async () => {
    await admin.create(ServiceAccounts, { metadata: { namespace: 'default', name: 'short' } });
    const token = (await requestToken({}, 'short')).object.status.token as string;
    expect((await call('GET', '/version', { headers: bearer(token) })).status).toBe(200);
    await admin.delete(ServiceAccounts, { namespace: 'default', name: 'short' });
    expect((await call('GET', '/version', { headers: bearer(token) })).status).toBe(401);
    await admin.create(ServiceAccounts, { metadata: { namespace: 'default', name: 'short' } });
    expect((await call('GET', '/version', { headers: bearer(token) })).status).toBe(401);
  });

  it('bound to a Pod names it and its node, and ends with it', async () => {
    const pod = await admin.create(Pods, { metadata: { namespace: 'default', name: 'p' }, spec: { nodeName: 'node-1', serviceAccountName: 'robot', containers: [{ name: 'c', image: 'i' }] } } as never);
    const ref = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: pod.metadata.uid };
    const token = await tokenFor({ boundObjectRef: ref });
    expect((await whoAmI(bearer(token))).object.status.userInfo.extra).toMatchObject({ 'authentication.kubernetes.io/pod-name': ['p'], 'authentication.kubernetes.io/pod-uid': [pod.metadata.uid], 'authentication.kubernetes.io/node-name': ['node-1'] });
    // The token admission mounts lives on for programs that read it once.
    const mounted = decodeJwt(await tokenFor({ boundObjectRef: ref, expirationSeconds: 3607 })) as any;
    expect([mounted.exp - mounted.iat, mounted['kubernetes.io'].warnafter - mounted.iat]).toEqual([365 * 24 * 3600, 3607]);
    const other = await requestToken({ boundObjectRef: { ...ref, uid: 'x' } });
    expect([other.status, other.object.message]).toEqual([409, 'Operation cannot be fulfilled on Pod "p": the UID in the bound object reference (x) does not match the UID in record. The object might have been deleted and then recreated']);
    await admin.delete(Pods, { namespace: 'default', name: 'p' }, { gracePeriodSeconds: 0 });
    expect((await whoAmI(bearer(token))).status).toBe(401);
    const gone = await requestToken({ boundObjectRef: ref });
    expect([gone.status, gone.object.message]).toEqual([404, 'pods "p" not found']);
  });

  it('is not made for what cannot be', async () => {
    const short = await requestToken({ expirationSeconds: 5 });
    expect([short.status, short.object.message]).toEqual([422, 'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes']);
    const wrong = await requestToken({ boundObjectRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } });
    expect([wrong.status, wrong.object.message]).toEqual([400, 'cannot bind token to object of type apps/v1, Kind=Deployment']);
    await admin.create(Pods, { metadata: { namespace: 'default', name: 'q' }, spec: { containers: [{ name: 'c', image: 'i' }], serviceAccountName: 'robot' } } as never);
    await admin.create(ServiceAccounts, { metadata: { namespace: 'default', name: 'stranger' } });
    const foreign = await requestToken({ boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'q' } }, 'stranger');
    expect([foreign.status, foreign.object.message]).toEqual([400, 'cannot bind token for serviceaccount "stranger" to pod running with different serviceaccount name.']);
  });

  it('is reviewed', async () => {
    const ask = (spec: object): Promise<Answer> => asAdmin('POST', '/apis/authentication.k8s.io/v1/tokenreviews', review('authentication.k8s.io', 'TokenReview', { spec }));
    expect((await ask({ token: await tokenFor() })).object.status).toMatchObject({ authenticated: true, audiences: [issuer], user: { username: user, uid: robot.metadata.uid, groups } });
    expect((await ask({ token: await tokenFor({ audiences: ['a', 'b'] }), audiences: ['b', 'c'] })).object.status).toMatchObject({ authenticated: true, audiences: ['b'] });
    const { object } = await ask({ token: await tokenFor({ audiences: ['a'] }) });
    expect(object.status).toEqual({ user: {}, error: `token audiences ["a"] is invalid for the target audiences ["${issuer}"]` });
    expect((await ask({ token: 'abc' })).object.status).toEqual({ user: {}, error: 'invalid bearer token' });
    expect((await ask({ token: 'abc' })).object.metadata.managedFields).toEqual([{ manager: 'unknown', operation: 'Update', apiVersion: 'authentication.k8s.io/v1', time: expect.any(String), fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': { 'f:token': {} } } }]);
  });

  it.each<[spec: object, fields: object]>([
    [{ audiences: ['a'] }, { 'f:audiences': {}, 'f:expirationSeconds': {} }],
    [{ boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: 'bound' } }, { 'f:boundObjectRef': { 'f:apiVersion': {}, 'f:kind': {}, 'f:name': {} }, 'f:expirationSeconds': {} }],
  ])('says who asked for %j', async (spec, fields) => {
    await unlessThere(admin.create(Secrets, { metadata: { namespace: 'default', name: 'bound' } }));
    const { object } = await asAdmin('POST', '/api/v1/namespaces/default/serviceaccounts/robot/token', review('authentication.k8s.io', 'TokenRequest', { spec }), { 'user-agent': 'kubelet/v1.33.1 (linux/amd64)' });
    expect(object.metadata).toEqual({
      ...account, creationTimestamp: expect.any(String),
      managedFields: [{ manager: 'kubelet', operation: 'Update', apiVersion: 'authentication.k8s.io/v1', time: object.metadata.creationTimestamp, fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': fields }, subresource: 'token' }],
    });
  });

  it('in a Secret has no end but the Secret\'s', async () => {
    const token = await api.tokens.legacy({ ...account, uid: robot.metadata.uid }, 'old');
    expect((await whoAmI(bearer(token))).status).toBe(401);
    await admin.create(Secrets, { metadata: { namespace: 'default', name: 'old', annotations: { 'kubernetes.io/service-account.name': 'robot' } }, type: 'kubernetes.io/service-account-token', stringData: { token } });
    expect((await whoAmI(bearer(token))).object.status.userInfo).toEqual({ username: user, uid: robot.metadata.uid, groups });
    // Once a day it is noted that somebody needs it.
    const noted = await admin.get(Secrets, { namespace: 'default', name: 'old' });
    expect(noted.metadata.labels?.['kubernetes.io/legacy-token-last-used']).toBe(new Date(api.registry.clock.now()).toISOString().slice(0, 10));
    await whoAmI(bearer(token));
    expect((await admin.get(Secrets, { namespace: 'default', name: 'old' })).metadata.resourceVersion).toBe(noted.metadata.resourceVersion);
    await admin.delete(Secrets, { namespace: 'default', name: 'old' });
    expect((await whoAmI(bearer(token))).status).toBe(401);
  });
});

describe('a client certificate', () => {
  it('is a credential, told by its fingerprint', async () => {
    const fingerprint = new X509Certificate(api.admin.cert).fingerprint256.replaceAll(':', '').toLowerCase();
    expect((await whoAmI({}, true)).object.status.userInfo).toEqual({ username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'], extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] } });
  });
});

describe('impersonation', () => {
  const identity = async (headers: Headers): Promise<any> => (await whoAmI(headers, true)).object.status?.userInfo;
  it.each<[string, Headers, object]>([
    ['a user is known', { 'Impersonate-User': 'tom' }, { username: 'tom', groups: ['system:authenticated'] }],
    ['groups may repeat and hold commas', { 'Impersonate-User': 'tom', 'Impersonate-Group': ['a', 'cn=b,dc=c'] }, { username: 'tom', groups: ['a', 'cn=b,dc=c', 'system:authenticated'] }],
    ['a group may say that the user is not known', { 'Impersonate-User': 'tom', 'Impersonate-Group': ['system:masters', 'system:unauthenticated'] }, { username: 'tom', groups: ['system:masters', 'system:unauthenticated'] }],
    ['a ServiceAccount is in its groups', { 'Impersonate-User': user }, { username: user, groups }],
    ['unless groups are given', { 'Impersonate-User': user, 'Impersonate-Group': 'a' }, { username: user, groups: ['a', 'system:authenticated'] }],
    ['UID and extra', { 'Impersonate-User': 'tom', 'Impersonate-Uid': 'u1', 'Impersonate-Extra-Scopes': ['view', 'edit'], 'Impersonate-Extra-Example.com%2Fproject': 'p' }, { username: 'tom', uid: 'u1', groups: ['system:authenticated'], extra: { scopes: ['view', 'edit'], 'example.com/project': ['p'] } }],
  ])('%s', async (_, headers, expected) => { expect(await identity(headers)).toEqual(expected); });

  it('anonymous stays unknown, and may not even ask who they are', async () => {
    const { status, object } = await whoAmI({ 'Impersonate-User': 'system:anonymous' }, true);
    expect([status, object.message]).toEqual([403, 'selfsubjectreviews.authentication.k8s.io is forbidden: User "system:anonymous" cannot create resource "selfsubjectreviews" in API group "authentication.k8s.io" at the cluster scope']);
  });

  it('of nothing but a group is a fault', async () => {
    const { status, type, text } = await asAdmin('GET', '/version', undefined, { 'Impersonate-Group': 'a' });
    expect({ status, type, text }).toEqual({ status: 500, type: 'text/plain; charset=utf-8', text: 'Internal Server Error: "/version": requested [{Group  a    }] without impersonating a user\n' });
  });

  it('is allowed for each thing by itself', async () => {
    const token = bearer(await tokenFor());
    const attempt = async (headers: Headers): Promise<string> => {
      const { status, object } = await whoAmI({ ...token, ...headers });
      return status === 201 ? 'allowed' : `${status} ${object.message}`;
    };
    const cannot = (what: string, resource: string, group = '', where = 'at the cluster scope'): string => `403 ${what} is forbidden: User "${user}" cannot impersonate resource "${resource}" in API group "${group}" ${where}`;
    expect(await attempt({ 'Impersonate-User': 'tom' })).toBe(cannot('users "tom"', 'users'));
    expect(await attempt({ 'Impersonate-User': 'system:serviceaccount:kube-system:x' })).toBe(cannot('serviceaccounts "x"', 'serviceaccounts', '', 'in the namespace "kube-system"'));
    const rule = (apiGroups: string[], resources: string[], resourceNames: string[]): object => ({ verbs: ['impersonate'], apiGroups, resources, resourceNames });
    await admin.create(ClusterRoles, { metadata: { name: 'actor' }, rules: [rule([''], ['users'], ['tom']), rule([''], ['groups'], ['team']), rule(['authentication.k8s.io'], ['userextras/scopes'], ['view'])] } as never);
    await admin.create(ClusterRoleBindings, { metadata: { name: 'actor' }, subjects: [{ kind: 'ServiceAccount', ...account }], roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'actor' } });
    expect(await attempt({ 'Impersonate-User': 'tom', 'Impersonate-Group': 'team', 'Impersonate-Extra-scopes': 'view' })).toBe('allowed');
    expect(await attempt({ 'Impersonate-User': 'ann' })).toBe(cannot('users "ann"', 'users'));
    expect(await attempt({ 'Impersonate-User': 'tom', 'Impersonate-Group': ['team', 'system:masters'] })).toBe(cannot('groups "system:masters"', 'groups'));
    expect(await attempt({ 'Impersonate-User': 'tom', 'Impersonate-Extra-scopes': 'edit' })).toBe(cannot('userextras.authentication.k8s.io "edit"', 'userextras/scopes', 'authentication.k8s.io'));
    expect(await attempt({ 'Impersonate-User': 'tom', 'Impersonate-Uid': 'u' })).toBe(cannot('uids.authentication.k8s.io "u"', 'uids', 'authentication.k8s.io'));
  });
});

describe('access reviews', () => {
  const ask = (plural: string, kind: string, spec: object, headers: Headers = {}, namespace = ''): Promise<Answer> =>
    asAdmin('POST', `/apis/authorization.k8s.io/v1/${namespace && `namespaces/${namespace}/`}${plural}`, review('authorization.k8s.io', kind, { spec }), headers);
  const list = { namespace: 'default', verb: 'list', resource: 'secrets' };

  it('say whether and why', async () => {
    await admin.create(ClusterRoleBindings, { metadata: { name: 'auditors' }, subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'auditors' }], roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' } });
    expect((await ask('subjectaccessreviews', 'SubjectAccessReview', { user: 'ann', groups: ['auditors'], resourceAttributes: list })).object).toMatchObject({
      kind: 'SubjectAccessReview', spec: { user: 'ann', resourceAttributes: list }, status: { allowed: true, reason: 'RBAC: allowed by ClusterRoleBinding "auditors" of ClusterRole "cluster-admin" to Group "auditors"' },
    });
    expect((await ask('subjectaccessreviews', 'SubjectAccessReview', { user: 'ann', resourceAttributes: list })).object.status).toEqual({ allowed: false });
    expect((await ask('subjectaccessreviews', 'SubjectAccessReview', { groups: ['system:unauthenticated'], nonResourceAttributes: { verb: 'get', path: '/healthz' } })).object.status.allowed).toBe(true);
    expect((await ask('localsubjectaccessreviews', 'LocalSubjectAccessReview', { user: 'ann', resourceAttributes: list }, {}, 'default')).object).toMatchObject({ metadata: { namespace: 'default' }, status: { allowed: false } });
    expect((await ask('selfsubjectaccessreviews', 'SelfSubjectAccessReview', { resourceAttributes: list })).object.status.allowed).toBe(true);
    expect((await ask('selfsubjectaccessreviews', 'SelfSubjectAccessReview', { resourceAttributes: list }, { 'Impersonate-User': 'tom' })).object.status).toEqual({ allowed: false });
  });

  it.each<[plural: string, kind: string, spec: object, fields: object, namespace?: string]>([
    ['subjectaccessreviews', 'SubjectAccessReview', { user: 'ann', groups: ['g'], extra: { scopes: ['view'] }, resourceAttributes: list }, { 'f:extra': { '.': {}, 'f:scopes': {} }, 'f:groups': {}, 'f:resourceAttributes': { '.': {}, 'f:namespace': {}, 'f:resource': {}, 'f:verb': {} }, 'f:user': {} }],
    ['localsubjectaccessreviews', 'LocalSubjectAccessReview', { user: 'ann', resourceAttributes: list }, { 'f:resourceAttributes': { '.': {}, 'f:namespace': {}, 'f:resource': {}, 'f:verb': {} }, 'f:user': {} }, 'default'],
    ['selfsubjectaccessreviews', 'SelfSubjectAccessReview', { nonResourceAttributes: { verb: 'get', path: '/' } }, { 'f:nonResourceAttributes': { '.': {}, 'f:path': {}, 'f:verb': {} } }],
  ])('say who asked, by %s', async (plural, kind, spec, fields, space = '') => {
    const { object } = await ask(plural, kind, spec, { 'user-agent': 'curl/8.5' }, space);
    expect(object.metadata).toEqual({
      creationTimestamp: null, ...(space ? { namespace: space } : {}),
      managedFields: [{ manager: 'curl', operation: 'Update', apiVersion: 'authorization.k8s.io/v1', time: expect.any(String), fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': fields } }],
    });
  });

  it('list what the asker may do', async () => {
    const { object } = await ask('selfsubjectrulesreviews', 'SelfSubjectRulesReview', { namespace: 'default' }, { 'Impersonate-User': 'tom' });
    expect(object).toMatchObject({ metadata: { creationTimestamp: null }, spec: {}, status: { incomplete: false } });
    expect(object.metadata.managedFields).toBeUndefined();
    expect(object.status.resourceRules).toContainEqual({ verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] });
    expect(object.status.nonResourceRules).toContainEqual({ verbs: ['get'], nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/'] });
    expect((await ask('selfsubjectrulesreviews', 'SelfSubjectRulesReview', {})).object.message).toBe('no namespace on request');
  });

  it('are refused when they ask for nothing', async () => {
    const { status, object } = await ask('subjectaccessreviews', 'SubjectAccessReview', { user: 'ann' });
    expect([status, object.message]).toEqual([422, '.authorization.k8s.io "" is invalid: spec.resourceAttributes: Invalid value: "null": exactly one of nonResourceAttributes or resourceAttributes must be specified']);
    const named = await asAdmin('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review('authorization.k8s.io', 'SelfSubjectAccessReview', { metadata: { name: 'x' }, spec: { resourceAttributes: list } }));
    expect([named.status, named.object.message]).toEqual([422, expect.stringContaining('must be empty')]);
  });

  it('are not stored', async () => {
    expect((await asAdmin('GET', '/apis/authorization.k8s.io/v1/subjectaccessreviews')).status).toBe(405);
    expect(api.registry.cache.count('/registry/authorization.k8s.io/subjectaccessreviews/')).toBe(0);
  });
});

it('a Binding of the namespace puts its Pod on a node, and is listed among what is served', async () => {
  await admin.create(Pods, { metadata: { namespace: 'default', name: 'b' }, spec: { containers: [{ name: 'c', image: 'i' }], serviceAccountName: 'robot' } } as never);
  const { status, object } = await asAdmin('POST', '/api/v1/namespaces/default/bindings', { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'b' }, target: { kind: 'Node', name: 'node-7' } });
  expect([status, object.status]).toEqual([201, 'Success']);
  expect((await admin.get(Pods, { namespace: 'default', name: 'b' })).spec.nodeName).toBe('node-7');
  const resources = (await asAdmin('GET', '/api/v1')).object.resources as { name: string }[];
  expect(resources[0]).toEqual({ name: 'bindings', singularName: 'binding', namespaced: true, kind: 'Binding', verbs: ['create'] });
  expect((await asAdmin('GET', '/api/v1/namespaces/default/bindings')).status).toBe(405);
});
