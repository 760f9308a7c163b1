// Where a process's cgroup is, and what its files say, for both versions; the texts are those of real kernels.
import { groupAround, locateCgroup, parseCgroupMounts } from '../../../../../src/util/cgroup/location.ts';
import { usageV1, usageV2 } from '../../../../../src/util/cgroup/usage.ts';

const v1Mounts = `31 23 0:26 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755
34 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:15 - cgroup cgroup rw,cpu,cpuacct
35 31 0:30 / /sys/fs/cgroup/memory rw,nosuid shared:16 - cgroup cgroup rw,memory
36 31 0:31 / /sys/fs/cgroup/pids rw shared:17 - cgroup cgroup rw,pids
37 31 0:32 / /sys/fs/cgroup/systemd rw shared:11 - cgroup cgroup rw,xattr,name=systemd`;
const v2Mounts = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate';
const hybridMounts = `${v1Mounts}\n38 31 0:33 / /sys/fs/cgroup/unified rw shared:12 - cgroup2 cgroup2 rw`;
const ofContainer = '4:memory:/docker/c1\n3:pids:/docker/c1\n2:cpu,cpuacct:/docker/c1\n1:name=systemd:/docker/c1\n0::/docker/c1';

describe('a cgroup is found', () => {
  const v1 = { cpu: '/sys/fs/cgroup/cpu,cpuacct/docker/c1', cpuacct: '/sys/fs/cgroup/cpu,cpuacct/docker/c1', memory: '/sys/fs/cgroup/memory/docker/c1', pids: '/sys/fs/cgroup/pids/docker/c1' };
  it.each<[string, string, string, object]>([
    ['in v1, several controllers together', v1Mounts, ofContainer, v1],
    ['in v2', v2Mounts, '0::/system.slice/docker-c1.scope', { unified: '/sys/fs/cgroup/system.slice/docker-c1.scope' }],
    ['in both at once', hybridMounts, ofContainer, { ...v1, unified: '/sys/fs/cgroup/unified/docker/c1' }],
    ['below what is mounted of a hierarchy', '1 1 0:3 /agent /cg\\040two rw - cgroup cgroup rw,memory', '2:memory:/agent/c1', { memory: '/cg two/c1' }],
    ['not beside it', '1 1 0:3 /agent /cg rw - cgroup cgroup rw,memory', '2:memory:/agents/c1', {}],
    ['not in another namespace\'s part', v2Mounts, '0::/../c1', {}],
    ['at the root', v2Mounts, '0::/', { unified: '/sys/fs/cgroup' }],
    ['nowhere when the process is gone', v2Mounts, '', {}],
  ])('%s', (_, mounts, membership, directories) => expect(locateCgroup(membership, parseCgroupMounts(mounts))).toEqual(directories));
});

describe('the group around a container\'s', () => {
  const shimsOwn = ofContainer.replace('0::/docker/c1', '0::/system.slice/docker.service');
  it.each<[string, string, '1' | '2', string, string | undefined]>([
    ['is the engine\'s in v1', v1Mounts, '1', ofContainer, '/docker'],
    ['whatever the second hierarchy beside it says', hybridMounts, '1', shimsOwn, '/docker'],
    ['in v2', v2Mounts, '2', '0::/host1/c1', '/host1'],
    ['a slice, where systemd makes groups', v2Mounts, '2', '0::/system.slice/docker-c1.scope', '/system.slice'],
    ['the first of all', v2Mounts, '2', '0::/docker-c1.scope', '/'],
    ['below what is mounted', '1 1 0:3 /agent /cg rw - cgroup cgroup rw,memory', '1', '2:memory:/agent/docker/c1', '/docker'],
    ['unknown in another namespace', v2Mounts, '2', '0::/../c1', undefined],
    ['unknown when no hierarchy is mounted', '', '1', ofContainer, undefined],
    ['unknown when it lies elsewhere in each', v1Mounts, '1', ofContainer.replace('pids:/docker', 'pids:/other'), undefined],
    ['unknown of another container', v2Mounts, '2', '0::/docker/c2', undefined],
  ])('%s', (_, mounts, version, membership, group) => expect(groupAround(membership, 'c1', version, parseCgroupMounts(mounts))).toBe(group));
});

describe('usage', () => {
  const memoryStat = 'cache 300\nrss 100\nmapped_file 7\npgfault 5\npgmajfault 1\ninactive_file 50\ntotal_cache 600\ntotal_rss 200\ntotal_mapped_file 14\ntotal_swap 3\ntotal_pgfault 10\ntotal_pgmajfault 2\ntotal_inactive_file 150\n';
  const counted = { usage: 1000, workingSet: 850, rss: 200, cache: 600, mappedFile: 14, swap: 3, pageFaults: 10, majorPageFaults: 2 };
  it('of v1 counts what is below the group, and inactive file pages not as working set', () => {
    expect(usageV1({
      'cpuacct.usage': '2500000000\n', 'cpuacct.stat': 'user 150\nsystem 50\n', 'cpu.stat': 'nr_periods 10\nnr_throttled 4\nthrottled_time 77\n', 'memory.usage_in_bytes': '1000\n', 'memory.stat': memoryStat,
      'memory.limit_in_bytes': '2048\n', 'memory.max_usage_in_bytes': '1500\n', 'memory.failcnt': '6\n', 'pids.current': '3\n',
    })).toEqual({
      cpu: { usage: 2.5e9, user: 1.5e9, system: 5e8, periods: 10, throttledPeriods: 4, throttled: 77 }, memory: { ...counted, limit: 2048, maxUsage: 1500, failures: 6 }, processes: 3,
    });
  });
  it('of v2 is the same in its own words', () => {
    expect(usageV2({
      'cpu.stat': 'usage_usec 2500000\nuser_usec 1500000\nsystem_usec 500000\nnr_periods 10\nnr_throttled 4\nthrottled_usec 1\n', 'memory.current': '1000\n',
      'memory.stat': 'anon 200\nfile 600\nfile_mapped 14\ninactive_file 150\npgfault 10\npgmajfault 2\n', 'memory.max': '2048\n', 'memory.peak': '1500\n', 'memory.swap.current': '3\n', 'pids.current': '3\n',
    })).toEqual({ cpu: { usage: 2.5e9, user: 1.5e9, system: 5e8, periods: 10, throttledPeriods: 4, throttled: 1000 }, memory: { ...counted, limit: 2048, maxUsage: 1500 }, processes: 3 });
  });
  it.each<[string, object]>([
    ['v1', usageV1({ 'memory.usage_in_bytes': '1', 'memory.limit_in_bytes': '9223372036854771712' }).memory!], ['v2', usageV2({ 'memory.current': '1', 'memory.max': 'max\n' }).memory!],
  ])('of %s has no limit where none is set', (_, memory) => expect(memory).not.toHaveProperty('limit'));
  it('is nothing where the files are gone, and never a working set below zero', () => {
    expect([usageV1({}), usageV2({})]).toEqual([{}, {}]);
    expect(usageV1({ 'memory.usage_in_bytes': '100', 'memory.stat': 'total_inactive_file 150' }).memory!.workingSet).toBe(0);
  });
});
