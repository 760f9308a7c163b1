// The transport over the network: one HTTP/2 connection with a client certificate, made again when it breaks.
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { StatusError, type Status } from '../apimachinery/status-error.ts';
import { deepFreeze } from '../util/json.ts';
import { accessOf, type AccessSource } from './kubeconfig.ts';
import { TransportError, type ApiRequest, type Transport, type WatchEvent } from './transport.ts';

const connectTimeoutMs = 10_000;
/** A connection that answers no ping for this long is given up: the server, or the way to it, is gone. */
const pingEveryMs = 10_000;
const pingTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;

export interface HttpTransportOptions {
  readonly access: AccessSource;
  readonly userAgent: string;
  /** Shown instead of the certificate. */
  readonly token?: string;
}

export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  #session: ClientHttp2Session | undefined;
  /** Of those that were left, some still carry a watch. */
  readonly #sessions = new Set<ClientHttp2Session>();
  #closed = false;

  constructor(options: HttpTransportOptions) { this.#options = options; }

  async request(request: ApiRequest): Promise<any> {
    const stream = this.#start(request);
    stream.setTimeout(requestTimeoutMs, () => stream.destroy(new Error('no answer in time')));
    const status = await responseStatus(stream);
    const text = await readText(stream);
    let value: unknown;
    try {
      value = text === '' ? undefined : (JSON.parse(text) as unknown);
    } catch {
      throw new TransportError(`${request.method} ${request.path}: the answer is no JSON (${text.slice(0, 100)})`);
    }
    if (status >= 400) throw statusError(status, value, text);
    return deepFreeze(value);
  }

  async *watch(request: ApiRequest): AsyncGenerator<WatchEvent> {
    if (request.signal?.aborted) return;
    const stream = this.#start(request);
    let status: number;
    try {
      status = await responseStatus(stream);
    } catch (error) {
      if (request.signal?.aborted) return;
      throw error;
    }
    if (status >= 400) {
      const text = await readText(stream);
      throw statusError(status, parseOrUndefined(text), text);
    }
    try {
      for await (const line of lines(stream)) {
        const event = JSON.parse(line) as WatchEvent;
        if (event.type === 'ERROR') throw statusError((event.object as Status).code, event.object, '');
        yield deepFreeze(event);
      }
    } catch (error) {
      if (request.signal?.aborted) return;
      if (error instanceof StatusError) throw error;
      throw new TransportError(`watch ${request.path}: ${(error as Error).message}`);
    } finally {
      stream.close(constants.NGHTTP2_CANCEL);
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.all([...this.#sessions].map((session) => new Promise<void>((resolve) => {
      if (session.destroyed) return resolve();
      session.once('close', () => resolve());
      session.destroy();
    }))).then(() => undefined);
  }

  /** New requests take a new connection, with the access there is now; what is under way is left where it is. */
  renew(): void { this.#session?.close(); }

  #start(request: ApiRequest): ClientHttp2Stream {
    if (this.#closed) throw new TransportError('the transport is closed');
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(request.query ?? {})) if (value !== undefined) query.set(name, value);
    const search = query.size ? `?${query.toString()}` : '';
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const stream = this.#connection().request({
      ':method': request.method, ':path': request.path + search, accept: 'application/json', 'user-agent': this.#options.userAgent,
      ...(this.#options.token === undefined ? {} : { authorization: `Bearer ${this.#options.token}` }),
      ...(body ? { 'content-type': 'application/json', 'content-length': body.byteLength } : {}),
      ...request.headers,
    }, { endStream: body === undefined });
    if (body) stream.end(body);
    // Errors reach the caller through the promise or the iteration; without a listener they would end the process.
    stream.on('error', () => undefined);
    if (request.signal) {
      const { signal } = request;
      const abort = (): void => { stream.close(constants.NGHTTP2_CANCEL); };
      if (signal.aborted) abort();
      else {
        signal.addEventListener('abort', abort, { once: true });
        stream.once('close', () => signal.removeEventListener('abort', abort));
      }
    }
    return stream;
  }

  #connection(): ClientHttp2Session {
    const current = this.#session;
    if (current && !current.closed && !current.destroyed) return current;
    const access = accessOf(this.#options.access);
    const session = connect(access.server, { ca: access.ca, ...(this.#options.token === undefined ? { cert: access.cert, key: access.key } : {}), settings: { initialWindowSize: 1024 * 1024 } });
    this.#session = session;
    this.#sessions.add(session);
    const connecting = setTimeout(() => session.destroy(new Error('connection timed out')), connectTimeoutMs);
    connecting.unref();
    session.once('connect', () => {
      clearTimeout(connecting);
      // It may have been given up in the same moment.
      if (!session.destroyed) session.setLocalWindowSize(4 * 1024 * 1024);
    });
    session.on('error', () => undefined);
    session.once('close', () => { clearTimeout(connecting); clearInterval(pinger); this.#sessions.delete(session); });
    session.on('goaway', () => session.close());
    let unanswered: NodeJS.Timeout | undefined;
    const pinger = setInterval(() => {
      if (session.connecting || session.destroyed || unanswered) return;
      unanswered = setTimeout(() => session.destroy(new Error('ping timed out')), pingTimeoutMs);
      unanswered.unref();
      session.ping(() => { clearTimeout(unanswered); unanswered = undefined; });
    }, pingEveryMs);
    pinger.unref();
    return session;
  }
}

function responseStatus(stream: ClientHttp2Stream): Promise<number> {
  return new Promise((resolve, reject) => {
    stream.once('response', (headers) => resolve(Number(headers[':status'])));
    failing(stream, reject, 'response', 'the connection closed before the answer');
  });
}

/** Reads with listeners: an iteration costs several times as much, and most answers are one chunk. */
function readText(stream: ClientHttp2Stream): Promise<string> {
  return new Promise((resolve, reject) => {
    // An answer without a body may be over by now.
    if (stream.readableEnded) return resolve('');
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.once('end', () => resolve((chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString()));
    failing(stream, reject, 'end', 'the connection closed in the midst of the answer');
  });
}

/** Rejects when the stream ends before the event `good`. Every stream closes: an error nobody gets would cost as much as the request. */
function failing(stream: ClientHttp2Stream, reject: (error: TransportError) => void, good: 'response' | 'end', closed: string): void {
  let over = false;
  const fail = (message: string): void => {
    if (over) return;
    over = true;
    reject(new TransportError(message));
  };
  stream.once(good, () => { over = true; });
  stream.once('error', (error: Error) => fail(error.message));
  stream.once('close', () => fail(closed));
  if (stream.destroyed) fail(closed);
}

async function* lines(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const line = chunk.subarray(start, end);
      yield (rest.length ? Buffer.concat([...rest, line]) : line).toString();
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
}

const parseOrUndefined = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

function statusError(code: number, value: unknown, text: string): StatusError {
  const status = value as Partial<Status> | undefined;
  if (status?.kind === 'Status') return new StatusError(status.code ?? code, status.reason ?? '', status.message ?? '', status.details);
  return new StatusError(code, '', text || `the server answered ${code}`);
}
