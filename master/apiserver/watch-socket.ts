// A watch over a WebSocket, as browsers and some clients ask for it: each event is one message, text in JSON and binary in protobuf;
// what the client sends is ignored. (upstream: apiserver endpoints/handlers/watch.go, HandleWS)
import { acceptWebSocket } from '../../src/streams/websocket/accept.ts';
import { sendMessage } from '../../src/streams/websocket/messages.ts';
import { listedIn, refuseUpgrade, upgradeOf, type UpgradeRequest } from '../../src/streams/upgrade.ts';
import type { ProtobufAnswers } from './protobuf.ts';
import { parseRequestInfo } from './request-info.ts';
import type { ServerRequest, WatchItem } from './request.ts';
import { frameOf } from './watch-answer.ts';

export function asksForWatchSocket({ headers, method, path, query }: ServerRequest): boolean {
  if (headers['upgrade']?.toLowerCase() !== 'websocket') return false;
  try {
    const { isResource, verb } = parseRequestInfo(method, path, query);
    return isResource && verb === 'watch';
  } catch {
    return false; // a path that cannot be read is refused where all are
  }
}

/** Resolves when the watch is over, or the handshake was refused. */
export async function sendWatchSocket(upgrade: UpgradeRequest, items: AsyncIterable<WatchItem>, protobuf: ProtobufAnswers | undefined, stalledMs: number): Promise<void> {
  const { request, socket } = upgrade;
  // Upstream's handshake asks for one, though not which: a browser always says it.
  if (upgradeOf(request) === 'websocket' && !request.headers.origin) return refuseUpgrade(socket, 403, 'null origin');
  const [protocol = ''] = listedIn(request, 'sec-websocket-protocol');
  const webSocket = acceptWebSocket(upgrade, [protocol])?.webSocket;
  if (!webSocket) return;
  try {
    for await (const item of items) if (!(await sendMessage(webSocket, protobuf ? protobuf.frame(item) : frameOf(item), { binary: protobuf !== undefined, stalledMs }))) return;
  } finally {
    webSocket.close(1000);
  }
}
