// API aggregation with a real extension server behind the tunnel of an agent: who asks is told by the front proxy alone, lists, watches and
// other protocols pass, discovery and OpenAPI merge, and what is not available is told of and holds up nothing but what it must.
import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { APIServices, type APIService } from '../../src/api/apiregistration/api-service.ts';
import { ConfigMaps } from '../../src/api/core/config-map.ts';
import { Endpoints } from '../../src/api/core/endpoints.ts';
import { Events } from '../../src/api/core/event.ts';
import { Namespaces, type Namespace } from '../../src/api/core/namespace.ts';
import { Services } from '../../src/api/core/service.ts';
import { EndpointSlices } from '../../src/api/discovery/endpoint-slice.ts';
import { findCondition } from '../../src/apimachinery/conditions.ts';
import { InformerFactory } from '../../src/client/informer.ts';
import { ControllerRunner } from '../../src/controller/runner.ts';
import { realClock } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';
import { run } from '../../src/util/run.ts';
import { createAvailabilityController } from '../../master/controllers/apiservice/availability-controller.ts';
import { createGarbageCollector } from '../../master/controllers/garbagecollector/garbage-collector.ts';
import { createNamespaceController } from '../../master/controllers/namespace/namespace-controller.ts';
import { apiVersion, group, startExtensionServer, version, type ExtensionServer } from '../support/extension-server.ts';
import { describeKubectls } from '../support/kubectl.ts';
import { startStreamsCluster, type StreamsCluster } from './streams-cluster.ts';

const name = `${version}.${group}`;
const service = { namespace: 'default', name: 'sample-api' };
const flunders = (namespace = 'default', rest = ''): string => `/apis/${apiVersion}/namespaces/${namespace}/flunders${rest}`;
const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

let cluster: StreamsCluster;
let extension: ExtensionServer;
const stop = new AbortController();
let loops: Promise<unknown>;

beforeAll(async () => {
  cluster = await startStreamsCluster();
  extension = await startExtensionServer(`${service.name}.${service.namespace}.svc`, cluster.frontProxyCA);
  const { client, aggregator } = cluster;
  const informers = new InformerFactory(client, { clock: realClock, log: silentLog });
  const controllers = [
    createAvailabilityController((apiService) => aggregator.check(apiService)), createGarbageCollector(aggregator.resources),
    createNamespaceController(aggregator.resources, () => aggregator.undiscovered()),
  ];
  const runners = controllers.map((controller) => new ControllerRunner(controller, { client, informers, events: Events, clock: realClock, log: silentLog }));
  informers.start(stop.signal);
  loops = Promise.all(runners.map((runner) => runner.run(stop.signal)));
});
afterAll(async () => {
  stop.abort(new Error('stopped'));
  await loops;
  await extension.close();
  await cluster.stop();
});

/** Watches APIServices until one is as asked. */
async function untilService(is: (apiService: APIService) => boolean): Promise<APIService> {
  const { items, metadata } = await cluster.client.list(APIServices);
  const found = items.find((item) => item.metadata.name === name && is(item));
  if (found) return found;
  const over = new AbortController();
  try {
    for await (const { object } of cluster.client.watch<APIService>(APIServices, { resourceVersion: metadata.resourceVersion!, signal: over.signal })) if (object.metadata.name === name && is(object)) return object;
  } finally {
    over.abort();
  }
  throw new Error('the watch ended');
}
const available = (reason: string) => untilService(({ status }) => findCondition(status?.conditions, 'Available')?.reason === reason).then(({ status }) => findCondition(status?.conditions, 'Available'));

interface Reply { readonly status: number; readonly headers: Record<string, unknown>; readonly body: string }
function call(method: string, path: string, { body, headers = {}, as = cluster.access }: { body?: unknown; headers?: Record<string, string>; as?: StreamsCluster['access'] } = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(as.server + path, { method, ca: as.ca, cert: as.cert, key: as.key, agent: false, headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers } });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString() }));
    });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
const get = async (path: string, headers: Record<string, string> = {}): Promise<any> => JSON.parse((await call('GET', path, { headers })).body);
/** Asks until it is so: what extension servers serve is asked for beside the requests. */
async function eventually<T>(ask: () => Promise<T>, is: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask();
    if (is(value)) return value;
    await turn();
  }
}
const inDiscovery = async (): Promise<any> => ((await get('/apis', { accept: aggregatedType })).items as any[]).find((item) => item.metadata.name === group);

