// Control groups as names and numbers: one for the node's Pods, below it one each for Burstable and BestEffort Pods, and one for each
// Pod. Pure. upstream: pkg/kubelet/cm (qos_container_manager_linux.go, helpers_linux.go, cgroup_manager_linux.go)
import { createHash } from 'node:crypto';
import { milliValue, quantityValue } from '../../../src/apimachinery/quantity.ts';
import { podLimits, podRequests } from '../../../src/api/core/pod-resources.ts';
import { weightOf } from '../../../src/util/cgroup/limits.ts';
import type { LinuxResources } from '../../runtime/runtime.ts';
import { allContainers, ephemeralContainers, type Pod } from '../pod.ts';
import { cpuPeriod, quotaOf, sharesOf } from '../resources.ts';

/** Who makes groups for the engine: it itself, or systemd as slices. */
export type CgroupDriver = 'cgroupfs' | 'systemd';
/** The groups of one node: all are below one of this name, in a group of the engine's. */
export interface GroupTree { readonly driver: CgroupDriver; /** `/docker`, `/system.slice`, `/`. */ readonly below: string; readonly name: string }
export interface Group { /** Below where each hierarchy is mounted. */ readonly path: string; /** What the engine and systemd call it. */ readonly name: string }
/** Numbers of the kernel; -1 is no limit, what is absent stays as it is. */
export interface GroupResources extends Pick<LinuxResources, 'cpuShares' | 'cpuQuota' | 'memoryLimitInBytes'> {}

const longestName = 63;

/** Several nodes may share a machine, and an engine: no two of them have groups of one name. */
export function treeName(clusterId: string, nodeName: string): string {
  return `dray-${clusterId}-${nodeName.length <= longestName ? nodeName : createHash('sha256').update(nodeName).digest('hex').slice(0, 32)}`;
}

/** The group that is reached by these names from the tree's first. */
export function groupAt({ driver, below, name }: GroupTree, ...names: readonly string[]): Group {
  const steps = [name, ...names];
  let path = below === '/' ? '' : below;
  if (driver === 'cgroupfs') {
    path = [path, ...steps].join('/');
    return { path, name: path };
  }
  // A slice's name holds those of all above it, divided by dashes.
  let stem = path.slice(path.lastIndexOf('/') + 1).replace(/\.slice$/, '');
  for (const step of steps) {
    stem = `${stem === '' ? '' : `${stem}-`}${step.replaceAll('-', '_')}`;
    path += `/${stem}.slice`;
  }
  return { path, name: `${stem}.slice` };
}

/** Where Pods of each class are: Guaranteed ones have no group around them. */
export const classes: Readonly<Record<string, readonly string[]>> = { Guaranteed: [], Burstable: ['burstable'], BestEffort: ['besteffort'] };
export const podGroup = (tree: GroupTree, qosClass: string, uid: string): Group => groupAt(tree, ...classes[qosClass]!, `pod${uid}`);

/** The Pod whose group a directory in the group of a class is; undefined for other directories. */
export function podOf(tree: GroupTree, qosClass: string, directory: string): string | undefined {
  if (tree.driver === 'cgroupfs') return /^pod(.+)$/.exec(directory)?.[1];
  const stem = groupAt(tree, ...classes[qosClass]!).name.replace(/\.slice$/, '-pod');
  return directory.startsWith(stem) && directory.endsWith('.slice') ? directory.slice(stem.length, -'.slice'.length).replaceAll('_', '-') : undefined;
}

/** upstream: ResourceConfigForPod */
export function podGroupResources(pod: Pod): Required<GroupResources> {
  const cpu = podRequests(pod.spec as never)['cpu'];
  const limits = podLimits(pod.spec as never);
  const ephemeral = new Set(ephemeralContainers(pod));
  // One container without a limit leaves its Pod without, but where that has one of its own.
  const limit = (name: 'cpu' | 'memory', value: (quantity: string) => number): number | undefined => {
    const isLimited = (of: { readonly limits?: Readonly<Record<string, string>> } | undefined): boolean => value(of?.limits?.[name] ?? '0') > 0;
    const all = isLimited(pod.spec.resources as never) || allContainers(pod).every((c) => ephemeral.has(c) || isLimited(c.resources as never));
    return all && limits[name] ? value(limits[name]) : undefined;
  };
  const [quota, memory] = [limit('cpu', milliValue), limit('memory', quantityValue)];
  return { cpuShares: sharesOf(cpu ? milliValue(cpu) : 0), cpuQuota: quota === undefined ? -1 : quotaOf(quota), memoryLimitInBytes: memory ?? -1 };
}

