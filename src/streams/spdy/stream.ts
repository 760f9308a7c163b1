// One stream of a SPDY connection as a Duplex: half-closing, resetting and back-pressure in both directions.
import { Duplex } from 'node:stream';
import type { Headers } from './header-block.ts';

/** What a stream does to its connection. */
export interface StreamLink {
  /** Calls `done` once the connection takes more. */
  sendData(streamId: number, data: Buffer, done: () => void): void;
  sendFin(streamId: number): void;
  /** The stream is over; `whole` when both directions came to their end. */
  forget(streamId: number, whole: boolean): void;
}

/** What a stream holds unread before the whole connection is pushed back on: the protocol's windows are not used by its clients. */
const bufferBytes = 256 * 1024;

export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: Headers;
  readonly #link: StreamLink;
  #wanted: (() => void) | undefined;

  constructor(id: number, headers: Headers, link: StreamLink) {
    super({ allowHalfOpen: true, readableHighWaterMark: bufferBytes, writableHighWaterMark: 64 * 1024 });
    this.id = id;
    this.headers = headers;
    this.#link = link;
    // Whoever reads or writes learns of it there; an end nobody uses any more must not end the process.
    this.on('error', () => {});
  }

  /** Takes what came from the peer; resolves when more is wanted. */
  receive(data: Buffer, fin: boolean): Promise<void> | undefined {
    if (this.destroyed || this.readableEnded) return undefined;
    const more = data.length === 0 || this.push(data);
    if (fin) this.push(null);
    return more || fin ? undefined : new Promise((resolve) => { this.#wanted = resolve; });
  }

  override _read(): void { this.#resume(); }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void { this.#link.sendData(this.id, chunk, done); }
  override _final(done: () => void): void {
    this.#link.sendFin(this.id);
    done();
  }
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#resume();
    this.#link.forget(this.id, this.readableEnded && this.writableFinished);
    done(error);
  }
  #resume(): void {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    wanted?.();
  }
}
