// Answers to HTTP upgrade requests, written on the bare socket: a refusal in plain words, or the switch of protocols.
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** An upgrade request with the socket it came on, as Node's `upgrade` event hands it over. */
export interface UpgradeRequest { readonly request: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }

/** What a request's line and headers may take: the command of an exec stands in its line. upstream: Go net/http (DefaultMaxHeaderBytes) */
export const maxHeaderBytes = 1 << 20;

export function refuseUpgrade(socket: Duplex, code: number, message: string, headers: readonly string[] = []): void {
  socket.on('error', () => socket.destroy());
  const body = `${message}\n`;
  const lines = [
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? 'Error'}`, ...headers, 'Content-Type: text/plain; charset=utf-8', `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

function switchProtocols(socket: Duplex, protocol: string, headers: readonly string[] = []): void {
  socket.write(`${['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', `Upgrade: ${protocol}`, ...headers].join('\r\n')}\r\n\r\n`);
}

/** `websocket`, `SPDY/3.1`, … in lower case. */
export const upgradeOf = (request: IncomingMessage): string => (request.headers.upgrade ?? '').toLowerCase();

/** The values of a header that lists them by comma, over all its lines. */
export function listedIn(request: IncomingMessage, header: string): string[] {
  const value = request.headers[header];
  return (Array.isArray(value) ? value.join(',') : value ?? '').split(',').map((part) => part.trim()).filter((part) => part !== '');
}

const protocolHeader = 'x-stream-protocol-version';

/**
 * Agrees on a protocol and switches to SPDY/3.1. A client that names none speaks `fallback`, as before there were versions.
 * Undefined when there is nothing in common: the request was then refused.
 */
export function switchToSpdy({ request, socket, head }: UpgradeRequest, protocols: readonly string[], fallback: string): string | undefined {
  const offered = listedIn(request, protocolHeader);
  const protocol = offered.length === 0 ? fallback : offered.find((name) => protocols.includes(name));
  if (protocol === undefined) {
    refuseUpgrade(socket, 403, `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${protocols.join(' ')}]`, protocols.map((name) => `X-Accepted-Stream-Protocol-Versions: ${name}`));
    return undefined;
  }
  switchProtocols(socket, 'SPDY/3.1', [`X-Stream-Protocol-Version: ${protocol}`]);
  if (head.length > 0) socket.unshift(head);
  return protocol;
}
