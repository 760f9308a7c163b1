// One client connection of an HTTP port. Each plain request (HTTP/1.1, body absent or of known length, no upgrade) becomes
// an exchange with a back end; the first request that is not plain takes the connection to the general path (http-proxy),
// and bytes that are no HTTP take it to the relay.
import type { Socket } from 'node:net';
import type { Origin, PortState, Side } from '../port-state.ts';
import { relay } from '../relay.ts';
import { sniff } from '../sniff.ts';
import { Exchange } from './exchange.ts';
import { headEnd, parseRequestHead } from './heads.ts';
import { clientClosingMs, clientHeadMs, clientIdleMs, maxHeadBytes } from './limits.ts';
import type { HttpService } from './service.ts';

export class ClientConnection {
  readonly socket: Socket;
  readonly service: HttpService;
  readonly #origin: Origin;
  readonly address: string;
  #exchange: Exchange | undefined;
  /** Bytes from the client that belong to no request yet. */
  #input: Buffer | undefined;
  #paused = false;
  #first = true;
  #closing = false;
  #headBegun = false;
  /** Since when the connection idles, waits for the rest of a head, or closes. */
  #since: number;

  constructor(socket: Socket, service: HttpService, origin: Origin) {
    this.socket = socket;
    this.service = service;
    this.#origin = origin;
    this.address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    this.#since = service.clock.monotonic();
    socket.on('data', this.#onData);
    socket.on('drain', this.#onDrain);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  get port(): PortState { return this.#origin.port; }
  get side(): Side { return this.#origin.side; }

  #onData = (chunk: Buffer): void => {
    if (this.#closing) return;
    const rest = this.#exchange ? this.#exchange.upload(chunk) : chunk;
    if (!rest) return;
    this.#input = this.#input ? Buffer.concat([this.#input, rest]) : rest;
    if (!this.#exchange) this.#next();
    else if (this.#input.length > maxHeadBytes) this.pauseInput();
  };

  #onDrain = (): void => { this.#exchange?.clientDrain(); };

  /** The client will not send more: as with nginx, what is in flight for it is cancelled. */
  #onEnd = (): void => {
    if (this.#exchange) this.socket.destroy();
    else this.socket.end();
  };

  #onError = (): void => { this.socket.destroy(); };

  #onClose = (): void => {
    this.service.connections.delete(this);
    this.#exchange?.cancel();
    this.#exchange = undefined;
  };

  pauseInput(): void {
    this.#paused = true;
    this.socket.pause();
  }

  resumeInput(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.socket.resume();
  }

  /** Begins the next request if its head is complete. */
  #next(): void {
    const input = this.#input!;
    const end = input.indexOf(headEnd);
    if (end >= 0 && end <= maxHeadBytes && this.service.plainPath) {
      const head = parseRequestHead(input.toString('latin1', 0, end), this.address);
      if (head) {
        this.#first = false;
        this.#headBegun = false;
        const bodyAt = end + headEnd.length;
        const bodyEnd = Math.min(input.length, bodyAt + head.contentLength);
        this.#input = bodyEnd < input.length ? input.subarray(bodyEnd) : undefined;
        this.#exchange = new Exchange(this, head, input.subarray(bodyAt, bodyEnd));
        this.#exchange.begin();
        return;
      }
    }
    if (this.#first && sniff(input) === 'other') {
      this.#leave();
      void relay(this.socket, this.port, this.side, input);
    } else if (end >= 0 || input.length > maxHeadBytes) {
      this.#leave();
      this.service.general(this.socket, this.#origin, input);
    } else if (!this.#headBegun) {
      this.#headBegun = true;
      this.#since = this.service.clock.monotonic();
    }
  }

  /** The exchange is over; with `close` the connection is too. */
  exchangeDone(close: boolean): void {
    this.#exchange = undefined;
    this.#since = this.service.clock.monotonic();
    if (close) {
      // What still arrives is read and dropped: a reset could overtake the response.
      this.#closing = true;
      this.#input = undefined;
      this.socket.end();
    } else if (this.#input) {
      setImmediate(() => { if (this.#input && !this.#exchange && !this.socket.destroyed) this.#next(); });
    }
    this.resumeInput();
  }

  #leave(): void {
    this.#input = undefined;
    this.service.connections.delete(this);
    const { socket } = this;
    socket.off('data', this.#onData);
    socket.off('drain', this.#onDrain);
    socket.off('end', this.#onEnd);
    socket.off('error', this.#onError);
    socket.off('close', this.#onClose);
    socket.pause();
  }

  /** Ends a connection that idles, dawdles over a head, or does not close. */
  sweep(now: number): void {
    if (this.#exchange) return;
    const limit = this.#closing ? clientClosingMs : this.#headBegun ? clientHeadMs : clientIdleMs;
    if (now - this.#since > limit) this.socket.destroy();
  }
}
