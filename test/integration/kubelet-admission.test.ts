// A node looks at each Pod that is bound to it before it begins: what it refuses fails with upstream's status, and what has ended leaves
// its place to the next.
import { Nodes, type Node } from '../../src/api/core/node.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { isPodReady } from '../../src/api/core/pod-conditions.ts';
import { exitsAfter, ignoresStop, runsUntilStopped } from '../../agent/runtime/fake-process.ts';
import { eventually, kubeletBed, type KubeletBed } from '../support/kubelet.ts';

let bed: KubeletBed;
let node: Node;
beforeEach(async () => {
  bed = await kubeletBed({ 'nginx:1': {}, 'slow:1': { main: runsUntilStopped }, 'stubborn:1': { main: ignoresStop }, 'task:0': { main: exitsAfter(1, 0) } });
  node = await bed.client.patch<Node>(Nodes, { name: 'node-1' }, { status: { allocatable: { cpu: '2', memory: '4Gi', pods: '110' }, capacity: { cpu: '2', memory: '4Gi', pods: '110' } } }, { subresource: 'status' });
});
afterEach(() => bed.close());

const asks = (cpu: string, image = 'nginx:1') => ({ containers: [{ name: 'c', image, resources: { requests: { cpu } } }] });
const failed = (name: string): Promise<Pod | undefined> => bed.until(name, (p) => p?.status.phase === 'Failed');
const ready = (name: string): Promise<Pod | undefined> => bed.until(name, (p) => p && isPodReady(p));

it('fails a Pod of another system, and tells nothing of containers that never were', async () => {
  bed.start({ node: () => node });
  await bed.create('foreign', { os: { name: 'windows' }, ...asks('1') });
  const pod = (await failed('foreign'))!;
  const message = "Failed to admit pod as the OS field doesn't match node OS";
  expect(pod.status).toEqual({ observedGeneration: 1, phase: 'Failed', reason: 'PodOSNotSupported', message: `Pod was rejected: ${message}`, startTime: expect.any(String), qosClass: 'Burstable' });
  expect(await bed.events('foreign')).toEqual([{ type: 'Warning', reason: 'PodOSNotSupported', message }]);
  expect([await bed.runtime.listContainers(), await bed.runtime.listPodSandbox()]).toEqual([[], []]);
  await bed.client.delete(Pods, { namespace: 'default', name: 'foreign' });
  await bed.until('foreign', (p) => !p);
});

