// Messages as bytes: a request on its way to a back end, and the responses the proxy itself gives when no back end gave one.
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/** A small body travels in the same write as its head. */
const joinBytes = 16 * 1024;

/** False when the socket asks to wait. `size` is that of all body parts together. */
export function writeRequest(socket: Socket, head: string, body: readonly Buffer[], size: number): boolean {
  if (size === 0) return socket.write(head, 'latin1');
  if (size <= joinBytes) return socket.write(head + body.map((part) => part.toString('latin1')).join(''), 'latin1');
  socket.cork();
  let flushed = socket.write(head, 'latin1');
  for (const part of body) flushed = socket.write(part) && flushed;
  socket.uncork();
  return flushed;
}

export const errorText = (status: number, reason: string): string => `${status} ${STATUS_CODES[status] ?? ''}: ${reason}\n`;

export function errorResponse(status: number, reason: string, close: boolean, method: string): string {
  const text = errorText(status, reason);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${text.length}\r\n`
    + `${close ? 'Connection: close\r\n' : ''}\r\n${method === 'HEAD' ? '' : text}`;
}
