// Requests as other common clients make them: helm, k9s, the Python client, informers of client-go and controller-runtime, Argo CD.
import { request } from 'node:https';
import { startHttpsApi, type HttpsApi } from '../support/api-server-https.ts';

let api: HttpsApi;
beforeAll(async () => { api = await startHttpsApi({ openApi: true }); });
afterAll(() => api.stop());

interface Told { readonly status: number; readonly type: string; readonly body: any; readonly text: string }
function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Told> {
  const { server, ca, cert, key } = api.admin;
  return new Promise((resolve, reject) => {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const outgoing = request(`${server}${path}`, { method, ca, cert, key, headers: { 'accept': 'application/json', ...(sent === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(sent)) }), ...headers } }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; }).on('end', () => {
        let value: unknown;
        try { value = JSON.parse(text); } catch { value = undefined; } // it is asked about as text
        resolve({ status: response.statusCode!, type: response.headers['content-type'] ?? '', body: value, text });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(sent);
  });
}
const lines = ({ text }: Told): any[] => text.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line) as unknown);

const secrets = '/api/v1/namespaces/default/secrets';
test('helm keeps releases in Secrets, finds them by their labels, and merges three ways', async () => {
  const release = (version: number, status: string): object => ({
    apiVersion: 'v1', kind: 'Secret', type: 'helm.sh/release.v1', metadata: { name: `sh.helm.release.v1.web.v${version}`, labels: { name: 'web', owner: 'helm', status, version: String(version), modifiedAt: '1767225600' } },
    data: { release: Buffer.from('H4sIAAAAAAAC').toString('base64') },
  });
  expect((await call('GET', '/version')).body.gitVersion).toMatch(/^v1\.33\./);
  expect((await call('POST', secrets, release(1, 'pending-install'))).status).toBe(201);
  expect((await call('POST', secrets, release(1, 'pending-install'))).body).toMatchObject({ code: 409, reason: 'AlreadyExists' });
  expect((await call('PUT', `${secrets}/sh.helm.release.v1.web.v1`, release(1, 'deployed'))).body.metadata.labels.status).toBe('deployed');
  await call('POST', secrets, release(2, 'pending-upgrade'));
  const found = await call('GET', `${secrets}?labelSelector=name%3Dweb%2Cowner%3Dhelm%2Cstatus%3Ddeployed`);
  expect(found.body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['sh.helm.release.v1.web.v1']);
  // The library finds out what there is, and patches strategically what it knows.
  const deployments = '/apis/apps/v1/namespaces/default/deployments';
  const spec = (image: string): object => ({ replicas: 0, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } } });
  expect((await call('GET', `${deployments}/web`)).status).toBe(404);
  expect((await call('POST', `${deployments}?fieldManager=helm`, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', labels: { 'app.kubernetes.io/managed-by': 'Helm' } }, spec: spec('i:1') })).status).toBe(201);
  const patched = await call('PATCH', `${deployments}/web?fieldManager=helm`, { spec: { template: { spec: { '$setElementOrder/containers': [{ name: 'c' }], 'containers': [{ image: 'i:2', name: 'c' }] } } } }, { 'content-type': 'application/strategic-merge-patch+json' });
  expect([patched.status, patched.body.spec.template.spec.containers[0].image, patched.body.metadata.managedFields.map((f: { manager: string }) => f.manager)]).toEqual([200, 'i:2', ['helm']]);
  expect((await call('DELETE', `${deployments}/web`, { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' })).body.status).toBe('Success');
});

test('k9s asks for Tables with their objects, and whether it may', async () => {
  const accept = ['v1', 'v1beta1'].map((v) => `application/json;as=Table;v=${v};g=meta.k8s.io`).concat('application/json').join(',');
  const { body } = await call('GET', '/api/v1/namespaces?includeObject=Object&resourceVersion=0', undefined, { accept });
  expect(body).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
  expect(body.rows[0].object).toMatchObject({ kind: 'Namespace', apiVersion: 'v1', spec: { finalizers: ['kubernetes'] } });
  expect((await call('GET', '/api/v1/pods?fieldSelector=spec.nodeName%3Dn&includeObject=Object', undefined, { accept })).body).toMatchObject({ kind: 'Table', rows: [] });
  const review = await call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', metadata: {}, spec: { resourceAttributes: { group: '', version: '', resource: 'pods', verb: 'list' } }, status: { allowed: false } });
  expect([review.status, review.body.status.allowed]).toEqual([201, true]);
});

test('the Python client writes booleans its own way', async () => {
  const { body } = await call('GET', '/api/v1/namespaces?watch=False&allow_watch_bookmarks=True');
  expect(body.kind).toBe('NamespaceList');
  const told = lines(await call('GET', '/api/v1/namespaces?watch=True&timeoutSeconds=1&resourceVersion=0&fieldSelector=metadata.name%3Ddefault&_request_timeout=5'));
  expect(told.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual(['ADDED default']);
});

test('an informer begins with a watch in the place of a list, of whole objects or of their metadata', async () => {
  const query = 'allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&timeout=5m0s&timeoutSeconds=1&watch=true';
  for (const [accept, kind] of [['application/json', 'Namespace'], ['application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1;q=0,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json', 'PartialObjectMetadata']] as const) {
    const told = lines(await call('GET', `/api/v1/namespaces?${query}&fieldSelector=metadata.name%3Ddefault`, undefined, { accept }));
    expect(told.map(({ type, object }) => [type, object.kind, object.metadata.annotations?.['k8s.io/initial-events-end']])).toEqual([['ADDED', kind, undefined], ['BOOKMARK', kind, 'true']]);
  }
});

test('Argo CD applies with force under its own name, and reads OpenAPI in protobuf', async () => {
  const apply = (manager: string, force: boolean, value: string): Promise<Told> => call('PATCH', `/api/v1/namespaces/default/configmaps/argo?fieldManager=${manager}&force=${force}`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argo', labels: { 'app.kubernetes.io/instance': 'web' } }, data: { a: value } }, { 'content-type': 'application/apply-patch+yaml' });
  expect((await apply('argocd-controller', true, '1')).status).toBe(201);
  expect((await apply('somebody', false, '2')).body).toMatchObject({ code: 409, details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "argocd-controller"', field: '.data.a' }] } });
  expect((await apply('argocd-controller', true, '3')).body.data).toEqual({ a: '3' });
  expect(await call('GET', '/openapi/v2', undefined, { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' })).toMatchObject({ status: 200, type: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf' });
});
