// What one Pod uses of the node: memory and processes of its containers, and on disk their writable layers, their logs and the
// Pod's emptyDirs. upstream: pkg/kubelet/stats (PodStats, calcEphemeralStorage)
import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { diskUsage, noDiskUsage, type DiskUsage } from '../../../src/util/disk-usage.ts';
import { RuntimeNotFound, type Runtime } from '../../runtime/runtime.ts';
import type { Pod } from '../pod.ts';
import type { RuntimeCache } from '../runtime-cache.ts';
import type { VolumeManager } from '../volumes/volume-manager.ts';

export interface ContainerUsage { readonly name: string; readonly memoryBytes: number; readonly processes: number; readonly rootfs: DiskUsage; readonly logs: DiskUsage }
export interface PodUsage {
  readonly containers: readonly ContainerUsage[];
  /** By name, those on disk. */
  readonly volumes: ReadonlyMap<string, DiskUsage>;
}
export interface UsageSources { readonly runtime: Runtime; readonly cache: RuntimeCache; readonly volumes: VolumeManager }

export const addUsage = (usages: Iterable<DiskUsage>): DiskUsage => [...usages].reduce((a, b) => ({ usedBytes: a.usedBytes + b.usedBytes, inodesUsed: a.inodesUsed + b.inodesUsed }), noDiskUsage);

/** Without `disk` the file systems are not looked at, which may take long. */
export async function podUsage(pod: Pod, disk: boolean, { runtime, cache, volumes }: UsageSources): Promise<PodUsage> {
  const newest = new Map([...cache.get(pod.metadata.uid).containers].reverse().map((c) => [c.metadata.name, c]));
  const [containers, directories] = await Promise.all([
    Promise.all([...newest.values()].map(async ({ id, metadata, logPath }): Promise<ContainerUsage[]> => {
      try {
        const [stats, logs] = await Promise.all([runtime.containerStats(id, { writableLayer: disk }), disk ? logUsage(logPath) : noDiskUsage]);
        return [{ name: metadata.name, memoryBytes: stats.memoryWorkingSetBytes, processes: stats.processes, rootfs: stats.writableLayer ?? noDiskUsage, logs }];
      } catch (error) {
        if (error instanceof RuntimeNotFound) return [];
        throw error;
      }
    })),
    disk ? Promise.all(volumes.localVolumes(pod).map(async ({ name, path }) => [name, await diskUsage(path)] as const)) : [],
  ]);
  return { containers: containers.flat(), volumes: new Map(directories) };
}

/** The log and those it was rotated to. */
export async function logUsage(path: string): Promise<DiskUsage> {
  const names = await readdir(dirname(path)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = await Promise.all(names.filter((name) => name.startsWith(basename(path))).map((name) => lstat(join(dirname(path), name)).catch(() => undefined)));
  return addUsage(files.flatMap((file) => (file ? [{ usedBytes: file.blocks * 512, inodesUsed: 1 }] : [])));
}
