// Control groups of Pods as a kubelet keeps them: made before anything of the Pod, followed by every container, and gone with it.
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { isPodReady } from '../../src/api/core/pod-conditions.ts';
import { PodGroups } from '../../agent/kubelet/control-groups/pod-groups.ts';
import { exitsAfter } from '../../agent/runtime/fake-process.ts';
import { silentLog } from '../../src/util/log.ts';
import { MemoryHierarchies } from '../support/control-groups.ts';
import { eventually, kubeletBed, type KubeletBed } from '../support/kubelet.ts';

let bed: KubeletBed;
let kernel: MemoryHierarchies;
beforeEach(async () => {
  bed = await kubeletBed({ 'nginx:1': {}, 'task:0': { main: exitsAfter(1, 0) } });
  kernel = new MemoryHierarchies();
});
afterEach(() => bed.close());

/** As each agent opens them. */
const open = async (): Promise<PodGroups> => {
  const groups = new PodGroups({ tree: { driver: 'cgroupfs', below: '/docker', name: 'n' }, hierarchies: kernel, milliCpus: 4000, log: silentLog });
  await groups.prepare();
  return groups;
};
const asks = (cpu: string, memory: string) => ({ requests: { cpu, memory }, limits: { cpu, memory } });
const create = async (name: string, container: object = {}): Promise<Pod> => {
  await bed.create(name, { terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image: 'nginx:1', ...container }] });
  return (await bed.until(name, (p) => p && isPodReady(p)))!;
};
/** Of the sandbox and the containers that run. */
const groupsOf = async (name: string): Promise<(string | undefined)[]> => {
  const all = [...(await bed.runtime.listPodSandbox()).filter((s) => s.metadata.name === name), ...(await bed.runtime.listContainers()).filter((c) => c.pod.name === name && c.state === 'running')];
  return all.map(({ id }) => bed.runtime.groupOf(id));
};
const podPaths = (): string[] => [...kernel.groups.keys()].filter((path) => path.includes('/pod'));
const Mi = 2 ** 20;

it('each class is in its place, and what is left of a Pod that was deleted is nothing', async () => {
  bed.start({ groups: await open() });
  const pods = await Promise.all([create('best'), create('burst', { resources: { requests: { cpu: '500m' } } }), create('sure', { resources: asks('1', '64Mi') })]);
  const [best, burst, sure] = pods.map((p) => p.metadata.uid);
  const paths = [`/docker/n/besteffort/pod${best}`, `/docker/n/burstable/pod${burst}`, `/docker/n/pod${sure}`];
  expect(await Promise.all(['best', 'burst', 'sure'].map(groupsOf))).toEqual(paths.map((path) => [path, path]));
  expect(kernel.groups.get(paths[2]!)).toEqual({ cpuShares: 1024, cpuQuota: 100_000, memoryLimitInBytes: 64 * Mi });
  expect(kernel.groups.get('/docker/n/burstable')).toEqual({ cpuShares: 512 });
  for (const name of ['best', 'burst', 'sure']) await bed.client.delete(Pods, { namespace: 'default', name });
  for (const name of ['best', 'burst', 'sure']) await bed.until(name, (p) => p === undefined);
  expect([podPaths(), kernel.groups.get('/docker/n/burstable')]).toEqual([[], { cpuShares: 2 }]);
});

it('a Pod that has ended by itself keeps none', async () => {
  bed.start({ groups: await open() });
  await bed.create('done', { restartPolicy: 'Never', containers: [{ name: 'a', image: 'task:0' }] });
  await bed.until('done', (p) => p?.status.phase === 'Succeeded');
  await eventually(async () => expect(podPaths()).toEqual([]));
  expect(kernel.calls.filter((call) => call.startsWith('remove'))).toHaveLength(1);
});

