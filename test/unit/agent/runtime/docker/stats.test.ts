// Where the kernel keeps a container's numbers, and what of its memory counts.
import { cgroupDirectory, workingSet } from '../../../../../agent/runtime/docker/stats.ts';

const v1 = '12:pids:/docker/abc\n9:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n0::/system.slice/docker.service\n';
it.each<[string, string, string, { path: string; version: 1 | 2 } | undefined]>([
  ['a hierarchy of its own', v1, 'memory', { path: '/sys/fs/cgroup/memory/docker/abc', version: 1 }],
  ['one hierarchy for two', v1, 'cpuacct', { path: '/sys/fs/cgroup/cpuacct/docker/abc', version: 1 }],
  ['the unified hierarchy', '0::/system.slice/docker-abc.scope\n', 'memory', { path: '/sys/fs/cgroup/system.slice/docker-abc.scope', version: 2 }],
  ['a process that is gone', '', 'memory', undefined],
])('%s', (_, text, controller, expected) => expect(cgroupDirectory(text, controller)).toEqual(expected));

it.each<[number, string, 1 | 2, number]>([
  [1000, 'anon 600\ninactive_file 300\nactive_file 100\n', 2, 700],
  [1000, 'inactive_file 1\ntotal_inactive_file 400\n', 1, 600],
  [100, 'inactive_file 300\n', 2, 0],
  [100, '', 2, 100],
])('%d with %j (v%d) is a working set of %d', (usage, stat, version, expected) => expect(workingSet(usage, stat, version)).toBe(expected));
