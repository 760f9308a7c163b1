// Exec and attach: a hijacked connection to the engine becomes a session of streams, and a probe's exec runs to its end.
import { once } from 'node:events';
import { Writable } from 'node:stream';
import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import type { Clock } from '../../../src/util/clock.ts';
import { SessionClosed } from '../runtime.ts';
import type { ExecOptions, ExecResult, ExecSession } from '../runtime.ts';
import { engineCall, statusOf } from './errors.ts';
import { execEnd } from './events.ts';
import { demultiplex } from './frames.ts';
import { hangUp } from './hang-up.ts';

/** upstream: pkg/probe/exec/exec.go maxReadLength is 10 KiB; CRI's ExecSync allows more. */
const EXEC_SYNC_LIMIT = 16 * 1024;

export async function openExec(docker: Docker, clock: Clock, containerId: string, options: ExecOptions): Promise<ExecSession & { readonly execId: string }> {
  const tty = options.tty ?? false;
  const startedAt = clock.now();
  const { id: execId } = await engineCall(() => docker.getContainer(containerId).exec({
    Cmd: [...options.command], Tty: tty, AttachStdin: options.stdin ?? false, AttachStdout: options.stdout ?? true, AttachStderr: !tty && (options.stderr ?? true),
  }));
  const exec = docker.getExec(execId);
  const socket = await engineCall(() => exec.start({ hijack: true, stdin: options.stdin ?? false, Tty: tty })) as unknown as Duplex;
  const exitCode = async (signal: AbortSignal): Promise<number> => {
    const state = await engineCall(() => exec.inspect());
    // A process may close its output and go on, and the engine may note an exit after the output's end.
    if (state.Running || state.ExitCode === null) return execEnd(docker, containerId, execId, startedAt, signal);
    return state.ExitCode;
  };
  // A terminal's end-of-file is a character, and the engine would end the output with the input.
  const session = streamSession(socket, {
    tty, stdin: options.stdin ?? false, halfClose: !tty, exitCode, resize: async (size) => { await engineCall(() => exec.resize(size)); },
    ...(tty ? { abandoned: () => withPid(docker, clock, execId, hangUp) } : {}),
  });
  return { ...session, execId };
}

export async function openAttach(docker: Docker, containerId: string, options: { stdin?: boolean; stdout?: boolean; stderr?: boolean }): Promise<ExecSession> {
  const container = docker.getContainer(containerId);
  const { Config: { Tty: tty, StdinOnce: stdinOnce } } = await engineCall(() => container.inspect());
  const socket = await engineCall(() => container.attach({
    stream: true, hijack: true, stdin: options.stdin ?? false, stdout: options.stdout ?? true, stderr: !tty && (options.stderr ?? true),
  })) as unknown as Duplex;
  // Without stdinOnce the input outlives this client; the engine would answer a half-close by ending the output too.
  return streamSession(socket, {
    tty, stdin: options.stdin ?? false, halfClose: stdinOnce && !tty, exitCode: () => Promise.resolve(0), resize: async (size) => { await engineCall(() => container.resize(size)); },
  });
}

interface SessionParts {
  readonly tty: boolean; readonly stdin: boolean; readonly halfClose: boolean;
  exitCode(signal: AbortSignal): Promise<number>;
  resize(size: { w: number; h: number }): Promise<void>;
  /** The client has gone before the process. */
  abandoned?(): Promise<void>;
}

function streamSession(socket: Duplex, parts: SessionParts): ExecSession {
  const closing = new AbortController();
  const outputs = demultiplex(socket, parts.tty);
  const ended = Promise.all([outputs.stdout, outputs.stderr].map((output) => output.readableEnded || output.destroyed ? undefined : once(output, 'close')));
  ended.catch(() => {}); // an output's error is told to its reader and by wait()
  if (parts.tty) outputs.stderr.resume();
  const stdin = parts.stdin ? new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (socket.destroyed) return done(); // the process has ended: what it did not read is nobody's
      socket.write(chunk, () => done());
    },
    final(done) {
      if (parts.halfClose) socket.end();
      done();
    },
  }) : undefined;
  const finish = async (): Promise<number> => {
    await ended.catch((error: unknown) => { if (!closing.signal.aborted) throw error; });
    socket.destroy();
    if (!closing.signal.aborted) return parts.exitCode(closing.signal);
    await parts.abandoned?.();
    throw closing.signal.reason;
  };
  let result: Promise<number> | undefined;
  return {
    ...(stdin ? { stdin } : {}),
    stdout: outputs.stdout,
    stderr: outputs.stderr,
    resize: (columns, rows) => parts.resize({ w: columns, h: rows }),
    wait: () => result ??= finish(),
    close() {
      closing.abort(new SessionClosed('the session was closed'));
      socket.destroy();
    },
  };
}

export async function execSync(docker: Docker, clock: Clock, containerId: string, command: readonly string[], timeoutMs: number): Promise<ExecResult> {
  const session = await openExec(docker, clock, containerId, { command });
  const outputs = Promise.all([capped(session.stdout), capped(session.stderr)]);
  let timedOut = false;
  const cancel = clock.after(timeoutMs, () => { timedOut = true; session.close(); });
  try {
    const [exitCode, [stdout, stderr]] = await Promise.all([session.wait(), outputs]);
    return { exitCode, stdout, stderr, timedOut: false };
  } catch (error) {
    if (!timedOut) throw error;
    await withPid(docker, clock, session.execId, (pid) => { process.kill(pid, 'SIGKILL'); });
    const [stdout, stderr] = await outputs;
    return { exitCode: -1, stdout, stderr, timedOut: true };
  } finally {
    cancel();
  }
}

/** A busy engine may not have started the process yet when its time is over: so long it is waited for. */
const lateStartMs = 10_000;

/** The engine has no call that ends an exec; its pid is visible because an agent shares the engine's pid namespace. Nothing is done for one that has ended. */
async function withPid(docker: Docker, clock: Clock, execId: string, act: (pid: number) => void | Promise<void>): Promise<void> {
  try {
    for (const deadline = clock.monotonic() + lateStartMs; ;) {
      const { Running, Pid, ExitCode } = await engineCall(() => docker.getExec(execId).inspect());
      if (Running && Pid > 0) {
        await act(Pid);
        return;
      }
      if ((!Running && ExitCode !== null) || clock.monotonic() > deadline) return;
      await clock.sleep(50);
    }
  } catch (error) {
    const gone = (error as NodeJS.ErrnoException).code === 'ESRCH' || statusOf(error) === 404;
    if (!gone) throw error;
  }
}

/** Keeps the first bytes and reads on, so that the process never blocks on its output. */
async function capped(output: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const kept: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of output) {
      if (size < EXEC_SYNC_LIMIT) kept.push(chunk.subarray(0, EXEC_SYNC_LIMIT - size));
      size += chunk.length;
    }
  } catch {
    // A connection cut by the time-out; what came before it is the output.
  }
  return Buffer.concat(kept);
}
