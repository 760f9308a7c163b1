// GET /stats/summary: samples in the form of stats.k8s.io/v1alpha1. Pure. What was not measured is absent, as upstream leaves it out.
// upstream: staging/src/k8s.io/kubelet/pkg/apis/stats/v1alpha1/types.go, pkg/kubelet/stats
import { timestamp } from '../../../src/util/clock.ts';
import type { DiskUsage } from '../../../src/util/disk-usage.ts';
import { addUsage } from '../eviction/pod-usage.ts';
import type { CgroupUsage } from '../../../src/util/cgroup/usage.ts';
import type { FileSystemUsage } from './file-system.ts';
import type { InterfaceUsage } from './proc.ts';
import type { Rates } from './stats-provider.ts';
import type { ContainerSample, DiskSample, NodeSample, PodSample } from './usage.ts';

interface CpuStats { time: string; usageNanoCores?: number; usageCoreNanoSeconds: number }
interface MemoryStats { time: string; availableBytes?: number; usageBytes: number; workingSetBytes: number; rssBytes: number; pageFaults: number; majorPageFaults: number }
interface SwapStats { time: string; swapAvailableBytes?: number; swapUsageBytes: number }
interface InterfaceStats { name: string; rxBytes: number; rxErrors: number; txBytes: number; txErrors: number }
type NetworkStats = { time: string; interfaces: InterfaceStats[] } & Partial<InterfaceStats>;
interface FsStats { time: string; availableBytes?: number; capacityBytes?: number; usedBytes?: number; inodesFree?: number; inodes?: number; inodesUsed?: number }
export interface ContainerStats { name: string; startTime: string; cpu?: CpuStats; memory?: MemoryStats; rootfs?: FsStats; logs?: FsStats; swap?: SwapStats }
export interface PodStats {
  podRef: { name: string; namespace: string; uid: string }; startTime: string; containers: ContainerStats[];
  cpu?: CpuStats; memory?: MemoryStats; network?: NetworkStats; volume?: (FsStats & { name: string; pvcRef?: { name: string; namespace: string } })[]; 'ephemeral-storage'?: FsStats; process_stats?: { process_count: number }; swap?: SwapStats;
}
export interface Summary {
  node: {
    nodeName: string; systemContainers: ContainerStats[]; startTime: string; cpu: CpuStats; memory: MemoryStats; network?: NetworkStats; fs?: FsStats;
    runtime?: { imageFs: FsStats; containerFs: FsStats }; rlimit?: { time: string; maxpid: number; curproc: number }; swap: SwapStats;
  };
  pods: PodStats[];
}

/** The interface upstream calls the default one. */
const defaultInterface = 'eth0';

const cpuStats = (at: number, usage: number, rate: number | undefined): CpuStats => ({ time: timestamp(at), ...(rate === undefined ? {} : { usageNanoCores: rate }), usageCoreNanoSeconds: usage });

function memoryStats(at: number, { usage, workingSet, rss, pageFaults, majorPageFaults, limit }: NonNullable<CgroupUsage['memory']>): MemoryStats {
  return { time: timestamp(at), ...(limit === undefined ? {} : { availableBytes: Math.max(0, limit - workingSet) }), usageBytes: usage, workingSetBytes: workingSet, rssBytes: rss, pageFaults, majorPageFaults };
}

function networkStats(at: number, interfaces: readonly InterfaceUsage[]): NetworkStats {
  const all = interfaces.map(({ name, rxBytes, rxErrors, txBytes, txErrors }) => ({ name, rxBytes, rxErrors, txBytes, txErrors }));
  return { time: timestamp(at), ...all.find(({ name }) => name === defaultInterface), interfaces: all };
}

function fsStats(at: number, system: FileSystemUsage | undefined, used: DiskUsage | undefined): FsStats {
  return {
    time: timestamp(at), ...(system ? { availableBytes: system.available, capacityBytes: system.capacity } : {}), ...(used ? { usedBytes: used.usedBytes } : {}),
    ...(system ? { inodesFree: system.inodesFree, inodes: system.inodes } : {}), ...(used ? { inodesUsed: used.inodesUsed } : {}),
  };
}
/** Everything on the file system counts. */
const wholeOf = (system: FileSystemUsage): DiskUsage => ({ usedBytes: system.capacity - system.available, inodesUsed: system.inodes - system.inodesFree });
const sum = (parts: readonly (DiskUsage | undefined)[]): DiskUsage => addUsage(parts.flatMap((part) => part ?? []));

function containerStats({ status, at, usage }: ContainerSample, rates: Rates, disk: DiskSample | undefined): ContainerStats {
  const rootfs = disk?.rootfs.get(status.id);
  return {
    name: status.metadata.name, startTime: timestamp(status.startedAt),
    ...(usage.cpu ? { cpu: cpuStats(at, usage.cpu.usage, rates.get(status.id)) } : {}), ...(usage.memory ? { memory: memoryStats(at, usage.memory) } : {}),
    ...(disk ? { rootfs: fsStats(disk.at, disk.imageFs, rootfs), logs: fsStats(disk.at, disk.imageFs, disk.logs.get(status.id)) } : {}),
    ...(usage.memory ? { swap: { time: timestamp(at), swapUsageBytes: usage.memory.swap } } : {}),
  };
}

