// The server's side of a SPDY/3.1 connection, as Go clients of exec, attach and port-forward speak it: many streams over one
// byte stream, without windows. A stream that is not read pushes back on the whole connection.
import type { Duplex } from 'node:stream';
import { controlFrame, dataHead, flagFin, frameType, readFrames, resetStatus, type Frame } from './frames.ts';
import { HeaderDecoder, HeaderEncoder, SpdyProtocolError } from './header-block.ts';
import { SpdyStream, type StreamLink } from './stream.ts';

/** Payload of one data frame; longer writes are cut so that streams share the connection. */
const maxDataBytes = 64 * 1024;

export interface SpdyConnectionOptions {
  /** A stream the client opened; false refuses it. */
  readonly onStream: (stream: SpdyStream) => boolean;
}

export class SpdyConnection implements StreamLink {
  readonly #transport: Duplex;
  readonly #onStream: (stream: SpdyStream) => boolean;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #encoder = new HeaderEncoder();
  readonly #decoder = new HeaderDecoder();
  #lastStreamId = 0;
  #drained: (() => void)[] = [];
  /** What broke the connection: the client went away, or what it said is no SPDY/3.1. */
  failure: Error | undefined;
  /** Resolves when the client has gone or the connection was closed; rejects never. */
  readonly closed: Promise<void>;

  constructor(transport: Duplex, options: SpdyConnectionOptions) {
    this.#transport = transport;
    this.#onStream = options.onStream;
    transport.on('error', () => transport.destroy());
    transport.on('drain', () => {
      const waiting = this.#drained;
      this.#drained = [];
      for (const resume of waiting) resume();
    });
    const gone = new Promise<void>((resolve) => transport.once('close', resolve));
    this.closed = Promise.race([this.#run(), gone]).finally(() => this.close());
  }

  /** Ends the connection and every stream on it. */
  close(): void {
    this.#transport.destroy();
    this.#decoder.close();
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    for (const stream of streams) stream.destroy();
  }
  /** Tells the client to open no more streams. */
  goAway(): void { this.#send(controlFrame(frameType.goAway, 0, this.#lastStreamId, 0)); }

  sendData(streamId: number, data: Buffer, done: () => void): void {
    let ready = true;
    this.#transport.cork();
    for (let at = 0; at < data.length; at += maxDataBytes) {
      const piece = data.subarray(at, at + maxDataBytes);
      this.#send(dataHead(streamId, piece.length, false));
      ready = this.#send(piece);
    }
    this.#transport.uncork();
    if (ready) done();
    else this.#drained.push(done);
  }
  sendFin(streamId: number): void { this.#send(dataHead(streamId, 0, true)); }
  forget(streamId: number, whole: boolean): void {
    if (this.#streams.delete(streamId) && !whole) this.#send(controlFrame(frameType.rstStream, 0, streamId, resetStatus.cancel));
  }

  #send(bytes: Buffer): boolean { return this.#transport.writable ? this.#transport.write(bytes) : true; }

  async #run(): Promise<void> {
    try {
      for await (const frame of readFrames(this.#transport)) {
        if (frame.kind === 'control') await this.#control(frame);
        else await this.#streams.get(frame.streamId)?.receive(frame.data, frame.fin);
      }
    } catch (error) {
      this.failure = error as Error;
    }
  }

  async #control({ type, flags, payload }: Frame & { kind: 'control' }): Promise<void> {
    const need = (bytes: number): void => { if (payload.length < bytes) throw new SpdyProtocolError(`a control frame of type ${type} is too short`); };
    switch (type) {
      case frameType.synStream:
        need(10);
        return this.#open(payload.readUInt32BE(0) & 0x7fffffff, flags, payload.subarray(10));
      case frameType.headers:
      case frameType.synReply:
        // Their content means nothing here, but it is part of the zlib stream.
        need(4);
        await this.#decoder.decode(payload.subarray(4));
        return;
      case frameType.rstStream:
        need(4);
        this.#reset(payload.readUInt32BE(0) & 0x7fffffff);
        return;
      case frameType.ping:
        need(4);
        this.#send(controlFrame(frameType.ping, 0, payload.readUInt32BE(0)));
        return;
      default: // SETTINGS and WINDOW_UPDATE change nothing without windows; after GOAWAY the client closes
    }
  }

  async #open(id: number, flags: number, block: Buffer): Promise<void> {
    const headers = await this.#decoder.decode(block);
    if (id % 2 === 0 || id <= this.#lastStreamId) {
      this.#send(controlFrame(frameType.rstStream, 0, id, resetStatus.protocolError));
      return;
    }
    this.#lastStreamId = id;
    const stream = new SpdyStream(id, headers, this);
    this.#streams.set(id, stream);
    if (!this.#onStream(stream)) {
      this.#streams.delete(id);
      this.#send(controlFrame(frameType.rstStream, 0, id, resetStatus.refusedStream));
      return;
    }
    this.#send(controlFrame(frameType.synReply, 0, id, this.#encoder.encode(new Map())));
    if (flags & flagFin) await stream.receive(Buffer.alloc(0), true);
  }

  #reset(id: number): void {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    stream?.destroy();
  }
}
