// Answers that last, over a WebSocket, as browsers and some clients ask for them. What the client sends is ignored.
import { acceptWebSocket } from '../../src/streams/websocket/accept.ts';
import { sendMessage } from '../../src/streams/websocket/messages.ts';
import { listedIn, refuseUpgrade, upgradeOf, type UpgradeRequest } from '../../src/streams/upgrade.ts';
import type { ProtobufAnswers } from './protobuf.ts';
import { parseRequestInfo } from './request-info.ts';
import type { ServerRequest, WatchItem } from './request.ts';
import { frameOf } from './watch-answer.ts';

/** A watch, or the log of a container. */
export function asksForAnswerSocket({ headers, method, path, query }: ServerRequest): boolean {
  if (headers['upgrade']?.toLowerCase() !== 'websocket') return false;
  try {
    const { isResource, verb, group, resource, subresource } = parseRequestInfo(method, path, query);
    return isResource && (verb === 'watch' || (verb === 'get' && group === '' && resource === 'pods' && subresource === 'log'));
  } catch {
    return false; // a path that cannot be read is refused where all are
  }
}

/**
 * Each event is one message, text in JSON and binary in protobuf. Resolves when the watch is over, or the handshake was refused.
 * (upstream: apiserver endpoints/handlers/watch.go, HandleWS)
 */
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

const base64Protocol = 'base64.binary.k8s.io';

/** Bytes as they come, after an empty message that says that they will. (upstream: apimachinery util/httpstream/wsstream/stream.go) */
export async function sendBytesSocket(upgrade: UpgradeRequest, bytes: AsyncIterable<Uint8Array>, stalledMs: number): Promise<void> {
  const accepted = acceptWebSocket(upgrade, ['', 'binary.k8s.io', base64Protocol]);
  if (!accepted) return;
  const { webSocket, protocol } = accepted;
  const binary = protocol !== base64Protocol;
  const send = (chunk: Uint8Array): Promise<boolean> => sendMessage(webSocket, binary ? chunk : Buffer.from(Buffer.from(chunk).toString('base64')), { binary, stalledMs });
  try {
    if (!(await send(Buffer.alloc(0)))) return;
    for await (const chunk of bytes) if (!(await send(chunk))) return;
  } finally {
    webSocket.close(1000);
  }
}
