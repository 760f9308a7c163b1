// Starts dockerd as a process of its own that outlives this one, waits for its API by watching its socket, and stops it again.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../../../src/util/clock.ts';
import { engineRequest } from '../../../src/util/engine-http.ts';

export interface DockerdOptions {
  readonly socketPath: string;
  /** Gets dockerd.log and dockerd.pid. */
  readonly directory: string;
  /** Where dockerd keeps its run-time state. */
  readonly execRoot?: string;
  readonly arguments?: readonly string[];
  /** What stands before `dockerd` on the command line: a namespace to enter, say. */
  readonly prefix?: readonly string[];
  readonly clock: Clock;
  readonly timeoutMs?: number;
}

const DEFAULT_EXEC_ROOT = '/var/run/docker';
export const pidFile = (directory: string): string => join(directory, 'dockerd.pid');
export const logFile = (directory: string): string => join(directory, 'dockerd.log');

/** Resolves with dockerd's pid once it answers. Containers live on without it (live restore). @throws Error with the last words of its log. */
export async function startDockerd(options: DockerdOptions): Promise<number> {
  const { socketPath, directory, clock } = options;
  mkdirSync(directory, { recursive: true });
  mkdirSync(dirname(socketPath), { recursive: true });
  forgetDead(pidFile(directory), 'dockerd');
  const containerd = join(options.execRoot ?? DEFAULT_EXEC_ROOT, 'containerd/containerd.pid');
  await ended(containerd, 'containerd', clock);
  forgetDead(containerd, 'containerd');
  const words = [
    ...(options.prefix ?? []), 'dockerd', '--host', `unix://${socketPath}`, '--pidfile', pidFile(directory), '--live-restore',
    ...(options.execRoot ? ['--exec-root', options.execRoot] : []), ...(options.arguments ?? []),
  ];
  const log = openSync(logFile(directory), 'a');
  const child = spawn(words[0]!, words.slice(1), { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  child.unref();
  const stop = new AbortController();
  try {
    await Promise.race([
      answers(socketPath, clock, stop.signal),
      exits(child, directory),
      clock.sleep(options.timeoutMs ?? 60_000, stop.signal).then(() => { throw new Error(`dockerd does not answer; see ${logFile(directory)}`); }),
    ]);
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    stop.abort(new Error('no longer waiting for dockerd'));
  }
  return processId(directory) ?? child.pid!;
}

export function processId(directory: string): number | undefined {
  const pid = readPid(pidFile(directory));
  return pid !== undefined && isRunning(pid, 'dockerd') ? pid : undefined;
}

/**
 * Ends dockerd gently and resolves when it is gone; a pid that is no dockerd any more is left alone. One that hangs is asked
 * again: it then ends without its clean-up. @throws Error when it stays all the same
 */
export async function stopDockerd(pid: number, clock: Clock, patienceMs = 20_000): Promise<void> {
  for (let asked = 0; asked < 4; asked++) {
    if (!isRunning(pid, 'dockerd')) return;
    // The first signal starts its clean-up; after three it ends at once (moby, pkg/signal/trap.go).
    process.kill(pid, 'SIGTERM');
    // It is another process's child: there is nothing to wait on but its disappearance.
    for (const deadline = clock.monotonic() + (asked === 0 ? patienceMs : 1000); isRunning(pid, 'dockerd') && clock.monotonic() < deadline;) await clock.sleep(20);
  }
  if (isRunning(pid, 'dockerd')) throw new Error(`dockerd (pid ${pid}) does not end`);
}

/** The daemon listens before it serves: the first request waits in the socket's queue until it can be answered. */
export async function answers(socketPath: string, clock: Clock, signal: AbortSignal): Promise<void> {
  const changes = watch(dirname(socketPath));
  const stopWatching = (): void => changes.close();
  signal.addEventListener('abort', stopWatching, { once: true });
  try {
    for (;;) {
      // Ends with its round: what waits must not pile up on the caller's signal.
      const round = new AbortController();
      const either = AbortSignal.any([signal, round.signal]);
      const changed = once(changes, 'change', { signal: either });
      changed.catch(() => {}); // raced below
      try {
        const { status } = await engineRequest({ protocol: 'http', socketPath }, 'GET', '/_ping', { signal });
        if (status === 200) return;
      } catch (error) {
        if (signal.aborted) throw error;
      }
      const slept = clock.sleep(1000, either); // covers a change between two looks
      slept.catch(() => {}); // raced
      await Promise.race([changed, slept]).finally(() => round.abort());
    }
  } finally {
    signal.removeEventListener('abort', stopWatching);
    changes.close();
  }
}

async function exits(child: ChildProcess, directory: string): Promise<never> {
  const failure = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`exit ${code ?? signal}`));
  });
  throw new Error(`dockerd did not start (${failure}): ${lastWords(logFile(directory))}`);
}

/** dockerd says why it ends in its last line. */
function lastWords(file: string): string {
  const line = readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '';
  return /msg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? line;
}

/** The kernel ends the containerd of a dockerd that was killed; the next dockerd would take it for one that serves, and wait for it in vain. */
async function ended(file: string, program: string, clock: Clock): Promise<void> {
  const pid = readPid(file);
  if (pid === undefined) return;
  for (const deadline = clock.monotonic() + 5000; isRunning(pid, program) && clock.monotonic() < deadline;) await clock.sleep(20);
}

/** A pid file of a process that was killed stops the next start when its number has been given to another. */
function forgetDead(file: string, program: string): void {
  const pid = readPid(file);
  if (pid !== undefined && !isRunning(pid, program)) rmSync(file, { force: true });
}

function readPid(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'latin1').trim()) || undefined;
  } catch {
    return undefined;
  }
}

/** Zombies count as gone: process 1 may reap late. */
function isRunning(pid: number, program: string): boolean {
  try {
    const [, name, state] = /^\d+ \((.*)\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? [];
    return name === program && state !== 'Z';
  } catch {
    return false;
  }
}
