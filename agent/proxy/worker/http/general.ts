// The general path of HTTP: every request the plain path leaves (HTTP/1.0, chunked uploads, Expect, trailers, unusual
// heads) through http-proxy, each on a fresh connection to a back end; upgrades as tunnels.
import { createServer, type ClientRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import httpProxy from 'http-proxy';
import type { Log } from '../../../../src/util/log.ts';
import { connectToBackend, ConnectTimeoutError, NoBackendError } from '../connect.ts';
import type { BackendState, Origin } from '../port-state.ts';
import { relay } from '../relay.ts';
import { isH2c, isIdempotent, withoutH2c } from './heads.ts';
import { clientHeadMs, clientIdleMs, maxHeadBytes } from './limits.ts';
import { oneSocketAgent } from './one-socket-agent.ts';
import { errorResponse, errorText } from './messages.ts';

type Passes = { webPasses: { name: string }[] };

/** Fields that concern one connection only. */
const hopByHop = ['connection', 'keep-alive', 'proxy-connection'];

export class GeneralPath {
  draining = false;
  readonly #server: Server;
  readonly #proxy: httpProxy;
  readonly #log: Log;
  readonly #origins = new WeakMap<object, Origin>();
  /** Requests whose client waits for a 100 before it sends the body: it may never send it. */
  readonly #expecting = new WeakSet<IncomingMessage>();

  constructor(log: Log) {
    this.#log = log;
    this.#proxy = httpProxy.createProxyServer({ preserveHeaderKeyCase: true });
    // It would take the body of a chunked DELETE for none.
    const passes = this.#proxy as unknown as Passes;
    passes.webPasses = passes.webPasses.filter((pass) => pass.name !== 'deleteLength');
    this.#proxy.on('error', (error) => this.#log.warn({ error }, 'http-proxy reported an error'));
    this.#proxy.on('proxyRes', (reply, request, response) => this.#onReply(reply, request, response));

    this.#server = createServer({ maxHeaderSize: maxHeadBytes, keepAliveTimeout: clientIdleMs, headersTimeout: clientHeadMs, requestTimeout: 0, noDelay: true });
    const handle = (request: IncomingMessage, response: ServerResponse): void => { void this.#request(request, response, 0); };
    this.#server.on('request', handle);
    this.#server.on('checkContinue', handle);
    this.#server.on('checkExpectation', handle);
    this.#server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => this.#tunnel(request, socket, head));
    this.#server.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => this.#tunnel(request, socket, head));
    // It never listens itself; this starts its check of header time limits.
    this.#server.emit('listening');
  }

  /** Takes over a paused connection of which `head` was read already. */
  accept(socket: Socket, origin: Origin, head: Buffer): void {
    this.#origins.set(socket, origin);
    socket.unshift(head);
    this.#server.emit('connection', socket);
    socket.resume();
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #request(request: IncomingMessage, response: ServerResponse, attempt: number): Promise<void> {
    const { port, side } = this.#origins.get(request.socket)!;
    const client = clientOf(request.socket);
    let upstream: ClientRequest | undefined;
    let backend: BackendState;
    let socket: Socket;
    try {
      ({ backend, socket } = await connectToBackend(port, side, client, { cancelled: () => response.destroyed }));
    } catch (error) {
      this.#fail(response, ...reasonOf(error));
      return;
    }
    let counted = true;
    const uncount = (): void => {
      if (counted) backend.inFlight--;
      counted = false;
    };
    // http-proxy leaves the request to the back end running when its client goes away during the response.
    const onClose = (): void => {
      uncount();
      upstream?.destroy();
      socket.destroy();
    };
    response.once('close', onClose);
    response.sendDate = false;

    const url = request.url ?? '/';
    const connection = request.headers.connection;
    const expect = request.headers.expect;
    if (expect) this.#expecting.add(request);
    if (attempt === 0) addForwarded(request, client);
    for (const name of hopByHop) delete request.headers[name];
    delete request.headers.expect;
    request.headers.connection = 'close';
    const agent = oneSocketAgent(socket, (outgoing) => {
      upstream = outgoing;
      // http-proxy folds repeated slashes; a path is the back end's affair.
      outgoing.path = url;
      if (expect) {
        outgoing.setHeader('Expect', expect);
        outgoing.flushHeaders();
      }
      outgoing.on('continue', () => {
        this.#expecting.delete(request);
        response.writeContinue();
      });
      outgoing.on('information', (info) => {
        if (info.statusCode !== 100) response.socket?.write(`HTTP/1.1 ${info.statusCode} ${info.statusMessage}\r\n${rawFields(info.rawHeaders as unknown as string[])}\r\n`);
      });
      request.on('end', () => {
        if (request.rawTrailers.length > 0) outgoing.addTrailers(pairs(request.rawTrailers));
      });
    });
    this.#proxy.web(request, response, { target: { protocol: 'http:', host: backend.address, port: backend.port }, agent }, (error) => {
      uncount();
      socket.destroy();
      if (response.headersSent || response.destroyed) {
        request.socket.destroy();
        return;
      }
      const bodiless = request.headers['transfer-encoding'] === undefined && Number(request.headers['content-length'] ?? 0) === 0;
      if (attempt === 0 && bodiless && isIdempotent(request.method ?? '')) {
        response.off('close', onClose);
        if (expect) request.headers.expect = expect;
        void this.#request(request, response, 1);
      } else {
        this.#log.debug({ error }, 'request to an endpoint failed');
        this.#fail(response, 502, 'endpoint closed the connection without a response');
      }
    });
    // What the client asked for its own connection; http-proxy answers HTTP/1.0 clients by it.
    if (connection === undefined) delete request.headers.connection;
    else request.headers.connection = connection;
  }

  #onReply(reply: IncomingMessage, request: IncomingMessage, response: ServerResponse): void {
    for (const name of hopByHop) delete reply.headers[name];
    const close = this.draining || /\bclose\b/i.test(request.headers.connection ?? '') || this.#expecting.has(request);
    reply.headers.connection = close ? 'close' : 'keep-alive';
    reply.on('end', () => {
      if (reply.rawTrailers.length > 0) response.addTrailers(pairs(reply.rawTrailers));
    });
    // A response that breaks off must not look complete.
    reply.on('aborted', () => request.socket.resetAndDestroy());
  }

  /** An upgraded connection belongs to one back end, whatever protocol it becomes. */
  #tunnel(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const origin = this.#origins.get(socket)!;
    if (isH2c(request.headers.upgrade ?? '')) {
      const text = `${request.method} ${request.url} HTTP/${request.httpVersion}\r\n${rawFields(withoutH2c(request.rawHeaders))}\r\n`;
      this.accept(socket, origin, Buffer.concat([Buffer.from(text, 'latin1'), head]));
      return;
    }
    const { port, side } = origin;
    const fields = forwardedFields(request, clientOf(socket));
    const kept: string[] = [];
    for (let i = 0; i < request.rawHeaders.length; i += 2) {
      if (!(request.rawHeaders[i]!.toLowerCase() in fields)) kept.push(request.rawHeaders[i]!, request.rawHeaders[i + 1]!);
    }
    for (const [name, value] of Object.entries(fields)) kept.push(name, value);
    const text = `${request.method} ${request.url} HTTP/${request.httpVersion}\r\n${rawFields(kept)}\r\n`;
    void relay(socket, port, side, Buffer.concat([Buffer.from(text, 'latin1'), head]), (error) => {
      socket.end(errorResponse(...reasonOf(error), true, request.method ?? ''));
    });
  }

  #fail(response: ServerResponse, status: number, reason: string): void {
    if (response.destroyed) return;
    const text = errorText(status, reason);
    const close = this.draining || this.#origins.get(response.req.socket)?.port.removed || response.req.headers.expect !== undefined || this.#expecting.has(response.req);
    response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': text.length, ...(close ? { Connection: 'close' } : {}) });
    response.end(text);
  }
}

