// What the proxy's contract tests stand on: rules for loopback addresses, back ends that answer with their name, and a raw
// HTTP client that retries nothing and calls anything but a whole, expected answer a failure.
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, createServer as createNetServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import type { Backend, ProxyRules, ServicePortRule } from '../../agent/proxy/rules.ts';
import { ProxyWorker, type WorkerOptions } from '../../agent/proxy/worker/worker.ts';
import { realClock } from '../../src/util/clock.ts';
import { silentLog } from '../../src/util/log.ts';

export const backend = (address: string, port: number): Backend => ({ address, port, pod: `default/${address}`, nodeName: 'n1' });

export function rule(fields: Partial<ServicePortRule> & { readonly id: string }): ServicePortRule {
  return {
    protocol: 'TCP', mode: 'http', clusterIPs: [], externalIPs: [], port: 80, nodePort: 0, loadBalancer: false, affinitySeconds: 0,
    internal: [], external: fields.internal ?? [], ...fields,
  };
}

export const rules = (revision: number, ...ports: ServicePortRule[]): ProxyRules => ({ revision, ports });

export function newWorker(options: Partial<WorkerOptions> = {}): ProxyWorker {
  return new ProxyWorker({ role: 'service', clock: realClock, log: silentLog, ...options });
}

export interface HttpBackend { readonly server: Server; readonly backend: Backend; readonly name: string; requests: number; readonly sockets: Set<Socket>; close(): Promise<void> }

/** An HTTP server that by default answers `<name> <method> <path> <body length>`. */
export async function httpBackend(name: string, address: string, handler?: RequestListener, port = 0): Promise<HttpBackend> {
  const sockets = new Set<Socket>();
  const self = { requests: 0 };
  const server = createServer({ keepAliveTimeout: 60_000, maxHeaderSize: 65536 }, (request, response) => {
    self.requests++;
    if (handler) {
      handler(request, response);
      return;
    }
    let size = 0;
    request.on('data', (chunk: Buffer) => { size += chunk.length; });
    request.on('end', () => response.end(`${name} ${request.method} ${request.url} ${size}`));
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await listen(server, address, port);
  return Object.assign(self, { server, name, sockets, backend: backend(address, (server.address() as AddressInfo).port), close: () => closeServer(server) });
}

export interface HttpPort {
  readonly ip: string;
  readonly podIP: (n: number) => string;
  /** Made by `open`. */
  worker: ProxyWorker;
  revision: number;
  /** Called when the test is over. */
  readonly closers: (() => Promise<unknown>)[];
  pods(count: number, handler?: RequestListener): Promise<HttpBackend[]>;
  /** A back end that speaks bytes; `n` counts its connections. */
  raw(address: string, onConnection: (socket: Socket, n: number) => void): Promise<{ server: NetServer; port: number }>;
  /** Puts a rule for port 80 in force that has these back ends. */
  serve(backends: readonly { address: string; port: number }[], fields?: object): Promise<unknown>;
  open(): void;
  close(): Promise<void>;
}

/** A worker with an HTTP port at 127.60.<net>.1, and back ends for it. */
export function httpPort(net: number, plainPath: boolean): HttpPort {
  const bed: HttpPort = {
    ip: `127.60.${net}.1`, podIP: (n) => `127.60.${net}.${100 + n}`, worker: undefined as never, revision: 0, closers: [],
    open() { bed.worker = newWorker({ plainPath }); },
    async pods(count, handler) {
      const made = await Promise.all(Array.from({ length: count }, (_value, i) => httpBackend(`pod${i}`, bed.podIP(i), handler)));
      for (const pod of made) bed.closers.push(() => pod.close());
      return made;
    },
    async raw(address, onConnection) {
      let n = 0;
      const open = new Set<Socket>();
      const server = createNetServer((socket) => {
        open.add(socket);
        socket.on('error', () => {});
        onConnection(socket, n++);
      });
      const port = await listen(server, address);
      bed.closers.push(() => { for (const socket of open) socket.destroy(); return closeServer(server); });
      return { server, port };
    },
    serve: (backends, fields = {}) => bed.worker.apply(rules(++bed.revision, rule({ id: 'default/web:http', clusterIPs: [bed.ip], internal: backends.map((b) => backend(b.address, b.port)), ...fields }))),
    async close() {
      await bed.worker.close();
      for (const close of bed.closers.splice(0)) await close();
    },
  };
  return bed;
}

export function listen(server: NetServer, address: string, port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => resolve((server.address() as AddressInfo).port));
  });
}

