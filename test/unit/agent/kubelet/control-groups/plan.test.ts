// The names and numbers of control groups, for both drivers and both versions.
import {
  burstableShares, groupAt, groupFiles, larger, podGroup, podGroupResources, podOf, sliceProperties, treeName, type GroupResources, type GroupTree,
} from '../../../../../agent/kubelet/control-groups/plan.ts';
import { weightOf } from '../../../../../src/util/cgroup/limits.ts';
import { container, pod } from '../pods.ts';

const files: GroupTree = { driver: 'cgroupfs', below: '/docker', name: 'dray-c1-node-1' };
const slices: GroupTree = { driver: 'systemd', below: '/system.slice', name: 'dray-c1-node-1' };

describe('names', () => {
  it.each<[string, GroupTree, string, string, string]>([
    ['Guaranteed, cgroupfs', files, 'Guaranteed', '/docker/dray-c1-node-1/poda-b', '/docker/dray-c1-node-1/poda-b'],
    ['Burstable, cgroupfs', files, 'Burstable', '/docker/dray-c1-node-1/burstable/poda-b', '/docker/dray-c1-node-1/burstable/poda-b'],
    ['BestEffort, below no group of the engine\'s', { ...files, below: '/' }, 'BestEffort', '/dray-c1-node-1/besteffort/poda-b', '/dray-c1-node-1/besteffort/poda-b'],
    ['Guaranteed, systemd', slices, 'Guaranteed', '/system.slice/system-dray_c1_node_1.slice/system-dray_c1_node_1-poda_b.slice', 'system-dray_c1_node_1-poda_b.slice'],
    ['Burstable, systemd', slices, 'Burstable', '/system.slice/system-dray_c1_node_1.slice/system-dray_c1_node_1-burstable.slice/system-dray_c1_node_1-burstable-poda_b.slice', 'system-dray_c1_node_1-burstable-poda_b.slice'],
    ['BestEffort, systemd, below no slice', { ...slices, below: '/' }, 'BestEffort', '/dray_c1_node_1.slice/dray_c1_node_1-besteffort.slice/dray_c1_node_1-besteffort-poda_b.slice', 'dray_c1_node_1-besteffort-poda_b.slice'],
    ['Guaranteed, systemd, below a slice in a slice', { ...slices, below: '/a.slice/a-b.slice' }, 'Guaranteed', '/a.slice/a-b.slice/a-b-dray_c1_node_1.slice/a-b-dray_c1_node_1-poda_b.slice', 'a-b-dray_c1_node_1-poda_b.slice'],
  ])('%s', (_, tree, qosClass, path, name) => {
    expect(podGroup(tree, qosClass, 'a-b')).toEqual({ path, name });
    expect(podOf(tree, qosClass, path.slice(path.lastIndexOf('/') + 1))).toBe('a-b');
  });

  it('tell Pods from all else', () => {
    for (const qosClass of ['Guaranteed', 'Burstable', 'BestEffort']) {
      for (const name of ['burstable', 'besteffort', 'c'.repeat(64), 'system-dray_c1_node_1-burstable.slice', 'system-dray_c1_node_1-besteffort.slice', 'docker-c1.scope', 'system-other-poda.slice']) {
        expect([podOf(files, qosClass, name), podOf(slices, qosClass, name)]).toEqual([undefined, undefined]);
      }
    }
  });

  it('differ between clusters and nodes, however long theirs are', () => {
    const long = 'n'.repeat(253);
    const names = [treeName('c1', 'a'), treeName('c2', 'a'), treeName('c1', 'b'), treeName('c1', long), treeName('c1', `${long.slice(1)}m`)];
    expect(new Set(names).size).toBe(5);
    expect(names[0]).toBe('dray-c1-a');
    // A name of systemd's is at most 255 bytes.
    const slice = podGroup({ ...slices, name: treeName('c1', 'n-'.repeat(31)) }, 'BestEffort', 'f'.repeat(36)).name;
    expect(slice.length).toBeLessThan(200);
  });

  it('of the tree is the one all are below', () => expect([groupAt(files).name, groupAt(slices).name]).toEqual(['/docker/dray-c1-node-1', 'system-dray_c1_node_1.slice']));
});

