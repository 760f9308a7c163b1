// Groups as files and as slices, over directories that stand in for hierarchies: what needs a kernel is in test/e2e/lifecycle.test.ts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHierarchies, type Hierarchies } from '../../../../../agent/kubelet/control-groups/hierarchies.ts';
import { openPodGroups } from '../../../../../agent/kubelet/control-groups/index.ts';
import { groupAt, type CgroupDriver, type GroupTree } from '../../../../../agent/kubelet/control-groups/plan.ts';
import { readTrees, removeControlGroups } from '../../../../../agent/kubelet/control-groups/record.ts';
import type { CgroupMount } from '../../../../../src/util/cgroup/location.ts';
import type { Log } from '../../../../../src/util/log.ts';
import { CommandError, type Run } from '../../../../../src/util/run.ts';

let root: string;
let ran: string[];
let answer: (line: string) => string | Error;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'dray-groups-')); ran = []; answer = () => ''; });
afterEach(() => rmSync(root, { recursive: true, force: true }));

const run: Run = (command, args) => {
  const line = [command, ...args].join(' ');
  ran.push(line);
  const said = answer(line);
  return typeof said === 'string' ? Promise.resolve(said) : Promise.reject(said);
};
const v2 = (): CgroupMount[] => [{ controllers: ['unified'], root: '/', at: root }];
/** The last is a hierarchy without controllers that are read, such as systemd's. */
const v1 = (): CgroupMount[] => ['cpu', 'memory', 'name'].map((name) => ({ controllers: name === 'name' ? [] : [name], root: '/', at: join(root, name) }));
const open = (driver: CgroupDriver, version: '1' | '2'): Hierarchies => openHierarchies(driver, { version, mounts: version === '1' ? v1() : v2(), run });
const group = groupAt({ driver: 'cgroupfs', below: '/docker', name: 'n' });
/** As the kernel fills a directory that was made. */
const has = (path: string, files: Record<string, string>): void => {
  mkdirSync(join(root, path), { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(root, path, file), text);
};
const text = (path: string): string => readFileSync(join(root, path), 'utf8');
const resources = { cpuShares: 1024, cpuQuota: 50_000, memoryLimitInBytes: 8192 };

describe('files', () => {
  it('of v2 are written, and what is below is counted', async () => {
    has('docker/n', { 'cgroup.controllers': 'cpuset cpu io memory pids\n', 'cgroup.subtree_control': '', 'cpu.weight': '', 'cpu.max': '', 'memory.max': '' });
    await open('cgroupfs', '2').make(group, resources);
    expect(['cgroup.subtree_control', 'cpu.weight', 'cpu.max', 'memory.max'].map((file) => text(`docker/n/${file}`))).toEqual(['+cpu +memory', '39', '50000 100000', '8192']);
  });

  it('of v1 are written where the controllers are, and no other hierarchy is touched', async () => {
    has('cpu/docker/n', { 'cpu.shares': '', 'cpu.cfs_period_us': '', 'cpu.cfs_quota_us': '' });
    has('memory/docker/n', { 'memory.use_hierarchy': '0', 'memory.limit_in_bytes': '' });
    has('name/docker', {});
    await open('cgroupfs', '1').make(group, resources);
    expect(['cpu/docker/n/cpu.shares', 'cpu/docker/n/cpu.cfs_period_us', 'cpu/docker/n/cpu.cfs_quota_us', 'memory/docker/n/memory.use_hierarchy', 'memory/docker/n/memory.limit_in_bytes'].map(text)).toEqual(['1024', '100000', '50000', '1', '8192']);
    expect(existsSync(join(root, 'name/docker/n'))).toBe(false);
  });

  it('the kernel lacks are left out, groups that are gone are an error', async () => {
    has('docker/n', { 'cgroup.controllers': '\n', 'cpu.weight': '' });
    await open('cgroupfs', '2').make(group, resources);
    expect(text('docker/n/cpu.weight')).toBe('39');
    expect(existsSync(join(root, 'docker/n/memory.max'))).toBe(false);
    rmSync(join(root, 'docker'), { recursive: true });
    await expect(open('cgroupfs', '2').set(group, resources)).rejects.toThrow(/ENOENT/);
    await expect(open('cgroupfs', '2').make(group, resources)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('set no limit of memory below what is used', async () => {
    has('docker/n', { 'cpu.weight': '', 'cpu.max': '', 'memory.max': '', 'memory.current': '9000\n' });
    await expect(open('cgroupfs', '2').set(group, resources)).rejects.toThrow('the Pod uses 9000 bytes of memory, more than its new limit of 8192');
    await open('cgroupfs', '2').set(group, { ...resources, memoryLimitInBytes: 9000 });
    expect(text('docker/n/memory.max')).toBe('9000');
  });

  it('groups are listed and removed in every hierarchy, the deepest first', async () => {
    has('cpu/docker/n/podx/c1', {});
    has('memory/docker/n/pody', {});
    has('name/docker/n/podx/c1/deeper', {});
    const files = open('cgroupfs', '1');
    expect((await files.children(group)).sort()).toEqual(['podx', 'pody']);
    expect(await files.remove(group)).toBe(true);
    expect(await files.remove(group)).toBe(true);
    expect(['cpu', 'memory', 'name'].filter((name) => existsSync(join(root, name, 'docker/n')))).toEqual([]);
    has('memory/docker/n/pody', { 'held.open': '' });
    expect(await files.remove(group)).toBe(false);
  });

  it('processes are ended in every group below, but for those of another PID namespace and such as have ended', async () => {
    const children = ['own', 'deep'].map(() => spawn('sleep', ['60']));
    const ended = children.map((child) => once(child, 'exit'));
    const [own, deep] = children.map(({ pid }) => pid!);
    has('cpu/docker/n', { 'cgroup.procs': `${own}\n0\n` });
    has('memory/docker/n', { 'cgroup.procs': `${own}\n4194305\n` });
    has('memory/docker/n/c1/deeper', { 'cgroup.procs': `${deep}\n` });
    expect(await open('cgroupfs', '1').kill(group)).toBe(3);
    expect(await Promise.all(ended)).toEqual([[null, 'SIGKILL'], [null, 'SIGKILL']]);
    expect(await open('cgroupfs', '1').kill(groupAt({ driver: 'cgroupfs', below: '/docker', name: 'other' }))).toBe(0);
  });
});

describe('slices', () => {
  const tree: GroupTree = { driver: 'systemd', below: '/system.slice', name: 'n' };
  const slice = groupAt(tree);
  const call = 'busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager';
  it('are started with their properties', async () => {
    await open('systemd', '2').make(slice, resources);
    expect(ran).toEqual([`${call} StartTransientUnit ssa(sv)a(sa(sv)) system-n.slice replace 7 DefaultDependencies b false CPUAccounting b true MemoryAccounting b true TasksAccounting b true CPUWeight t 39 CPUQuotaPerSecUSec t 500000 MemoryMax t 8192 0`]);
  });

  it.each(['Unit system-n.slice already exists.', 'Unit system-n.slice was already loaded or has a fragment file.'])('that are there are changed: %s', async (stderr) => {
    answer = (line) => (line.includes('StartTransientUnit') ? new CommandError('busctl', 1, `Call failed: ${stderr}`, undefined) : '');
    await open('systemd', '1').make(slice, resources);
    expect(ran[1]).toBe(`${call} SetUnitProperties sba(sv) system-n.slice true 3 CPUShares t 1024 CPUQuotaPerSecUSec t 500000 MemoryLimit t 8192`);
  });

  it('that cannot be started say why', async () => {
    answer = () => new CommandError('busctl', 1, 'Call failed: Access denied', undefined);
    await expect(open('systemd', '2').make(slice, resources)).rejects.toThrow('Access denied');
  });

  it('are stopped when nothing runs in them, and only then', async () => {
    const slices = open('systemd', '2');
    has('system.slice/system-n.slice', { 'cgroup.procs': '' });
    has('system.slice/system-n.slice/docker-c1.scope', { 'cgroup.procs': '17\n' });
    expect([await slices.remove(slice), ran]).toEqual([false, []]);
    rmSync(join(root, 'system.slice/system-n.slice'), { recursive: true });
    has('system.slice/system-n.slice/left', {});
    answer = () => new CommandError('systemctl', 5, 'Unit system-n.slice not loaded.', undefined);
    expect([await slices.remove(slice), ran, existsSync(join(root, 'system.slice/system-n.slice'))]).toEqual([true, ['systemctl stop system-n.slice'], false]);
    answer = () => new CommandError('systemctl', 1, 'Access denied', undefined);
    await expect(slices.remove(slice)).rejects.toThrow('Access denied');
  });
});

describe('whether a node has groups', () => {
  const info = { cgroupDriver: 'systemd', cgroupVersion: '2', rootless: false, cpus: 2 };
  const engineGroup = { id: 'c1', membership: '0::/system.slice/docker-c1.scope' };
  const options = () => {
    const told: object[] = [];
    return { told, options: { info, engineGroup, clusterId: 'c1', nodeName: 'n', dataDir: root, run, mounts: v2(), log: { info: (fields: object) => told.push(fields) } as unknown as Log } };
  };

  it.each<[string, object, string]>([
    ['a rootless engine', { info: { ...info, rootless: true } }, 'the engine is rootless'],
    ['an engine without groups', { info: { ...info, cgroupDriver: 'none' } }, 'the engine\'s cgroup driver is "none"'],
    ['groups in another namespace', { engineGroup: { id: 'c1', membership: '0::/../c1' } }, 'the control groups of the engine cannot be seen from here'],
  ])('not with %s, which is said', async (_, more, why) => {
    const { told, options: given } = options();
    expect(await openPodGroups({ ...given, ...more })).toBeUndefined();
    expect([told, await readTrees(root)]).toEqual([[{ why }], []]);
  });

  it('not where none can be made, which is said', async () => {
    answer = () => new CommandError('busctl call', undefined, '', 'ENOENT');
    const { told, options: given } = options();
    expect(await openPodGroups(given)).toBeUndefined();
    expect(told).toEqual([{ why: 'busctl call: ENOENT' }]);
    // Nothing was made, and nothing is in the way of a purge.
    await removeControlGroups(root, run);
    expect(await readTrees(root)).toEqual([]);
  });

  it('and where they are is written down before the first is made, beside those of before', async () => {
    const recorded: unknown[] = [];
    answer = () => { recorded.push(JSON.parse(readFileSync(join(root, 'control-groups.json'), 'utf8'))); return ''; };
    const { options: given } = options();
    expect(await openPodGroups(given)).toBeDefined();
    const tree = { driver: 'systemd', version: '2', below: '/system.slice', name: 'dray-c1-n' };
    expect(recorded[0]).toEqual([tree]);
    expect(await openPodGroups({ ...given, engineGroup: { id: 'c1', membership: '0::/other.slice/docker-c1.scope' } })).toBeDefined();
    const both = [tree, { ...tree, below: '/other.slice' }];
    expect(await readTrees(root)).toEqual(both);
    await (await openPodGroups({ ...given, engineGroup: { id: 'c1', membership: '0::/other.slice/docker-c1.scope' } }))!.sweep(() => true);
    expect(await readTrees(root)).toEqual([both[1]]);
    await removeControlGroups(root, run);
    expect([ran.at(-1), existsSync(join(root, 'control-groups.json'))]).toEqual(['systemctl stop other-dray_c1_n.slice', false]);
  });
});
