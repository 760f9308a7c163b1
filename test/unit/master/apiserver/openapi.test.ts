// How /openapi is served: forms, caching, hashes; documents kept once.
import { gunzipSync } from 'node:zlib';
import { allResources } from '../../../../src/api/index.ts';
import { ResourceSet } from '../../../../src/schema/resource-set.ts';
import { openApiHandlers } from '../../../../master/apiserver/openapi.ts';
import type { AdmittedRequest, Answer } from '../../../../master/apiserver/request.ts';

const handlers = openApiHandlers(new ResourceSet(allResources));
type Raw = Extract<Answer, { kind: 'raw' }> & { body: Uint8Array };
async function get(url: string, headers: Record<string, string> = {}): Promise<Raw> {
  const { pathname, searchParams } = new URL(url, 'http://x');
  const handler = handlers.find(({ path }) => (path.endsWith('/') ? `${pathname}/`.startsWith(path) : path === pathname))!;
  return await handler.handle({ headers, query: searchParams, info: { path: pathname } } as unknown as AdmittedRequest) as Raw;
}
const json = ({ body }: Raw): any => JSON.parse(Buffer.from(body).toString());

describe('/openapi/v2', () => {
  it.each([
    [undefined, 'application/json'],
    ['*/*', 'application/json'],
    ['application/json;q=0.9', 'application/json'],
    ['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'],
    ['application/json;q=0.5, application/com.github.proto-openapi.spec.v2.v1.0+protobuf', 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'],
  ])('answers Accept %s with %s', async (accept, type) => {
    const answer = await get('/openapi/v2', accept === undefined ? {} : { accept });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': type, etag: expect.stringMatching(/^"[0-9A-F]{128}"$/) } });
    expect(answer.headers['content-length']).toBe(String(answer.body.byteLength));
    expect(answer.body[0]).toBe(type === 'application/json' ? 0x7b : 0x0a);
  });
  it('holds the bodies of subresources', async () => {
    const { definitions } = json(await get('/openapi/v2'));
    for (const [name, kind] of [['io.k8s.api.core.v1.Binding', { group: '', version: 'v1', kind: 'Binding' }], ['io.k8s.api.policy.v1.Eviction', { group: 'policy', version: 'v1', kind: 'Eviction' }], ['io.k8s.api.autoscaling.v1.Scale', { group: 'autoscaling', version: 'v1', kind: 'Scale' }]] as const) {
      expect(definitions[name]['x-kubernetes-group-version-kind']).toEqual([kind]);
    }
  });
  it('refuses what it does not have', async () => {
    await expect(get('/openapi/v2', { accept: 'text/html' })).rejects.toMatchObject({ code: 406, reason: 'NotAcceptable' });
  });
  it('answers 304 to who has it', async () => {
    const { headers } = await get('/openapi/v2');
    expect(await get('/openapi/v2', { 'if-none-match': `"other", ${headers['etag']!}` })).toMatchObject({ status: 304, headers: { etag: headers['etag'] } });
    expect(await get('/openapi/v2', { 'if-none-match': '"other"' })).toMatchObject({ status: 200 });
  });
  it('keeps one compressed copy', async () => {
    const [a, b] = await Promise.all([get('/openapi/v2', { 'accept-encoding': 'gzip' }), get('/openapi/v2', { 'accept-encoding': 'gzip, br' })]);
    expect(a.body).toBe(b.body);
    expect(a.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(a.body).toString())).toEqual(json(await get('/openapi/v2')));
  });
});

describe('/openapi/v3', () => {
  it('lists documents by hash; the hash makes them good for ever', async () => {
    const { paths } = json(await get('/openapi/v3')) as { paths: Record<string, { serverRelativeURL: string }> };
    expect(paths['apis/apps/v1']!.serverRelativeURL).toMatch(/^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{128}$/);
    const document = await get(paths['apis/apps/v1']!.serverRelativeURL);
    expect(document).toMatchObject({ status: 200, headers: { 'cache-control': 'public, immutable', expires: expect.stringContaining('GMT') } });
    expect(json(document)).toMatchObject({ openapi: '3.0.0', paths: { '/apis/apps/v1/deployments': {} } });
    expect(Object.keys(json(document).paths as object).every((path) => path.startsWith('/apis/apps/v1/'))).toBe(true);
    const stale = await get('/openapi/v3/apis/apps/v1?hash=OLD');
    expect(stale).toMatchObject({ status: 301, headers: { location: paths['apis/apps/v1']!.serverRelativeURL } });
    expect((await get('/openapi/v3/apis/apps/v1')).headers['cache-control']).toBe('no-cache, private');
  });
  it('knows no other group', async () => {
    await expect(get('/openapi/v3/apis/none/v1')).rejects.toMatchObject({ code: 404 });
  });
  it('has no protobuf form', async () => {
    await expect(get('/openapi/v3/api/v1', { accept: 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf' })).rejects.toMatchObject({ code: 406 });
  });
});
