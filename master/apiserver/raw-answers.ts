// Answers of extension servers, which come as bytes, for callers in this process: objects and events again.
import { StatusError, serviceUnavailable, type Status } from '../../src/apimachinery/status-error.ts';
import type { ApiRequest, WatchEvent } from '../../src/client/transport.ts';
import { deepFreeze } from '../../src/util/json.ts';
import type { Answer } from './request.ts';

type RawAnswer = Extract<Answer, { kind: 'raw' }>;

/** @throws StatusError for an answer that is a failure, or no JSON */
export async function rawValue({ method, path }: Pick<ApiRequest, 'method' | 'path'>, { status, body }: RawAnswer): Promise<unknown> {
  const text = await textOf(body);
  const value = parsed(text);
  if (status < 400 && value !== undefined) return value;
  if (status >= 400) throw failure(status, value, text);
  throw serviceUnavailable(`${method} ${path}: the answer is no JSON (${text.slice(0, 100)})`);
}

/** Ends quietly when the other side ends it or the signal aborts. @throws StatusError */
export async function* rawEvents({ path, signal }: Pick<ApiRequest, 'path' | 'signal'>, { status, body }: RawAnswer): AsyncGenerator<WatchEvent> {
  if (status >= 400) {
    const text = await textOf(body);
    throw failure(status, parsed(text), text);
  }
  try {
    for await (const line of lines(body)) {
      const event = parsed(line) as WatchEvent | undefined;
      if (!event) throw serviceUnavailable(`watch ${path}: an event is no JSON`);
      if (event.type === 'ERROR') throw failure((event.object as Status).code, event.object, '');
      yield deepFreeze(event);
    }
  } catch (error) {
    if (signal?.aborted) return;
    if (error instanceof StatusError) throw error;
    throw serviceUnavailable(`watch ${path}: ${(error as Error).message}`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // each caller says what it means
  }
}

function failure(code: number, value: unknown, text: string): StatusError {
  const status = value as Partial<Status> | undefined;
  if (status?.kind === 'Status') return new StatusError(status.code ?? code, status.reason ?? '', status.message ?? '', status.details);
  return new StatusError(code, code === 503 ? 'ServiceUnavailable' : '', text.trim() || `the server answered ${code}`);
}

async function textOf(body: RawAnswer['body']): Promise<string> {
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function* lines(body: RawAnswer['body']): AsyncGenerator<string> {
  let rest: Uint8Array[] = [];
  for await (const chunk of body instanceof Uint8Array ? [body] : body) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const line = chunk.subarray(start, end);
      yield Buffer.concat([...rest, line]).toString();
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
}
