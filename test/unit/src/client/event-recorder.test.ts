// Events: counted together when alike, limited when many, dropped when refused.
import { forbidden, notFound } from '../../../../src/apimachinery/status-error.ts';
import { Events } from '../../../../src/api/core/event.ts';
import { Client } from '../../../../src/client/client.ts';
import { EventRecorder } from '../../../../src/client/event-recorder.ts';
import { FakeClock } from '../../../../src/util/clock.ts';
import { silentLog } from '../../../../src/util/log.ts';
import { FakeTransport, settle } from './fake-transport.ts';

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'ns', uid: 'u', resourceVersion: '7' } };
function recorder(host?: string) {
  const transport = new FakeTransport();
  const clock = new FakeClock();
  return { transport, clock, events: new EventRecorder(new Client(transport), Events, { component: 'kubelet', ...(host ? { host } : {}) }, { clock, log: silentLog }) };
}
const body = (request: { body?: unknown } | undefined) => request?.body as Record<string, any>;

describe('the event recorder', () => {
  it('writes who, what and about whom', async () => {
    const { transport, events } = recorder('node-1');
    events.warning(pod, 'Unhealthy', 'Readiness probe failed', 'spec.containers{web}');
    await events.flush();
    const [created] = transport.sent('POST');
    expect(created!.path).toBe('/api/v1/namespaces/ns/events');
    expect(body(created)).toMatchObject({
      metadata: { name: expect.stringMatching(/^web\.[0-9a-f]{16}$/), namespace: 'ns' }, type: 'Warning', reason: 'Unhealthy', message: 'Readiness probe failed', count: 1,
      involvedObject: { apiVersion: 'v1', kind: 'Pod', name: 'web', namespace: 'ns', uid: 'u', resourceVersion: '7', fieldPath: 'spec.containers{web}' },
      firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:00Z', source: { component: 'kubelet', host: 'node-1' }, reportingComponent: 'kubelet', reportingInstance: 'node-1',
    });
  });
  it('counts a repeated one on the same object, for ten minutes', async () => {
    const { transport, clock, events } = recorder();
    for (let i = 0; i < 3; i++) {
      events.normal(pod, 'Pulled', 'done');
      await events.flush();
      await clock.advance(60_000);
    }
    expect(transport.sent('POST')).toHaveLength(1);
    expect(transport.sent('PATCH').map((r) => body(r))).toEqual([{ count: 2, lastTimestamp: '2026-01-01T00:01:00Z' }, { count: 3, lastTimestamp: '2026-01-01T00:02:00Z' }]);
    await clock.advance(600_000);
    events.normal(pod, 'Pulled', 'done');
    await events.flush();
    expect(transport.sent('POST')).toHaveLength(2);
  });
  it('begins a new one when the counted one is gone', async () => {
    const { transport, events } = recorder();
    events.normal(pod, 'Pulled', 'done');
    transport.answer = (request) => { if (request.method === 'PATCH') throw notFound({ group: '', resource: 'events' }, 'x'); return request.body; };
    await events.flush();
    events.normal(pod, 'Pulled', 'done');
    await events.flush();
    expect(transport.sent('POST')).toHaveLength(2);
  });
  it('gives up quietly in a namespace that ends, and goes on', async () => {
    const { transport, events } = recorder();
    transport.answer = () => { throw forbidden({ group: '', resource: 'events' }, 'x', 'namespace ns is being terminated'); };
    events.normal(pod, 'Killing', 'bye');
    await events.flush();
    transport.answer = (request) => request.body;
    events.normal(pod, 'Killing', 'bye');
    await events.flush();
    expect(transport.sent('POST')).toHaveLength(2);
  });
  it('keeps the order of one object’s and does not let one object wait for another', async () => {
    const { transport, events } = recorder();
    const release: (() => void)[] = [];
    transport.answer = (request) => new Promise((resolve) => { release.push(() => resolve(request.body)); });
    const objects = Array.from({ length: 64 }, (_, i) => ({ ...pod, metadata: { ...pod.metadata, name: `web-${i}`, uid: `u${i}` } }));
    for (const object of objects) for (const reason of ['Scheduled', 'Pulled']) events.normal(object, reason, 'done');
    await settle();
    const together = transport.sent('POST').length;
    expect(together).toBeGreaterThan(1);
    expect(together).toBeLessThanOrEqual(8);
    while (release.length) {
      for (const answer of release.splice(0)) answer();
      await settle();
    }
    const reasons = (name: string) => transport.sent('POST').map((r) => body(r)).filter((b) => b['involvedObject'].name === name).map((b) => b['reason']);
    for (const { metadata: { name } } of objects) expect(reasons(name)).toEqual(['Scheduled', 'Pulled']);
  });
  it('does not grow without end while the server is away', async () => {
    const { transport, events } = recorder();
    let open = (): void => undefined;
    const away = new Promise<void>((resolve) => { open = resolve; });
    transport.answer = async (request) => { await away; return request.body; };
    for (let i = 0; i < 1500; i++) events.normal(pod, 'Tick', String(i));
    open();
    await events.flush();
    expect(transport.sent('POST')).toHaveLength(1000);
  });
});
