// Docker's multiplexed output: 8-byte headers (stream, 0, 0, 0, length big-endian) before each piece. Splits it into two
// streams that push back on the connection: when one is full the source is paused.
import { Readable } from 'node:stream';

const HEADER = 8;
const STDERR = 2;

/** Cuts chunks of any size into payload pieces; a piece is handed on as soon as its bytes are there, and told whether it ends its frame. */
export class FrameParser {
  readonly #header = Buffer.alloc(HEADER);
  #headerBytes = 0;
  #left = 0;

  write(chunk: Buffer, piece: (stderr: boolean, payload: Buffer, last: boolean) => void): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left === 0) {
        const taken = Math.min(HEADER - this.#headerBytes, chunk.length - at);
        chunk.copy(this.#header, this.#headerBytes, at, at + taken);
        this.#headerBytes += taken;
        at += taken;
        if (this.#headerBytes < HEADER) return;
        this.#headerBytes = 0;
        this.#left = this.#header.readUInt32BE(4);
      } else {
        const taken = Math.min(this.#left, chunk.length - at);
        this.#left -= taken;
        piece(this.#header[0] === STDERR, chunk.subarray(at, at + taken), this.#left === 0);
        at += taken;
      }
    }
  }
}

export interface Outputs { readonly stdout: Readable; readonly stderr: Readable }

/** Splits `source`; `raw` (a terminal) has no frames and everything is stdout. An output that is destroyed drops its bytes. */
export function demultiplex(source: Readable, raw: boolean): Outputs {
  const full = new Set<Readable>();
  const release = (output: Readable): void => {
    full.delete(output);
    if (full.size === 0) source.resume();
  };
  const open = (): Readable => new Readable({
    highWaterMark: 64 * 1024,
    read() { release(this); },
    destroy(error, done) { release(this); done(error); },
  });
  const stdout = open();
  const stderr = open();
  const give = (output: Readable, payload: Buffer): void => {
    if (!output.destroyed && !output.push(payload)) full.add(output);
  };
  const parser = new FrameParser();
  source.on('data', (chunk: Buffer) => {
    if (raw) give(stdout, chunk);
    else parser.write(chunk, (isStderr, payload) => give(isStderr ? stderr : stdout, payload));
    if (full.size > 0) source.pause();
  });
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    for (const output of [stdout, stderr]) if (!output.destroyed) output.push(null);
  };
  source.on('end', end);
  source.on('close', end);
  source.on('error', (error) => {
    ended = true;
    for (const output of [stdout, stderr]) output.destroy(error);
  });
  return { stdout, stderr };
}
