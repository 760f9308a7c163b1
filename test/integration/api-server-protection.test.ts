// What keeps the API server from being overrun: limits of what is in flight, deadlines, metrics, and a stop that loses nothing.
import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import type { PathHandler } from '../../master/apiserver/api-server.ts';
import { textAnswer } from '../../master/apiserver/request.ts';
import { FlowSchemas } from '../../src/api/flowcontrol/flow-schema.ts';
import { PriorityLevelConfigurations } from '../../src/api/flowcontrol/priority-level-configuration.ts';
import { Client } from '../../src/client/client.ts';
import { bootstrapFlowControl } from '../../master/flowcontrol/bootstrap.ts';
import { startHttpsApi, type HttpsApi } from '../support/api-server-https.ts';

interface Reply { readonly status: number; readonly headers: Record<string, unknown>; readonly text: string }
function call(session: ClientHttp2Session, method: string, path: string, body?: unknown): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': method, ':path': path, 'content-type': 'application/json' }, { endStream: body === undefined });
    let headers: Record<string, unknown> = {};
    let text = '';
    stream.setEncoding('utf8');
    stream.on('response', (h) => { headers = h; });
    stream.on('data', (chunk: string) => { text += chunk; });
    stream.on('error', reject);
    stream.on('close', () => resolve({ status: Number(headers[':status']), headers, text }));
    if (body !== undefined) stream.end(JSON.stringify(body));
  });
}

/** A path whose answers wait until they are let go. */
function gate(): PathHandler & { waiting: number; open(): void } {
  let waiters: (() => void)[] = [];
  return {
    path: '/openapi/held', waiting: 0,
    async handle() {
      this.waiting++;
      await new Promise<void>((resolve) => waiters.push(resolve));
      this.waiting--;
      return textAnswer(200, 'let go');
    },
    open() {
      for (const resolve of waiters) resolve();
      waiters = [];
    },
  };
}
async function until(holds: () => boolean): Promise<void> { while (!holds()) await new Promise((resolve) => setImmediate(resolve)); }

