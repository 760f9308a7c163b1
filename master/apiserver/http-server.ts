// The API server's one port: HTTPS with HTTP/2 for API calls and HTTP/1.1 for upgrades. Turns HTTP into ServerRequests and
// Answers into bytes.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import * as errors from '../../src/apimachinery/status-error.ts';
import { realClock, type Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import type { User } from '../registry/request-context.ts';
import type { ApiServer, Outcome } from './api-server.ts';
import { send } from './http-answer.ts';
import type { ServerRequest } from './request.ts';

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

/** Upstream's limit for the body of a write. */
const maxBodyBytes = 3 * 1024 * 1024;
/** What is read of a body that is too large, so that its sender gets to read the answer. */
const drainedBodyBytes = 16 * 1024 * 1024;
/** A reader that takes nothing of a watch for this long is given up. */
const stalledMs = 60_000;

export interface HttpServerOptions {
  readonly server: ApiServer;
  readonly key: string;
  readonly cert: string;
  readonly clientCa: string;
  readonly log: Log;
  readonly clock?: Clock;
  readonly stalledMs?: number;
  /** Takes over connections that ask for an upgrade (exec, attach, port-forward, tunnels). */
  readonly upgrade: (request: ServerRequest, raw: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;
}

export class HttpServer {
  readonly #server: Http2SecureServer;
  readonly #options: HttpServerOptions;
  readonly #sockets = new Set<TLSSocket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #requests = new Set<Promise<void>>();
  /** Answers that last until somebody ends them. */
  readonly #streams = new Set<AbortController>();

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#server = createSecureServer({
      allowHTTP1: true, ...this.#context(options), requestCert: true, rejectUnauthorized: false,
      settings: { maxConcurrentStreams: 1000, initialWindowSize: 1024 * 1024 },
      // In MB: answers under way count too, and a few large lists at once pass Node's default of 10, which then resets streams.
      maxSessionMemory: 512,
    });
    this.#server.on('request', (request, response) => {
      const running = this.#request(request, response as unknown as Response).finally(() => this.#requests.delete(running));
      this.#requests.add(running);
    });
    this.#server.on('session', (session) => {
      this.#sessions.add(session);
      session.on('close', () => this.#sessions.delete(session));
    });
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => void this.#upgrade(request, socket, head));
    this.#server.on('secureConnection', (socket) => {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    });
    this.#server.on('sessionError', (error) => options.log.debug({ error }, 'an HTTP/2 session broke'));
  }

  #context({ key, cert }: { readonly key: string; readonly cert: string }): SecureContextOptions {
    return { key, cert, ca: this.#options.clientCa, minVersion: 'TLSv1.2' };
  }
  /** New connections get this certificate; those that are open go on with theirs. */
  setCertificate(pair: { readonly key: string; readonly cert: string }): void { this.#server.setSecureContext(this.#context(pair)); }

  /** @throws when the port is in use */
  async listen(port: number, host?: string): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }
  /** Accepts nothing more, ends watches, lets requests finish for up to `graceMs`, then cuts what is left. */
  async close(graceMs = 3_000): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const stream of this.#streams) stream.abort(serverStops);
    const sessions = [...this.#sessions].map((session) => new Promise<void>((resolve) => {
      session.once('close', resolve);
      session.close();
    }));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => { timer = setTimeout(resolve, graceMs); });
    await Promise.race([Promise.allSettled([...this.#requests, ...sessions]), late]);
    clearTimeout(timer);
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #now(): number { return (this.#options.clock ?? realClock).now(); }

  async #request(request: Request, response: Response): Promise<void> {
    // A client that goes away breaks the stream; there is nobody left to tell.
    response.on('error', () => undefined);
    request.on('error', () => undefined);
    const gone = new AbortController();
    let answered = false;
    let outcome: Outcome | undefined;
    response.on('close', () => { if (!answered) gone.abort(clientGone); });
    try {
      outcome = await this.#options.server.handle(toServerRequest(request, gone.signal, this.#now()));
      if (outcome.answer.kind !== 'object') this.#streams.add(gone);
      await send(request, response, outcome, this.#options.server.protobuf, { signal: gone.signal, stalledMs: this.#options.stalledMs ?? stalledMs });
      answered = true;
      if (!response.writableFinished && !response.destroyed) await finished(response);
    } catch (error) {
      if (!gone.signal.aborted) this.#options.log.warn({ error, path: request.url }, 'an answer broke off');
      response.destroy();
    } finally {
      this.#streams.delete(gone);
      outcome?.done();
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const gone = new AbortController();
    socket.on('close', () => gone.abort());
    socket.on('error', () => socket.destroy());
    try {
      await this.#options.upgrade(toServerRequest(request, gone.signal, this.#now()), request, socket, head);
    } catch (error) {
      const status = error instanceof errors.StatusError ? error.status : errors.internal((error as Error).message).status;
      if (!(error instanceof errors.StatusError)) this.#options.log.warn({ error, path: request.url }, 'an upgrade failed');
      const body = JSON.stringify(status);
      socket.end(`HTTP/1.1 ${status.code} ${status.reason ?? 'Error'}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
    }
  }
}

const finished = (response: Response): Promise<void> => new Promise((resolve) => {
  for (const event of ['finish', 'close']) response.once(event, () => resolve());
});

/** One for all: making an error for each request would cost more than most answers. */
const clientGone = new Error('the client went away');
const serverStops = new Error('the server stops');

function toServerRequest(request: Request, signal: AbortSignal, now: number): ServerRequest {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  let body: Promise<{ bytes: Uint8Array }> | undefined;
  const peer = peerOf(request, now);
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    headers: flatten(request.headers), rawHeaders: request.rawHeaders,
    body: () => (body ??= readAll(request)),
    stream: request,
    signal,
    peer: { ...peer, address: request.socket.remoteAddress ?? '' },
  };
}

function flatten(headers: Request['headers']): Record<string, string | undefined> {
  const result: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(headers)) result[name] = Array.isArray(value) ? value.join(',') : (value as string | undefined);
  return result;
}

/** Reads with listeners: leaving an iteration early would destroy the stream, and the answer with it. */
function readAll(request: Request): Promise<{ bytes: Uint8Array }> {
  return new Promise((resolve, reject) => {
    let chunks: Uint8Array[] = [];
    let size = 0;
    request.on('data', (chunk: Uint8Array) => {
      size += chunk.byteLength;
      if (size <= maxBodyBytes) chunks.push(chunk);
      else if (chunks.length) {
        chunks = [];
        reject(errors.tooLarge(`Request entity too large: limit is ${maxBodyBytes}`));
      }
      if (size > drainedBodyBytes) request.destroy();
    });
    request.once('end', () => resolve({ bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) }));
    request.once('error', reject);
    request.once('close', () => reject(errors.badRequest('the body of the request broke off')));
  });
}

type Peer = Pick<ServerRequest['peer'], 'user' | 'unverified'>;
const peers = new WeakMap<object, Peer & { readonly until?: number }>();
/** The user of a verified client certificate: CN and the O's, read once per connection. A connection may outlive its certificate. */
function peerOf(request: Request, now: number): Peer {
  const session = 'stream' in request ? request.stream.session : undefined;
  const socket = (session?.socket ?? request.socket) as TLSSocket;
  const id: object = session ?? socket;
  let peer = peers.get(id);
  if (!peer) peers.set(id, (peer = readPeer(socket)));
  const { until, ...rest } = peer;
  return until === undefined || now < until ? rest : { unverified: true };
}
function readPeer(socket: TLSSocket): Peer & { readonly until?: number } {
  // A connection that has just broken has no certificate to show.
  const { subject, valid_to: until } = (socket.getPeerCertificate?.() ?? {}) as { subject?: { CN?: string; O?: string | string[] }; valid_to?: string };
  if (!socket.authorized) return subject ? { unverified: true } : {};
  if (!subject?.CN) return {};
  const { O: organizations = [] } = subject;
  const user: User = { name: subject.CN, groups: Array.isArray(organizations) ? organizations : [organizations] };
  return { user, ...(until ? { until: Date.parse(until) } : {}) };
}
