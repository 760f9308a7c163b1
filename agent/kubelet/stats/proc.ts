// What /proc tells of the host and of a network namespace, from the texts of its files. Pure.
import { parsePairs } from '../../../src/util/cgroup/usage.ts';

export interface InterfaceUsage {
  readonly name: string;
  readonly rxBytes: number; readonly rxPackets: number; readonly rxErrors: number; readonly rxDropped: number;
  readonly txBytes: number; readonly txPackets: number; readonly txErrors: number; readonly txDropped: number;
}

/** /proc/<pid>/net/dev without the loopback. (proc(5): eight columns received, eight sent) */
export function parseNetDev(text: string): InterfaceUsage[] {
  return text.split('\n').flatMap((line) => {
    const [, name, values] = /^\s*([^\s:]+):\s*(\d[\d\s]*)$/.exec(line) ?? [];
    if (!name || name === 'lo') return [];
    const [rxBytes = 0, rxPackets = 0, rxErrors = 0, rxDropped = 0, , , , , txBytes = 0, txPackets = 0, txErrors = 0, txDropped = 0] = values!.trim().split(/\s+/).map(Number);
    return [{ name, rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped }];
  });
}

export interface HostUsage {
  /** Nanoseconds all processors have worked since the host started. */
  readonly cpu: number;
  /** Milliseconds since the epoch. */
  readonly bootTime: number;
  readonly memoryBytes: number; readonly usage: number; readonly workingSet: number; readonly rss: number;
  readonly swapUsage: number; readonly swapAvailable: number;
  readonly pageFaults: number; readonly majorPageFaults: number;
  readonly processes: number;
  readonly maxPid: number;
}

/** /proc counts processor time in hundredths of a second. */
const nanosecondsPerTick = 1e7;

/** Texts of /proc/stat, meminfo, vmstat, loadavg and sys/kernel/pid_max. */
export function hostUsage(texts: { readonly stat: string; readonly meminfo: string; readonly vmstat: string; readonly loadavg: string; readonly pidMax: string }): HostUsage {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (/^cpu\s+(.*)$/m.exec(texts.stat)?.[1] ?? '').split(/\s+/).map(Number);
  const memory = parsePairs(texts.meminfo);
  const bytes = (name: string): number => (memory[name] ?? 0) * 1024;
  const faults = parsePairs(texts.vmstat);
  const usage = bytes('MemTotal') - bytes('MemFree');
  return {
    cpu: (user + nice + system + irq + softirq + steal) * nanosecondsPerTick,
    bootTime: Number(/^btime (\d+)/m.exec(texts.stat)?.[1] ?? 0) * 1000,
    memoryBytes: bytes('MemTotal'), usage, workingSet: Math.max(0, usage - bytes('Inactive(file)')), rss: bytes('AnonPages'),
    swapUsage: bytes('SwapTotal') - bytes('SwapFree'), swapAvailable: bytes('SwapFree'),
    pageFaults: faults['pgfault'] ?? 0, majorPageFaults: faults['pgmajfault'] ?? 0,
    processes: Number(/\/(\d+)/.exec(texts.loadavg)?.[1] ?? 0), maxPid: Number(texts.pidMax.trim()) || 0,
  };
}
