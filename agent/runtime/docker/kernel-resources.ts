// The resources a running container really has: what the kernel's files say, in the numbers that were asked for where both mean the same.
// Read whenever the engine is asked for a container (its start, its end, a change), and at no other time.
import { readLimits, sharesBehind, textOf, type CgroupLimits } from '../../../src/util/cgroup/limits.ts';
import { locateCgroup, parseCgroupMounts, type CgroupDirectories, type CgroupMount } from '../../../src/util/cgroup/location.ts';
import type { LinuxResources } from '../runtime.ts';

/** systemd rounds up what a group may use to hundredths of a core. */
const quotaStep = 0.01;
/** The largest page there is: the kernel rounds sizes down to whole ones. */
const largestPage = 65_536;

/** Pure. `asked` is what the engine was asked for. */
export function resourcesInKernel(asked: LinuxResources, { cpu, memory }: CgroupLimits): LinuxResources {
  const { cpuShares, cpuPeriod, cpuQuota, memoryLimitInBytes, ...more } = asked;
  const keepMemory = memoryLimitInBytes !== undefined && memory?.bytes !== undefined && memoryLimitInBytes >= memory.bytes && memoryLimitInBytes - memory.bytes < largestPage;
  const keepQuota = cpuQuota !== undefined && cpu?.quota !== undefined && isRounded(cpuQuota / (cpuPeriod ?? 100_000), cpu.quota / (cpu.period ?? 100_000));
  return {
    ...more,
    ...given('cpuShares', !cpu ? cpuShares : cpu.weight === undefined ? cpu.shares : sharesBehind(cpu.weight, cpuShares)),
    ...given('cpuPeriod', !cpu || keepQuota ? cpuPeriod : cpu.period), ...given('cpuQuota', !cpu || keepQuota ? cpuQuota : cpu.quota),
    ...given('memoryLimitInBytes', !memory || keepMemory ? memoryLimitInBytes : memory.bytes),
  };
}
const isRounded = (asked: number, actual: number): boolean => actual > asked - 1e-6 && actual < asked + quotaStep;
const given = (name: keyof LinuxResources, value: number | undefined): LinuxResources => (value === undefined ? {} : { [name]: value });

/** What a process is in, of a container's own: it may have made itself groups below that. Another's process may have its number by now. */
export const containersOwn = (directories: CgroupDirectories, id: string): CgroupDirectories => Object.fromEntries(Object.entries(directories).flatMap(([controller, directory]) => {
  const [own] = new RegExp(`^.*/[^/]*${id}[^/]*`).exec(directory) ?? [];
  return own === undefined ? [] : [[controller, own]];
}));

export class KernelResources {
  /** They stay where they are. */
  #mounts: readonly CgroupMount[] | undefined;

  /** Of the container's first process; `asked` where its groups do not show here. */
  of(id: string, pid: number, asked: LinuxResources): LinuxResources {
    this.#mounts ??= parseCgroupMounts(textOf('/proc/self/mountinfo'));
    return resourcesInKernel(asked, readLimits(containersOwn(locateCgroup(textOf(`/proc/${pid}/cgroup`), this.#mounts), id)));
  }
}
