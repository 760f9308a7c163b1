// The master and the agent as processes: started so that they outlive the command, known by their pid files, and stopped by pid.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Clock } from '../util/clock.ts';
import type { Cluster } from './cluster.ts';

export type Role = 'master' | 'agent' | 'supervisor';

/** Identity of a process beyond its pid, which the kernel gives out again: its start time in ticks since boot. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

const pidFile = (cluster: Cluster, role: Role): string => cluster.path(`${role}.pid`);

/** Writes `<role>.pid` for a running process: the pid alone, as tools expect, with its start time beside it. */
export function writePid(cluster: Cluster, role: Role, pid: number): void {
  writeFileSync(pidFile(cluster, role), `${pid}\n`);
  writeFileSync(`${pidFile(cluster, role)}.start`, `${startTime(pid) ?? ''}\n`);
}

/** This process is the role's, whoever started it: the other commands know it until it ends. */
export function ownPid(cluster: Cluster, role: Role): void {
  writePid(cluster, role, process.pid);
  process.once('exit', () => {
    if (existsSync(pidFile(cluster, role)) && Number(readFileSync(pidFile(cluster, role), 'utf8')) === process.pid) forgetPid(cluster, role);
  });
}

/** The pid of the role's process when it still runs. */
export function runningPid(cluster: Cluster, role: Role): number | undefined {
  const file = pidFile(cluster, role);
  if (!existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, 'utf8').trim());
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  const now = startTime(pid);
  if (now === undefined) return undefined;
  const then = existsSync(`${file}.start`) ? readFileSync(`${file}.start`, 'utf8').trim() : '';
  return then === '' || then === now ? pid : undefined;
}

export function forgetPid(cluster: Cluster, role: Role): void {
  rmSync(pidFile(cluster, role), { force: true });
  rmSync(`${pidFile(cluster, role)}.start`, { force: true });
}

/** A process that ended before it was ready, with the last lines it logged. */
export class StartFailed extends Error {
  /** Of the command that started it: 2 when the process says that a person can put it right. */
  readonly exitCode: number;
  constructor(message: string, processCode?: number | null) {
    super(message);
    this.exitCode = processCode === 2 ? 2 : 1;
  }
}

/**
 * Starts `dray <args>` in a session of its own with its log in `<role>.log`; resolves with its pid once it says it is ready
 * (one line on file descriptor 3). When the signal aborts before, it is ended again. @throws StartFailed, the signal's reason
 */
export async function startProcess(cluster: Cluster, role: Role, program: readonly string[], args: readonly string[], signal?: AbortSignal): Promise<number> {
  signal?.throwIfAborted();
  const logFile = cluster.path(`${role}.log`);
  const log = openSync(logFile, 'a', 0o600);
  const logStart = statSync(logFile).size;
  const [command = process.execPath, ...rest] = program;
  const child = spawn(command, [...rest, ...args, '--ready-fd', '3'], { detached: true, stdio: ['ignore', log, log, 'pipe'], cwd: '/' });
  closeSync(log);
  const { pid } = child;
  if (pid !== undefined) writePid(cluster, role, pid);
  const ready = child.stdio[3] as Readable;
  const abort = (): void => { child.kill('SIGTERM'); };
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, name) => reject(signal?.aborted ? signal.reason as Error : new StartFailed(`the ${role} ended at once (${name ?? `exit code ${code}`}): ${lastMessage(logFile, logStart)}`, code)));
      ready.once('data', () => resolve());
    });
  } catch (error) {
    forgetPid(cluster, role);
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
    ready.destroy();
    child.removeAllListeners();
    child.unref();
  }
  return pid!;
}

/** The newest line a process logged, reduced to what a person wants to read. */
function lastMessage(file: string, from: number): string {
  const lines = readFileSync(file).subarray(from).toString().trim().split('\n');
  for (const line of lines.reverse()) {
    try {
      const entry = JSON.parse(line) as { msg?: string; error?: { message?: string } };
      return `${entry.msg ?? ''}${entry.error?.message ? `: ${entry.error.message}` : ''} (see ${file})`;
    } catch {
      if (line.trim() !== '' && !/^\s+at /.test(line)) return `${line.trim()} (see ${file})`;
    }
  }
  return `see ${file}`;
}

/** SIGTERM, and SIGKILL after `timeoutMs`; resolves when the process is gone. False when none ran. */
export async function stopProcess(cluster: Cluster, role: Role, clock: Clock, timeoutMs = 15_000): Promise<boolean> {
  const pid = runningPid(cluster, role);
  if (pid === undefined) {
    forgetPid(cluster, role);
    return false;
  }
  const started = startTime(pid);
  process.kill(pid, 'SIGTERM');
  const deadline = clock.monotonic() + timeoutMs;
  // Not our child (it was detached), so there is nothing to wait on but /proc; its pid file it takes away itself, a moment before it ends.
  while (started !== undefined && startTime(pid) === started) {
    if (clock.monotonic() > deadline) process.kill(pid, 'SIGKILL');
    await clock.sleep(20);
  }
  forgetPid(cluster, role);
  return true;
}
