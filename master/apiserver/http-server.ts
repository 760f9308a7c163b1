// The API server's one port: HTTPS with HTTP/2 for API calls and HTTP/1.1 for upgrades. Turns HTTP into ServerRequests and
// Answers into bytes.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import * as errors from '../../src/apimachinery/status-error.ts';
import type { Log } from '../../src/util/log.ts';
import type { User } from '../registry/request-context.ts';
import type { ApiServer, Outcome } from './api-server.ts';
import { toYaml } from './negotiation.ts';
import type { ProtobufAnswers } from './protobuf.ts';
import type { ServerRequest, WatchItem } from './request.ts';

const compress = promisify(gzip);

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;

/** Upstream's limit for the body of a write. */
const maxBodyBytes = 3 * 1024 * 1024;
/** What is read of a body that is too large, so that its sender gets to read the answer. */
const drainedBodyBytes = 16 * 1024 * 1024;
/** A reader that takes nothing of a watch for this long is given up. */
const stalledMs = 60_000;
/** Answers from this size on are compressed for who can read it. */
const gzipFrom = 128 * 1024;

export interface HttpServerOptions {
  readonly server: ApiServer;
  readonly key: string;
  readonly cert: string;
  readonly clientCa: string;
  readonly log: Log;
  readonly stalledMs?: number;
  /** Takes over connections that ask for an upgrade (exec, attach, port-forward, tunnels). */
  readonly upgrade: (request: ServerRequest, raw: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;
}

export class HttpServer {
  readonly #server: Http2SecureServer;
  readonly #options: HttpServerOptions;
  readonly #sockets = new Set<TLSSocket>();

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#server = createSecureServer({
      allowHTTP1: true, key: options.key, cert: options.cert, ca: options.clientCa, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.2',
      settings: { maxConcurrentStreams: 1000, initialWindowSize: 1024 * 1024 },
      // In MB: answers under way count too, and a few large lists at once pass Node's default of 10, which then resets streams.
      maxSessionMemory: 512,
    });
    this.#server.on('request', (request, response) => void this.#request(request, response as unknown as Response));
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => void this.#upgrade(request, socket, head));
    this.#server.on('secureConnection', (socket) => {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
    });
    this.#server.on('sessionError', (error) => options.log.debug({ error }, 'an HTTP/2 session broke'));
  }

  /** @throws when the port is in use */
  async listen(port: number, host?: string): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #request(request: Request, response: Response): Promise<void> {
    // A client that goes away breaks the stream; there is nobody left to tell.
    response.on('error', () => undefined);
    request.on('error', () => undefined);
    const gone = new AbortController();
    let answered = false;
    response.on('close', () => { if (!answered) gone.abort(clientGone); });
    try {
      const outcome = await this.#options.server.handle(toServerRequest(request, gone.signal));
      await send(request, response, outcome, this.#options.server.protobuf, { signal: gone.signal, stalledMs: this.#options.stalledMs ?? stalledMs });
      answered = true;
    } catch (error) {
      if (!gone.signal.aborted) this.#options.log.warn({ error, path: request.url }, 'an answer broke off');
      response.destroy();
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const gone = new AbortController();
    socket.on('close', () => gone.abort());
    socket.on('error', () => socket.destroy());
    try {
      await this.#options.upgrade(toServerRequest(request, gone.signal), request, socket, head);
    } catch (error) {
      const status = error instanceof errors.StatusError ? error.status : errors.internal((error as Error).message).status;
      if (!(error instanceof errors.StatusError)) this.#options.log.warn({ error, path: request.url }, 'an upgrade failed');
      const body = JSON.stringify(status);
      socket.end(`HTTP/1.1 ${status.code} ${status.reason ?? 'Error'}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
    }
  }
}

/** One for all: making an error for each request would cost more than most answers. */
const clientGone = new Error('the client went away');

function toServerRequest(request: Request, signal: AbortSignal): ServerRequest {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  let body: Promise<{ bytes: Uint8Array }> | undefined;
  const peer = peerOf(request);
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    headers: flatten(request.headers),
    body: () => (body ??= readAll(request)),
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
const peers = new WeakMap<object, Peer>();
/** The user of a verified client certificate: CN and the O's, read once per connection. */
function peerOf(request: Request): Peer {
  const session = 'stream' in request ? request.stream.session : undefined;
  const socket = (session?.socket ?? request.socket) as TLSSocket;
  const id: object = session ?? socket;
  let peer = peers.get(id);
  if (!peer) peers.set(id, (peer = readPeer(socket)));
  return peer;
}
function readPeer(socket: TLSSocket): Peer {
  // A connection that has just broken has no certificate to show.
  const { subject } = (socket.getPeerCertificate?.() ?? {}) as { subject?: { CN?: string; O?: string | string[] } };
  if (!socket.authorized) return subject ? { unverified: true } : {};
  if (!subject?.CN) return {};
  const { O: organizations = [] } = subject;
  const user: User = { name: subject.CN, groups: Array.isArray(organizations) ? organizations : [organizations] };
  return { user };
}

/** The client's side of an answer: gone, or not taking anything. */
interface Reader { readonly signal: AbortSignal; readonly stalledMs: number }

async function send(request: Request, response: Response, { answer, warnings, media }: Outcome, protobuf: ProtobufAnswers, reader: Reader): Promise<void> {
  const out = response as ServerResponse;
  for (const warning of warnings) out.appendHeader('warning', `299 - "${warning.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replace(/[^\x20-\x7e]/g, '?')}"`);
  if (answer.kind === 'watch') return sendWatch(out, answer.items, media.type === 'protobuf' ? protobuf : undefined, reader);
  if (answer.kind === 'raw') {
    out.writeHead(answer.status, answer.headers);
    if (answer.body instanceof Uint8Array) {
      out.end(answer.body);
      return;
    }
    // Headers go out before the first byte: a log that is followed may stay silent for long.
    out.flushHeaders();
    for await (const chunk of answer.body) if (!out.write(chunk)) await drained(out, reader.signal);
    out.end();
    return;
  }
  const encoded = media.type === 'protobuf' ? protobuf.encode(answer.value()) : undefined;
  const type = encoded ? protobufType : media.type === 'yaml' ? 'application/yaml' : 'application/json';
  let bytes: Buffer;
  if (encoded) bytes = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  else if (media.type === 'yaml') bytes = Buffer.from(toYaml(answer.value()));
  else if (media.pretty || isPretty(request)) bytes = Buffer.from(`${JSON.stringify(answer.value(), undefined, 2)}\n`);
  else bytes = answer.json ? Buffer.concat([...answer.json(), newline]) : Buffer.from(`${JSON.stringify(answer.value())}\n`);
  const headers: Record<string, string> = { 'content-type': type, 'cache-control': 'no-cache, private', ...answer.headers };
  if (bytes.byteLength >= gzipFrom && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
    bytes = await compress(bytes, { level: 1 });
    headers['content-encoding'] = 'gzip';
    headers['vary'] = 'Accept-Encoding';
  }
  headers['content-length'] = String(bytes.byteLength);
  out.writeHead(answer.status, headers);
  out.end(request.method === 'HEAD' ? undefined : bytes);
}
const newline = Buffer.from('\n');
const protobufType = 'application/vnd.kubernetes.protobuf';

const truths = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
function isPretty(request: Request): boolean {
  const url = request.url ?? '';
  const pretty = url.includes('pretty') ? new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('pretty') : null;
  if (pretty) return truths.has(pretty);
  // A person reads it.
  return /^(curl|Wget|Mozilla\/5\.0)/.test(String(request.headers['user-agent'] ?? ''));
}

/** One line per event; frames are built once for all watchers of an event. */
const frames = new WeakMap<Uint8Array[], Buffer>();
function frameOf(item: WatchItem): Buffer {
  const parts = item.json();
  let frame = frames.get(parts);
  if (!frame) frames.set(parts, (frame = Buffer.concat([Buffer.from(`{"type":"${item.type}","object":`), ...parts, Buffer.from('}\n')])));
  return frame;
}

async function sendWatch(out: ServerResponse, items: AsyncIterable<WatchItem>, protobuf: ProtobufAnswers | undefined, { signal: gone, stalledMs }: Reader): Promise<void> {
  out.writeHead(200, { 'content-type': protobuf ? `${protobufType};stream=watch` : 'application/json', 'cache-control': 'no-cache, private' });
  out.flushHeaders();
  for await (const item of items) {
    if (gone.aborted) return;
    if (out.write(protobuf ? protobuf.frame(item) : frameOf(item))) continue;
    // What a stalled reader leaves waits in the watch's queue, which has an end; then the reader's time is over too.
    if (!(await drained(out, gone, stalledMs))) throw new Error('the reader of a watch takes nothing');
  }
  out.end();
}

/** False when the reader took nothing for `stalledMs`. */
function drained(out: ServerResponse, gone: AbortSignal, stalledMs?: number): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (taken: boolean): void => {
      clearTimeout(timer);
      out.off('drain', onDrain);
      gone.removeEventListener('abort', onDrain);
      resolve(taken);
    };
    const onDrain = (): void => done(true);
    const timer = stalledMs === undefined ? undefined : setTimeout(() => done(false), stalledMs);
    timer?.unref();
    out.once('drain', onDrain);
    gone.addEventListener('abort', onDrain, { once: true });
    if (gone.aborted) done(true);
  });
}
