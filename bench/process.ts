// What processes have used and hold, as the kernel counts it: one by its pid, and all that an engine consists of.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { parseDockerHost } from '../src/util/engine-http.ts';

/** Linux counts processor time in hundredths of a second for user space, on every architecture. */
const ticksPerSecond = 100;

/** The fields of /proc/<pid>/stat from the third on; undefined when the process is gone. */
function stat(pid: number): { name: string; fields: readonly string[] } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return { name: text.slice(text.indexOf('(') + 1, text.lastIndexOf(')')), fields: text.slice(text.lastIndexOf(')') + 2).split(' ') };
  } catch {
    return undefined;
  }
}

/** Seconds of processor time a process has used; `withChildren` adds those it has waited for. 0 when it is gone. */
export function cpuSeconds(pid: number, { withChildren = false } = {}): number {
  const fields = stat(pid)?.fields;
  if (!fields) return 0;
  return fields.slice(11, withChildren ? 15 : 13).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond;
}

export const residentMB = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;

/** dockerd, its containerd and a shim for each container that runs. */
export class EngineProcesses {
  readonly #dockerd: number;

  private constructor(dockerd: number) { this.#dockerd = dockerd; }

  /** Undefined when the engine is not on this host, or reached over TCP. */
  static find(dockerHost: string): EngineProcesses | undefined {
    const { socketPath } = parseDockerHost(dockerHost);
    const line = socketPath && readFileSync('/proc/net/unix', 'utf8').split('\n').find((l) => l.endsWith(` ${socketPath.replace(/^\/var\/run\//, '/run/')}`) || l.endsWith(` ${socketPath}`));
    const socket = line && `socket:[${line.trim().split(/\s+/)[6]}]`;
    const dockerd = socket && pids().find((pid) => stat(pid)?.name === 'dockerd' && holds(pid, socket));
    return dockerd ? new EngineProcesses(dockerd) : undefined;
  }

  /** Seconds of processor time all have used, with every process that ran for a container's start and has ended. Those of shims that have ended are lost: measure before containers stop. */
  cpuSeconds(): number { return this.#pids().reduce((sum, pid) => sum + cpuSeconds(pid, { withChildren: true }), 0); }

  #pids(): number[] {
    const own = pids().filter((pid) => stat(pid)?.name === 'containerd' && Number(stat(pid)?.fields[1]) === this.#dockerd);
    // Without a child of its own the engine uses the host's containerd, at its usual address.
    const containerds = own.length ? own : pids().filter((pid) => /^\S*containerd\0?$/.test(commandLine(pid)));
    const addresses = own.length ? own.flatMap((pid) => /--config\0([^\0]+)\/containerd\.toml/.exec(commandLine(pid))?.[1] ?? []) : ['/run/containerd'];
    return [this.#dockerd, ...containerds, ...pids().filter((pid) => stat(pid)?.name.startsWith('containerd-shim') && addresses.some((at) => commandLine(pid).includes(`\0${at}/containerd.sock`)))];
  }
}

const pids = (): number[] => readdirSync('/proc').map(Number).filter(Number.isInteger);
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return ''; // it ended while being looked at
  }
}
function holds(pid: number, file: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === file);
  } catch {
    return false; // it ended, or closed one, while being looked at
  }
}
