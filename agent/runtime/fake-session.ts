// Exec and attach sessions of the fake runtime: a program's streams with the ends and waits of real ones.
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { RunningProgram } from './fake-process.ts';
import { SessionClosed } from './runtime.ts';
import type { ExecSession } from './runtime.ts';

const EXEC_SYNC_LIMIT = 16 * 1024;

export function fakeSession(process: RunningProgram, finished: Promise<number>, options: { stdin?: boolean }, outputs: { stdout: PassThrough; stderr: PassThrough }, endsInput = true): ExecSession {
  const input = new PassThrough();
  input.pipe(process.stdin, { end: endsInput });
  const read = Promise.all([outputs.stdout, outputs.stderr].map((output) => output.readableEnded ? undefined : once(output, 'close')));
  const closed = new AbortController();
  const closing = new Promise<never>((_, reject) => closed.signal.addEventListener('abort', () => reject(new SessionClosed('the session was closed')), { once: true }));
  closing.catch(() => {}); // raced in wait()
  return {
    ...(options.stdin ? { stdin: input } : {}),
    ...outputs,
    resize: () => Promise.resolve(),
    wait: () => Promise.race([closing, Promise.all([finished, read]).then(([exitCode]) => exitCode)]),
    close() {
      closed.abort();
      for (const output of [outputs.stdout, outputs.stderr]) output.end();
    },
  };
}
export function emptyOutput(): PassThrough {
  const empty = new PassThrough();
  empty.end();
  empty.resume();
  return empty;
}
/** The first 16 KiB of an output that is read to its end. */
export async function collect(output: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const kept: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of output) {
    if (size < EXEC_SYNC_LIMIT) kept.push(chunk.subarray(0, EXEC_SYNC_LIMIT - size));
    size += chunk.length;
  }
  return Buffer.concat(kept);
}
