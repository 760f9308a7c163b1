// What containers, Pods and the host have used, read when somebody asks and at no other time.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../src/util/clock.ts';
import { diskUsages, type DiskUsage } from '../../../src/util/disk-usage.ts';
import type { ContainerStatus } from '../../runtime/runtime.ts';
import { allContainers, isHostNetwork, type Pod } from '../pod.ts';
import { logUsage } from '../eviction/pod-usage.ts';
import { latestContainer, type PodRuntimeStatus } from '../runtime-status.ts';
import type { MountedVolumes } from '../volumes/volume-manager.ts';
import { locateCgroup, parseCgroupMounts, type CgroupDirectories } from '../../../src/util/cgroup/location.ts';
import { readCgroup, type CgroupUsage } from '../../../src/util/cgroup/usage.ts';
import { fileSystemUsage, writableLayer, type FileSystemUsage } from './file-system.ts';
import { hostUsage, parseNetDev, type HostUsage, type InterfaceUsage } from './proc.ts';

export interface ContainerSample { readonly status: ContainerStatus; /** Milliseconds since the epoch. */ readonly at: number; readonly usage: CgroupUsage }
export interface PodSample { readonly pod: Pod; readonly at: number; readonly containers: readonly ContainerSample[]; /** Absent on the host's network. */ readonly interfaces?: readonly InterfaceUsage[] }
export interface NodeSample {
  readonly at: number; readonly host: HostUsage; readonly interfaces: readonly InterfaceUsage[]; readonly pods: readonly PodSample[];
  /** This process: nanoseconds and bytes. */
  readonly agent: { readonly cpu: number; readonly rss: number; readonly startedAt: number };
}
export interface VolumeUsage { readonly name: string; readonly fileSystem?: FileSystemUsage; readonly used?: DiskUsage; readonly claim?: string; /** Counts against the Pod's ephemeral storage. */ readonly ephemeral: boolean }
export interface DiskSample {
  readonly at: number;
  readonly nodeFs?: FileSystemUsage; readonly imageFs?: FileSystemUsage; readonly imageBytes: number;
  /** By container id. */
  readonly rootfs: ReadonlyMap<string, DiskUsage>; readonly logs: ReadonlyMap<string, DiskUsage>;
  /** By Pod UID. */
  readonly volumes: ReadonlyMap<string, readonly VolumeUsage[]>;
}

export interface UsageSource { pods(): readonly Pod[]; status(uid: string): PodRuntimeStatus; volumes(uid: string): MountedVolumes }
export interface UsageReaderOptions {
  readonly source: UsageSource; readonly clock: Clock;
  /** Directory the Pods' volumes are below, and the engine's. */
  readonly dataDir: string; readonly engineRoot: string;
  /** Bytes of all images in the engine's store. */
  readonly imageBytes: () => Promise<number>;
  /** The kernel's; tests have one of their own. */
  readonly proc?: string;
}

const textOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
/** Devices upstream leaves out: the other ends of Pods' interfaces, and the engine's bridges. */
const isIgnored = ({ name }: InterfaceUsage): boolean => /^(lo|veth|docker)/.test(name);

export class UsageReader {
  readonly #options: UsageReaderOptions;
  readonly #proc: string;
  /** A container stays in its cgroup as long as its process lives. */
  readonly #directories = new Map<string, { readonly pid: number; readonly at: CgroupDirectories }>();

  constructor(options: UsageReaderOptions) {
    this.#options = options;
    this.#proc = options.proc ?? '/proc';
  }

