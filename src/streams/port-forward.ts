// Port-forward seen from the Pod's side: each connection a client makes arrives as a data stream and an error stream, over
// SPDY, over SPDY inside WebSocket messages, or over WebSocket channels.
// upstream: kubelet pkg/cri/streaming/portforward
import { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createWebSocketStream } from 'ws';
import type { Clock } from '../util/clock.ts';
import { SpdyConnection } from './spdy/connection.ts';
import type { SpdyStream } from './spdy/stream.ts';
import { refuseUpgrade, switchToSpdy, upgradeOf, type UpgradeRequest } from './upgrade.ts';
import { acceptWebSocket } from './websocket/accept.ts';
import { ChannelSocket } from './websocket/channels.ts';

const portForwardProtocol = 'portforward.k8s.io';
const tunnelledProtocol = 'SPDY/3.1+portforward.k8s.io';
const channelProtocols = ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io', ''];
/** upstream: DefaultStreamCreationTimeout */
const streamCreationTimeoutMs = 30_000;
/** What a client may have to say before it closes after everything has ended. */
const lingerMs = 30_000;

export interface PortForwardOptions {
  /** Carries one connection to its end; what it throws is told to the client in its words. */
  readonly forward: (port: number, data: Duplex) => Promise<void>;
  readonly clock: Clock;
}

/** Resolves when the client has gone. */
export async function servePortForward(upgrade: UpgradeRequest, query: URLSearchParams, options: PortForwardOptions): Promise<void> {
  const protocol = upgradeOf(upgrade.request);
  if (protocol === 'spdy/3.1') {
    if (switchToSpdy(upgrade, [portForwardProtocol], portForwardProtocol) !== undefined) await serveSpdy(upgrade.socket, options);
  } else if (protocol === 'websocket') await serveWebSocket(upgrade, query, options);
  else refuseUpgrade(upgrade.socket, 400, 'unable to upgrade: unsupported upgrade protocol');
}

interface StreamPair { data?: SpdyStream; error?: SpdyStream; readonly cancel: () => void }

async function serveSpdy(transport: Duplex, { forward, clock }: PortForwardOptions): Promise<void> {
  const pairs = new Map<string, StreamPair>();
  const connection = new SpdyConnection(transport, {
    onStream(stream) {
      const type = stream.headers.get('streamtype');
      const port = parsePort(stream.headers.get('port') ?? '');
      if (port === undefined || (type !== 'data' && type !== 'error')) return false;
      // Clients of old number their pairs by their streams only: error first, then data.
      const request = stream.headers.get('requestid') || String(type === 'error' ? stream.id : stream.id - 2);
      let pair = pairs.get(request);
      if (!pair) {
        const cancel = clock.after(streamCreationTimeoutMs, () => {
          pairs.delete(request);
          pair?.data?.destroy();
          pair?.error?.end(`timed out waiting for streams of request ${request}`);
        });
        pairs.set(request, (pair = { cancel }));
      }
      if (pair[type]) return false;
      pair[type] = stream;
      if (type === 'error') stream.resume(); // the client only half-closes it
      const { data, error } = pair;
      if (data && error) {
        pair.cancel();
        pairs.delete(request);
        void carry(port, data, (message) => error.end(message), forward);
      }
      return true;
    },
  });
  await connection.closed;
  for (const { cancel } of pairs.values()) cancel();
}

async function carry(port: number, data: Duplex, end: (message: string) => void, forward: PortForwardOptions['forward']): Promise<void> {
  let message = '';
  try {
    await forward(port, data);
  } catch (error) {
    message = `error forwarding port ${port} to pod: ${(error as Error).message}`;
  }
  end(message);
  data.resume(); // what the Pod did not take is nobody's
  if (!data.destroyed) data.end();
}

async function serveWebSocket(upgrade: UpgradeRequest, query: URLSearchParams, options: PortForwardOptions): Promise<void> {
  const ports = [...query.getAll('port'), ...query.getAll('ports')].flatMap((text) => text.split(',')).filter((text) => text !== '');
  const tunnelled = String(upgrade.request.headers['sec-websocket-protocol'] ?? '').includes(tunnelledProtocol);
  const numbers = ports.map(parsePort);
  if (!tunnelled && (numbers.length === 0 || numbers.includes(undefined))) {
    refuseUpgrade(upgrade.socket, 400, numbers.length === 0 ? 'query parameter "port" is required' : `unable to parse ${JSON.stringify(ports.join(','))} as a port`);
    return;
  }
  const accepted = acceptWebSocket(upgrade, tunnelled ? [tunnelledProtocol] : channelProtocols);
  if (!accepted) return;
  const { webSocket, protocol } = accepted;
  if (tunnelled) {
    await serveSpdy(createWebSocketStream(webSocket), options);
    return;
  }
  const closed = new Promise<void>((resolve) => webSocket.once('close', () => resolve()));
  const socket = new ChannelSocket(webSocket, { base64: protocol.includes('base64'), closeSignal: false });
  const connections = (numbers as number[]).map((port, index) => {
    const [readable, writable] = [socket.readable(2 * index), socket.writable(2 * index)];
    const portBytes = Buffer.from([port & 0xff, port >> 8]);
    socket.send(2 * index, portBytes);
    socket.send(2 * index + 1, portBytes);
    const data = Duplex.from({ readable, writable });
    data.on('error', () => {});
    return carry(port, data, (message) => { if (message !== '') socket.send(2 * index + 1, Buffer.from(message)); }, options.forward).then(() => finished(writable));
  });
  await Promise.race([closed, Promise.allSettled(connections)]);
  socket.close();
  const cancel = options.clock.after(lingerMs, () => webSocket.terminate());
  await closed;
  cancel();
}

function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65535 ? port : undefined;
}
