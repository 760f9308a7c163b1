// What load balancers are told: by tables, then by asking the ports.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:http';
import { healthChecks, nodeEligible, ServiceHealth, type HealthCheck } from '../../../../agent/node/service-health.ts';
import type { Node } from '../../../../src/api/core/node.ts';
import type { Service } from '../../../../src/api/core/service.ts';
import type { Endpoint, EndpointSlice } from '../../../../src/api/discovery/endpoint-slice.ts';
import { FakeClock } from '../../../../src/util/clock.ts';

const service = (spec: object): Service => ({ metadata: { name: 'web', namespace: 'default' }, spec } as unknown as Service);
const asking = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 30_100 };
const endpoint = (n: number, ready: boolean | undefined = true, nodeName = 'n1'): Endpoint => ({ addresses: [`10.1.0.${n}`], conditions: ready === undefined ? {} : { ready }, nodeName } as unknown as Endpoint);
const slice = (endpoints: Endpoint[], fields: object = {}): EndpointSlice => ({ metadata: { name: 'web-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } }, addressType: 'IPv4', endpoints, ...fields } as unknown as EndpointSlice);

describe('healthChecks', () => {
  it.each<[string, EndpointSlice[], number]>([
    ['none without endpoints', [], 0],
    ['ready ones of this node', [slice([endpoint(1), endpoint(2, undefined), endpoint(3, false), endpoint(4, true, 'n2')])], 2],
    ['one that stands in two slices once', [slice([endpoint(1)]), slice([endpoint(1), endpoint(2)])], 2],
    ['none of another Service, and none of another family', [slice([endpoint(1)], { metadata: { name: 'x', namespace: 'other', labels: { 'kubernetes.io/service-name': 'web' } } }), slice([endpoint(2)], { addressType: 'IPv6' })], 0],
  ])('counts %s', (_, slices, localEndpoints) => { expect(healthChecks([service(asking)], slices, 'n1')).toEqual([{ namespace: 'default', name: 'web', port: 30_100, localEndpoints }]); });
  it('are none of Services another program carries', () => {
    const other = { ...service(asking), metadata: { name: 'web', namespace: 'default', labels: { 'service.kubernetes.io/service-proxy-name': 'x' } } } as unknown as Service;
    expect(healthChecks([other], [slice([endpoint(1)])], 'n1')).toEqual([]);
  });
  it.each<[string, object]>([
    ['that are no load balancers', { ...asking, type: 'NodePort' }], ['that spread over all nodes', { ...asking, externalTrafficPolicy: 'Cluster' }], ['without a port', { ...asking, healthCheckNodePort: 0 }],
  ])('are none of Services %s', (_, spec) => { expect(healthChecks([service(spec)], [slice([endpoint(1)])], 'n1')).toEqual([]); });
});

it.each<[string, object | undefined, boolean]>([
  ['that is not known yet', undefined, true], ['without taints', { metadata: {}, spec: {} }, true], ['with another taint', { metadata: {}, spec: { taints: [{ key: 'x' }] } }, true],
  ['the autoscaler removes', { metadata: {}, spec: { taints: [{ key: 'ToBeDeletedByClusterAutoscaler' }] } }, false], ['that is deleted', { metadata: { deletionTimestamp: 'now' }, spec: {} }, false],
])('a node %s is eligible or not', (_, node, eligible) => { expect(nodeEligible(node as Node | undefined)).toBe(eligible); });

describe('ServiceHealth', () => {
  const address = `127.${128 + randomInt(32)}.${randomInt(256)}.1`;
  const [own, port] = [10_256, 30_100];
  const check = (fields: Partial<HealthCheck> = {}): HealthCheck => ({ namespace: 'default', name: 'web', port, localEndpoints: 1, ...fields });
  const get = async (at: number, path = '/'): Promise<{ status: number; body: string; headers: Headers }> => {
    const response = await fetch(`http://${address}:${at}${path}`);
    return { status: response.status, body: await response.text(), headers: response.headers };
  };
  let clock: FakeClock;
  let behind: number | undefined;
  let eligible: boolean;
  let errors: string[];
  let health: ServiceHealth;
  beforeEach(() => {
    clock = new FakeClock();
    [behind, eligible, errors] = [undefined, true, []];
    health = new ServiceHealth({ clock, address, behindSince: () => behind, eligible: () => eligible, onError: (error, at, of) => { errors.push(`${error.code} ${at} ${of?.name ?? ''}`); } });
  });
  afterEach(() => health.close());

  it('tells in upstream\'s words how many Pods are here, as long as the proxy follows', async () => {
    await health.sync([check({ localEndpoints: 2 })]);
    const { status, body, headers } = await get(port);
    expect([status, headers.get('content-type'), headers.get('x-content-type-options'), headers.get('x-load-balancing-endpoint-weight')]).toEqual([200, 'application/json', 'nosniff', '2']);
    expect(body).toBe('{\n\t"service": {\n\t\t"namespace": "default",\n\t\t"name": "web"\n\t},\n\t"localEndpoints": 2,\n\t"serviceProxyHealthy": true\n}');
    await health.sync([check({ localEndpoints: 0 })]);
    expect([(await get(port)).status, JSON.parse((await get(port)).body)]).toEqual([503, { service: { namespace: 'default', name: 'web' }, localEndpoints: 0, serviceProxyHealthy: true }]);
    await health.sync([check({ name: 'other' })]);
    behind = clock.monotonic();
    await clock.advance(59_999);
    expect((await get(port)).status).toBe(200);
    await clock.advance(1);
    expect([(await get(port)).status, JSON.parse((await get(port)).body)]).toEqual([503, { service: { namespace: 'default', name: 'other' }, localEndpoints: 1, serviceProxyHealthy: false }]);
    await health.sync([]);
    await expect(get(port)).rejects.toThrow('fetch failed');
  });

  it('tells of the node on its own port', async () => {
    await health.sync([]);
    const now = '2026-01-01 00:00:00.000 +0000 UTC';
    expect(await get(own, '/healthz')).toMatchObject({ status: 200, body: `{"lastUpdated": "${now}","currentTime": "${now}", "nodeEligible": true}` });
    expect(await get(own, '/livez?verbose')).toMatchObject({ status: 200, body: `{"lastUpdated": "${now}","currentTime": "${now}"}` });
    expect((await get(own)).status).toBe(404);
    eligible = false;
    expect([(await get(own, '/healthz')).status, (await get(own, '/livez')).status]).toEqual([503, 200]);
    [eligible, behind] = [true, clock.monotonic()];
    await clock.advance(61_000);
    expect(await get(own, '/healthz')).toMatchObject({ status: 503, body: `{"lastUpdated": "${now}","currentTime": "2026-01-01 00:01:01.000 +0000 UTC", "nodeEligible": true}` });
    expect((await get(own, '/livez')).status).toBe(503);
  });

  it('tells once that a port is taken, and opens it when it is free', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => { blocker.listen(port, address, resolve); });
    await health.sync([check()]);
    await clock.advance(5_000);
    await health.sync([check()]);
    expect(errors).toEqual([`EADDRINUSE ${port} web`]);
    expect((await get(own, '/healthz')).status).toBe(200);
    await new Promise<void>((resolve) => { blocker.close(() => resolve()); });
    await clock.advance(5_000);
    await health.sync([check()]);
    expect((await get(port)).status).toBe(200);
    expect(clock.pending).toBe(0);
  });
});
