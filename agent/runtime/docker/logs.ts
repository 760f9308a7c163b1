// A container's log through the engine's logs API: frames removed, one stream or both, cut at a number of bytes.
import type Docker from 'dockerode';
import type { Readable } from 'node:stream';
import type { LogOptions } from '../runtime.ts';
import { openStream } from './engine-stream.ts';
import { engineCall, translate } from './errors.ts';
import { FrameParser } from './frames.ts';
import { ReplayFilter } from './replay-filter.ts';

export async function* containerLogs(docker: Docker, id: string, options: LogOptions, closing: AbortSignal): AsyncGenerator<Uint8Array> {
  const { Config: { Tty: raw } } = await engineCall(() => docker.getContainer(id).inspect());
  const signal = options.signal ? AbortSignal.any([options.signal, closing]) : closing;
  // A terminal's log has no frames: what is told twice of it cannot be told apart.
  const filter = options.follow && !raw ? new ReplayFilter({ timestamps: options.timestamps ?? false }) : undefined;
  const source = await openStream(docker, {
    path: `/containers/${id}/logs?`, signal,
    options: {
      stdout: options.stream !== 'stderr', stderr: options.stream !== 'stdout', follow: options.follow ?? false, timestamps: filter !== undefined || (options.timestamps ?? false),
      tail: options.tailLines === undefined ? 'all' : String(options.tailLines),
      ...(options.sinceMs === undefined ? {} : { since: (options.sinceMs / 1000).toFixed(3) }),
    },
  });
  let left = options.limitBytes ?? Infinity;
  try {
    for await (const piece of raw ? source as AsyncIterable<Buffer> : payloads(source, filter)) {
      if (left <= 0) return;
      yield piece.length > left ? piece.subarray(0, left) : piece;
      left -= piece.length;
      if (left <= 0) return;
    }
  } catch (error) {
    if (signal.aborted) return;
    throw translate(error);
  } finally {
    source.destroy();
  }
}

async function* payloads(source: Readable, filter: ReplayFilter | undefined): AsyncGenerator<Buffer> {
  const parser = new FrameParser();
  for await (const chunk of source as AsyncIterable<Buffer>) {
    const pieces: Buffer[] = [];
    parser.write(chunk, (stderr, payload, last) => {
      const piece = filter ? filter.piece(stderr, payload, last) : payload;
      if (piece && piece.length > 0) pieces.push(piece);
    });
    // One write per chunk read: a log is mostly short lines.
    if (pieces.length > 0) yield pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  }
}