export function closeServer(server: NetServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    if ('closeAllConnections' in server) (server as Server).closeAllConnections();
  });
}

export interface RawResponse { readonly status: number; readonly head: string; readonly body: Buffer; readonly trailers: string }

/** A server that says nothing for so long has failed. */
const silenceMs = 15_000;

/** One client connection that speaks HTTP/1.1 by hand. */
export class RawClient {
  readonly socket: Socket;
  #input = Buffer.alloc(0);
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(address: string, port: number) {
    this.socket = connect({ host: address, port, noDelay: true, allowHalfOpen: true });
    this.socket.on('data', (chunk) => { this.#input = Buffer.concat([this.#input, chunk]); this.#wake?.(); });
    this.socket.on('end', () => { this.#ended = true; this.#wake?.(); });
    this.socket.on('error', (error) => { this.#error = error; this.#wake?.(); });
    this.socket.on('close', () => { this.#ended = true; this.#wake?.(); });
  }

  get closed(): boolean { return this.#ended; }
  get error(): Error | undefined { return this.#error; }
  send(data: string | Buffer): void { this.socket.write(data); }
  destroy(): void { this.socket.destroy(); }

  async #more(): Promise<void> {
    if (this.#error) throw this.#error;
    if (this.#ended) throw new Error(`connection ended after ${this.#input.length} unread bytes`);
    await new Promise<void>((resolve, reject) => {
      const silent = setTimeout(() => reject(new Error(`silence for ${silenceMs} ms after ${this.#input.length} unread bytes`)), silenceMs);
      this.#wake = () => { clearTimeout(silent); resolve(); };
    });
  }

  async readExactly(size: number): Promise<Buffer> {
    while (this.#input.length < size) await this.#more();
    const result = this.#input.subarray(0, size);
    this.#input = this.#input.subarray(size);
    return result;
  }
  async readUntil(mark: string): Promise<string> {
    for (;;) {
      const end = this.#input.indexOf(mark);
      if (end >= 0) return (await this.readExactly(end + mark.length)).toString('latin1');
      await this.#more();
    }
  }
  /** Everything up to the end; rejects on a reset. */
  async readAll(): Promise<Buffer> {
    while (!this.#ended) await this.#more().catch((error: Error) => { if (!this.#ended || this.#error) throw error; });
    if (this.#error) throw this.#error;
    return this.#input;
  }
  async end(): Promise<void> {
    while (!this.#ended && !this.#error) await new Promise<void>((resolve) => { this.#wake = resolve; });
  }

  async response(method = 'GET'): Promise<RawResponse> {
    const head = await this.readUntil('\r\n\r\n');
    const status = Number(head.slice(9, 12));
    if (!/^HTTP\/1\.1 \d{3} /.test(head)) throw new Error(`no response: ${JSON.stringify(head)}`);
    if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return { status, head, body: Buffer.alloc(0), trailers: '' };
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    if (length) return { status, head, body: await this.readExactly(Number(length[1])), trailers: '' };
    if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
      const parts: Buffer[] = [];
      for (;;) {
        const size = parseInt(await this.readUntil('\r\n'), 16);
        if (size === 0) break;
        parts.push(await this.readExactly(size));
        await this.readExactly(2);
      }
      let trailers = '';
      for (let line = await this.readUntil('\r\n'); line !== '\r\n'; line = await this.readUntil('\r\n')) trailers += line;
      return { status, head, body: Buffer.concat(parts), trailers };
    }
    return { status, head, body: await this.readAll(), trailers: '' };
  }

  async request(method: string, path: string, headers: Record<string, string> = {}, body: string | Buffer = ''): Promise<RawResponse> {
    const fields = { Host: 'svc.test', ...(body.length > 0 || method === 'POST' ? { 'Content-Length': String(Buffer.byteLength(body)) } : {}), ...headers };
    const head = `${method} ${path} HTTP/1.1\r\n${Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
    this.send(Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)]));
    return this.response(method);
  }
}

/** One request on a connection of its own. */
export async function once(address: string, port: number, method = 'GET', path = '/', headers: Record<string, string> = {}, body: string | Buffer = ''): Promise<RawResponse> {
  const client = new RawClient(address, port);
  try {
    return await client.request(method, path, headers, body);
  } finally {
    client.destroy();
  }
}
