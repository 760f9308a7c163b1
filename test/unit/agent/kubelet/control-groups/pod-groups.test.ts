// The life of Pods' control groups, over groups in memory.
import { PodGroups, type PodGroupsOptions } from '../../../../../agent/kubelet/control-groups/pod-groups.ts';
import type { GroupTree } from '../../../../../agent/kubelet/control-groups/plan.ts';
import type { Pod } from '../../../../../agent/kubelet/pod.ts';
import { silentLog, type Log } from '../../../../../src/util/log.ts';
import { MemoryHierarchies } from '../../../../support/control-groups.ts';
import { container, pod } from '../pods.ts';

const tree: GroupTree = { driver: 'cgroupfs', below: '/docker', name: 'n' };
let kernel: MemoryHierarchies;
beforeEach(() => { kernel = new MemoryHierarchies(); });
const open = async (more: Partial<PodGroupsOptions> = {}): Promise<PodGroups> => {
  const groups = new PodGroups({ tree, hierarchies: kernel, milliCpus: 4000, log: silentLog, ...more });
  await groups.prepare();
  kernel.calls.length = 0;
  return groups;
};
const named = (uid: string, cpu: string | undefined, limit = cpu, memory = '64Mi'): Pod => pod({
  containers: [container('a', cpu === undefined ? {} : { resources: { requests: { cpu, memory }, ...(limit === undefined ? {} : { limits: { cpu: limit, memory } }) } })],
}, { metadata: { uid }, status: { qosClass: cpu === undefined ? 'BestEffort' : limit === cpu ? 'Guaranteed' : 'Burstable' } });
const burstable = (uid: string, cpu: string, limit = '4'): Pod => named(uid, cpu, limit);
const Mi = 2 ** 20;

it('those of the node and of the classes are there from the start', async () => {
  await open();
  expect(Object.fromEntries(kernel.groups)).toEqual({ '/docker/n': { cpuShares: 4096, memoryLimitInBytes: -1 }, '/docker/n/besteffort': { cpuShares: 2 }, '/docker/n/burstable': {} });
});

it('what is reserved is kept from all of them; while they use more, each sweep tries again', async () => {
  kernel.refusal = Object.assign(new Error('busy'), { code: 'EBUSY' });
  const groups = await open({ milliCpus: 3500, memoryLimitInBytes: 512 * Mi });
  expect(kernel.groups.get('/docker/n')).toEqual({ cpuShares: 3584 });
  await groups.sweep(() => true);
  await groups.sweep(() => true);
  expect([kernel.groups.get('/docker/n'), kernel.calls.filter((call) => call.startsWith('set'))]).toEqual([{ cpuShares: 3584, memoryLimitInBytes: 512 * Mi }, [expect.anything()]]);
});

it('a Pod has its own below its class, with what is set aside for it', async () => {
  const groups = await open();
  expect(await groups.ensure(named('g', '1'))).toBe('/docker/n/podg');
  expect(await groups.ensure(burstable('b', '500m'))).toBe('/docker/n/burstable/podb');
  expect(await groups.ensure(named('e', undefined))).toBe('/docker/n/besteffort/pode');
  expect(kernel.groups.get('/docker/n/podg')).toEqual({ cpuShares: 1024, cpuQuota: 100_000, memoryLimitInBytes: 64 * Mi });
  expect(kernel.groups.get('/docker/n/burstable/podb')).toEqual({ cpuShares: 512, cpuQuota: 400_000, memoryLimitInBytes: 64 * Mi });
  expect(kernel.groups.get('/docker/n/besteffort/pode')).toEqual({ cpuShares: 2, cpuQuota: -1, memoryLimitInBytes: -1 });
});

it('a Pod without a status has the class its spec says', async () => {
  const groups = await open();
  expect(await groups.ensure({ ...named('s', '1'), status: undefined } as never)).toBe('/docker/n/pods');
});

it('Burstable Pods together weigh what they request, as they come, change and go', async () => {
  const groups = await open();
  const shares = (): unknown => kernel.groups.get('/docker/n/burstable')!.cpuShares;
  await Promise.all([groups.ensure(burstable('a', '500m')), groups.ensure(burstable('b', '1'))]);
  expect(shares()).toBe(1536);
  await groups.settle(burstable('a', '250m'));
  expect(shares()).toBe(1280);
  await groups.ensure(named('g', '2'));
  await groups.remove('b');
  expect(shares()).toBe(256);
  await groups.remove('a');
  expect(shares()).toBe(2);
});

