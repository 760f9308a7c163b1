// What a container has, from the texts of its control group's files and what was asked for.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { containersOwn, resourcesInKernel } from '../../../../../agent/runtime/docker/kernel-resources.ts';
import { limitsV1, limitsV2, readLimits } from '../../../../../src/util/cgroup/limits.ts';

const v1 = (shares: string, quota: string, memory: string) => limitsV1({ 'cpu.shares': `${shares}\n`, 'cpu.cfs_quota_us': `${quota}\n`, 'cpu.cfs_period_us': '100000\n', 'memory.limit_in_bytes': `${memory}\n` });
const v2 = (weight: string, max: string, memory: string) => limitsV2({ 'cpu.weight': `${weight}\n`, 'cpu.max': `${max}\n`, 'memory.max': `${memory}\n` });
const asked = { cpuShares: 102, cpuPeriod: 100_000, cpuQuota: 25_500, memoryLimitInBytes: 10_000_001, oomScoreAdj: 900 };
const unlimited = { cpuShares: 102, oomScoreAdj: 900 };
const none = '9223372036854771712';

describe('the resources of a container', () => {
  it.each<[string, object, object, object]>([
    ['are those asked for, in v1: a size is whole pages', asked, v1('102', '25500', '9998336'), asked],
    ['in v2', asked, v2('4', '25500 100000', '9998336'), asked],
    ['in v2, where a runtime counts weights anew', asked, v2('17', '25500 100000', '9998336'), asked],
    ['in v2, where systemd has rounded up', asked, v2('4', '26000 100000', '9998336'), asked],
    ['in another period', asked, limitsV1({ 'cpu.shares': '102', 'cpu.cfs_quota_us': '12750', 'cpu.cfs_period_us': '50000' }), asked],
    ['are the kernel\'s where it has others, in v1', asked, v1('512', '50000', '67108864'), { cpuShares: 512, cpuPeriod: 100_000, cpuQuota: 50_000, memoryLimitInBytes: 2 ** 26, oomScoreAdj: 900 }],
    ['in v2', asked, v2('20', '50000 100000', '67108864'), { cpuShares: 500, cpuPeriod: 100_000, cpuQuota: 50_000, memoryLimitInBytes: 2 ** 26, oomScoreAdj: 900 }],
    ['are without limits where the kernel has none, in v1', asked, v1('102', '-1', none), unlimited],
    ['in v2', asked, v2('4', 'max 100000', 'max'), unlimited],
    ['stay without', unlimited, v2('4', 'max 100000', 'max'), unlimited],
    ['have limits nobody asked for', unlimited, v1('102', '5000', '4096'), { ...unlimited, cpuPeriod: 100_000, cpuQuota: 5000, memoryLimitInBytes: 4096 }],
    ['are those asked for where nothing shows', asked, limitsV1({}), asked],
    ['or only one controller', asked, limitsV2({ 'memory.max': '4096' }), { ...asked, memoryLimitInBytes: 4096 }],
  ])('%s', (_, wanted, kernel, resources) => expect(resourcesInKernel(wanted, kernel)).toEqual(resources));
});

test('files are read where they are, and nothing of a group that is gone', () => {
  const directory = mkdtempSync(join(tmpdir(), 'limits-'));
  for (const [name, text] of [['cpu.weight', '100\n'], ['cpu.max', 'max 100000\n'], ['memory.max', '8192\n']] as const) writeFileSync(join(directory, name), text);
  expect(readLimits({ unified: directory })).toEqual({ cpu: { weight: 100 }, memory: { bytes: 8192 } });
  expect(readLimits({ unified: directory, cpu: '/nowhere', memory: '/nowhere' })).toEqual({});
  expect(readLimits({})).toEqual({});
  rmSync(directory, { recursive: true });
});

it.each<[string, string, object]>([
  ['cgroupfs', '/sys/fs/cgroup/dray/pod-1/abc', { memory: '/sys/fs/cgroup/dray/pod-1/abc' }], ['systemd', '/sys/fs/cgroup/pod.slice/docker-abc.scope', { memory: '/sys/fs/cgroup/pod.slice/docker-abc.scope' }],
  ['a container that makes groups itself', '/sys/fs/cgroup/pod.slice/docker-abc.scope/init.scope', { memory: '/sys/fs/cgroup/pod.slice/docker-abc.scope' }], ['somebody else', '/sys/fs/cgroup/docker/def', {}],
])('the group of a container: %s', (_, memory, own) => expect(containersOwn({ memory }, 'abc')).toEqual(own));
