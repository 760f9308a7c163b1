// The Node as the agent keeps it: registration, status on change only, Lease, readiness by the engine's state.
import { Leases, type Lease } from '../../src/api/coordination/lease.ts';
import { Events } from '../../src/api/core/event.ts';
import { Nodes, type Node } from '../../src/api/core/node.ts';
import { EventRecorder } from '../../src/client/event-recorder.ts';
import { FakeClock, timestamp } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';
import { NodeManager } from '../../agent/node/node-manager.ts';
import { FakeRuntime } from '../../agent/runtime/fake.ts';
import { RuntimeUnavailable } from '../../agent/runtime/runtime.ts';
import { startTestApi, type TestApi } from '../support/api-server.ts';
import { eventually } from '../support/kubelet.ts';

let api: TestApi;
let clock: FakeClock;
let runtime: FakeRuntime;
let manager: NodeManager;
let recorder: EventRecorder;
const stop = new AbortController();
const facts = { cpus: 2, memoryBytes: 2 ** 32, diskBytes: 2 ** 36, machineID: 'm', systemUUID: 's', bootID: 'b', osImage: 'Debian', appArmor: false };

beforeEach(async () => {
  api = await startTestApi();
  clock = new FakeClock();
  runtime = new FakeRuntime({ clock, images: { 'nginx:1': {} } });
  recorder = new EventRecorder(api.client, Events, { component: 'kubelet', host: 'n' }, { clock, log: silentLog });
  manager = new NodeManager({ client: api.client, runtime, info: await runtime.info(), clock, log: silentLog, recorder, nodeName: 'n', internalIP: '10.0.0.1', kubeletVersion: 'v1.33.0', annotations: { 'example.com/a': 'b' }, facts: () => Promise.resolve(facts), reserve: { memoryBytes: 0, diskBytes: 0 }, health: () => ({ problems: [], pressure: new Set() }) });
});
afterEach(() => api.stop());
const node = (): Promise<Node> => api.client.get<Node>(Nodes, { name: 'n' });
const ready = async () => (await node()).status.conditions!.find((c) => c.type === 'Ready')!;