describe('an API server under load', () => {
  let api: HttpsApi;
  let held: ReturnType<typeof gate>;
  let node: ClientHttp2Session;
  let admin: ClientHttp2Session;
  let level: string;
  let schema: string;
  beforeAll(async () => {
    held = gate();
    // A share is a seat: `narrow` has one, and one may wait for it.
    api = await startHttpsApi({ policy: true, limits: { seats: 246, watchesPerUser: 2 }, paths: [held] });
    const client = new Client(api.memory('kubernetes-admin', 'system:masters'));
    await bootstrapFlowControl(client);
    const limited = { nominalConcurrencyShares: 1, borrowingLimitPercent: 0, limitResponse: { type: 'Queue', queuing: { queues: 1, handSize: 1, queueLengthLimit: 1 } } };
    level = (await client.create(PriorityLevelConfigurations, { metadata: { name: 'narrow' }, spec: { type: 'Limited', limited } } as never)).metadata.uid;
    const rules = [{ subjects: [{ kind: 'User', user: { name: 'system:node:n1' } }], resourceRules: [{ verbs: ['list'], apiGroups: [''], resources: ['services'], clusterScope: true }], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['/openapi/*'] }] }];
    schema = (await client.create(FlowSchemas, { metadata: { name: 'narrow' }, spec: { priorityLevelConfiguration: { name: 'narrow' }, matchingPrecedence: 90, distinguisherMethod: { type: 'ByUser' }, rules } } as never)).metadata.uid;
    node = await api.http2(await api.access('system:node:n1', ['system:nodes']));
    admin = await api.http2(api.admin);
  });
  afterAll(() => api.stop());

  it('lets requests of a full level wait, refuses what cannot wait, and serves all others', async () => {
    const running = [call(node, 'GET', '/openapi/held'), call(node, 'GET', '/openapi/held')];
    const waiting = async (): Promise<boolean> => (await call(admin, 'GET', '/metrics')).text.includes('apiserver_flowcontrol_current_inqueue_requests{priority_level="narrow",flow_schema="narrow"} 1');
    while (held.waiting !== 1 || !(await waiting())) await new Promise((resolve) => setImmediate(resolve));
    const refused = await call(node, 'GET', '/api/v1/services');
    expect(refused).toMatchObject({ status: 429, text: 'Too many requests, please try again later.\n' });
    expect(refused.headers).toMatchObject({ 'retry-after': '1', 'x-kubernetes-pf-flowschema-uid': schema, 'x-kubernetes-pf-prioritylevel-uid': level });
    expect((await call(admin, 'GET', '/api/v1/nodes')).status).toBe(200);
    expect((await call(node, 'POST', '/api/v1/nodes', { metadata: { name: 'n1' } })).status).toBe(201);
    // Nor what shows that a node lives, and that the server does.
    expect((await call(node, 'GET', '/api/v1/nodes/n1')).status).toBe(200);
    const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
    expect((await call(node, 'POST', leases, { metadata: { name: 'n1' }, spec: { holderIdentity: 'n1' } })).status).toBe(201);
    expect((await call(node, 'GET', `${leases}/n1`)).status).toBe(200);
    expect((await call(node, 'GET', '/livez')).status).toBe(200);
    const watch = node.request({ ':path': '/api/v1/nodes?watch=1' });
    expect(((await once(watch, 'response')) as [Record<string, number>])[0][':status']).toBe(200);
    watch.close();
    await once(watch, 'close');
    expect(held.waiting).toBe(1);
    held.open();
    await running[0];
    await until(() => held.waiting === 1);
    held.open();
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await call(node, 'GET', '/api/v1/services')).headers).toMatchObject({ ':status': 200, 'x-kubernetes-pf-flowschema-uid': schema });
  });

  it('lets one user have so many watches', async () => {
    const open = async (): Promise<{ status: number; end(): Promise<void> }> => {
      const stream = node.request({ ':path': '/api/v1/pods?watch=1&fieldSelector=spec.nodeName%3Dn1' });
      const [headers] = (await once(stream, 'response')) as [Record<string, number>];
      return { status: headers[':status']!, end: async () => { stream.close(); if (!stream.closed) await once(stream, 'close'); } };
    };
    const watches = [await open(), await open()];
    const third = await open();
    expect([...watches, third].map(({ status }) => status)).toEqual([200, 200, 429]);
    for (const each of [...watches, third]) await each.end();
    for (;;) {
      const again = await open();
      await again.end();
      if (again.status === 200) break;
    }
  });

  it('ends a request at the deadline it names', async () => {
    const late = await call(node, 'GET', '/openapi/held?timeout=50ms');
    expect(late.status).toBe(504);
    // What goes on behind the answer takes its room until it is over: whoever comes waits, a quarter of the time it has.
    expect((await call(node, 'GET', '/api/v1/services?timeout=100ms')).status).toBe(429);
    const next = call(node, 'GET', '/api/v1/services');
    held.open();
    expect((await next).status).toBe(200);
    expect(JSON.parse(late.text)).toMatchObject({ kind: 'Status', reason: 'Timeout', message: 'Timeout: request did not complete within the allotted timeout' });
    const wrong = await call(node, 'GET', '/version?timeout=soon');
    expect(JSON.parse(wrong.text)).toMatchObject({ code: 400, message: 'invalid timeout specified in the request URL - time: invalid duration "soon"' });
  });

  it('counts what it does for Prometheus', async () => {
    await call(admin, 'POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'counted' } });
    for (const path of ['/apis/no.such.group/v1/things/made-up', '/api/v1/namespaces/default/configmaps/counted/made-up', '/api/v1/namespaces/default/configmaps/made-up/status']) await call(admin, 'GET', path);
    await call(admin, 'MADE-UP', '/api/v1/namespaces/default/configmaps/counted');
    const { text, headers } = await call(admin, 'GET', '/metrics');
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    const line = (name: string, ...labels: string[]): string | undefined => text.split('\n').find((l) => l.startsWith(name) && labels.every((label) => l.includes(label)));
    expect(line('apiserver_request_total{', 'verb="POST"', 'resource="configmaps"', 'scope="namespace"', 'code="201"')).toMatch(/ 1$/);
    expect(line('apiserver_request_duration_seconds_count{', 'verb="POST"', 'resource="configmaps"')).toMatch(/ 1$/);
    expect(line('apiserver_storage_objects{', 'resource="configmaps"')).toMatch(/ 1$/);
    expect(line('apiserver_request_total{', 'code="429"', 'resource="services"')).toBeDefined();
    expect(line('apiserver_current_inflight_requests{', 'request_kind="readOnly"')).toMatch(/ 1$/);
    expect(line('apiserver_flowcontrol_rejected_requests_total{', 'priority_level="narrow"', 'flow_schema="narrow"', 'reason="queue-full"')).toMatch(/ 1$/);
    expect(line('apiserver_flowcontrol_rejected_requests_total{', 'priority_level="narrow"', 'reason="time-out"')).toMatch(/ 1$/);
    expect(line('apiserver_flowcontrol_dispatched_requests_total{', 'priority_level="node-high"', 'flow_schema="system-node-high"')).toMatch(/ \d+$/);
    expect(line('apiserver_flowcontrol_nominal_limit_seats{', 'priority_level="narrow"')).toMatch(/ 1$/);
    expect(line('process_resident_memory_bytes')).toMatch(/ \d+$/);
    expect(text).not.toMatch(/made-up/i);
    expect(line('apiserver_request_total{', 'verb="other"', 'resource="configmaps"', 'code="405"')).toMatch(/ 1$/);
    // Agents are no monitors.
    expect((await call(node, 'GET', '/metrics')).status).toBe(403);
  });
});

describe('an API server that stops', () => {
  it('finishes requests, ends watches, and takes nothing new', async () => {
    const held = gate();
    const api = await startHttpsApi({ policy: true, paths: [held] });
    const session = await api.http2(api.admin);
    const request = call(session, 'GET', '/openapi/held');
    const watch = session.request({ ':path': '/api/v1/pods?watch=1' });
    await once(watch, 'response');
    await until(() => held.waiting === 1);
    const closed = api.close();
    watch.resume();
    await once(watch, 'end');
    await expect(api.http2(api.admin)).rejects.toThrow('ECONNREFUSED');
    held.open();
    expect(await request).toMatchObject({ status: 200, text: 'let go' });
    await closed;
    await api.stop();
  });
  it('waits no longer than its grace', async () => {
    const held = gate();
    const api = await startHttpsApi({ policy: true, paths: [held] });
    const session = await api.http2(api.admin);
    const request = call(session, 'GET', '/openapi/held');
    await until(() => held.waiting === 1);
    await api.close(50);
    expect((await request).text).toBe('');
    await api.stop();
  });
});
