// The scheduler's loop against a transport that answers as told: what it writes, and what it does when that fails.
import { conflict, forbidden, notFound } from '../../../../src/apimachinery/status-error.ts';
import { Events } from '../../../../src/api/core/event.ts';
import { Client } from '../../../../src/client/client.ts';
import { InformerFactory } from '../../../../src/client/informer.ts';
import type { ApiRequest } from '../../../../src/client/transport.ts';
import { FakeClock } from '../../../../src/util/clock.ts';
import { silentLog } from '../../../../src/util/log.ts';
import { defaultConfiguration, readConfiguration } from '../../../../master/scheduler/profiles/configuration.ts';
import { runScheduler } from '../../../../master/scheduler/scheduler.ts';
import { node, pod } from '../controllers/objects.ts';
import { FakeTransport, settle } from '../../src/client/fake-transport.ts';

const list = { metadata: { resourceVersion: '1' }, items: [] };
const roomy = node({ metadata: { name: 'n1', resourceVersion: '2' }, status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110' } } });
const waiting = pod({ metadata: { name: 'web', resourceVersion: '3' }, status: { phase: 'Pending' } });
const podsResource = { group: '', resource: 'pods' };

let stop: AbortController;
beforeEach(() => { stop = new AbortController(); });
afterEach(() => stop.abort(new Error('over')));

async function start(bind: (request: ApiRequest) => unknown = () => ({ kind: 'Status', metadata: {} }), configuration = defaultConfiguration) {
  const transport = new FakeTransport();
  transport.answer = (request) => (request.method === 'GET' ? list : request.path.endsWith('/binding') ? bind(request) : request.body);
  const clock = new FakeClock();
  const client = new Client(transport);
  const informers = new InformerFactory(client, { clock, log: silentLog });
  const running = runScheduler({ client, informers, events: Events, clock, log: silentLog, signal: stop.signal, random: () => 0, configuration });
  informers.start(stop.signal);
  await settle();
  const change = async (plural: string, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: object): Promise<void> => { transport.watching(plural).push({ type, object }); await settle(); };
  const bindings = () => transport.sent('POST').filter((r) => r.path.endsWith('/binding'));
  const events = () => transport.sent('POST').filter((r) => r.path.endsWith('/events')).map((r) => (r.body as { reason: string; message: string })).map(({ reason, message }) => `${reason}: ${message}`);
  return { transport, clock, running, change, bindings, events };
}

describe('the scheduler', () => {
  it('binds a Pod to a node and says so', async () => {
    const { change, bindings, events } = await start();
    await change('nodes', 'ADDED', roomy);
    await change('pods', 'ADDED', waiting);
    expect(bindings().map((r) => [r.path, r.body])).toEqual([['/api/v1/namespaces/default/pods/web/binding', {
      apiVersion: 'v1', kind: 'Binding', metadata: { name: 'web', namespace: 'default', uid: 'uid-web' }, target: { apiVersion: 'v1', kind: 'Node', name: 'n1' },
    }]]);
    expect(events()).toEqual(['Scheduled: Successfully assigned default/web to n1']);
  });
  it('leaves Pods alone that are bound, ending, finished, gated or another scheduler’s', async () => {
    const { change, bindings } = await start();
    await change('nodes', 'ADDED', roomy);
    const others = [{ spec: { nodeName: 'n1' } }, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }, { status: { phase: 'Failed' } }, { spec: { schedulingGates: [{ name: 'g' }] } }, { spec: { schedulerName: 'mine' } }];
    for (const [i, other] of others.entries()) await change('pods', 'ADDED', pod({ ...other, metadata: { ...other.metadata, name: `p${i}`, resourceVersion: String(9 + i) } }));
    expect(bindings()).toEqual([]);
  });
  it('places each Pod by the profile it names, in that name', async () => {
    const { change, clock, bindings, transport } = await start(undefined, readConfiguration({ duplicates: [], value: {
      apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration', podInitialBackoffSeconds: 3,
      profiles: [{ schedulerName: 'plain' }, { schedulerName: 'enforced', pluginConfig: [{ name: 'NodeAffinity', args: { addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] }] } } } }] }],
    } }));
    await change('nodes', 'ADDED', roomy);
    const named = (schedulerName: string, i: number) => pod({ metadata: { name: schedulerName, resourceVersion: String(i) }, spec: { schedulerName, containers: [] } });
    for (const [i, name] of ['plain', 'enforced', 'default-scheduler'].entries()) await change('pods', 'ADDED', named(name, 9 + i));
    const events = () => transport.sent('POST').filter((r) => r.path.endsWith('/events')).map((r) => r.body as { source: { component: string }; message: string }).map(({ source, message }) => [source.component, message]);
    expect(events()).toEqual([
      ['plain', 'Successfully assigned default/plain to n1'],
      ['enforced', "0/1 nodes are available: 1 node(s) didn't match scheduler-enforced node affinity. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."],
    ]);
    await change('nodes', 'MODIFIED', node({ ...roomy, metadata: { ...roomy.metadata, labels: { disk: 'ssd' }, resourceVersion: '20' } }));
    await clock.advance(2_999);
    expect(bindings()).toHaveLength(1);
    await clock.advance(1);
    await settle();
    expect(bindings().map((r) => r.path)).toEqual(['/api/v1/namespaces/default/pods/plain/binding', '/api/v1/namespaces/default/pods/enforced/binding']);
  });
  it('waits for a node, says why once, and places when one comes', async () => {
    const { change, clock, bindings, events, transport } = await start();
    await change('pods', 'ADDED', waiting);
    expect(events()).toEqual(['FailedScheduling: no nodes available to schedule pods']);
    expect(transport.sent('PATCH').map((r) => [r.path, r.headers?.['content-type'], r.body])).toEqual([['/api/v1/namespaces/default/pods/web/status', 'application/strategic-merge-patch+json', {
      metadata: { uid: 'uid-web' }, status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no nodes available to schedule pods', lastTransitionTime: '2026-01-01T00:00:00Z' }] },
    }]]);
    await change('nodes', 'ADDED', roomy);
    await clock.advance(1000);
    await settle();
    expect(bindings()).toHaveLength(1);
  });
  it('does not promise the same room twice while bindings are under way', async () => {
    let release = (): void => undefined;
    const held = new Promise<unknown>((resolve) => { release = () => resolve({ kind: 'Status', metadata: {} }); });
    const { change, bindings, events } = await start(() => held);
    await change('nodes', 'ADDED', node({ metadata: { name: 'n1', resourceVersion: '2' }, status: { allocatable: { cpu: '1', memory: '8Gi', pods: '1' } } }));
    await change('pods', 'ADDED', waiting);
    await change('pods', 'ADDED', pod({ metadata: { name: 'second', resourceVersion: '4' }, status: { phase: 'Pending' } }));
    expect(bindings()).toHaveLength(1);
    expect(events()).toEqual(['FailedScheduling: 0/1 nodes are available: 1 Too many pods. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.']);
    release();
  });
  it.each<[string, Error, number, string[]]>([
    ['refused: told and retried', forbidden(podsResource, 'web', 'no'), 2, ['FailedScheduling: binding rejected: running Bind plugin "DefaultBinder": pods "web" is forbidden: no']],
    ['in conflict: retried', conflict(podsResource, 'web', 'changed'), 2, []],
    ['for a Pod that is gone: forgotten', notFound(podsResource, 'web'), 1, []],
  ])('a binding %s', async (_, error, times, told) => {
    let failures = 1;
    const { change, clock, bindings, events } = await start(() => { if (failures-- > 0) throw error; return { kind: 'Status', metadata: {} }; });
    await change('nodes', 'ADDED', roomy);
    await change('pods', 'ADDED', waiting);
    await clock.advance(10_000);
    await settle();
    expect(bindings()).toHaveLength(times);
    expect(events().filter((e) => !e.startsWith('Scheduled'))).toEqual(told);
  });
  it('ends when told to', async () => {
    const { running } = await start();
    stop.abort(new Error('over'));
    await expect(running).resolves.toBeUndefined();
  });
});