describe('what a Pod\'s group has', () => {
  const Mi = 2 ** 20;
  const limited = (cpu: string, memory: string, more: object = {}) => ({ resources: { requests: { cpu, memory }, limits: { cpu, memory } }, ...more });
  it.each<[string, Parameters<typeof pod>[0], GroupResources]>([
    ['nothing is asked for', { containers: [container('a')] }, { cpuShares: 2, cpuQuota: -1, memoryLimitInBytes: -1 }],
    ['all is limited: the sum', { containers: [container('a', limited('500m', '64Mi')), container('b', limited('1', '32Mi'))] }, { cpuShares: 1536, cpuQuota: 150_000, memoryLimitInBytes: 96 * Mi }],
    ['one container has no limit', { containers: [container('a', limited('500m', '64Mi')), container('b')] }, { cpuShares: 512, cpuQuota: -1, memoryLimitInBytes: -1 }],
    ['one has a limit of memory only', { containers: [container('a', limited('500m', '64Mi')), container('b', { resources: { limits: { memory: '1Mi' } } })] }, { cpuShares: 512, cpuQuota: -1, memoryLimitInBytes: 65 * Mi }],
    ['requests only', { containers: [container('a', { resources: { requests: { cpu: '250m' } } })] }, { cpuShares: 256, cpuQuota: -1, memoryLimitInBytes: -1 }],
    ['an init container needs more than those after it', { initContainers: [container('i', limited('2', '256Mi'))], containers: [container('a', limited('1', '64Mi'))] }, { cpuShares: 2048, cpuQuota: 200_000, memoryLimitInBytes: 256 * Mi }],
    ['an init container without a limit', { initContainers: [container('i')], containers: [container('a', limited('1', '64Mi'))] }, { cpuShares: 1024, cpuQuota: -1, memoryLimitInBytes: -1 }],
    ['a sidecar counts beside the others', { initContainers: [container('s', limited('100m', '10Mi', { restartPolicy: 'Always' }))], containers: [container('a', limited('1', '64Mi'))] }, { cpuShares: 1126, cpuQuota: 110_000, memoryLimitInBytes: 74 * Mi }],
    ['overhead comes on top of requests and limits', { containers: [container('a', limited('1', '64Mi'))], overhead: { cpu: '250m', memory: '16Mi' } }, { cpuShares: 1280, cpuQuota: 125_000, memoryLimitInBytes: 80 * Mi }],
    ['overhead limits nothing that had no limit', { containers: [container('a')], overhead: { cpu: '250m', memory: '16Mi' } }, { cpuShares: 256, cpuQuota: -1, memoryLimitInBytes: -1 }],
    ['an ephemeral container has no limit and asks for none', { containers: [container('a', limited('1', '64Mi'))], ephemeralContainers: [{ name: 'e' }] as never }, { cpuShares: 1024, cpuQuota: 100_000, memoryLimitInBytes: 64 * Mi }],
    ['the least the kernel takes', { containers: [container('a', limited('1m', '4Mi'))] }, { cpuShares: 2, cpuQuota: 1000, memoryLimitInBytes: 4 * Mi }],
  ])('%s', (_, spec, resources) => expect(podGroupResources(pod(spec))).toEqual(resources));

  it('Burstable Pods weigh what they request together', () => {
    const asks = (cpu: string) => pod({ containers: [container('a', { resources: { requests: { cpu } } })] });
    expect([burstableShares([]), burstableShares([asks('250m')]), burstableShares([asks('250m'), asks('1'), pod({ containers: [container('a')] })])]).toEqual([2, 256, 1280]);
  });

  it('a change passes through the larger of each', () => {
    expect(larger({ cpuShares: 2, cpuQuota: 1000, memoryLimitInBytes: -1 }, { cpuShares: 5, cpuQuota: 500, memoryLimitInBytes: 7 })).toEqual({ cpuShares: 5, cpuQuota: 1000, memoryLimitInBytes: -1 });
  });
});

describe('what is written', () => {
  const all: GroupResources = { cpuShares: 512, cpuQuota: 50_000, memoryLimitInBytes: 4096 };
  const unlimited: GroupResources = { cpuShares: 2, cpuQuota: -1, memoryLimitInBytes: -1 };
  const lines = (version: '1' | '2', resources: GroupResources) => groupFiles(version, resources).map(({ controller, file, text }) => `${controller}/${file}=${text}`);
  it.each<[string, '1' | '2', GroupResources, string[], string[]]>([
    ['v1', '1', all, ['cpu/cpu.shares=512', 'cpu/cpu.cfs_period_us=100000', 'cpu/cpu.cfs_quota_us=50000', 'memory/memory.limit_in_bytes=4096'], ['CPUShares t 512', 'CPUQuotaPerSecUSec t 500000', 'MemoryLimit t 4096']],
    ['v1 without limits', '1', unlimited, ['cpu/cpu.shares=2', 'cpu/cpu.cfs_period_us=100000', 'cpu/cpu.cfs_quota_us=-1', 'memory/memory.limit_in_bytes=-1'], ['CPUShares t 2', 'CPUQuotaPerSecUSec t 18446744073709551615', 'MemoryLimit t 18446744073709551615']],
    ['v2', '2', all, ['cpu/cpu.weight=20', 'cpu/cpu.max=50000 100000', 'memory/memory.max=4096'], ['CPUWeight t 20', 'CPUQuotaPerSecUSec t 500000', 'MemoryMax t 4096']],
    ['v2 without limits', '2', unlimited, ['cpu/cpu.weight=1', 'cpu/cpu.max=max 100000', 'memory/memory.max=max'], ['CPUWeight t 1', 'CPUQuotaPerSecUSec t 18446744073709551615', 'MemoryMax t 18446744073709551615']],
    ['shares alone', '1', { cpuShares: 2048 }, ['cpu/cpu.shares=2048'], ['CPUShares t 2048']],
    ['nothing', '2', {}, [], []],
  ])('%s', (_, version, resources, written, properties) => {
    expect(lines(version, resources)).toEqual(written);
    expect(sliceProperties(version, resources).map((p) => p.join(' '))).toEqual(properties);
  });

  it('systemd gets quotas it does not round down', () => expect(sliceProperties('2', { cpuQuota: 1500 })).toEqual([['CPUQuotaPerSecUSec', 't', '20000']]));
  it('shares are weights in v2', () => expect([2, 102, 1024, 2048, 262_144].map(weightOf)).toEqual([1, 4, 39, 79, 10_000]));
});
