// What a container uses, from the files of its cgroup (the engine's own statistics take seconds) and the size of its layer.
// upstream: cadvisor container/libcontainer/handler.go (working set)
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type Docker from 'dockerode';
import { diskUsage, type DiskUsage } from '../../../src/util/disk-usage.ts';
import type { ContainerStats } from '../runtime.ts';
import { engineCall } from './errors.ts';

/** Where the kernel keeps the numbers of one controller for the process whose /proc/PID/cgroup says this; undefined when nowhere. */
export function cgroupDirectory(text: string, controller: string, root = '/sys/fs/cgroup'): { readonly path: string; readonly version: 1 | 2 } | undefined {
  const lines = text.split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line)).filter((match) => match !== null);
  const own = lines.find(([, names]) => names!.split(',').includes(controller));
  if (own) return { path: `${root}/${controller}${own[2]}`, version: 1 };
  const unified = lines.find(([, names]) => names === '');
  return unified && { path: `${root}${unified[2]}`, version: 2 };
}

/** Memory that cannot be given back at once: all but the file pages that were not used lately. */
export function workingSet(usage: number, stat: string, version: 1 | 2): number {
  const inactive = Number(new RegExp(`^${version === 1 ? 'total_inactive_file' : 'inactive_file'} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0);
  return Math.max(0, usage - inactive);
}

/** Of a process that is gone there is nothing to read. */
const read = (path: string): Promise<string> => readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
  if (error.code === 'ENOENT' || error.code === 'ESRCH' || error.code === 'ENODEV') return '';
  throw error;
});

async function memoryOf(cgroups: string): Promise<number> {
  const at = cgroupDirectory(cgroups, 'memory');
  if (!at) return 0;
  const [usage, stat] = await Promise.all([read(`${at.path}/${at.version === 1 ? 'memory.usage_in_bytes' : 'memory.current'}`), read(`${at.path}/memory.stat`)]);
  return workingSet(Number(usage), stat, at.version);
}
async function processesOf(cgroups: string): Promise<number> {
  const at = cgroupDirectory(cgroups, 'pids');
  return at ? Number(await read(`${at.path}/pids.current`)) : 0;
}

export async function containerStats(docker: Docker, id: string, writableLayer: boolean): Promise<ContainerStats> {
  const info = await engineCall(() => docker.getContainer(id).inspect());
  const cgroups = info.State.Pid > 0 ? await read(`/proc/${info.State.Pid}/cgroup`) : '';
  const [memoryWorkingSetBytes, processes, layer] = await Promise.all([memoryOf(cgroups), processesOf(cgroups), writableLayer ? layerOf(docker, info) : undefined]);
  return { memoryWorkingSetBytes, processes, ...(layer ? { writableLayer: layer } : {}) };
}

/** Where the storage driver has no directory for what a container writes, or none that shows here, the engine tells bytes only. */
async function layerOf(docker: Docker, info: Docker.ContainerInspectInfo): Promise<DiskUsage> {
  const upper = (info.GraphDriver?.Data as { UpperDir?: string } | null | undefined)?.UpperDir;
  if (upper && existsSync(upper)) return diskUsage(upper);
  const sized = await engineCall(() => docker.getContainer(info.Id).inspect({ size: true } as Docker.ContainerInspectOptions)) as { SizeRw?: number };
  return { usedBytes: sized.SizeRw ?? 0, inodesUsed: 0 };
}