/** A Pod's own numbers are the sums of its containers'. */
function podStats({ pod, at, containers, interfaces }: PodSample, rates: Rates, disk: DiskSample | undefined): PodStats {
  const { name, namespace = '', uid } = pod.metadata;
  const cpus = containers.flatMap((c) => (c.usage.cpu ? [c.usage.cpu.usage] : []));
  const measured = containers.flatMap((c) => rates.get(c.status.id) ?? []);
  const memories = containers.flatMap((c) => c.usage.memory ?? []);
  const total = (of: (memory: (typeof memories)[number]) => number): number => memories.reduce((n, memory) => n + of(memory), 0);
  // What a Pod may use is known only where each of its containers has a limit.
  const limit = memories.every((m) => m.limit !== undefined) ? total((m) => m.limit!) : undefined;
  const processes = containers.reduce((n, c) => n + (c.usage.processes ?? 0), 0);
  const volumes = disk?.volumes.get(uid) ?? [];
  const add = (a: number, b: number): number => a + b;
  return {
    podRef: { name, namespace, uid }, startTime: pod.status?.startTime ?? timestamp(Math.min(...containers.map((c) => c.status.startedAt))),
    containers: containers.map((c) => containerStats(c, rates, disk)),
    ...(cpus.length > 0 ? { cpu: cpuStats(at, cpus.reduce(add), measured.length > 0 ? measured.reduce(add) : undefined) } : {}),
    ...(memories.length > 0 ? {
      memory: memoryStats(at, {
        usage: total((m) => m.usage), workingSet: total((m) => m.workingSet), rss: total((m) => m.rss), cache: 0, mappedFile: 0, swap: 0, pageFaults: total((m) => m.pageFaults), majorPageFaults: total((m) => m.majorPageFaults), ...(limit === undefined ? {} : { limit }),
      }),
    } : {}),
    ...(interfaces ? { network: networkStats(at, interfaces) } : {}),
    ...(disk && volumes.length > 0 ? {
      volume: volumes.map(({ name: volume, fileSystem, used, claim }) => ({ ...fsStats(disk.at, fileSystem, used ?? (fileSystem && wholeOf(fileSystem))), name: volume, ...(claim === undefined ? {} : { pvcRef: { name: claim, namespace } }) })),
    } : {}),
    ...(disk ? { 'ephemeral-storage': fsStats(disk.at, disk.nodeFs, sum([...containers.flatMap(({ status: { id } }) => [disk.rootfs.get(id), disk.logs.get(id)]), ...volumes.filter((v) => v.ephemeral).map((v) => v.used)])) } : {}),
    ...(processes > 0 ? { process_stats: { process_count: processes } } : {}),
    ...(memories.length > 0 ? { swap: { time: timestamp(at), swapUsageBytes: total((m) => m.swap) } } : {}),
  };
}

/** Without `disk`, as `?only_cpu_and_memory=true` asks, neither disks nor networks nor process ids are told. */
export function summary(nodeName: string, sample: NodeSample, rates: Rates, disk?: DiskSample): Summary {
  const { at, host, interfaces, agent } = sample;
  const pods = sample.pods.map((pod) => podStats(disk ? pod : withoutNetwork(pod), rates, disk));
  const { rss } = agent;
  return {
    node: {
      nodeName,
      systemContainers: [{ name: 'kubelet', startTime: timestamp(agent.startedAt), cpu: cpuStats(at, agent.cpu, rates.get('agent')), memory: memoryStats(at, { usage: rss, workingSet: rss, rss, cache: 0, mappedFile: 0, swap: 0, pageFaults: 0, majorPageFaults: 0 }) }],
      startTime: timestamp(host.bootTime),
      cpu: cpuStats(at, host.cpu, rates.get('')), memory: memoryStats(at, { ...host, cache: 0, mappedFile: 0, swap: 0, limit: host.memoryBytes }),
      ...(disk ? {
        network: networkStats(at, interfaces), ...(disk.nodeFs ? { fs: fsStats(disk.at, disk.nodeFs, wholeOf(disk.nodeFs)) } : {}),
        ...(disk.imageFs ? { runtime: { imageFs: fsStats(disk.at, disk.imageFs, { ...wholeOf(disk.imageFs), usedBytes: disk.imageBytes }), containerFs: fsStats(disk.at, disk.imageFs, sum([...disk.rootfs.values()])) } } : {}),
        rlimit: { time: timestamp(at), maxpid: host.maxPid, curproc: host.processes },
      } : {}),
      swap: { time: timestamp(at), swapAvailableBytes: host.swapAvailable, swapUsageBytes: host.swapUsage },
    },
    pods,
  };
}
const withoutNetwork = ({ pod, at, containers }: PodSample): PodSample => ({ pod, at, containers });
