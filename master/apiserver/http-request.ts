// A request of the API server as it comes over HTTP: what of it costs something is made for who asks for it.
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import * as errors from '../../src/apimachinery/status-error.ts';
import type { User } from '../registry/request-context.ts';
import type { ServerRequest } from './request.ts';

export type Request = IncomingMessage | Http2ServerRequest;

/** Upstream's limit for the body of a write. */
const maxBodyBytes = 3 * 1024 * 1024;
/** What is read of a body that is too large, so that its sender gets to read the answer. */
const drainedBodyBytes = 16 * 1024 * 1024;

/** Whether somebody still waits for an answer. Most are given before anybody asks, and a signal costs more than many of them. */
export class Presence {
  #signal: AbortController | undefined;
  #left: Error | undefined;

  get gone(): boolean { return this.#left !== undefined; }
  get signal(): AbortSignal {
    this.#signal ??= new AbortController();
    if (this.#left) this.#signal.abort(this.#left);
    return this.#signal.signal;
  }
  leave(why: Error): void {
    this.#left ??= why;
    this.#signal?.abort(why);
  }
}

const noQuery = new URLSearchParams();

export class HttpRequest implements ServerRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: ServerRequest['headers'];
  readonly peer: ServerRequest['peer'];
  readonly stream: Request;
  readonly #presence: Presence;
  #body: Promise<{ bytes: Uint8Array }> | undefined;

  /** `now` in milliseconds since the epoch: a connection may outlive its certificate. */
  constructor(raw: Request, presence: Presence, now: number) {
    const url = raw.url ?? '/';
    const mark = url.indexOf('?');
    this.method = raw.method ?? 'GET';
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = mark < 0 ? noQuery : new URLSearchParams(url.slice(mark + 1));
    this.headers = flat(raw.headers);
    this.peer = peerOf(raw, now);
    this.stream = raw;
    this.#presence = presence;
  }

  get rawHeaders(): readonly string[] { return this.stream.rawHeaders; }
  get signal(): AbortSignal { return this.#presence.signal; }
  body(): Promise<{ bytes: Uint8Array }> { return (this.#body ??= readAll(this.stream)); }
}

/** Node keeps the values of `set-cookie` apart, and joins all others itself. */
function flat(headers: Request['headers']): ServerRequest['headers'] {
  const cookies = headers['set-cookie'];
  return (cookies ? { ...headers, 'set-cookie': cookies.join(',') } : headers) as ServerRequest['headers'];
}

/** Reads with listeners: leaving an iteration early would destroy the stream, and the answer with it. */
function readAll(request: Request): Promise<{ bytes: Uint8Array }> {
  return new Promise((resolve, reject) => {
    let chunks: Uint8Array[] = [];
    let size = 0;
    let ended = false;
    request.on('data', (chunk: Uint8Array) => {
      size += chunk.byteLength;
      if (size <= maxBodyBytes) chunks.push(chunk);
      else if (chunks.length) {
        chunks = [];
        reject(errors.tooLarge(`Request entity too large: limit is ${maxBodyBytes}`));
      }
      if (size > drainedBodyBytes) request.destroy();
    });
    request.once('end', () => {
      ended = true;
      resolve({ bytes: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) });
    });
    request.once('error', reject);
    // Comes after every request; an error nobody gets would cost as much as decoding a body.
    request.once('close', () => { if (!ended) reject(errors.badRequest('the body of the request broke off')); });
  });
}

interface Peer { readonly shown: ServerRequest['peer']; readonly until: number }
const peers = new WeakMap<object, Peer>();
/** The user of a verified client certificate: CN and the O's, and by which certificate, read once per connection. (upstream: apiserver authentication/request/x509) */
function peerOf(request: Request, now: number): ServerRequest['peer'] {
  const session = 'stream' in request ? request.stream.session : undefined;
  const id: object = session ?? request.socket;
  let peer = peers.get(id);
  if (!peer) peers.set(id, (peer = readPeer((session?.socket ?? request.socket) as TLSSocket, request.socket.remoteAddress ?? '')));
  return now < peer.until ? peer.shown : { unverified: true, address: peer.shown.address };
}
export function readPeer(socket: TLSSocket, address = ''): Peer {
  // A connection that has just broken has no certificate to show.
  const { subject, serialNumber: serial = '', valid_from: from = '', valid_to: until, fingerprint256 = '' } = (socket.getPeerCertificate?.() ?? {}) as { subject?: { CN?: string; O?: string | string[] }; serialNumber?: string; valid_from?: string; valid_to?: string; fingerprint256?: string };
  if (!socket.authorized) return { shown: subject ? { unverified: true, address } : { address }, until: Infinity };
  if (!subject?.CN) return { shown: { address }, until: Infinity };
  const { O: organizations = [] } = subject;
  const user: User = {
    name: subject.CN, groups: Array.isArray(organizations) ? organizations : [organizations],
    extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint256.replaceAll(':', '').toLowerCase()}`] },
  };
  return { shown: { user, address, certificate: { serial, notBefore: Date.parse(from) } }, until: until ? Date.parse(until) : Infinity };
}
