// Exec and attach over SPDY: one stream each for error, stdin, stdout, stderr and resize, told apart by their streamType header.
// upstream: kubelet pkg/cri/streaming/remotecommand/httpstream.go
import { finished } from 'node:stream/promises';
import type { Clock } from '../util/clock.ts';
import { ResizeEvents } from './resize.ts';
import type { RemoteCommandOptions, RemoteCommandSession } from './remote-command.ts';
import { statusBytes } from './remote-command-status.ts';
import { SpdyConnection } from './spdy/connection.ts';
import type { SpdyStream } from './spdy/stream.ts';
import { switchToSpdy, type UpgradeRequest } from './upgrade.ts';

const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'];
const streamTypes = ['error', 'stdin', 'stdout', 'stderr', 'resize'];
/** upstream: DefaultStreamCreationTimeout */
const streamCreationTimeoutMs = 30_000;
/** A client closes when it has read everything; closing first could cost it what it has not read. */
const lingerMs = 30_000;

export async function acceptSpdySession(upgrade: UpgradeRequest, options: RemoteCommandOptions, clock: Clock): Promise<RemoteCommandSession | undefined> {
  const protocol = switchToSpdy(upgrade, protocols, 'channel.k8s.io');
  if (protocol === undefined) return undefined;
  const version = Number(/^v(\d)\./.exec(protocol)?.[1] ?? 1);
  const streams = new Map<string, SpdyStream>();
  let arrived = (): void => {};
  const connection = new SpdyConnection(upgrade.socket, {
    onStream(stream) {
      const type = stream.headers.get('streamtype') ?? '';
      if (!streamTypes.includes(type) || streams.has(type)) return false;
      streams.set(type, stream);
      arrived();
      return true;
    },
  });
  const expected = ['error', ...(['stdin', 'stdout', 'stderr'] as const).filter((type) => options[type]), ...(options.tty && version >= 3 ? ['resize'] : [])];
  const complete = new Promise<boolean>((resolve) => {
    const cancel = clock.after(streamCreationTimeoutMs, () => resolve(false));
    arrived = () => {
      if (!expected.every((type) => streams.has(type))) return;
      cancel();
      resolve(true);
    };
    void connection.closed.then(() => { cancel(); resolve(false); });
  });
  if (!await complete) {
    connection.close();
    return undefined;
  }

  const gone = new AbortController();
  void connection.closed.then(() => gone.abort());
  const resize = new ResizeEvents();
  streams.get('resize')?.on('data', (bytes: Buffer) => resize.receive(bytes));
  const error = streams.get('error')!;
  const stdin = options.stdin ? streams.get('stdin') : undefined;
  const [stdout, stderr] = (['stdout', 'stderr'] as const).map((type) => options[type] ? streams.get(type) : undefined);
  for (const output of [error, stdout, stderr]) output?.resume(); // clients half-close what they do not write on
  return {
    protocol, stdin, stdout, stderr, gone: gone.signal,
    onResize: (call) => resize.onResize(call),
    async close(status) {
      const written = (stream: SpdyStream | undefined, bytes?: Buffer): Promise<void> | undefined =>
        stream && finished(bytes && bytes.length > 0 ? stream.end(bytes) : stream.end(), { readable: false });
      await Promise.allSettled([written(stdout), written(stderr)]);
      stdin?.unpipe().resume(); // input that nobody reads must not hide the client's going
      stdin?.end();
      await Promise.allSettled([written(error, statusBytes(status, version >= 4))]);
      const cancel = clock.after(lingerMs, () => connection.close());
      await connection.closed;
      cancel();
    },
  };
}