it('a change passes through room for both, and one that changes nothing is not written', async () => {
  const groups = await open();
  await groups.ensure(named('g', '1', '1', '64Mi'));
  kernel.calls.length = 0;
  const [same, other] = [named('g', '1', '1', '64Mi'), named('g', '2', '2', '32Mi')];
  await groups.settle(same);
  await groups.raise(same);
  expect(kernel.calls).toEqual([]);
  await groups.raise(other);
  expect(kernel.groups.get('/docker/n/podg')).toEqual({ cpuShares: 2048, cpuQuota: 200_000, memoryLimitInBytes: 64 * Mi });
  await groups.settle(other);
  expect(kernel.groups.get('/docker/n/podg')).toEqual({ cpuShares: 2048, cpuQuota: 200_000, memoryLimitInBytes: 32 * Mi });
  await groups.settle(other);
  expect(kernel.calls).toEqual(['set /docker/n/podg', 'set /docker/n/podg']);
});

it('a change that was refused is written by the next settling', async () => {
  const groups = await open();
  await groups.ensure(named('g', '1', '1', '64Mi'));
  kernel.refusal = new Error('busy');
  await expect(groups.settle(named('g', '1', '1', '32Mi'))).rejects.toThrow('busy');
  await groups.settle(named('g', '1', '1', '32Mi'));
  expect(kernel.groups.get('/docker/n/podg')!.memoryLimitInBytes).toBe(32 * Mi);
});

it('a Pod an earlier agent has started gets what is set aside for it now, through no limit', async () => {
  await (await open()).ensure(burstable('a', '500m'));
  const groups = await open();
  await groups.raise(burstable('a', '1'));
  expect(kernel.groups.get('/docker/n/burstable/poda')).toEqual({ cpuShares: 1024, cpuQuota: -1, memoryLimitInBytes: -1 });
  await groups.settle(burstable('a', '1'));
  expect(kernel.groups.get('/docker/n/burstable/poda')).toEqual({ cpuShares: 1024, cpuQuota: 400_000, memoryLimitInBytes: 64 * Mi });
  expect(kernel.groups.get('/docker/n/burstable')).toEqual({ cpuShares: 1024 });
});

it('what someone has taken away is made again', async () => {
  const groups = await open();
  await groups.ensure(burstable('a', '500m'));
  kernel.groups.clear();
  await groups.ensure(burstable('b', '500m'));
  expect(Object.fromEntries(kernel.groups)).toEqual({
    '/docker/n': { cpuShares: 4096, memoryLimitInBytes: -1 }, '/docker/n/besteffort': { cpuShares: 2 }, '/docker/n/burstable': { cpuShares: 1024 }, '/docker/n/burstable/podb': { cpuShares: 512, cpuQuota: 400_000, memoryLimitInBytes: 64 * Mi },
  });
});

it('goes with its Pod, whichever agent has made it', async () => {
  await (await open()).ensure(named('old', undefined));
  const groups = await open();
  await groups.ensure(named('new', '1'));
  await groups.remove('new');
  await groups.remove('old');
  await groups.remove('never');
  expect([...kernel.groups.keys()]).toEqual(['/docker/n', '/docker/n/besteffort', '/docker/n/burstable']);
});

it('what was busy is emptied and swept, and so is what earlier agents have left', async () => {
  const told: unknown[] = [];
  const log = { ...silentLog, info: (fields: object, text: string) => told.push({ ...fields, text }) } as unknown as Log;
  await (await open()).ensure(named('lost', '1'));
  const groups = await open({ log });
  await groups.ensure(named('here', '1'));
  await groups.ensure(burstable('busy', '1'));
  for (const path of ['/docker/n/burstable/podbusy', '/docker/n/podhere']) kernel.busy.add(path);
  await groups.remove('busy');
  const text = 'processes were in the control group of a Pod that has ended: they are killed, and the next sweep removes it';
  expect([kernel.groups.has('/docker/n/burstable/podbusy'), told]).toEqual([true, [{ group: '/docker/n/burstable/podbusy', processes: 1, text }]]);
  await groups.sweep((uid) => uid === 'here');
  expect([...kernel.groups.keys()].filter((path) => path.includes('pod'))).toEqual(['/docker/n/podhere']);
  expect(kernel.calls.filter((call) => call.startsWith('kill'))).toEqual(['kill /docker/n/burstable/podbusy']);
});

it('a tree of before goes when the last Pod in it has', async () => {
  const before = new PodGroups({ tree: { ...tree, below: '/old' }, hierarchies: kernel, milliCpus: 1000, log: silentLog });
  await before.prepare();
  await before.ensure(named('kept', undefined));
  await before.ensure(named('ended', '1'));
  const gone: string[] = [];
  const groups = await open({ older: [{ tree: { ...tree, below: '/old' }, hierarchies: kernel }], onGone: ({ below }) => { gone.push(below); return Promise.resolve(); } });
  await groups.sweep((uid) => uid === 'kept');
  expect([[...kernel.groups.keys()].filter((path) => path.startsWith('/old')), gone]).toEqual([['/old/n', '/old/n/besteffort', '/old/n/burstable', '/old/n/besteffort/podkept'], []]);
  await groups.sweep(() => false);
  await groups.sweep(() => false);
  expect([[...kernel.groups.keys()].filter((path) => path.startsWith('/old')), gone]).toEqual([[], ['/old']]);
});
