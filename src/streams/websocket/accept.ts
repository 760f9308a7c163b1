// The WebSocket handshake with Kubernetes' subprotocols. The names are chosen here and kept from ws, which takes a name with a
// slash (SPDY/3.1+portforward.k8s.io) for a malformed header.
import type { IncomingMessage } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';
import { listedIn, refuseUpgrade, type UpgradeRequest } from '../upgrade.ts';

const maxMessageBytes = 16 * 1024 * 1024;
const protocolHeader = 'sec-websocket-protocol';

const server = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: maxMessageBytes });
const chosen = new WeakMap<IncomingMessage, string>();
server.on('headers', (headers, request) => {
  const protocol = chosen.get(request);
  if (protocol) headers.push(`Sec-WebSocket-Protocol: ${protocol}`);
});

export interface AcceptedWebSocket { readonly webSocket: WebSocket; readonly protocol: string }

/** The first of the client's protocols that is spoken here; a client may name none (''). Undefined when the request was refused. */
export function acceptWebSocket({ request, socket, head }: UpgradeRequest, protocols: readonly string[]): AcceptedWebSocket | undefined {
  const offered = listedIn(request, protocolHeader);
  const protocol = (offered.length === 0 ? [''] : offered).find((name) => protocols.includes(name));
  if (protocol === undefined) {
    refuseUpgrade(socket, 403, `unable to upgrade: requested protocol(s) are not supported: [${offered.join(' ')}]; supports [${protocols.join(' ')}]`);
    return undefined;
  }
  chosen.set(request, protocol);
  delete request.headers[protocolHeader];
  let webSocket: WebSocket | undefined;
  // It is synchronous; a request that is no WebSocket handshake was answered when it does not call back.
  server.handleUpgrade(request, socket, head, (accepted) => { webSocket = accepted; });
  // A broken connection is told by its close event.
  webSocket?.on('error', () => {});
  return webSocket && { webSocket, protocol };
}