/** Of the group around all Burstable Pods: what they request together. */
export const burstableShares = (pods: Iterable<Pod>): number => sharesOf([...pods].reduce((sum, pod) => sum + milliValue(podRequests(pod.spec as never)['cpu'] ?? '0'), 0));

/** The larger of each: what a change passes through, so that no container has more than its Pod at any time. */
export function larger(a: GroupResources, b: GroupResources): GroupResources {
  const most = (x = -1, y = -1): number => (x === -1 || y === -1 ? -1 : Math.max(x, y));
  return { cpuShares: Math.max(a.cpuShares ?? 0, b.cpuShares ?? 0), cpuQuota: most(a.cpuQuota, b.cpuQuota), memoryLimitInBytes: most(a.memoryLimitInBytes, b.memoryLimitInBytes) };
}
export const sameGroupResources = (a: GroupResources, b: GroupResources): boolean => a.cpuShares === b.cpuShares && a.cpuQuota === b.cpuQuota && a.memoryLimitInBytes === b.memoryLimitInBytes;

export interface GroupFile { readonly controller: 'cpu' | 'memory'; readonly file: string; readonly text: string }
/** What the files of a group are to hold, in the order to write them. */
export function groupFiles(version: '1' | '2', { cpuShares, cpuQuota, memoryLimitInBytes: memory }: GroupResources): GroupFile[] {
  const cpu = (file: string, text: number | string): GroupFile => ({ controller: 'cpu', file: `cpu.${file}`, text: String(text) });
  const inMemory = (file: string, text: number | string): GroupFile => ({ controller: 'memory', file: `memory.${file}`, text: String(text) });
  if (version === '2') {
    return [
      ...(cpuShares === undefined ? [] : [cpu('weight', weightOf(cpuShares))]),
      ...(cpuQuota === undefined ? [] : [cpu('max', `${cpuQuota === -1 ? 'max' : cpuQuota} ${cpuPeriod}`)]),
      ...(memory === undefined ? [] : [inMemory('max', memory === -1 ? 'max' : memory)]),
    ];
  }
  return [
    ...(cpuShares === undefined ? [] : [cpu('shares', cpuShares)]),
    ...(cpuQuota === undefined ? [] : [cpu('cfs_period_us', cpuPeriod), cpu('cfs_quota_us', cpuQuota)]),
    ...(memory === undefined ? [] : [inMemory('limit_in_bytes', memory)]),
  ];
}

const noLimit = String(2n ** 64n - 1n);
/** systemd rounds what a group may use in a second to hundredths. */
const quotaStep = 10_000;
/** The same as properties of a slice, each with its D-Bus type. upstream: runc libcontainer/cgroups/systemd */
export function sliceProperties(version: '1' | '2', { cpuShares, cpuQuota, memoryLimitInBytes: memory }: GroupResources): (readonly [name: string, type: string, value: string])[] {
  const number = (name: string, value: number): readonly [string, string, string] => [name, 't', value === -1 ? noLimit : String(value)];
  return [
    ...(cpuShares === undefined ? [] : [version === '1' ? number('CPUShares', cpuShares) : number('CPUWeight', weightOf(cpuShares))]),
    ...(cpuQuota === undefined ? [] : [number('CPUQuotaPerSecUSec', cpuQuota === -1 ? -1 : Math.ceil((cpuQuota * 1_000_000) / cpuPeriod / quotaStep) * quotaStep)]),
    ...(memory === undefined ? [] : [number(version === '1' ? 'MemoryLimit' : 'MemoryMax', memory)]),
  ];
}
