// Admission webhooks behind a Service: the connection goes through the tunnel of the endpoint's node, and connections to Pods
// (exec, attach, port-forward, proxies) are refused by them.
import { execFile } from 'node:child_process';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ConfigMaps } from '../../src/api/core/config-map.ts';
import { Namespaces } from '../../src/api/core/namespace.ts';
import { Services } from '../../src/api/core/service.ts';
import { EndpointSlices } from '../../src/api/discovery/endpoint-slice.ts';
import { ValidatingWebhookConfigurations } from '../../src/api/admissionregistration/validating-webhook-configuration.ts';
import { describeKubectls } from '../support/kubectl.ts';
import { startWebhookServer, type WebhookServer } from '../support/webhook-server.ts';
import { startStreamsCluster, type StreamsCluster } from './streams-cluster.ts';

let cluster: StreamsCluster;
let server: WebhookServer;
beforeAll(async () => {
  [cluster, server] = await Promise.all([startStreamsCluster(), startWebhookServer({ dnsNames: ['hook.default.svc'] })]);
  const { client } = cluster;
  for (const name of ['hook', 'lonely']) await client.create(Services, { metadata: { namespace: 'default', name }, spec: { ports: [{ port: 8443, targetPort: server.port }] } } as never);
  await client.create(EndpointSlices, {
    metadata: { namespace: 'default', name: 'hook-1', labels: { 'kubernetes.io/service-name': 'hook' } }, addressType: 'IPv4', ports: [{ port: server.port }],
    endpoints: [{ addresses: ['10.244.7.7'], nodeName: 'node-1', targetRef: { kind: 'Pod', namespace: 'default', name: 'web' }, conditions: { ready: true } }],
  } as never);
  await client.create(Namespaces, { metadata: { name: 'work' } } as never);
});
afterAll(async () => {
  await cluster.stop();
  await server.stop();
});
afterEach(async () => {
  for (const { metadata } of (await cluster.client.list(ValidatingWebhookConfigurations)).items) await cluster.client.delete(ValidatingWebhookConfigurations, metadata);
});

const configure = (path: string, operation: string, resource: string, service: object = {}, more: object = {}): Promise<unknown> => cluster.client.create(ValidatingWebhookConfigurations, {
  metadata: { name: 'all' },
  webhooks: [{
    name: 'all.k8s.io', clientConfig: { service: { namespace: 'default', name: 'hook', path, port: 8443, ...service }, caBundle: server.caBundle }, rules: [{ operations: [operation], apiGroups: [''], apiVersions: ['v1'], resources: [resource] }],
    sideEffects: 'None', admissionReviewVersions: ['v1'], ...more,
  }],
} as never);
const create = (): Promise<unknown> => cluster.client.create(ConfigMaps, { metadata: { namespace: 'work', generateName: 'a-' } } as never);

it('reaches a ready endpoint of the Service, whose certificate names the Service', async () => {
  server.on('/maps', () => ({ allowed: false, status: { message: 'never' } }));
  await configure('/maps', 'CREATE', 'configmaps');
  await expect(create()).rejects.toMatchObject({ code: 400, message: 'admission webhook "all.k8s.io" denied the request: never' });
});

it('says why a Service is not reached', async () => {
  const failed = 'Internal error occurred: failed calling webhook "all.k8s.io": failed to call webhook: Post "https://';
  for (const [service, where, why] of [
    [{ name: 'nothing' }, 'nothing.default.svc:8443', 'service "nothing" not found'], [{ name: 'lonely' }, 'lonely.default.svc:8443', 'no endpoints available for service "lonely"'],
    [{ port: 443 }, 'hook.default.svc:443', 'no service port 443 found for service "hook"'],
  ] as const) {
    await configure('/maps', 'CREATE', 'configmaps', service);
    await expect(create()).rejects.toMatchObject({ code: 500, message: `${failed}${where}/maps?timeout=10s": ${why}` });
    await cluster.client.delete(ValidatingWebhookConfigurations, { name: 'all' });
  }
  server.on('/slow', () => undefined);
  await configure('/slow', 'CREATE', 'configmaps', {}, { timeoutSeconds: 1 });
  await expect(create()).rejects.toMatchObject({ code: 500, message: `${failed}hook.default.svc:8443/slow?timeout=1s": context deadline exceeded` });
});

