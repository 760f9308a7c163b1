// The token a request shows, and whom the API server's own tokens are for.
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { ServerRequest } from '../request.ts';
import { issuer } from './claims.ts';
import { tokenInProtocols } from './websocket-protocol.ts';

export const apiAudiences: readonly string[] = [issuer];

/** In the Authorization header, or among the WebSocket protocols, where a browser can put it. @throws StatusError 401 for one that is put there wrongly */
export function shownToken(headers: ServerRequest['headers']): string | undefined {
  const header = /^bearer\s+(\S+)\s*$/i.exec(headers['authorization'] ?? '')?.[1];
  if (header !== undefined || headers['upgrade']?.toLowerCase() !== 'websocket') return header;
  try {
    return tokenInProtocols(headers['sec-websocket-protocol'] ?? '');
  } catch {
    throw errors.unauthorized();
  }
}
