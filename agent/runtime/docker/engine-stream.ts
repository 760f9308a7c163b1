// Responses that stay open (events, logs, pull progress) read as async iterables, and cut into JSON lines.
import type Docker from 'dockerode';
import type { Readable } from 'node:stream';
import { engineCall, translate } from './errors.ts';

interface Dialled { readonly path: string; readonly options: object; readonly signal: AbortSignal }

/** A GET whose answer is always a stream: dockerode buffers some of these, and reads a body that happens to be JSON as JSON. */
export function openStream(docker: Docker, { path, options, signal }: Dialled): Promise<Readable> {
  return engineCall(() => new Promise<Readable>((resolve, reject) => {
    docker.modem.dial({ path, method: 'GET', isStream: true, options, abortSignal: signal, statusCodes: { 200: true, 404: 'no such container', 500: 'server error' } },
      (error, result) => { if (error) reject(error as Error); else resolve(result as Readable); });
  }));
}

/** The JSON values of a stream of lines; connection errors come translated, an abort ends it with the signal's reason. */
export async function* jsonLines<T>(source: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of source) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop()!;
      for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw translate(error);
  }
  if (rest.trim() !== '') yield JSON.parse(rest) as T;
}
