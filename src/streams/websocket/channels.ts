// The channel.k8s.io framing: each WebSocket message begins with the number of the channel it belongs to. Channels become
// streams with back-pressure both ways. upstream: apimachinery pkg/util/httpstream/wsstream/conn.go
import { Readable, Writable } from 'node:stream';
import type { RawData, WebSocket } from 'ws';

/** In v5, a message on this channel closes the channel its second byte names. */
const closeSignal = 255;
/** What a channel holds unread before the connection is pushed back on. */
const readableBytes = 256 * 1024;
/** Bytes on their way to the client from which on writers wait. */
const enoughBuffered = 256 * 1024;

export interface ChannelOptions {
  /** Text messages: a digit, then base64. */
  readonly base64: boolean;
  /** Whether the client can close a channel by itself (v5). */
  readonly closeSignal: boolean;
}

export class ChannelSocket {
  readonly #webSocket: WebSocket;
  readonly #options: ChannelOptions;
  readonly #inputs = new Map<number, Readable>();
  /** Channels whose readers have enough: the connection rests until each wants more. */
  readonly #full = new Set<number>();

  constructor(webSocket: WebSocket, options: ChannelOptions) {
    this.#webSocket = webSocket;
    this.#options = options;
    webSocket.on('message', (data) => this.#receive(data));
    webSocket.on('close', () => { for (const input of this.#inputs.values()) input.destroy(); });
  }

  /** What the client writes on a channel. Without the close signal it ends with the connection only. */
  readable(channel: number): Readable {
    const rested = (): void => {
      if (this.#full.delete(channel) && this.#full.size === 0) this.#webSocket.resume();
    };
    const input = new Readable({
      highWaterMark: readableBytes, read: rested,
      destroy: (error, done) => {
        this.#inputs.delete(channel);
        rested();
        done(error);
      },
    });
    input.on('error', () => {});
    this.#inputs.set(channel, input);
    return input;
  }

  writable(channel: number): Writable {
    const output = new Writable({ highWaterMark: 64 * 1024, write: (chunk: Buffer, _encoding, done) => this.send(channel, chunk, () => done()) });
    output.on('error', () => {});
    return output;
  }

  /** Calls `done` once the connection takes more; a connection that has ended takes everything and keeps nothing. */
  send(channel: number, data: Buffer, done: () => void = () => {}): void {
    const webSocket = this.#webSocket;
    if (webSocket.readyState !== webSocket.OPEN) return done();
    const message = this.#options.base64 ? `${channel}${data.toString('base64')}` : Buffer.concat([Buffer.from([channel]), data]);
    if (webSocket.bufferedAmount < enoughBuffered) {
      webSocket.send(message, () => {});
      done();
    } else webSocket.send(message, () => done());
  }

  /** Everything sent before reaches the client first. */
  close(): void {
    for (const input of this.#inputs.values()) input.destroy();
    this.#webSocket.close(1000);
  }

  #receive(raw: RawData): void {
    const message = raw as Buffer;
    if (message.length === 0) return;
    const channel = this.#options.base64 ? message[0]! - 0x30 : message[0]!;
    if (this.#options.closeSignal && channel === closeSignal) {
      const input = message.length > 1 ? this.#inputs.get(message[1]!) : undefined;
      input?.push(null);
      return;
    }
    const input = this.#inputs.get(channel);
    const data = this.#options.base64 ? Buffer.from(message.toString('latin1', 1), 'base64') : message.subarray(1);
    if (!input || input.readableEnded || data.length === 0) return;
    if (!input.push(data)) {
      this.#full.add(channel);
      this.#webSocket.pause();
    }
  }
}
