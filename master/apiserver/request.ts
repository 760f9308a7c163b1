// A request and an answer of the API server, independent of how they travel: over HTTP or in memory.
import type { Readable } from 'node:stream';
import type { User } from '../registry/request-context.ts';
import type { RequestInfo } from './request-info.ts';

export interface PeerCertificate { readonly serial: string; readonly notBefore: number }

/** Not to be spread: a copy has no members but its own. */
export interface ServerRequest {
  readonly method: string;
  /** Decoded by nobody yet: as it came, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Names and values in turn, as they came, where headers may repeat; in memory they do not. */
  readonly rawHeaders?: readonly string[] | undefined;
  /** The body's bytes, or a JSON value that belongs to the receiver (in memory). @throws StatusError 413 */
  body(): Promise<{ bytes: Uint8Array } | { value: unknown }>;
  /** The body as it comes in, for whoever passes it on instead of calling `body()`; none in memory. */
  readonly stream?: Readable | undefined;
  readonly signal: AbortSignal;
  /** Who is at the other end of the connection, as far as the transport knows: a verified client certificate, or an in-process caller. */
  readonly peer: {
    readonly user?: User; readonly address: string; /** It showed a certificate that is none of our CA's. */ readonly unverified?: boolean;
    /** Of the user's certificate: the serial number in hexadecimal, and since when it is valid (ms since the epoch). */
    readonly certificate?: PeerCertificate;
  };
}

/** A request the filters have looked at. */
export interface AdmittedRequest extends ServerRequest {
  readonly info: RequestInfo; readonly user: User; readonly warnings: string[];
  /** When its time is over, in ms of the monotonic clock; absent where it has no end. */
  readonly until?: number;
}

export class Admitted implements AdmittedRequest {
  readonly #request: ServerRequest;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: ServerRequest['headers'];
  readonly peer: ServerRequest['peer'];
  readonly info: RequestInfo;
  readonly user: User;
  readonly warnings: string[];
  until?: number;
  constructor(request: ServerRequest, info: RequestInfo, user: User, warnings: string[]) {
    this.#request = request;
    this.method = request.method;
    this.path = request.path;
    this.query = request.query;
    this.headers = request.headers;
    this.peer = request.peer;
    this.info = info;
    this.user = user;
    this.warnings = warnings;
  }
  get rawHeaders(): readonly string[] | undefined { return this.#request.rawHeaders; }
  get stream(): Readable | undefined { return this.#request.stream; }
  get signal(): AbortSignal { return this.#request.signal; }
  body(): ReturnType<ServerRequest['body']> { return this.#request.body(); }
}

export interface WatchItem { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'; /** Frozen. */ readonly value: () => unknown; /** JSON of the object, shared by all watchers of the event. */ readonly json: () => Uint8Array }

/** A line of JSON whose size is known before its bytes are made, so that a large list never stands in memory as a whole. */
export interface JsonLine {
  readonly size: number;
  /** `take` gives buffers of at least so many bytes, for whoever has some again and again. */
  pieces(take?: (bytes: number) => Buffer): Iterable<Buffer>;
}

export type Answer =
  /** One JSON document; `json` gives its bytes without building the value. */
  | { readonly kind: 'object'; readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly value: () => unknown; readonly json?: () => JsonLine }
  | { readonly kind: 'watch'; readonly items: AsyncIterable<WatchItem> }
  | { readonly kind: 'raw'; readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array | AsyncIterable<Uint8Array> };

export type Handler = (request: AdmittedRequest) => Promise<Answer>;

export const objectAnswer = (value: unknown, status = 200): Answer => ({ kind: 'object', status, value: () => value });
export const textAnswer = (status: number, text: string, headers: Record<string, string> = {}): Answer => ({ kind: 'raw', status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: Buffer.from(text) });
/** A failure as text, not as a Status. (upstream: Go's http.Error) */
export const errorPage = (status: number, text: string, headers: Record<string, string> = {}): Answer => textAnswer(status, `${text}\n`, { 'x-content-type-options': 'nosniff', ...headers });
