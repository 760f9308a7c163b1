// How much of each resource the node has left, from /proc and the file systems.
// upstream: pkg/kubelet/server/stats (node summary), pkg/kubelet/stats/pidlimit/pidlimit_linux.go
import { existsSync } from 'node:fs';
import { readFile, stat, statfs } from 'node:fs/promises';
import type { Signal } from './thresholds.ts';

export interface Observation { readonly available: number; readonly capacity: number }
export interface NodeObservations {
  /** A signal that could not be read is not here. */
  readonly signals: ReadonlyMap<Signal, Observation>;
  /** Images and containers lie on another file system than volumes and logs. */
  readonly dedicatedImageFs: boolean;
}
export type ReadSignals = () => Promise<NodeObservations>;

/** All but the working set, which leaves out only file pages that were not used lately. Bytes. */
export function memoryObservation(meminfo: string): Observation | undefined {
  const bytes = (name: string): number => Number(new RegExp(`^${name.replace(/[()]/g, '\\$&')}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1] ?? NaN) * 1024;
  const [capacity, free, inactive] = [bytes('MemTotal'), bytes('MemFree'), bytes('Inactive(file)')] as const;
  return Number.isNaN(capacity + free + inactive) ? undefined : { capacity, available: free + inactive };
}

/** Threads count: they share the numbers of processes. */
export function pidObservation(loadavg: string, pidMax: string, threadsMax: string): Observation | undefined {
  const running = Number(/\d+\/(\d+)/.exec(loadavg)?.[1] ?? NaN);
  const capacity = Math.min(Number(pidMax), Number(threadsMax));
  return Number.isNaN(running + capacity) ? undefined : { capacity, available: Math.max(0, capacity - running) };
}

/** `nodefs` and `imagefs` are directories on those file systems. @throws Error when one of them cannot be asked */
export function hostSignals({ nodefs, imagefs }: { nodefs: string; imagefs: string }): ReadSignals {
  const text = (path: string): Promise<string> => readFile(path, 'utf8');
  return async () => {
    const [meminfo, loadavg, pidMax, threadsMax, nodeDisk, imageDisk, nodeDevice, imageDevice] = await Promise.all([
      text('/proc/meminfo'), text('/proc/loadavg'), text('/proc/sys/kernel/pid_max'), text('/proc/sys/kernel/threads-max'), statfs(nodefs), statfs(imagefs), stat(nodefs), stat(imagefs),
    ]);
    const found = new Map<Signal, Observation>();
    const note = (signal: Signal, observation: Observation | undefined): void => { if (observation) found.set(signal, observation); };
    note('memory.available', memoryObservation(meminfo));
    note('pid.available', pidObservation(loadavg, pidMax, threadsMax));
    for (const [name, disk] of [['nodefs', nodeDisk], ['imagefs', imageDisk]] as const) {
      note(`${name}.available`, { available: disk.bavail * disk.bsize, capacity: disk.blocks * disk.bsize });
      // Some file systems make inodes as they need them, and count none.
      if (disk.files > 0) note(`${name}.inodesFree`, { available: disk.ffree, capacity: disk.files });
    }
    return { signals: found, dedicatedImageFs: nodeDevice.dev !== imageDevice.dev };
  };
}

/** A directory of the host as this process finds it: one in a container sees the host's files through the host's first process. */
export const visibleDirectory = (path: string): string => (existsSync(path) ? path : `/proc/1/root${path}`);