it('counts what the others have been given, until they end', async () => {
  bed.start({ node: () => node });
  await bed.create('first', asks('1500m'));
  await ready('first');
  await bed.create('second', asks('1'));
  expect((await failed('second'))!.status).toMatchObject({ reason: 'OutOfcpu', message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 1000, used: 1500, capacity: 2000" });
  await bed.client.delete(Pods, { namespace: 'default', name: 'first' });
  await bed.until('first', (p) => !p);
  await bed.create('third', asks('2'));
  await ready('third');
});

it('has room for the successor of a Pod as soon as the API knows that it has ended', async () => {
  bed.start({ node: () => node });
  for (let i = 0; i < 10; i++) {
    await bed.create(`task-${i}`, { restartPolicy: 'Never', ...asks('2', 'task:0') });
    await bed.until(`task-${i}`, (p) => ['Succeeded', 'Failed'].includes(p?.status.phase ?? ''));
  }
  for (let i = 0; i < 10; i++) expect((await bed.get(`task-${i}`)).status).toMatchObject({ phase: 'Succeeded' });
});

it('reads the node anew before it refuses a Pod for its labels', async () => {
  bed.start({ node: () => node });
  await bed.create('early', { nodeSelector: { disk: 'ssd' }, ...asks('1') });
  expect((await failed('early'))!.status).toMatchObject({ reason: 'NodeAffinity', message: "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector" });
  await bed.client.patch(Nodes, { name: 'node-1' }, { metadata: { labels: { disk: 'ssd' } } });
  await bed.create('late', { nodeSelector: { disk: 'ssd' }, ...asks('1') });
  await ready('late');
});

it.each([['a Pod that comes later', false], ['one that came while no agent ran', true]])('refuses nothing that runs already, and counts it against %s', async (_, before) => {
  const first = bed.start({ node: () => node });
  await bed.create('old', asks('2'));
  await ready('old');
  await first.kill();
  node = await bed.client.patch<Node>(Nodes, { name: 'node-1' }, { status: { allocatable: { cpu: '1' } } }, { subresource: 'status' });
  // In the first list `new` comes before `old`.
  if (before) await bed.create('new', asks('100m'));
  bed.start({ node: () => node });
  if (!before) await bed.create('new', asks('100m'));
  expect((await failed('new'))!.status).toMatchObject({ reason: 'OutOfcpu' });
  expect((await bed.get('old')).status.phase).toBe('Running');
});

it('makes no sandbox for a Pod that counts on users of its own', async () => {
  bed.start({ node: () => node });
  await bed.create('mapped', { hostUsers: false, ...asks('1') });
  await bed.until('mapped', (p) => p?.status.containerStatuses?.length);
  await eventually(async () => expect(await bed.events('mapped')).toContainEqual({ type: 'Warning', reason: 'FailedCreatePodSandBox', message: 'Failed to create pod sandbox: RuntimeClass handler "" does not support user namespaces' }));
  expect(await bed.runtime.listPodSandbox()).toEqual([]);
});

const vital = (cpu: string) => ({ priorityClassName: 'system-node-critical', ...asks(cpu) });
it('ends others where a critical Pod lacks room, and starts it when they have ended', async () => {
  bed.start({ node: () => node });
  await bed.create('small', asks('500m'));
  await bed.create('web', { terminationGracePeriodSeconds: 1, ...asks('1', 'slow:1') });
  await Promise.all([ready('small'), ready('web')]);
  await bed.create('vital', vital('1200m'));
  const web = (await failed('web'))!;
  const message = 'Preempted in order to admit critical pod';
  expect(web.status).toMatchObject({ phase: 'Failed', reason: 'Preempting', message });
  expect(web.status.conditions).toContainEqual(expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message }));
  await ready('vital');
  const [ended, begun] = [await bed.until('web', (p) => p?.status.containerStatuses?.[0]?.state?.terminated), await bed.get('vital')];
  expect(ended!.status.containerStatuses![0]!.state.terminated!.finishedAt! <= begun.status.containerStatuses![0]!.state.running!.startedAt!).toBe(true);
  expect(isPodReady(await bed.get('small'))).toBe(true);
  await eventually(async () => expect(await bed.events('web')).toContainEqual({ type: 'Warning', reason: 'Preempting', message }));
  // Nothing is left of it but what it says.
  await eventually(async () => expect(await bed.runtime.listContainers({ podUid: web.metadata.uid })).toEqual([]));
  await bed.create('late', asks('600m'));
  expect((await failed('late'))!.status).toMatchObject({ reason: 'OutOfcpu', message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 600, used: 1700, capacity: 2000" });
});

it('ends nobody where that would not be enough', async () => {
  bed.start({ node: () => node });
  await bed.create('web', asks('500m'));
  await bed.create('vital', vital('1'));
  await Promise.all([ready('web'), ready('vital')]);
  await bed.create('huge', vital('3'));
  const message = 'Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: [(res: cpu, q: 2000), ]';
  expect((await failed('huge'))!.status).toMatchObject({ reason: 'UnexpectedAdmissionError', message: `Pod was rejected: ${message}` });
  expect([isPodReady(await bed.get('web')), isPodReady(await bed.get('vital'))]).toEqual([true, true]);
});

it('ends for a critical Pod also those that run from before the agent', async () => {
  const first = bed.start({ node: () => node });
  await bed.create('zebra', asks('2'));
  await ready('zebra');
  await first.kill();
  // In the first list it comes before the other.
  await bed.create('alpha', vital('1'));
  bed.start({ node: () => node });
  await ready('alpha');
  expect((await failed('zebra'))!.status).toMatchObject({ reason: 'Preempting' });
});

it('waits no longer for others to end when the critical Pod is deleted', async () => {
  bed.start({ node: () => node });
  await bed.create('web', { terminationGracePeriodSeconds: 600, ...asks('2', 'stubborn:1') });
  await ready('web');
  await bed.create('vital', vital('1'));
  await bed.until('web', (p) => p && !isPodReady(p));
  await bed.client.delete(Pods, { namespace: 'default', name: 'vital' });
  await bed.until('vital', (p) => !p);
});
