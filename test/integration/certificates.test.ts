// Certificates that change while connections are open: the server's for new connections only, an agent's before it ends.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ClientHttp2Session } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { NodeCredentials, renewAt } from '../../agent/node/credentials.ts';
import { nodeCertificateHandler } from '../../master/apiserver/node-certificate.ts';
import { issue, issueFor } from '../../master/pki/certificates.ts';
import { Nodes } from '../../src/api/core/node.ts';
import { Client } from '../../src/client/client.ts';
import { kubeconfig, readKubeconfig } from '../../src/client/kubeconfig.ts';
import { FakeClock } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';
import { startHttpsApi, type HttpsApi } from '../support/api-server-https.ts';

const day = 24 * 3600_000;
const clock = new FakeClock(Date.now());
let api: HttpsApi;
let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'dray-certificates-'));
  api = await startHttpsApi({
    clock,
    // TLS judges by the real time: valid from now on, and far beyond where the clock of the test goes.
    pathsOf: (authority) => [nodeCertificateHandler((node, key) => issueFor(authority, { commonName: `system:node:${node}`, organizations: ['system:nodes'], usage: 'client', days: 1000 }, key))],
  });
});
afterAll(async () => {
  await api.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function status(session: ClientHttp2Session): Promise<number> {
  const stream = session.request({ ':path': '/api/v1/namespaces' });
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  stream.resume();
  return Number(headers[':status']);
}

it('a server with a new certificate shows it to new connections and keeps the old ones, watches included', async () => {
  const old = await api.http2(api.admin);
  const before = (await api.tls(api.admin, 'http/1.1')).getPeerCertificate().serialNumber;
  const watch = old.request({ ':path': '/api/v1/nodes?watch=true' });
  await once(watch, 'response');
  const next = await issue(api.authority, { commonName: 'kube-apiserver', usage: 'server', ips: ['127.0.0.1'] });
  api.http.setCertificate(next);
  const fresh = await api.tls(api.admin, 'http/1.1');
  expect(fresh.getPeerCertificate().serialNumber).toBe(new X509Certificate(next.cert).serialNumber);
  expect(fresh.getPeerCertificate().serialNumber).not.toBe(before);
  // Client certificates are asked for and judged as before.
  expect(await status(await api.http2(api.admin))).toBe(200);
  expect(await status(await api.http2(await api.access('eve', ['system:masters'], true)))).toBe(401);
  expect(await status(old)).toBe(200);
  const line = once(watch, 'data') as Promise<[Buffer]>;
  await new Client(api.memory('admin', 'system:masters')).create(Nodes, { metadata: { name: 'seen' } });
  expect((await line)[0].toString()).toContain('"seen"');
});

it('an agent renews its certificate in time, keeps it in its kubeconfig and goes on without losing a watch', async () => {
  const file = join(dir, 'node-n1.kubeconfig');
  const access = await api.access('system:node:n1', ['system:nodes']);
  writeFileSync(file, kubeconfig(access, { cluster: 'dray', user: 'node-n1' }));
  let renewals = 0;
  const renewed: (() => void)[] = [];
  const credentials = new NodeCredentials({ access: readKubeconfig(file), kubeconfig: file, nodeName: 'n1', clock, log: silentLog, onChange: () => { renewals++; transport.renew(); for (const tell of renewed.splice(0)) tell(); } });
  const transport = api.transport(() => credentials.current);
  const client = new Client(transport);
  const stop = new AbortController();
  const watching = client.watch(Nodes, { signal: stop.signal })[Symbol.asyncIterator]();
  expect((await watching.next()).value?.object.metadata.name).toBe('seen');
  const loop = credentials.keepRenewed(client, stop.signal);
  await clock.advance(day);
  expect(renewals).toBe(0);
  const told = new Promise<void>((resolve) => renewed.push(resolve));
  clock.jump(renewAt(access.cert) - clock.now());
  await clock.advance(3600_000);
  await told;
  expect(credentials.current.cert).not.toBe(access.cert);
  expect(readKubeconfig(file)).toEqual(credentials.current);
  expect(renewAt(credentials.current.cert)).toBeGreaterThan(clock.now() + 290 * day);
  // A connection does not outlive the right it was opened with; later requests come with the new certificate.
  const old = await api.http2(access);
  expect(await status(old)).toBe(200);
  clock.jump(Date.parse(new X509Certificate(access.cert).validTo) - clock.now() + 1);
  expect(await status(old)).toBe(401);
  expect((await client.list(Nodes)).items.map((n) => n.metadata.name)).toEqual(['seen']);
  await client.create(Nodes, { metadata: { name: 'n1' } });
  expect((await watching.next()).value?.object.metadata.name).toBe('n1');
  stop.abort();
  await loop;
});

it('nobody gets a certificate of another node', async () => {
  const ask = (user: string, group: string, node: string): Promise<unknown> =>
    api.memory(user, group).request({ method: 'POST', path: `/dray/v1/nodes/${node}/certificate`, body: { publicKey: 'x' } });
  await expect(ask('system:node:n2', 'system:nodes', 'n1')).rejects.toMatchObject({ code: 403 });
  await expect(ask('system:node:n1', 'system:nodes', 'n1')).rejects.toMatchObject({ code: 400, message: 'publicKey: not the PEM of a public key on the curve P-256' });
  await expect(ask('eve', 'system:authenticated', 'n1')).rejects.toMatchObject({ code: 403 });
});
