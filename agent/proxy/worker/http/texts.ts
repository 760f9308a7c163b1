// The responses the proxy itself gives, when no back end gave one.
import { STATUS_CODES } from 'node:http';

export const errorText = (status: number, reason: string): string => `${status} ${STATUS_CODES[status] ?? ''}: ${reason}\n`;

export function errorResponse(status: number, reason: string, close: boolean, method: string): string {
  const text = errorText(status, reason);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${text.length}\r\n`
    + `${close ? 'Connection: close\r\n' : ''}\r\n${method === 'HEAD' ? '' : text}`;
}