const clientOf = (socket: Socket): string => (socket.remoteAddress ?? '').replace(/^::ffff:/, '');

function reasonOf(error: unknown): [status: number, reason: string] {
  if (error instanceof NoBackendError) return [503, 'no ready endpoints'];
  if (error instanceof ConnectTimeoutError) return [504, 'no endpoint answered'];
  return [502, 'no endpoint could be reached'];
}

function forwardedFields(request: IncomingMessage, client: string): Record<string, string> {
  const earlier = request.headers['x-forwarded-for'];
  const proto = request.headers['x-forwarded-proto'];
  const host = request.headers['x-forwarded-host'];
  return {
    'x-forwarded-for': earlier ? `${String(earlier)}, ${client}` : client,
    'x-forwarded-proto': proto ? String(proto) : 'http',
    'x-forwarded-host': host ? String(host) : request.headers.host ?? '',
  };
}

function addForwarded(request: IncomingMessage, client: string): void { Object.assign(request.headers, forwardedFields(request, client)); }

function rawFields(raw: readonly string[]): string {
  let text = '';
  for (let i = 0; i < raw.length; i += 2) text += `${raw[i]}: ${raw[i + 1]}\r\n`;
  return text;
}

function pairs(raw: readonly string[]): [string, string][] {
  const result: [string, string][] = [];
  for (let i = 0; i < raw.length; i += 2) result.push([raw[i]!, raw[i + 1]!]);
  return result;
}
