// What a container uses, from the files of its cgroup (the engine's own statistics take seconds) and the size of its layer.
import { existsSync } from 'node:fs';
import type Docker from 'dockerode';
import { processUsage } from '../../../src/util/cgroup/usage.ts';
import { diskUsage, type DiskUsage } from '../../../src/util/disk-usage.ts';
import type { ContainerStats } from '../runtime.ts';
import { engineCall } from './errors.ts';

export async function containerStats(docker: Docker, id: string, writableLayer: boolean): Promise<ContainerStats> {
  const info = await engineCall(() => docker.getContainer(id).inspect());
  const [usage, layer] = await Promise.all([processUsage(info.State.Pid), writableLayer ? layerOf(docker, info) : undefined]);
  return { memoryWorkingSetBytes: usage.memory?.workingSet ?? 0, processes: usage.processes ?? 0, ...(layer ? { writableLayer: layer } : {}) };
}

/** Where the storage driver has no directory for what a container writes, or none that shows here, the engine tells bytes only. */
async function layerOf(docker: Docker, info: Docker.ContainerInspectInfo): Promise<DiskUsage> {
  const upper = (info.GraphDriver?.Data as { UpperDir?: string } | null | undefined)?.UpperDir;
  if (upper && existsSync(upper)) return diskUsage(upper);
  const sized = await engineCall(() => docker.getContainer(info.Id).inspect({ size: true } as Docker.ContainerInspectOptions)) as { SizeRw?: number };
  return { usedBytes: sized.SizeRw ?? 0, inodesUsed: 0 };
}
