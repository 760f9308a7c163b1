// The FlowSchemas a cluster starts with, and what is said of those whose priority level comes and goes.
import { FlowSchemas, type FlowSchema } from '../../src/api/flowcontrol/flow-schema.ts';
import { PriorityLevelConfigurations } from '../../src/api/flowcontrol/priority-level-configuration.ts';
import { FakeClock } from '../../src/util/clock.ts';
import { FlowControl } from '../../master/apiserver/flow-control/flow-control.ts';
import { parseRequestInfo } from '../../master/apiserver/request-info.ts';
import { bootstrapFlowControl } from '../../master/flowcontrol/bootstrap.ts';
import { ask } from '../support/ask.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';
import { startControlPlane } from '../support/control-plane.ts';

it('are written once, and what must be there is brought back', async () => {
  const api = await startTestApi();
  try {
    await bootstrapFlowControl(api.client);
    const before = await api.client.list(FlowSchemas);
    expect(before.items.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(['catch-all', 'exempt', 'global-default', 'probes', 'service-accounts', 'system-nodes']));
    await bootstrapFlowControl(api.client);
    expect((await api.client.list(FlowSchemas)).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    await api.client.delete(FlowSchemas, { name: 'catch-all' });
    await expect(api.client.patch(PriorityLevelConfigurations, { name: 'catch-all' }, { spec: { limited: { nominalConcurrencyShares: 9 } } })).rejects.toThrow("spec of 'catch-all' must equal the fixed value");
    await api.client.patch(PriorityLevelConfigurations, { name: 'exempt' }, { spec: { exempt: { nominalConcurrencyShares: 9 } } });
    await api.client.patch(PriorityLevelConfigurations, { name: 'system' }, { metadata: { annotations: { 'apf.kubernetes.io/autoupdate-spec': 'false' } }, spec: { limited: { nominalConcurrencyShares: 9 } } });
    await bootstrapFlowControl(api.client);
    const shares = async (name: string): Promise<number | null | undefined> => (await api.client.get(PriorityLevelConfigurations, { name })).spec.limited?.nominalConcurrencyShares;
    const own = await api.client.get(PriorityLevelConfigurations, { name: 'exempt' });
    expect([(await api.client.get(FlowSchemas, { name: 'catch-all' })).spec.matchingPrecedence, own.spec.exempt?.nominalConcurrencyShares, await shares('system')]).toEqual([10_000, 9, 9]);
    expect((await ask(api, 'GET', '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/exempt')).object.spec.rules[0].subjects).toEqual([{ kind: 'Group', group: { name: 'system:masters' } }]);
  } finally {
    await api.stop();
  }
});

it('say whether their level is there', async () => {
  const plane = await startControlPlane({ nodes: [] });
  try {
    const dangling = (): unknown => (plane.informers.informer(FlowSchemas).get('mine') as FlowSchema | undefined)?.status?.conditions?.map(({ type, status, reason, message }) => [type, status, reason, message]);
    const told = (status: string): Promise<void> => plane.until(() => JSON.stringify(dangling())?.includes(`"Dangling","${status}"`));
    await plane.client.create(FlowSchemas, { metadata: { name: 'mine' }, spec: { priorityLevelConfiguration: { name: 'own' }, matchingPrecedence: 7000 } });
    await told('True');
    expect(dangling()).toEqual([['Dangling', 'True', 'NotFound', 'This FlowSchema references the PriorityLevelConfiguration object named "own" but there is no such object']]);
    await plane.client.create(PriorityLevelConfigurations, { metadata: { name: 'own' }, spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } } } as never);
    await told('False');
    expect(dangling()).toEqual([['Dangling', 'False', 'Found', 'This FlowSchema references the PriorityLevelConfiguration object named "own" and it exists']]);
    await plane.client.delete(PriorityLevelConfigurations, { name: 'own' });
    await told('True');
  } finally {
    await plane.stop();
  }
});

