// The API server's one port: HTTPS with HTTP/2 for API calls and HTTP/1.1 for upgrades. Turns HTTP into ServerRequests and
// Answers into bytes.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer, type Http2ServerResponse, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import * as errors from '../../src/apimachinery/status-error.ts';
import { maxHeaderBytes, refuseUpgrade, type UpgradeRequest } from '../../src/streams/upgrade.ts';
import { realClock, type Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import { asksForAnswerSocket, sendBytesSocket, sendWatchSocket } from './answer-socket.ts';
import type { ApiServer, Outcome } from './api-server.ts';
import { headersOfAll, send } from './http-answer.ts';
import { HttpRequest, Presence, readPeer, type Request } from './http-request.ts';
import type { ServerRequest } from './request.ts';

type Response = ServerResponse | Http2ServerResponse;

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
  /** Pages for people: requests for `path` and below never reach the API. `handle` resolves when its answer is over. */
  readonly pages?: Pages;
}
export interface Pages { readonly path: string; handle(request: IncomingMessage, response: ServerResponse): Promise<void> }

export class HttpServer {
  readonly #server: Http2SecureServer;
  readonly #options: HttpServerOptions;
  readonly #sockets = new Set<TLSSocket>();
  readonly #sessions = new Set<ServerHttp2Session>();
  /** Requests whose answer is not sent yet. */
  readonly #open = new Set<Presence>();
  /** Of these, those that last until somebody ends them. */
  readonly #streams = new Set<Presence>();
  #idle: (() => void) | undefined;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#server = createSecureServer({
      allowHTTP1: true, ...this.#context(options), requestCert: true, rejectUnauthorized: false,
      settings: { maxConcurrentStreams: 1000, initialWindowSize: 1024 * 1024, maxHeaderListSize: maxHeaderBytes },
      // In MB: answers under way count too, and a few large lists at once pass Node's default of 10, which then resets streams.
      maxSessionMemory: 512,
    });
    // What HTTP/1.1 reads, though HTTP/2's types do not know it.
    (this.#server as { maxHeaderSize?: number }).maxHeaderSize = maxHeaderBytes;
    this.#server.on('request', (request, response) => {
      const { pages } = options;
      void (isBelow(pages?.path, request.url) ? this.#page(pages!, request, response as unknown as Response) : this.#request(request, response as unknown as Response));
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

  /** Cuts every connection whose certificate is this user's: watches, tunnels and all. */
  disconnect(user: string): void { for (const socket of this.#sockets) if (readPeer(socket).shown.user?.name === user) socket.destroy(); }

  /** @throws when the port is in use */
  async listen(port: number, host?: string): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }
  /** Accepts nothing more, ends watches, lets requests finish for up to `graceMs`, then cuts what is left. */
  async close(graceMs = 3_000): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const stream of this.#streams) stream.leave(serverStops);
    const idle = new Promise<void>((resolve) => { if (this.#open.size) this.#idle = resolve; else resolve(); });
    const sessions = [...this.#sessions].map((session) => new Promise<void>((resolve) => {
      session.once('close', resolve);
      session.close();
    }));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => { timer = setTimeout(resolve, graceMs); });
    await Promise.race([Promise.all([idle, ...sessions]), late]);
    clearTimeout(timer);
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #now(): number { return (this.#options.clock ?? realClock).now(); }

  async #request(request: Request, response: Response): Promise<void> {
    // A client that goes away breaks the stream; there is nobody left to tell.
    response.on('error', ignored);
    request.on('error', ignored);
    const presence = new Presence();
    let outcome: Outcome | undefined;
    let answered = false;
    let closed = false;
    const over = (): void => {
      if (this.#over(presence)) outcome?.done();
    };
    this.#open.add(presence);
    response.on('finish', over);
    response.on('close', () => {
      closed = true;
      if (answered) over();
      else presence.leave(clientGone);
    });
    try {
      outcome = await this.#options.server.handle(new HttpRequest(request, presence, this.#now()));
      if (outcome.answer.kind !== 'object') this.#streams.add(presence);
      await send(request, response, outcome, this.#options.server.protobuf, { presence, stalledMs: this.#options.stalledMs ?? stalledMs });
      answered = true;
      if (closed) over();
    } catch (error) {
      if (!presence.gone) this.#options.log.warn({ error, path: request.url }, 'an answer broke off');
      response.destroy();
      over();
    }
  }

  async #page(pages: Pages, request: Request, response: Response): Promise<void> {
    for (const stream of [request, response]) stream.on('error', ignored);
    const presence = new Presence();
    this.#open.add(presence);
    try {
      await pages.handle(request as IncomingMessage, response as ServerResponse);
    } catch (error) {
      this.#options.log.warn({ error, path: request.url }, 'a page could not be served');
      if (response.headersSent) response.destroy();
      else (response as ServerResponse).writeHead(500).end();
    } finally {
      this.#over(presence);
    }
  }
  /** False when it was over before. */
  #over(presence: Presence): boolean {
    if (!this.#open.delete(presence)) return false;
    this.#streams.delete(presence);
    if (!this.#open.size) this.#idle?.();
    return true;
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const presence = new Presence();
    socket.on('close', () => presence.leave(clientGone));
    socket.on('error', () => socket.destroy());
    try {
      const asked = new HttpRequest(request, presence, this.#now());
      await (asksForAnswerSocket(asked) && !this.#options.server.delegates(asked) ? this.#answerSocket(asked, presence, { request, socket, head }) : this.#options.upgrade(asked, request, socket, head));
    } catch (error) {
      const status = error instanceof errors.StatusError ? error.status : errors.internal((error as Error).message).status;
      if (!(error instanceof errors.StatusError)) this.#options.log.warn({ error, path: request.url }, 'an upgrade failed');
      refuse(request, socket, status);
    }
  }

  async #answerSocket(asked: ServerRequest, presence: Presence, upgrade: UpgradeRequest): Promise<void> {
    const { server } = this.#options;
    const patience = this.#options.stalledMs ?? stalledMs;
    const outcome = await server.handle(asked);
    this.#open.add(presence);
    this.#streams.add(presence);
    try {
      const { answer } = outcome;
      // Whatever is asked for like this and does not last is refused.
      if (answer.kind === 'object') refuse(upgrade.request, upgrade.socket, answer.value() as errors.Status);
      else if (answer.kind === 'watch') await sendWatchSocket(upgrade, answer.items, outcome.media.type === 'protobuf' ? server.protobuf : undefined, patience);
      else if (answer.status === 200) await sendBytesSocket(upgrade, answer.body instanceof Uint8Array ? only(answer.body) : answer.body, patience);
      else refuseUpgrade(upgrade.socket, answer.status, answer.body instanceof Uint8Array ? Buffer.from(answer.body).toString().trimEnd() : '');
    } finally {
      // A handshake that was refused leaves a watch nobody began to read.
      presence.leave(clientGone);
      if (this.#over(presence)) outcome.done();
    }
  }
}

/** Ends a request for an upgrade with a Status. */
function refuse(request: IncomingMessage, socket: Duplex, status: errors.Status): void {
  const body = JSON.stringify(status);
  const headers = { ...headersOfAll(request), 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'connection': 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status.code} ${status.reason ?? 'Error'}\r\n${lines.join('')}\r\n${body}`);
}

const ignored = (): void => undefined;
async function* only<T>(value: T): AsyncGenerator<T> { yield value; }

/** `/ui`, `/ui?…` and `/ui/…`, but not `/uix`. */
const isBelow = (path: string | undefined, url = ''): boolean => path !== undefined && url.startsWith(path) && ['/', '?', undefined].includes(url[path.length]);

/** One for all: making an error for each request would cost more than most answers. */
const clientGone = new Error('the client went away');
const serverStops = new Error('the server stops');
