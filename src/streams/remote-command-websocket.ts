// Exec and attach over WebSocket channels: 0 stdin, 1 stdout, 2 stderr, 3 error, 4 resize.
// upstream: kubelet pkg/cri/streaming/remotecommand/websocket.go
import { finished } from 'node:stream/promises';
import { ResizeEvents } from './resize.ts';
import type { RemoteCommandOptions, RemoteCommandSession } from './remote-command.ts';
import { statusBytes } from './remote-command-status.ts';
import type { UpgradeRequest } from './upgrade.ts';
import { acceptWebSocket } from './websocket/accept.ts';
import { ChannelSocket } from './websocket/channels.ts';

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;
const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io', 'channel.k8s.io', 'base64.channel.k8s.io', ''];

export function acceptWebSocketSession(upgrade: UpgradeRequest, options: RemoteCommandOptions): RemoteCommandSession | undefined {
  const accepted = acceptWebSocket(upgrade, protocols);
  if (!accepted) return undefined;
  const { webSocket, protocol } = accepted;
  const socket = new ChannelSocket(webSocket, { base64: protocol.includes('base64'), closeSignal: protocol.startsWith('v5.') });
  const closed = new Promise<void>((resolve) => webSocket.once('close', () => resolve()));
  const gone = new AbortController();
  webSocket.once('close', () => gone.abort());
  const resize = new ResizeEvents();
  socket.readable(channels.resize).on('data', (bytes: Buffer) => resize.receive(bytes));
  const stdin = options.stdin ? socket.readable(channels.stdin) : undefined;
  const stdout = options.stdout ? socket.writable(channels.stdout) : undefined;
  const stderr = options.stderr ? socket.writable(channels.stderr) : undefined;
  // An empty message tells the client that the connection stands.
  socket.send(options.stdout ? channels.stdout : options.stderr ? channels.stderr : channels.error, Buffer.alloc(0));
  return {
    protocol, stdin, stdout, stderr, gone: gone.signal,
    onResize: (call) => resize.onResize(call),
    async close(status) {
      await Promise.allSettled([stdout, stderr].map((output) => output && finished(output.end())));
      const bytes = statusBytes(status, /^v[45]\./.test(protocol));
      if (bytes.length > 0) socket.send(channels.error, bytes);
      socket.close();
      await closed;
    },
  };
}