it('a resize gives the Pod room before its containers, and takes it after them', async () => {
  bed.start({ groups: await open() });
  const { metadata: { uid } } = await create('web', { resources: asks('1', '64Mi') });
  const order: string[] = [];
  const path = `/docker/n/pod${uid}`;
  const resize = async (cpu: string): Promise<void> => {
    await bed.client.patch<Pod>(Pods, { namespace: 'default', name: 'web' }, { spec: { containers: [{ name: 'c', resources: asks(cpu, '64Mi') }] } }, { subresource: 'resize', type: 'strategic' });
    await bed.until('web', (p) => p?.status.containerStatuses?.[0]?.resources?.limits?.['cpu'] === cpu && p.status.observedGeneration === p.metadata.generation);
  };
  const update = bed.runtime.updateContainerResources.bind(bed.runtime);
  bed.runtime.updateContainerResources = async (id, resources) => { order.push(`container ${resources.cpuQuota} in ${kernel.groups.get(path)!.cpuQuota}`); await update(id, resources); };
  await resize('2');
  await eventually(async () => expect(kernel.groups.get(path)!.cpuQuota).toBe(200_000));
  await resize('500m');
  await eventually(async () => expect(kernel.groups.get(path)!.cpuQuota).toBe(50_000));
  expect(order).toEqual(['container 200000 in 200000', 'container 50000 in 200000']);
});

it('a later agent leaves everything where it is, and corrects what Burstable Pods weigh', async () => {
  const first = bed.start({ groups: await open() });
  const before = await create('web', { resources: { requests: { cpu: '500m' } } });
  const path = `/docker/n/burstable/pod${before.metadata.uid}`;
  await first.kill();
  kernel.groups.set('/docker/n/burstable', { cpuShares: 9 });
  kernel.groups.set('/docker/n/podlost', {});
  bed.start({ groups: await open() });
  await eventually(async () => expect(kernel.groups.get('/docker/n/burstable')).toEqual({ cpuShares: 512 }));
  // Of a Pod nobody knows: swept as soon as the API has said which there are.
  await eventually(async () => expect(podPaths()).toEqual([path]));
  await bed.runtime.crash(before.status.containerStatuses![0]!.containerID!.replace('docker://', ''));
  await bed.until('web', (p) => p?.status.containerStatuses?.[0]?.restartCount === 1 && isPodReady(p));
  expect(await groupsOf('web')).toEqual([path, path]);
});

it('a Pod from before there were groups goes on without, its restarted containers too; the next sandbox has one', async () => {
  const first = bed.start();
  const before = await create('web', { resources: asks('1', '64Mi') });
  await first.kill();
  bed.start({ groups: await open() });
  await bed.runtime.crash(before.status.containerStatuses![0]!.containerID!.replace('docker://', ''));
  await bed.until('web', (p) => p?.status.containerStatuses?.[0]?.restartCount === 1 && isPodReady(p));
  expect([await groupsOf('web'), podPaths()]).toEqual([[undefined, undefined], []]);
  await bed.client.patch<Pod>(Pods, { namespace: 'default', name: 'web' }, { spec: { containers: [{ name: 'c', resources: asks('2', '64Mi') }] } }, { subresource: 'resize', type: 'strategic' });
  await bed.until('web', (p) => p?.status.containerStatuses?.[0]?.resources?.limits?.['cpu'] === '2');
  expect(podPaths()).toEqual([]);
  const [sandbox] = await bed.runtime.listPodSandbox();
  await bed.runtime.removePodSandbox(sandbox!.id);
  await bed.until('web', (p) => p?.status.podIP !== before.status.podIP && isPodReady(p as Pod));
  expect(await groupsOf('web')).toEqual([podPaths()[0], podPaths()[0]]);
});

it('a Pod whose group cannot be made says so, and starts when it can', async () => {
  const groups = await open();
  const make = kernel.make.bind(kernel);
  let refused = 0;
  kernel.make = (group, resources) => (group.name.includes('/pod') && refused++ === 0 ? Promise.reject(new Error('ENOSPC: no space left on device')) : make(group, resources));
  bed.start({ groups });
  const { metadata: { uid } } = await create('web');
  expect(await groupsOf('web')).toEqual([`/docker/n/besteffort/pod${uid}`, `/docker/n/besteffort/pod${uid}`]);
  await eventually(async () => expect((await bed.events('web')).map((e) => `${e.type} ${e.reason}: ${e.message}`)).toContain('Warning FailedCreatePodContainer: unable to ensure pod container exists: ENOSPC: no space left on device'));
});
