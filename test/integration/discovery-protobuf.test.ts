// Discovery in protobuf: every document says what it says in JSON.
import type { ClientHttp2Session } from 'node:http2';
import protobuf from 'protobufjs';
import { startHttpsApi, type HttpsApi } from '../support/api-server-https.ts';

interface Reply { readonly status: number; readonly headers: Record<string, unknown>; readonly body: Buffer }
let api: HttpsApi;
let admin: ClientHttp2Session;
beforeAll(async () => {
  api = await startHttpsApi({ policy: true });
  admin = await api.http2(api.admin);
});
afterAll(() => api.stop());

function get(path: string, accept = 'application/json'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const stream = admin.request({ ':path': path, accept });
    const chunks: Buffer[] = [];
    let headers: Record<string, unknown> = {};
    stream.on('response', (h) => { headers = h; });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => resolve({ status: Number(headers[':status']), headers, body: Buffer.concat(chunks) }));
  });
}

/** Upstream's messages, written anew: an independent reader of what is answered. */
const messages = protobuf.parse(`
  syntax = "proto3"; package k8s;
  message TypeMeta { string apiVersion = 1; string kind = 2; }  message Unknown { TypeMeta typeMeta = 1; bytes raw = 2; string contentEncoding = 3; string contentType = 4; }
  message GroupVersion { string groupVersion = 1; string version = 2; }  message Address { string clientCIDR = 1; string serverAddress = 2; }  message Verbs { repeated string items = 1; }
  message APIVersions { repeated string versions = 1; repeated Address serverAddressByClientCIDRs = 2; }
  message APIGroup { string name = 1; repeated GroupVersion versions = 2; GroupVersion preferredVersion = 3; }  message APIGroupList { repeated APIGroup groups = 1; }
  message APIResource { string name = 1; bool namespaced = 2; string kind = 3; Verbs verbs = 4; repeated string shortNames = 5; string singularName = 6; repeated string categories = 7; string group = 8; string version = 9; string storageVersionHash = 10; }
  message APIResourceList { string groupVersion = 1; repeated APIResource resources = 2; }
  message Kind { string group = 1; string version = 2; string kind = 3; }  message Metadata { string name = 1; }
  message Sub { string subresource = 1; Kind responseKind = 2; repeated Kind acceptedTypes = 3; repeated string verbs = 4; }
  message Resource { string resource = 1; Kind responseKind = 2; string scope = 3; string singularResource = 4; repeated string verbs = 5; repeated string shortNames = 6; repeated string categories = 7; repeated Sub subresources = 8; }
  message Version { string version = 1; repeated Resource resources = 2; string freshness = 3; }  message Group { Metadata metadata = 1; repeated Version versions = 2; }  message APIGroupDiscoveryList { repeated Group items = 2; }
`).root;
function opened(body: Buffer): { apiVersion?: string; kind: string; document: Record<string, any> } {
  expect(body.subarray(0, 4).toString('latin1')).toBe('k8s\0');
  const { typeMeta, raw } = messages.lookupType('k8s.Unknown').decode(body.subarray(4)) as unknown as { typeMeta: { apiVersion?: string; kind: string }; raw: Uint8Array };
  const type = messages.lookupType(`k8s.${typeMeta.kind}`);
  return { ...typeMeta, document: type.toObject(type.decode(raw)) };
}

/** What is empty or false need not be on the wire. */
const withoutZeros = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (_name, member: unknown) => (member === '' || member === false ? undefined : member)));

describe('discovery in protobuf', () => {
  const accept = 'application/vnd.kubernetes.protobuf';
  const both = async (path: string): Promise<[protobuf: ReturnType<typeof opened>, json: Record<string, any>]> => {
    const answered = await get(path, accept);
    expect([answered.status, answered.headers['content-type']]).toEqual([200, accept]);
    return [opened(answered.body), JSON.parse((await get(path)).body.toString()) as Record<string, any>];
  };
  it.each(['/apis', '/apis/apps', '/api'])('%s says what it says in JSON', async (path) => {
    const [{ apiVersion = '', kind, document }, { apiVersion: itsVersion = '', kind: itsKind, ...json }] = await both(path);
    expect([apiVersion, kind, document]).toEqual([itsVersion, itsKind, json]);
  });
  it.each(['/apis/apps/v1', '/api/v1'])('%s says what it says in JSON', async (path) => {
    const [{ apiVersion = '', kind, document }, { apiVersion: itsVersion = '', kind: itsKind, ...json }] = await both(path);
    const resources = (json['resources'] as { verbs: string[] }[]).map(({ verbs, ...one }) => ({ ...one, verbs: { items: verbs } }));
    expect([apiVersion, kind, withoutZeros(document)]).toEqual([itsVersion, itsKind, withoutZeros({ ...json, resources })]);
  });
  it('is aggregated, too', async () => {
    const aggregated = `${accept};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`;
    const answered = await get('/apis', aggregated);
    const inJson = await get('/apis', 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
    expect(answered.headers).toMatchObject({ 'content-type': aggregated, 'etag': inJson.headers['etag'], 'vary': 'Accept' });
    const { apiVersion, document } = opened(answered.body);
    const apps = (all: Record<string, any>): any => all['items'].find(({ metadata }: { metadata: { name: string } }) => metadata.name === 'apps').versions;
    expect([apiVersion, apps(document)]).toEqual(['apidiscovery.k8s.io/v2', apps(JSON.parse(inJson.body.toString()) as Record<string, any>)]);
  });
});
