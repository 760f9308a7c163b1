// Opens a TLS connection to the master and switches it to a protocol of our own by an HTTP/1.1 upgrade. The socket comes out
// bare, without the marks Node's HTTP client leaves on its sockets, so that an HTTP server can take it.
import { connect, type TLSSocket } from 'node:tls';
import { isIP } from 'node:net';
import type { ClusterAccess } from '../../src/client/kubeconfig.ts';
import type { Clock } from '../../src/util/clock.ts';

const connectTimeoutMs = 10_000;
const longestHead = 64 * 1024;
const keepAliveMs = 30_000;

/** The master answered, but did not switch. */
export class UpgradeRefused extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The socket comes paused: what was sent right behind the answer waits in it. @throws UpgradeRefused, or Error when the connection fails. The signal also ends a connection that was handed out. */
export function openUpgraded(access: ClusterAccess, path: string, protocol: string, { clock, signal }: { clock: Clock; signal: AbortSignal }): Promise<TLSSocket> {
  const url = new URL(access.server);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect({
      host, port: Number(url.port || 443), ca: access.ca, cert: access.cert, key: access.key, ALPNProtocols: ['http/1.1'], ...(isIP(host) ? {} : { servername: host }),
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    const abort = (): void => { socket.destroy(); };
    signal.addEventListener('abort', abort, { once: true });
    socket.once('close', () => {
      signal.removeEventListener('abort', abort);
      fail(new Error(`the connection to ${url.host} was closed`));
    });
    const cancel = clock.after(connectTimeoutMs, () => { socket.destroy(new Error(`${url.host} did not answer within ${connectTimeoutMs / 1000} s`)); });
    const fail = (error: Error): void => {
      cancel();
      reject(error);
    };
    socket.on('error', fail); // once it is open, its close event tells
    socket.once('secureConnect', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`));

    let received = Buffer.alloc(0);
    const read = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf('\r\n\r\n');
      if (end < 0 && received.length <= longestHead) return;
      const head = received.toString('latin1', 0, Math.max(0, end));
      const code = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
      if (code === 101) {
        socket.off('data', read);
        socket.pause();
        const rest = received.subarray(end + 4);
        if (rest.length > 0) socket.unshift(rest);
        cancel();
        resolve(socket);
        return;
      }
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      const body = received.subarray(end + 4);
      if (end >= 0 && body.length < length && received.length <= longestHead) return;
      socket.destroy();
      fail(new UpgradeRefused(code, refusal(code, body.toString())));
    };
    socket.on('data', read);
  });
}

/** The message of a Status, or what came instead. */
function refusal(code: number, body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: string };
    if (message) return message;
  } catch {
    // Not a Status: a proxy or another server answered.
  }
  return `the master answered ${code}${body.trim() ? `: ${body.trim().slice(0, 200)}` : ''}`;
}