interface Reply { readonly status: number; readonly body: string }
function call(path: string, headers: Record<string, string> = {}): Promise<Reply> {
  const { server: url, ca, cert, key } = cluster.access;
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(url + path, { method: 'GET', ca, cert, key, agent: false, headers });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => { body += String(chunk); });
      response.on('end', () => resolve({ status: response.statusCode!, body }));
    });
    outgoing.end();
  });
}
const upgrade = { connection: 'Upgrade', upgrade: 'SPDY/3.1' };

it.each([
  ['attach', '/pods/web/attach?container=main&stdin=true&stdout=true', upgrade, 'attach', { kind: 'PodAttachOptions', apiVersion: 'v1', stdin: true, stdout: true, container: 'main' }],
  ['exec', '/pods/web/exec?command=sh&command=-c&stderr=1&tty=false', upgrade, 'exec', { kind: 'PodExecOptions', apiVersion: 'v1', stderr: true, command: ['sh', '-c'] }],
  ['port-forward', '/pods/web/portforward?ports=80', upgrade, 'portforward', { kind: 'PodPortForwardOptions', apiVersion: 'v1', ports: [80] }],
  ['the proxy of a Pod', '/pods/web:80/proxy/a/b', {}, 'proxy', { kind: 'PodProxyOptions', apiVersion: 'v1', path: '/a/b' }],
  ['a connection through the proxy of a Service', '/services/hook/proxy/', { connection: 'Upgrade', upgrade: 'websocket' }, 'proxy', { kind: 'ServiceProxyOptions', apiVersion: 'v1' }],
  ['exec without an upgrade', '/pods/web/exec?command=ls', {}, 'exec', { kind: 'PodExecOptions', apiVersion: 'v1', command: ['ls'] }],
])('refuses %s', async (_what, path, headers, subresource, options) => {
  server.reviews.clear();
  server.on('/connect', () => ({ allowed: false, status: { message: 'not here' } }));
  await configure('/connect', 'CONNECT', '*/*');
  const { status, body } = await call(`/api/v1/namespaces/default${path}`, headers);
  expect([status, (JSON.parse(body) as { message: string }).message]).toEqual([400, 'admission webhook "all.k8s.io" denied the request: not here']);
  expect(server.reviews.get('/connect')![0]!.request).toMatchObject({ operation: 'CONNECT', subResource: subresource, namespace: 'default', kind: { group: '', version: 'v1', kind: options.kind }, object: options, oldObject: null, options: null, dryRun: false });
});

describeKubectls(['1.27', '1.30', '1.33'], (_version, kubectl) => {
  it('attach says why', async () => {
    server.on('/connect', ({ request: { name, object } }) => ({ allowed: !(name === 'web' && object.stdin && object.container === 'main'), status: { message: "attaching to pod 'web' is not allowed" } }));
    await configure('/connect', 'CONNECT', 'pods/attach');
    const { stderr } = await promisify(execFile)(kubectl, ['--kubeconfig', cluster.kubeconfig, '--cache-dir', join(cluster.directory, 'cache'), 'attach', 'web', '-i', '-c=main']).catch((error: unknown) => error as { stderr: string });
    expect(stderr).toContain("attaching to pod 'web' is not allowed");
  });
});

it('lets a connection pass that nobody refuses', async () => {
  server.on('/connect', () => ({ allowed: true }));
  await configure('/connect', 'CONNECT', 'pods/proxy');
  expect((await call(`/api/v1/namespaces/default/pods/https:web:${server.port}/proxy/`)).status).toBe(404);
  expect(server.reviews.get('/connect')).toBeDefined();
});