const spec = (): object => ({ group, version, service, caBundle: extension.caBundle, groupPriorityMinimum: 2000, versionPriority: 200 });

describe('an APIService that is not available', () => {
  it('is told of with the reason, and its requests are refused', async () => {
    const { client } = cluster;
    expect((await call('GET', flunders())).status).toBe(404);
    await client.create(APIServices, { metadata: { name }, spec: spec() } as never);
    expect(await available('ServiceNotFound')).toMatchObject({ status: 'False', message: 'service/sample-api in "default" is not present' });
    expect(await call('GET', flunders())).toMatchObject({ status: 503, body: 'service unavailable\n', headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' } });
    expect((await call('GET', `/apis/${apiVersion}`)).status).toBe(503);
    await client.create(Services, { metadata: service, spec: { ports: [{ port: 443, targetPort: 8443 }] } } as never);
    expect(await available('EndpointsNotFound')).toMatchObject({ message: 'cannot find endpoints for service/sample-api in "default"' });
    await client.create(Endpoints, { metadata: service, subsets: [] } as never);
    expect(await available('MissingEndpoints')).toMatchObject({ message: 'endpoints for service/sample-api in "default" have no addresses with port name ""' });
  });
  it('is listed all the same, and marked as stale', async () => {
    expect((await get('/apis')).groups.find((one: { name: string }) => one.name === group)).toMatchObject({ preferredVersion: { groupVersion: apiVersion, version } });
    expect(await eventually(inDiscovery, (found) => found !== undefined)).toEqual({ metadata: { name: group, creationTimestamp: null }, versions: [{ version, freshness: 'Stale' }] });
  });
});

describe('one that is', () => {
  const ports = (): object[] => [{ port: extension.port, protocol: 'TCP' }];
  beforeAll(async () => {
    const { client } = cluster;
    await client.create(EndpointSlices, { metadata: { ...service, labels: { 'kubernetes.io/service-name': service.name } }, addressType: 'IPv4', endpoints: [{ addresses: ['10.244.7.7'], conditions: { ready: true }, nodeName: 'node-1', targetRef: { kind: 'Pod', namespace: 'default', name: 'web' } }], ports: ports() } as never);
    await client.patch(Endpoints, service, { subsets: [{ addresses: [{ ip: '10.244.7.7' }], ports: ports() }] });
    expect(await available('Passed')).toMatchObject({ status: 'True', message: 'all checks passed' });
  });
  beforeEach(() => { extension.seen.length = 0; });

  it('is asked by the front proxy, which alone tells who asks', async () => {
    const reply = await call('GET', flunders('default', '?limit=5'), {
      headers: { 'x-remote-user': 'intruder', 'x-remote-group': 'system:masters', 'x-remote-extra-scope': 'all', 'x-remote-uid': '1', 'x-own': 'kept', 'impersonate-user': 'jane', 'impersonate-group': 'system:masters', 'impersonate-uid': 'u-1', 'impersonate-extra-example.com%2fscope': 'some', cookie: 'a=b' },
    });
    expect(reply).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    expect(reply.headers).not.toHaveProperty('access-control-allow-origin');
    expect(JSON.parse(reply.body)).toMatchObject({ kind: 'FlunderList', items: [] });
    const { url, headers, certificate } = extension.seen.find((one) => one.headers['x-remote-user'] === 'jane')!;
    expect([url, certificate]).toEqual([flunders('default', '?limit=5'), 'front-proxy-client']);
    expect(headers).toMatchObject({ 'x-remote-uid': 'u-1', 'x-remote-group': 'system:masters, system:authenticated', 'x-remote-extra-example.com%2fscope': 'some', 'x-own': 'kept', 'x-forwarded-for': '127.0.0.1', 'x-forwarded-uri': flunders(), host: 'sample-api.default.svc' });
    expect(Object.keys(headers).filter((one) => /^(impersonate|authorization|x-remote-extra-scope)/.test(one))).toEqual([]);
  });
  it('is not asked for who may not', async () => {
    const stranger = await cluster.as('stranger', 'people');
    const reply = await call('GET', flunders(), { as: stranger });
    expect(reply.status).toBe(403);
    expect(JSON.parse(reply.body)).toMatchObject({ reason: 'Forbidden', message: expect.stringContaining('cannot list resource "flunders" in API group "wardle.example.com"') });
    expect(extension.seen.filter(({ headers }) => headers['x-remote-user'] === 'stranger')).toEqual([]);
  });

  it('takes what is written, and streams what is watched', async () => {
    const { server, ca, cert, key } = await cluster.as('watcher', 'system:masters');
    const outgoing = httpsRequest(`${server}${flunders('default', '?watch=1')}`, { ca, cert, key, agent: false });
    outgoing.end();
    const [response] = await once(outgoing, 'response') as [import('node:http').IncomingMessage];
    const events = response[Symbol.asyncIterator]();
    const created = await call('POST', flunders(), { body: { apiVersion, kind: 'Flunder', metadata: { name: 'one' } } });
    expect(created.status).toBe(201);
    expect(JSON.parse(created.body)).toMatchObject({ kind: 'Flunder', metadata: { name: 'one', namespace: 'default' } });
    expect(JSON.parse(String((await events.next()).value))).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'one' } } });
    expect((await call('DELETE', flunders('default', '/one'))).status).toBe(200);
    expect(JSON.parse(String((await events.next()).value))).toMatchObject({ type: 'DELETED' });
    expect(extension.watches('watcher')).toBe(1);
    // Who goes takes the watch along.
    outgoing.destroy();
    await eventually(() => Promise.resolve(extension.watches('watcher')), (open) => open === 0);
    const missing = await call('GET', flunders('default', '/one'));
    expect([missing.status, JSON.parse(missing.body).message]).toEqual([404, `flunders.${group} "one" not found`]);
  });
  it.each(['shout', 'websocket'])('carries other protocols, also where this server would speak them itself: %s', async (upgrade) => {
    const { server, ca, cert, key } = cluster.access;
    const outgoing = httpsRequest(`${server}${flunders('default', '?watch=true')}`, { ca, cert, key, agent: false, headers: { connection: 'Upgrade', upgrade, 'x-remote-user': 'intruder' } });
    outgoing.end();
    const [, socket] = await once(outgoing, 'upgrade') as [unknown, Duplex];
    socket.write('hear me');
    expect(String((await once(socket, 'data'))[0])).toBe('HEAR ME');
    socket.destroy();
    expect(extension.seen.find(({ headers }) => headers.upgrade === upgrade)).toMatchObject({ certificate: 'front-proxy-client', headers: { 'x-remote-user': 'kubernetes-admin', 'x-remote-group': 'system:masters, system:authenticated' } });
  });
  it('does not send anybody elsewhere', async () => expect(await call('GET', flunders('default', '/away'))).toMatchObject({ status: 502, body: 'the backend attempted to redirect this request, which is not permitted' }));

  it('is in discovery, in all its forms', async () => {
    const found = await eventually(inDiscovery, (one) => one?.versions[0].freshness === 'Current');
    expect(found.versions).toEqual([{ version, freshness: 'Current', resources: [expect.objectContaining({ resource: 'flunders', scope: 'Namespaced', responseKind: { group, version, kind: 'Flunder' }, subresources: [{ subresource: 'status', responseKind: { group, version, kind: 'Flunder' }, verbs: ['get'] }] })] }]);
    const names = (await get('/apis')).groups.map((one: { name: string }) => one.name);
    expect([names[0], names.indexOf(group) > names.indexOf('flowcontrol.apiserver.k8s.io'), names.indexOf(group) < names.indexOf('metrics.k8s.io')]).toEqual(['apiregistration.k8s.io', true, true]);
    expect(await get(`/apis/${group}`)).toMatchObject({ kind: 'APIGroup', name: group, versions: [{ groupVersion: apiVersion, version }] });
    expect(await get(`/apis/${apiVersion}`)).toMatchObject({ kind: 'APIResourceList', groupVersion: apiVersion, resources: [{ name: 'flunders' }, { name: 'flunders/status' }] });
    expect((await get('/')).paths).toEqual(expect.arrayContaining([`/apis/${group}`, `/apis/${apiVersion}`]));
  });
  it('is so by the older form of an older server, too', async () => {
    extension.aggregated = false;
    // A change of its spec has it asked again.
    await cluster.client.patch(APIServices, { name }, { spec: { versionPriority: 100 } });
    await eventually(() => Promise.resolve(extension.seen.map(({ url }) => url)), (urls) => urls.includes(`/apis/${apiVersion}`) && urls.includes('/openapi/v3'));
    extension.aggregated = true;
    expect(await eventually(inDiscovery, (one) => one?.versions[0].freshness === 'Current')).toMatchObject({ versions: [{ resources: [{ resource: 'flunders', scope: 'Namespaced', subresources: [{ subresource: 'status' }] }] }] });
  });
  it('has its OpenAPI document listed and passed on', async () => {
    const place = `apis/${apiVersion}`;
    const { paths } = await get('/openapi/v3');
    expect(paths[place]).toEqual({ serverRelativeURL: `/openapi/v3/${place}?hash=ABC` });
    expect(paths['apis/apps/v1'].serverRelativeURL).toMatch(/hash=/);
    expect(await get(`/openapi/v3/${place}`)).toMatchObject({ info: { title: 'extension' } });
  });

  it('has its OpenAPI document of version 2 in the one there is', async () => {
    const { paths, definitions } = await get('/openapi/v2');
    const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
    expect(paths[`/apis/${apiVersion}/namespaces/{namespace}/flunders`].get.parameters).toEqual([{ name: 'pretty', in: 'query', type: 'string', uniqueItems: true }]);
    expect(definitions['com.example.wardle.Flunder'].properties.metadata).toEqual({ $ref: `#/definitions/${meta}_v2` });
    expect([definitions[`${meta}_v2`].properties, definitions[meta].properties.uid, definitions['Info'], paths['/apis/apps/v1/deployments']]).toEqual([{ name: { type: 'string' } }, expect.anything(), undefined, expect.anything()]);
    const asked = (): number => extension.seen.filter(({ url }) => url === '/openapi/v2').length;
    const before = asked();
    await get('/openapi/v2');
    expect([before > 0, asked()]).toEqual([true, before]);
  });

  it('is trusted by the caBundle alone, for a name alone', async () => {
    const { client } = cluster;
    const change = (part: object): Promise<unknown> => client.patch(APIServices, { name }, { spec: part });
    await change({ caBundle: Buffer.from(cluster.frontProxyCA).toString('base64') });
    expect(await call('GET', flunders())).toMatchObject({ status: 503, body: 'error trying to reach service: tls: failed to verify certificate: x509: certificate signed by unknown authority\n' });
    await change({ caBundle: null, insecureSkipTLSVerify: true });
    expect((await call('GET', flunders())).status).toBe(200);
    await change({ caBundle: Buffer.from('no PEM').toString('base64'), insecureSkipTLSVerify: null });
    expect((await call('GET', flunders())).status).toBe(503);
    await change({ caBundle: extension.caBundle });
    expect((await call('GET', flunders())).status).toBe(200);
  });

  it('is refused while the agent that reaches it is away, and without endpoints', async () => {
    const slice = (nodeName: string, ready = true): Promise<unknown> => cluster.client.patch(EndpointSlices, service, { endpoints: [{ addresses: ['10.244.7.7'], conditions: { ready }, nodeName, targetRef: { kind: 'Pod', namespace: 'default', name: 'web' } }] });
    await slice('node-9');
    expect(await call('GET', flunders())).toMatchObject({ status: 503, body: 'error trying to reach service: the agent of node "node-9" is not connected\n' });
    await slice('node-1', false);
    expect(await call('GET', flunders())).toMatchObject({ status: 503, body: 'service unavailable\n' });
    await slice('node-1');
    expect((await call('GET', flunders())).status).toBe(200);
  });

  describe('and the master\'s own loops', () => {
    const internal = () => cluster.memory({ name: 'system:serviceaccount:kube-system:generic-garbage-collector', groups: ['system:masters', 'system:authenticated'] });
    it('reach it in memory', async () => {
      const transport = internal();
      const created = await transport.request({ method: 'POST', path: flunders(), body: { apiVersion, kind: 'Flunder', metadata: { name: 'inside' } } });
      expect(created).toMatchObject({ metadata: { name: 'inside' } });
      await expect(transport.request({ method: 'GET', path: flunders('default', '/none') })).rejects.toMatchObject({ code: 404, reason: 'NotFound' });
      const over = new AbortController();
      const events = transport.watch({ method: 'GET', path: flunders(), query: { watch: '1' }, signal: over.signal })[Symbol.asyncIterator]();
      const next = events.next();
      await eventually(() => Promise.resolve(extension.seen), (seen) => seen.some(({ url }) => url.endsWith('flunders?watch=1')));
      await transport.request({ method: 'DELETE', path: flunders('default', '/inside') });
      expect((await next).value).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'inside' } } });
      over.abort();
      await events.return?.(undefined);
    });
    it('collect what belongs to somebody who is gone', async () => {
      const owner = await cluster.client.create(ConfigMaps, { metadata: { namespace: 'default', name: 'owner' } });
      await call('POST', flunders(), { body: { apiVersion, kind: 'Flunder', metadata: { name: 'owned', ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid }] } } });
      expect(extension.flunders.has('default/owned')).toBe(true);
      await cluster.client.delete(ConfigMaps, { namespace: 'default', name: 'owner' });
      await eventually(() => get(flunders()), ({ items }) => items.length === 0);
    });
    it('empty a namespace that is deleted of it', async () => {
      await cluster.client.create(Namespaces, { metadata: { name: 'short' } });
      await call('POST', flunders('short'), { body: { apiVersion, kind: 'Flunder', metadata: { name: 'left' } } });
      await cluster.client.delete(Namespaces, { name: 'short' });
      await eventually(() => call('GET', '/api/v1/namespaces/short'), ({ status }) => status === 404);
      expect(extension.flunders.size).toBe(0);
    });
  });

  describeKubectls(['1.27', '1.33'], (_, path) => {
    const kubectl = (...args: string[]): Promise<string> => run(path, ['--kubeconfig', cluster.kubeconfig, '--cache-dir', cluster.directory, ...args]);
    it('shows it', async () => {
      await call('POST', flunders(), { body: { apiVersion, kind: 'Flunder', metadata: { name: 'shown' } } });
      expect(await kubectl('api-resources', '--cached=false', `--api-group=${group}`)).toMatch(/^flunders\s+fl\s+wardle\.example\.com\/v1alpha1\s+true\s+Flunder/m);
      expect(await kubectl('get', 'fl', '-o', 'name')).toBe('flunder.wardle.example.com/shown\n');
      expect(await kubectl('get', 'apiservices', name)).toMatch(new RegExp(`^${name}\\s+default/sample-api\\s+True\\s`, 'm'));
      await kubectl('delete', 'flunder', 'shown', '--wait=false');
      expect(await kubectl('get', 'flunders', '-o', 'name')).toBe('');
    });
  });
});

