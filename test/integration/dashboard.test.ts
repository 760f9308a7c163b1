// The web UI as it is served: the same files over HTTP/2 and HTTP/1.1, to anybody, with headers that keep others out; the token of
// `dray ui`, and what its page sends in an administrator's and in a reader's name.
import { readdirSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { dashboard } from '../../master/dashboard/dashboard.ts';
import { uiToken } from '../../src/cli/ui.ts';
import { ServiceAccounts } from '../../src/api/core/service-account.ts';
import { Client } from '../../src/client/client.ts';
import { silentLog } from '../../src/util/log.ts';
import { startHttpsApi, type HttpsApi } from '../support/api-server-https.ts';

interface Answer { readonly status: number; readonly headers: Readonly<Record<string, string | undefined>>; readonly text: string }
type Call = (path: string, options?: { method?: string; headers?: Record<string, string>; body?: string }) => Promise<Answer>;

const files = join(import.meta.dirname, '../../master/dashboard/client');
let api: HttpsApi;
beforeAll(async () => { api = await startHttpsApi({ policy: true, pages: dashboard() }); });
afterAll(() => api.stop());

async function all(stream: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
/** As nobody: no certificate is shown. */
const http1: Call = async (path, { method = 'GET', headers = {}, body } = {}) => {
  const outgoing = httpsRequest({ host: '127.0.0.1', port: new URL(api.admin.server).port, ca: api.admin.ca, agent: false, method, path, headers });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: response.statusCode!, headers: response.headers as Answer['headers'], text: await all(response) };
};
const http2: Call = async (path, { method = 'GET', headers = {}, body } = {}) => {
  const session = connect(api.admin.server, { ca: api.admin.ca });
  const stream = session.request({ ':path': path, ':method': method, ...headers });
  stream.end(body);
  const [answer] = (await once(stream, 'response')) as [Record<string, string>];
  const text = await all(stream);
  session.destroy();
  return { status: Number(answer[':status']), headers: answer, text };
};

describe.each<[string, Call]>([['HTTP/1.1', http1], ['HTTP/2', http2]])('over %s', (_, call) => {
  it('the page is there, for anybody, kept nowhere and framed by nobody', async () => {
    const { status, headers, text } = await call('/ui/');
    expect([status, text]).toEqual([200, readFileSync(join(files, 'index.html'), 'utf8')]);
    expect(headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'x-frame-options': 'DENY', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cross-origin-opener-policy': 'same-origin' });
    const policy = Object.fromEntries(headers['content-security-policy']!.split('; ').map((part) => [part.split(' ')[0], part.split(' ').slice(1).join(' ')]));
    expect(policy).toMatchObject({ 'default-src': "'none'", 'script-src': "'self'", 'style-src': "'self'", 'connect-src': "'self'", 'frame-ancestors': "'none'", 'base-uri': "'none'", 'form-action': "'none'", 'require-trusted-types-for': "'script'", 'trusted-types': "'none'" });
    expect(headers['content-security-policy']).not.toMatch(/unsafe|http|\*/);
  });
  it('every part of it is there, and not sent again while it is the same', async () => {
    for (const name of readdirSync(files).filter((file) => file !== 'index.html')) {
      const { status, headers, text } = await call(`/ui/${name}`);
      expect([name, status, text, headers['cache-control']]).toEqual([name, 200, readFileSync(join(files, name), 'utf8'), 'no-cache']);
      expect(headers['content-type']).toMatch({ js: /^text\/javascript/, css: /^text\/css/, svg: /^image\/svg\+xml/ }[name.split('.').at(-1)!]!);
      expect(headers).toHaveProperty('content-security-policy');
      expect(await call(`/ui/${name}`, { headers: { 'if-none-match': headers['etag']! } })).toMatchObject({ status: 304, text: '' });
    }
    expect(await call('/ui/yaml/index.js')).toMatchObject({ status: 200, text: expect.stringContaining('export') });
  });
  it('an address without the slash leads to the page', async () => {
    for (const path of ['/ui', '/ui?x=1']) expect(await call(path)).toMatchObject({ status: 308, headers: { location: '/ui/' } });
  });
  it.each([
    ['GET', '/ui/nothing.js', 404], ['GET', '/ui/client', 404], ['GET', '/ui/pages.js', 404], ['GET', '/ui/../main.js', 404], ['GET', '/ui/%2e%2e/pages.ts', 404], ['GET', '/ui/..%2fpages.ts', 404], ['GET', '/ui/yaml/..%2f..%2f..%2fpackage.json', 404], ['GET', '/ui/yaml/', 404],
    ['GET', '/ui/%', 404], ['GET', '/ui/%00', 404], ['HEAD', '/ui/app.js', 200], ['POST', '/ui/', 405], ['DELETE', '/ui/app.js', 405], ['OPTIONS', '/ui/', 405],
  ])('%s %s is answered with %i', async (method, path, status) => {
    const answer = await call(path, { method });
    expect([answer.status, answer.headers['x-content-type-options']]).toEqual([status, 'nosniff']);
    if (status !== 200) expect(answer.text).not.toMatch(/import|at .*\.[jt]s/);
    if (method === 'HEAD') expect([answer.text, Number(answer.headers['content-length'])]).toEqual(['', readFileSync(join(files, 'app.js')).byteLength]);
  });
  it('what only begins alike is the API\'s', async () => {
    expect(await call('/uix')).toMatchObject({ status: 403, text: expect.stringContaining('system:anonymous') });
    expect((await call('/api/v1/pods')).status).toBe(403);
  });
});

it('a page that fails is a 500 without a word of why, and the server goes on', async () => {
  const log: unknown[] = [];
  const failing = await startHttpsApi({ pages: { path: '/ui', handle: () => Promise.reject(new Error('secret')) }, log: { ...silentLog, warn: (...said: unknown[]) => log.push(said) } as never });
  const session = connect(failing.admin.server, { ca: failing.admin.ca });
  try {
    for (const path of ['/ui/', '/ui/x']) {
      const stream = session.request({ ':path': path });
      const [answer] = (await once(stream, 'response')) as [Record<string, string>];
      expect([answer[':status'], await all(stream)]).toEqual([500, '']);
    }
    expect(log).toEqual([expect.arrayContaining(['a page could not be served']), expect.arrayContaining(['a page could not be served'])]);
  } finally {
    session.destroy();
    await failing.stop();
  }
});

it('the page names no other place and holds nothing inline', () => {
  for (const name of readdirSync(files)) {
    const text = readFileSync(join(files, name), 'utf8').replaceAll('http://www.w3.org/2000/svg', '');
    expect([name, text.match(/https?:\/\/|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|localStorage|document\.cookie/g)]).toEqual([name, null]);
  }
  const page = readFileSync(join(files, 'index.html'), 'utf8');
  expect(page).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=/);
});

describe('the token of `dray ui`', () => {
  const whoAmI = (token: string): Promise<Answer> => http2('/apis/authentication.k8s.io/v1/selfsubjectreviews', { method: 'POST', headers: { 'authorization': `Bearer ${token}`, 'content-type': 'application/json' }, body: '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}' });
  const nodes = async (token: string): Promise<number> => (await http2('/api/v1/nodes', { headers: { authorization: `Bearer ${token}` } })).status;

  it('is an administrator\'s, for an hour, however often it is asked for, and ends with its account', async () => {
    const transport = api.memory('kubernetes-admin', 'system:masters');
    const [{ token, until }, second] = [await uiToken(transport, {}), await uiToken(transport, { duration: 600 })];
    const minutes = (time: string): number => Math.round((Date.parse(time) - Date.now()) / 60_000);
    expect([minutes(until), minutes(second.until)]).toEqual([60, 10]);
    expect(JSON.parse((await whoAmI(token)).text)).toMatchObject({ status: { userInfo: { username: 'system:serviceaccount:kube-system:dray-ui' } } });
    expect([await nodes(token), await nodes(second.token)]).toEqual([200, 200]);
    await new Client(transport).delete(ServiceAccounts, { namespace: 'kube-system', name: 'dray-ui' });
    expect(await nodes(token)).toBe(401);
  });
  it('is another account\'s where one is named, with its rights', async () => {
    const transport = api.memory('kubernetes-admin', 'system:masters');
    await new Client(transport).create(ServiceAccounts, { metadata: { namespace: 'default', name: 'reader' } });
    for (const serviceAccount of ['reader', 'default/reader']) {
      const { token } = await uiToken(transport, { serviceAccount });
      expect(JSON.parse((await whoAmI(token)).text)).toMatchObject({ status: { userInfo: { username: 'system:serviceaccount:default:reader' } } });
      expect(await nodes(token)).toBe(403);
    }
    await expect(uiToken(transport, { serviceAccount: 'nobody' })).rejects.toThrow('serviceaccounts "nobody" not found');
    await expect(uiToken(transport, { duration: 5 })).rejects.toThrow('may not specify a duration less than 10 minutes');
    for (const serviceAccount of ['a/b/c', '/x', '']) await expect(uiToken(transport, { serviceAccount })).rejects.toThrow('--service-account: it must be a name or namespace/name');
  });
});