/** Work takes time without anybody waiting. */
class WorkClock extends FakeClock {
  #worked = 0;
  override monotonic(): number { return super.monotonic() + this.#worked; }
  work(ms: number): void { this.#worked += ms; }
}

describe('requests at work', () => {
  const node = { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
  const users = { node, scheduler: { name: 'system:kube-scheduler', groups: ['system:authenticated'] }, admin: { name: 'admin', groups: ['system:masters'] } };
  const [time, turn] = [{ streams: false, deadline: 60_000 }, (): Promise<void> => new Promise((resolve) => setImmediate(resolve))];
  let api: TestApi;
  let clock: WorkClock;
  let control: FlowControl;
  let done: string[];
  beforeEach(async () => {
    api = await startTestApi();
    await bootstrapFlowControl(api.client);
    clock = new WorkClock();
    control = new FlowControl(api.registry, clock);
    done = [];
  });
  afterEach(() => api.stop());
  const ask = (user: keyof typeof users, method: string, path: string, body = (): Promise<{ value: unknown }> => Promise.resolve({ value: {} })) =>
    control.enter({ user: users[user], info: parseRequestInfo(method, path, new URLSearchParams()), peer: { address: '' }, body }, time);
  /** Asks for work that takes a millisecond of the processor. */
  async function work(user: keyof typeof users, name: string): Promise<void> {
    const ticket = await ask(user, 'GET', '/api/v1/pods');
    done.push(ticket.admitted ? name : `${name} refused`);
    clock.work(1);
    ticket.leave();
  }

  it('begin while the turn is young, and then wait for the next; the exempt never wait', async () => {
    await work('node', 'a');
    await work('node', 'b');
    const late = [work('node', 'c'), work('scheduler', 'd'), work('admin', 'e')];
    await late[2];
    expect(done).toEqual(['a', 'b', 'e']);
    await Promise.all(late);
    expect(done).toEqual(['a', 'b', 'e', 'c', 'd']);
    expect([control.readOnly, control.mutating]).toEqual([0, 0]);
  });

  it('of nodes leave most of the processor to the scheduler', async () => {
    await work('admin', '');
    await work('node', '');
    await work('node', '');
    done = [];
    const all = Array.from({ length: 140 }, (_, i) => work(i % 2 ? 'scheduler' : 'node', i % 2 ? 's' : 'n'));
    await Promise.all(all);
    // 40 shares beside 30.
    expect(done.slice(0, 70).filter((name) => name === 's')).toHaveLength(40);
  });

  it('wait no longer than a quarter of their time', async () => {
    // The level has 74 seats of its own, and borrows all of the 600 that others do not keep: 73, 25, 49, 24, 24 and 13.
    const held = [];
    for (let next = ask('node', 'GET', '/api/v1/pods'); !(next instanceof Promise); next = ask('node', 'GET', '/api/v1/pods')) held.push(next);
    expect(held).toHaveLength(392);
    const waiting = ask('node', 'GET', '/api/v1/pods');
    await clock.advance(14_000);
    const scheduler = await ask('scheduler', 'GET', '/api/v1/pods');
    expect(scheduler.admitted).toBe(true);
    await clock.advance(1_000);
    expect((await waiting).admitted).toBe(false);
    for (const { leave } of [...held, scheduler]) leave();
    expect(control.readOnly).toBe(0);
    expect([...control.counts.all()].find(({ schema }) => schema === 'system-nodes')).toMatchObject({ executing: 0, waiting: 0, dispatched: 392, rejected: { 'time-out': 2 } });
  });

  it('take no seat before their body is there', async () => {
    let sent!: (value: { value: unknown }) => void;
    const slow = ask('node', 'POST', '/api/v1/namespaces/a/events', () => new Promise((resolve) => { sent = resolve; }));
    await turn();
    expect(control.mutating).toBe(0);
    sent({ value: {} });
    const ticket = await slow;
    expect([ticket.admitted, control.mutating]).toEqual([true, 1]);
    ticket.leave();
    await expect(ask('node', 'POST', '/api/v1/namespaces/a/events', () => Promise.reject(new Error('too large')))).rejects.toThrow('too large');
    expect(control.mutating).toBe(0);
  });

  it('are judged by what is stored now', async () => {
    const uid = async (): Promise<string | undefined> => {
      const ticket = await ask('node', 'GET', '/api/v1/pods');
      ticket.leave();
      return ticket.headers['x-kubernetes-pf-prioritylevel-uid'];
    };
    const level = async (name: string): Promise<string> => (await api.client.get(PriorityLevelConfigurations, { name })).metadata.uid;
    expect(await uid()).toBe(await level('system'));
    await api.client.patch(FlowSchemas, { name: 'system-nodes' }, { spec: { priorityLevelConfiguration: { name: 'workload-low' } } });
    expect(await uid()).toBe(await level('workload-low'));
    // One whose level is not there counts for nothing.
    await api.client.patch(FlowSchemas, { name: 'system-nodes' }, { spec: { priorityLevelConfiguration: { name: 'none' } } });
    expect(await uid()).toBe(await level('global-default'));
    await api.client.delete(FlowSchemas, { name: 'global-default' });
    expect(await uid()).toBe(await level('catch-all'));
  });
});
