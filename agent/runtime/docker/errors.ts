// The one border where dockerode's errors become the runtime's.
import type { LinuxResources } from '../runtime.ts';
import { NameConflict, RuntimeError, RuntimeNotFound, RuntimeUnavailable, StartError } from '../runtime.ts';

/** The engine counts endpoints of a network that has none, and will not remove it before it has started anew. */
export class EndpointCountLost extends Error {}

interface EngineFault extends Error { statusCode?: number; json?: unknown; code?: string }

const GONE = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'EACCES', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ERR_STREAM_PREMATURE_CLOSE']);

export const statusOf = (error: unknown): number | undefined => (error as EngineFault | undefined)?.statusCode;

/** Docker's own sentence, without what the client library wraps around it. */
export function engineMessage(error: unknown): string {
  const fault = error as EngineFault;
  const json = fault.json as { message?: unknown } | null | undefined;
  if (typeof json?.message === 'string') return json.message.trim();
  return fault.message.replace(/^\(HTTP code \d+\) [^-]*- /, '').trim();
}

export function translate(error: unknown): Error {
  if (!(error instanceof Error) && typeof (error as { message?: unknown })?.message !== 'string') return new RuntimeError(String(error));
  const fault = error as EngineFault;
  const message = engineMessage(fault);
  if (fault.statusCode === 404) return new RuntimeNotFound(message);
  if (fault.statusCode === 409) {
    const taken = /is already in use by container "?([0-9a-f]{12,64})/.exec(message);
    if (taken) return new NameConflict(message, taken[1]);
  }
  if (fault.statusCode !== undefined) return new RuntimeError(message);
  if (fault.name === 'AbortError') return fault;
  if ((fault.code !== undefined && GONE.has(fault.code)) || /socket hang up|aborted/.test(message)) return new RuntimeUnavailable(`the Docker Engine does not answer: ${message}`);
  return fault;
}

/** Runs one engine call; what it throws is ours. */
export async function engineCall<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw translate(error);
  }
}

/** As `engineCall`, where some statuses mean that there is nothing left to do. */
export async function idempotent(call: () => Promise<unknown>, done: readonly number[]): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!done.includes(statusOf(error) ?? 0)) throw translate(error);
  }
}

/** Why a start was refused, with the exit code a shell would give. upstream: moby daemon/errors.go translateContainerdStartErr */
export function startError(error: unknown): Error {
  const status = statusOf(error);
  if (status === undefined || status === 404) return translate(error);
  const message = engineMessage(error);
  const code = /permission denied/.test(message) ? 126
    : /executable file not found|no such file or directory|not a directory/.test(message) ? 127
      : 128;
  return new StartError(message, code);
}

export const refusesOomScore = (error: unknown): boolean => /oom_score_adj/.test(engineMessage(error)) && /permission denied|operation not permitted/i.test(engineMessage(error));

/** The engine names the least memory it gives, not whose limit is below that. */
export function withMemoryLimit(error: unknown, { memoryLimitInBytes }: LinuxResources = {}): unknown {
  const isRefused = error instanceof RuntimeError && memoryLimitInBytes !== undefined && error.message.startsWith('Minimum memory limit');
  return isRefused ? new RuntimeError(`memory limit of ${memoryLimitInBytes} bytes: ${error.message}`, { cause: error }) : error;
}
