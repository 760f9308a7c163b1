// A kept-alive TLS connection that speaks just enough HTTP/1.1 for a benchmark: whole requests as bytes, responses by their
// content length or in chunks. Cheap, so that the client does not tire before the server does.
import { connect, type TLSSocket } from 'node:tls';
import type { ClusterAccess } from '../../src/client/kubeconfig.ts';

export interface Reply { readonly status: number; readonly body: Buffer }

const headEnd = '\r\n\r\n';

export function requestBytes(method: string, path: string, host: string, body = ''): Buffer {
  const length = method === 'GET' ? '' : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${length}\r\n${body}`);
}

export class TlsConnection {
  readonly #socket: TLSSocket;
  #input: Buffer = Buffer.alloc(0);
  #status = 0;
  /** Of the body of the present answer: what is still to come, and what has. */
  #missing = 0;
  #parts: Buffer[] = [];
  #waiting: { resolve(reply: Reply): void; reject(error: Error): void } | undefined;
  #onChunk: ((chunk: Buffer) => void) | undefined;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.#waiting?.reject(error));
    socket.on('close', () => this.#waiting?.reject(new Error('the server closed the connection')));
  }

  static open({ server, ca, cert, key }: ClusterAccess): Promise<TlsConnection> {
    const { hostname, port } = new URL(server);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), ca, cert, key, ALPNProtocols: ['http/1.1'] });
      socket.setNoDelay(true);
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        socket.off('error', reject);
        resolve(new TlsConnection(socket));
      });
    });
  }

  /** One request at a time. */
  request(bytes: Buffer): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(bytes);
    });
  }

  /** Sends a request whose answer does not end; `onChunk` gets what comes after its head. */
  stream(bytes: Buffer, onChunk: (chunk: Buffer) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve: () => resolve(), reject };
      this.#onChunk = onChunk;
      this.#socket.write(bytes);
    });
  }

  close(): void { this.#socket.destroy(); }

  #read(chunk: Buffer): void {
    if (!this.#waiting) {
      this.#onChunk?.(chunk);
      return;
    }
    if (this.#missing > 0) {
      this.#take(chunk);
      return;
    }
    this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
    const end = this.#input.indexOf(headEnd);
    if (end < 0) return;
    const head = this.#input.toString('latin1', 0, end);
    this.#status = Number(head.slice(9, 12));
    const rest = this.#input.subarray(end + headEnd.length);
    this.#input = Buffer.alloc(0);
    if (this.#onChunk) {
      const { resolve } = this.#waiting;
      this.#waiting = undefined;
      resolve({ status: this.#status, body: rest });
      if (rest.length) this.#onChunk(rest);
      return;
    }
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) throw new Error(`no content length: ${head}`);
    this.#missing = Number(length);
    this.#take(rest);
  }

  /** Part of a body: joined once it is whole, as joining at each part would cost more than the server takes. */
  #take(part: Buffer): void {
    this.#parts.push(part);
    this.#missing -= part.length;
    if (this.#missing > 0) return;
    const body = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    this.#parts = [];
    const { resolve } = this.#waiting!;
    this.#waiting = undefined;
    resolve({ status: this.#status, body });
  }
}