describe('one whose server fails', () => {
  const wake = (): Promise<unknown> => cluster.client.patch(Endpoints, service, { metadata: { annotations: { looked: String(extension.seen.length) } } });
  beforeAll(async () => {
    extension.fault = 500;
    await wake();
  });

  it('is not asked any longer, and told of as stale', async () => {
    const path = `/apis/${apiVersion}`;
    expect(await available('FailedDiscoveryCheck')).toMatchObject({ status: 'False', message: `failing or missing response from https://10.244.7.7:${extension.port}${path}: bad status from https://10.244.7.7:${extension.port}${path}: 500` });
    expect(await call('GET', flunders())).toMatchObject({ status: 503, body: 'service unavailable\n' });
    expect(await eventually(inDiscovery, (one) => one?.versions[0].freshness === 'Stale')).toMatchObject({ versions: [{ version, freshness: 'Stale' }] });
  });
  it('does not keep the rest of a namespace from its end, which waits for it and says so', async () => {
    const { client } = cluster;
    await client.create(Namespaces, { metadata: { name: 'waiting' } });
    await client.create(ConfigMaps, { metadata: { namespace: 'waiting', name: 'one' } });
    await client.delete(Namespaces, { name: 'waiting' });
    const failing = await eventually(() => client.get<Namespace>(Namespaces, { name: 'waiting' }), ({ status }) => findCondition(status.conditions, 'NamespaceDeletionDiscoveryFailure')?.status === 'True');
    expect(findCondition(failing.status.conditions, 'NamespaceDeletionDiscoveryFailure')).toMatchObject({ reason: 'DiscoveryFailed', message: `Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: ${apiVersion}: stale GroupVersion discovery: ${apiVersion}` });
    await eventually(() => client.list(ConfigMaps, { namespace: 'waiting' }), ({ items }) => items.length === 0);
    // Upstream's own tests take the APIService away first.
    await client.delete(APIServices, { name });
    await eventually(() => call('GET', '/api/v1/namespaces/waiting'), ({ status }) => status === 404);
    expect([(await call('GET', flunders())).status, await inDiscovery()]).toEqual([404, undefined]);
    expect((await get('/apis')).groups.map((one: { name: string }) => one.name)).not.toContain(group);
  });
});