it('registers once, with labels, and takes over a Node that is there', async () => {
  await manager.register(stop.signal);
  expect((await node()).metadata.labels).toMatchObject({ 'kubernetes.io/hostname': 'n', 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' });
  const { uid } = (await node()).metadata;
  await api.client.patch(Nodes, { name: 'n' }, { metadata: { annotations: { 'example.com/a': 'edited' } } });
  expect((await manager.register(stop.signal)).metadata).toMatchObject({ uid, annotations: { 'example.com/a': 'b' } });
});

it('is made with the labels and taints it is given; one that is there gets those of a kubelet', async () => {
  const made = async (labels: Record<string, string>): Promise<Node> => new NodeManager({
    client: api.client, runtime, info: await runtime.info(), clock, log: silentLog, recorder, nodeName: 'n', internalIP: '10.0.0.1', kubeletVersion: 'v1.33.0', facts: () => Promise.resolve(facts), reserve: { memoryBytes: 0, diskBytes: 0 },
    health: () => ({ problems: [], pressure: new Set() }), labels, taints: [{ key: 'dedicated', value: 'a', effect: 'NoSchedule' }, { key: 'old', effect: 'NoExecute' }],
  }).register(stop.signal);
  const first = await made({ team: 'a', 'topology.kubernetes.io/zone': 'here' });
  expect(first.metadata.labels).toMatchObject({ team: 'a', 'topology.kubernetes.io/zone': 'here', 'kubernetes.io/hostname': 'n' });
  expect(first.spec.taints).toEqual(expect.arrayContaining([{ key: 'dedicated', value: 'a', effect: 'NoSchedule' }, { key: 'old', effect: 'NoExecute' }]));
  await api.client.patch(Nodes, { name: 'n' }, { spec: { taints: [] } });
  const again = await made({ team: 'b', 'topology.kubernetes.io/zone': 'there' });
  expect(again.metadata.labels).toMatchObject({ team: 'a', 'topology.kubernetes.io/zone': 'there' });
  expect(again.spec.taints ?? []).toEqual([]);
});

it('lets Pods have what others advertise on it, as long as they do', async () => {
  await manager.register(stop.signal);
  await manager.report();
  const advertise = async (patch: object): Promise<object> => {
    const patched = await api.client.patch<Node>(Nodes, { name: 'n' }, { status: patch }, { subresource: 'status' });
    await clock.advance(1000);
    manager.observe(patched);
    await manager.report();
    return (await node()).status.allocatable!;
  };
  expect(await advertise({ capacity: { 'example.com/gpu': '2' } })).toMatchObject({ cpu: '2', 'example.com/gpu': '2' });
  expect(await advertise({ allocatable: { 'example.com/gpu': '7' } })).toMatchObject({ 'example.com/gpu': '2' });
  expect(await advertise({ capacity: { 'example.com/gpu': '1' } })).toMatchObject({ 'example.com/gpu': '1' });
  expect((await node()).status.capacity).toMatchObject({ 'example.com/gpu': '1' });
  expect(await advertise({ capacity: { 'example.com/gpu': null } })).not.toHaveProperty(['example.com/gpu']);
});

it('is Ready only with a network and an engine, and says so in events', async () => {
  await manager.register(stop.signal);
  await manager.report();
  expect(await ready()).toMatchObject({ status: 'False', reason: 'KubeletNotReady' });
  manager.problem('network', undefined);
  await manager.report();
  expect(await ready()).toMatchObject({ status: 'True', reason: 'KubeletReady' });
  const { status } = await node();
  expect(status.addresses).toEqual([{ type: 'InternalIP', address: '10.0.0.1' }, { type: 'Hostname', address: 'n' }]);
  expect(status.images).toEqual([{ names: ['nginx:1'], sizeBytes: 1_000_000 }]);
  expect(status.nodeInfo).toMatchObject({ kubeletVersion: 'v1.33.0', containerRuntimeVersion: 'fake://1.0.0', bootID: 'b' });
  runtime.failNext('listImages', new RuntimeUnavailable('gone'));
  await manager.report();
  expect(await ready()).toMatchObject({ status: 'False', message: 'container runtime is down' });
  await recorder.flush();
  const reasons = ((await api.client.list(Events, { namespace: 'default' })).items as unknown as { reason: string }[]).map((e) => e.reason).sort();
  expect(reasons).toEqual(['NodeHasNoDiskPressure', 'NodeHasSufficientMemory', 'NodeHasSufficientPID', 'NodeNotReady', 'NodeReady', 'Starting']);
});

it('says when it is closed to Pods, and open again, and which cgroups it should not have', async () => {
  manager = new NodeManager({ client: api.client, runtime, info: { ...await runtime.info(), cgroupVersion: '1' }, clock, log: silentLog, recorder, nodeName: 'n', internalIP: '10.0.0.1', kubeletVersion: 'v1.33.0', facts: () => Promise.resolve(facts), reserve: { memoryBytes: 0, diskBytes: 0 }, health: () => ({ problems: [], pressure: new Set() }) });
  await manager.register(stop.signal);
  for (const unschedulable of [true, true, null]) manager.observe(await api.client.patch<Node>(Nodes, { name: 'n' }, { spec: { unschedulable } }));
  await recorder.flush();
  const events = (await api.client.list(Events, { namespace: 'default' })).items as unknown as { type: string; reason: string; message: string }[];
  expect(events.map((e) => `${e.type} ${e.reason}: ${e.message}`).sort()).toEqual([
    'Normal NodeNotSchedulable: Node n status is now: NodeNotSchedulable', 'Normal NodeSchedulable: Node n status is now: NodeSchedulable', 'Normal Starting: Starting kubelet.',
    'Warning CgroupV1: cgroup v1 support is in maintenance mode, please migrate to cgroup v2',
  ]);
});

it('writes a status that says the same only every five minutes', async () => {
  await manager.register(stop.signal);
  manager.problem('network', undefined);
  await manager.report();
  const before = (await node()).metadata.resourceVersion;
  await clock.advance(100_000);
  await manager.report();
  expect((await node()).metadata.resourceVersion).toBe(before);
  await clock.advance(200_001);
  await manager.report();
  expect((await node()).metadata.resourceVersion).not.toBe(before);
});

it('renews its Lease every 10 s and makes it again when it is gone', async () => {
  await manager.register(stop.signal);
  const end = new AbortController();
  const running = manager.run(end.signal);
  const key = { namespace: 'kube-node-lease', name: 'n' };
  let first!: Lease;
  await eventually(async () => { first = await api.client.get(Leases, key); });
  expect(first.spec).toMatchObject({ holderIdentity: 'n', leaseDurationSeconds: 40 });
  expect(first.metadata.ownerReferences![0]).toMatchObject({ kind: 'Node', name: 'n' });
  await eventually(() => Promise.resolve(expect(clock.pending).toBeGreaterThan(0)));
  await clock.advance(10_000);
  await eventually(async () => expect(Date.parse((await api.client.get(Leases, key)).spec.renewTime!) - Date.parse(first.spec.renewTime!)).toBe(10_000));
  await api.client.delete(Leases, key);
  await clock.advance(10_000);
  await eventually(async () => expect((await api.client.get(Leases, key)).spec.holderIdentity).toBe('n'));
  end.abort(new Error('done'));
  await running;
});

it('takes back at once what others write into its part of the Node', async () => {
  await manager.register(stop.signal);
  manager.problem('network', undefined);
  await manager.report();
  const informer = api.informers().informer<Node>(Nodes);
  informer.addHandler({ added: (n) => manager.observe(n), updated: (n) => manager.observe(n) });
  const end = new AbortController();
  void informer.run(end.signal);
  await informer.waitFor(0);
  const repaired = (check: (n: Node) => boolean): Promise<void> => new Promise((resolve) => {
    const off = informer.addHandler({ added: (n) => check(n) && resolve(), updated: (n) => check(n) && resolve() });
    end.signal.addEventListener('abort', off, { once: true });
  });
  const silent = await node();
  await clock.advance(60_000);
  await api.client.updateStatus(Nodes, { ...silent, status: { ...silent.status, conditions: silent.status.conditions!.map((c) => ({ ...c, status: 'Unknown', reason: 'NodeStatusUnknown' })) } } as never);
  await repaired((n) => n.status.conditions!.every((c) => c.status !== 'Unknown'));
  expect(await ready()).toMatchObject({ status: 'True', reason: 'KubeletReady', lastTransitionTime: timestamp(clock.now()) });
  // Again within a second: the next check has to do.
  await api.client.patch(Nodes, { name: 'n' }, { metadata: { labels: { 'kubernetes.io/hostname': 'other', mine: 'yes' } } });
  await informer.waitFor(Number((await node()).metadata.resourceVersion));
  await manager.report();
  expect((await node()).metadata.labels).toMatchObject({ 'kubernetes.io/hostname': 'n', mine: 'yes' });
  await clock.advance(2000);
  await api.client.patch(Nodes, { name: 'n' }, { status: { capacity: { cpu: '64' } } }, { subresource: 'status' });
  await repaired((n) => n.status.capacity!['cpu'] === '2');
  await recorder.flush();
  const reasons = ((await api.client.list(Events, { namespace: 'default' })).items as unknown as { reason: string }[]).map((e) => e.reason);
  expect(reasons).toContain('NodeReady');
  end.abort(new Error('done'));
});