  async node(): Promise<NodeSample> {
    const { source, clock } = this.#options;
    const [stat, meminfo, vmstat, loadavg, pidMax, netDev, mountinfo] = await Promise.all(['stat', 'meminfo', 'vmstat', 'loadavg', 'sys/kernel/pid_max', 'net/dev', 'self/mountinfo'].map((name) => textOf(join(this.#proc, name)))) as [string, string, string, string, string, string, string];
    const mounts = parseCgroupMounts(mountinfo);
    const pods = await Promise.all(runningContainers(source).map(([pod, containers]) => this.#pod(pod, containers, mounts)));
    const known = new Set(pods.flatMap((p) => p.containers.map((c) => c.status.id)));
    for (const id of this.#directories.keys()) if (!known.has(id)) this.#directories.delete(id);
    const { user, system } = process.cpuUsage();
    return {
      at: clock.now(), host: hostUsage({ stat, meminfo, vmstat, loadavg, pidMax }), interfaces: parseNetDev(netDev).filter((i) => !isIgnored(i)), pods,
      agent: { cpu: (user + system) * 1000, rss: process.memoryUsage.rss(), startedAt: performance.timeOrigin },
    };
  }

  async #pod(pod: Pod, containers: readonly ContainerStatus[], mounts: ReturnType<typeof parseCgroupMounts>): Promise<PodSample> {
    const { clock } = this.#options;
    const samples = await Promise.all(containers.map(async (status) => ({ status, usage: await readCgroup(await this.#cgroupOf(status, mounts)), at: clock.now() })));
    const pid = containers[0]?.pid;
    const interfaces = isHostNetwork(pod) || pid === undefined ? undefined : parseNetDev(await textOf(join(this.#proc, String(pid), 'net/dev'))).filter((i) => !isIgnored(i));
    return { pod, at: clock.now(), containers: samples, ...(interfaces ? { interfaces } : {}) };
  }
  async #cgroupOf({ id, pid }: ContainerStatus, mounts: ReturnType<typeof parseCgroupMounts>): Promise<CgroupDirectories> {
    const known = this.#directories.get(id);
    if (known?.pid === pid) return known.at;
    const at = locateCgroup(await textOf(join(this.#proc, String(pid), 'cgroup')), mounts);
    this.#directories.set(id, { pid, at });
    return at;
  }

  /** Walks what Pods have written: dear, so callers keep the answer. */
  async disk(): Promise<DiskSample> {
    const { source, clock, dataDir, engineRoot, imageBytes } = this.#options;
    const running = runningContainers(source);
    const layers = new Map<string, string>();
    await Promise.all(running.flatMap(([, containers]) => containers).map(async ({ id, pid }) => {
      const layer = writableLayer(await textOf(join(this.#proc, String(pid), 'mountinfo')));
      if (layer !== undefined) layers.set(id, layer);
    }));
    const volumes = running.map(([pod]) => [pod.metadata.uid, volumesOf(pod, source.volumes(pod.metadata.uid))] as const);
    const [nodeFs, imageFs, images, used, logs, fileSystems] = await Promise.all([
      fileSystemUsage(dataDir), fileSystemUsage(engineRoot), imageBytes(),
      diskUsages([...layers.values(), ...volumes.flatMap(([, list]) => list.filter((v) => v.counted).map((v) => v.path))]),
      Promise.all(running.flatMap(([, containers]) => containers).map(async ({ id, logPath }) => [id, await logUsage(logPath)] as const)),
      Promise.all(volumes.flatMap(([, list]) => list).map(async ({ path }) => [path, await fileSystemUsage(path)] as const)),
    ]);
    const systemAt = new Map(fileSystems);
    return {
      at: clock.now(), ...(nodeFs ? { nodeFs } : {}), ...(imageFs ? { imageFs } : {}), imageBytes: images, logs: new Map(logs),
      rootfs: new Map([...layers].flatMap(([id, path]) => { const found = used.get(path); return found ? [[id, found] as const] : []; })),
      volumes: new Map(volumes.map(([uid, list]) => [uid, list.map(({ name, path, claim, ephemeral }) => {
        const [fileSystem, mine] = [systemAt.get(path), used.get(path)];
        return { name, ephemeral, ...(fileSystem ? { fileSystem } : {}), ...(mine ? { used: mine } : {}), ...(claim === undefined ? {} : { claim }) };
      })])),
    };
  }
}

/** Each Pod with its newest containers that run; Pods of which nothing runs are left out. */
function runningContainers(source: UsageSource): [Pod, ContainerStatus[]][] {
  return source.pods().flatMap((pod): [Pod, ContainerStatus[]][] => {
    const status = source.status(pod.metadata.uid);
    const running = allContainers(pod).flatMap(({ name }) => { const found = latestContainer(status, name); return found?.state === 'running' && found.pid > 0 ? [found] : []; });
    return running.length > 0 ? [[pod, running]] : [];
  });
}

/** The volumes that report metrics: what the kubelet makes itself, and claims; a hostPath is the host's. */
function volumesOf(pod: Pod, mounted: MountedVolumes): { name: string; path: string; counted: boolean; ephemeral: boolean; claim?: string }[] {
  return (pod.spec.volumes ?? []).flatMap((volume) => {
    const path = mounted.get(volume.name)?.place;
    if (typeof path !== 'string' || volume.hostPath) return [];
    const claim = volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : undefined);
    const inMemory = volume.emptyDir?.medium === 'Memory';
    return [{ name: volume.name, path, counted: claim === undefined, ephemeral: claim === undefined && !inMemory, ...(claim === undefined ? {} : { claim }) }];
  });
}
