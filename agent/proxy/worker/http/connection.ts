// One client connection of an HTTP port. Each plain request (HTTP/1.1, body absent or of known length, no upgrade) is
// balanced and carried here, head rewritten once and body bytes passed on as they are; the first request that is not plain
// takes the connection to the general path (http-proxy), and bytes that are no HTTP take it to the relay.
import type { Socket } from 'node:net';
import { CancelledError, connectToBackend, ConnectTimeoutError, NoBackendError, type ConnectOptions } from '../connect.ts';
import type { PortState, Side } from '../port-state.ts';
import { relay } from '../relay.ts';
import { sniff } from '../sniff.ts';
import { ChunkedScanner } from './chunked.ts';
import { parseRequestHead, parseResponseHead, type RequestHead } from './heads.ts';
import { clientClosingMs, clientHeadMs, clientIdleMs, maxHeadBytes } from './limits.ts';
import type { HttpService } from './service.ts';
import { errorResponse } from './texts.ts';
import { freshMs, Upstream, type UpstreamOwner } from './upstream.ts';

/** A body up to this size is kept until the response begins, to send it again to another back end. */
const maxReplayBytes = 64 * 1024;
/** A small body travels in the same write as its head. */
const joinBytes = 16 * 1024;
const headEnd = '\r\n\r\n';

type Phase = 'idle' | 'connecting' | 'head' | 'body' | 'closing' | 'left';

export class ClientConnection implements UpstreamOwner {
  readonly #socket: Socket;
  readonly #service: HttpService;
  readonly #port: PortState;
  readonly #side: Side;
  readonly #client: string;
  #phase: Phase = 'idle';
  #first = true;
  /** Since when the phase lasts, for the time limits of idle, head and closing. */
  #since: number;
  /** Bytes from the client that belong to no request yet. */
  #input: Buffer | undefined;
  #inputPaused = false;
  #headBegun = false;

  #request: RequestHead | undefined;
  /** Body bytes the client has still to send. */
  #bodyLeft = 0;
  #bodySent = 0;
  /** The body so far, while it may have to be sent again. */
  #replay: Buffer[] | undefined;
  #retries = 0;

  #upstream: Upstream | undefined;
  #reply: Buffer | undefined;
  #started = false;
  #responseLeft = 0;
  #chunks: ChunkedScanner | undefined;
  #untilClose = false;
  #upstreamClose = false;
  #clientClose = false;

  constructor(socket: Socket, service: HttpService, port: PortState, side: Side) {
    this.#socket = socket;
    this.#service = service;
    this.#port = port;
    this.#side = side;
    this.#client = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    this.#since = service.clock.monotonic();
    socket.on('data', this.#onData);
    socket.on('drain', this.#onDrain);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
  }

  // ---- client side

  #onData = (chunk: Buffer): void => {
    if (this.#phase === 'idle') {
      this.#input = this.#input ? Buffer.concat([this.#input, chunk]) : chunk;
      this.#next();
    } else if (this.#bodyLeft > 0 && this.#upstream) {
      this.#sendBody(chunk);
    } else if (this.#phase !== 'closing') {
      this.#input = this.#input ? Buffer.concat([this.#input, chunk]) : chunk;
      if (this.#bodyLeft > 0 || this.#input.length > maxHeadBytes) this.#pauseInput();
    }
  };

  #onDrain = (): void => { this.#upstream?.socket.resume(); };

  /** The client went away, or will not read on: what is in flight for it is cancelled. */
  #onEnd = (): void => {
    if (this.#phase === 'idle' || this.#phase === 'closing') this.#socket.end();
    else this.#socket.destroy();
  };

  #onError = (): void => { this.#socket.destroy(); };

  #onClose = (): void => {
    this.#service.connections.delete(this);
    const upstream = this.#upstream;
    this.#upstream = undefined;
    if (upstream) {
      upstream.backend.inFlight--;
      upstream.destroy();
    }
    this.#phase = 'left';
  };

  #pauseInput(): void {
    this.#inputPaused = true;
    this.#socket.pause();
  }

  #resumeInput(): void {
    if (!this.#inputPaused) return;
    this.#inputPaused = false;
    this.#socket.resume();
  }

  /** Begins the next request if its head is complete. */
  #next(): void {
    const input = this.#input!;
    const end = input.indexOf(headEnd);
    if (end >= 0 && end <= maxHeadBytes) {
      const head = this.#service.plainPath ? parseRequestHead(input.toString('latin1', 0, end), this.#client) : undefined;
      if (head) {
        this.#first = false;
        this.#begin(head, input, end + headEnd.length);
        return;
      }
    }
    const verdict = this.#first ? sniff(input) : 'http';
    if (verdict === 'other') {
      this.#leave();
      void relay(this.#socket, this.#port, this.#side, input);
    } else if (end >= 0 || input.length > maxHeadBytes) {
      this.#leave();
      this.#service.general(this.#socket, this.#port, this.#side, input);
    } else if (!this.#headBegun) {
      this.#headBegun = true;
      this.#since = this.#service.clock.monotonic();
    }
  }

  #leave(): void {
    this.#phase = 'left';
    this.#input = undefined;
    this.#service.connections.delete(this);
    const socket = this.#socket;
    socket.off('data', this.#onData);
    socket.off('drain', this.#onDrain);
    socket.off('end', this.#onEnd);
    socket.off('error', this.#onError);
    socket.off('close', this.#onClose);
    socket.pause();
  }

  #begin(head: RequestHead, input: Buffer, bodyAt: number): void {
    const bodyEnd = Math.min(input.length, bodyAt + head.contentLength);
    const body = bodyEnd > bodyAt ? input.subarray(bodyAt, bodyEnd) : undefined;
    this.#input = bodyEnd < input.length ? input.subarray(bodyEnd) : undefined;
    this.#request = head;
    this.#bodyLeft = head.contentLength - (bodyEnd - bodyAt);
    this.#bodySent = 0;
    this.#replay = body ? [body] : [];
    this.#clientClose = head.close;
    this.#started = false;
    this.#headBegun = false;
    this.#retries = 0;

    const backend = this.#port.choose(this.#side, this.#client);
    if (!backend) {
      this.#fail(503, 'no ready endpoints');
      return;
    }
    const idle = this.#service.pool.take(backend, head.idempotent ? Infinity : freshMs);
    if (idle) {
      backend.inFlight++;
      this.#send(idle);
    } else {
      void this.#connect({ first: backend });
    }
  }

  // ---- upstream side

  async #connect(options: ConnectOptions): Promise<void> {
    this.#phase = 'connecting';
    const cancelled = (): boolean => this.#phase !== 'connecting';
    try {
      const { backend, socket } = await connectToBackend(this.#port, this.#side, this.#client, { cancelled, ...options });
      this.#send(new Upstream(socket, backend));
    } catch (error) {
      if (error instanceof CancelledError || cancelled()) return;
      if (error instanceof NoBackendError) this.#fail(503, 'no ready endpoints');
      else if (error instanceof ConnectTimeoutError) this.#fail(504, 'no endpoint answered');
      else this.#fail(502, 'no endpoint could be reached');
    }
  }

  #send(upstream: Upstream): void {
    const request = this.#request!;
    this.#phase = 'head';
    this.#upstream = upstream;
    this.#reply = undefined;
    upstream.owner = this;
    const body = this.#replay!;
    const size = body.length === 0 ? 0 : body.reduce((sum, part) => sum + part.length, 0);
    let flushed: boolean;
    if (size === 0) {
      flushed = upstream.socket.write(request.text, 'latin1');
    } else if (size <= joinBytes) {
      flushed = upstream.socket.write(request.text + body.map((part) => part.toString('latin1')).join(''), 'latin1');
    } else {
      upstream.socket.cork();
      upstream.socket.write(request.text, 'latin1');
      flushed = true;
      for (const part of body) flushed = upstream.socket.write(part) && flushed;
      upstream.socket.uncork();
    }
    this.#bodySent = size;
    if (size > maxReplayBytes) this.#replay = undefined;
    if (this.#bodyLeft > 0 && this.#input) {
      const input = this.#input;
      this.#input = undefined;
      this.#sendBody(input);
    }
    if (!flushed && this.#bodyLeft > 0) this.#pauseInput();
    else this.#resumeInput();
  }

  #sendBody(chunk: Buffer): void {
    const part = chunk.length > this.#bodyLeft ? chunk.subarray(0, this.#bodyLeft) : chunk;
    if (part.length < chunk.length) this.#input = chunk.subarray(part.length);
    this.#bodyLeft -= part.length;
    this.#bodySent += part.length;
    if (this.#bodySent > maxReplayBytes || this.#started) this.#replay = undefined;
    else this.#replay?.push(part);
    if (!this.#upstream!.socket.write(part)) this.#pauseInput();
  }

  upstreamDrain(): void { this.#resumeInput(); }

  upstreamData(chunk: Buffer): void {
    if (this.#phase === 'body') {
      this.#passBody(chunk, 0);
      return;
    }
    let bytes = this.#reply ? Buffer.concat([this.#reply, chunk]) : chunk;
    for (;;) {
      const end = bytes.indexOf(headEnd);
      if (end < 0 || end > maxHeadBytes) {
        this.#reply = bytes;
        if (bytes.length > maxHeadBytes) this.#broken('endpoint sent too large a head');
        return;
      }
      // The rest of an unfinished upload would be taken for the next request.
      const close = this.#clientClose || this.#bodyLeft > 0 || this.#service.draining;
      const head = parseResponseHead(bytes.toString('latin1', 0, end), this.#request!.method, close);
      if (!head || head.status === 101) {
        this.#broken('endpoint sent no valid response');
        return;
      }
      const bodyAt = end + headEnd.length;
      if (head.status < 200) {
        this.#started = true;
        this.#socket.write(bytes.subarray(0, bodyAt));
        if (bodyAt === bytes.length) {
          this.#reply = undefined;
          return;
        }
        bytes = bytes.subarray(bodyAt);
        continue;
      }
      this.#reply = undefined;
      this.#replay = undefined;
      this.#started = true;
      this.#phase = 'body';
      this.#responseLeft = head.contentLength;
      this.#chunks = head.chunked ? new ChunkedScanner() : undefined;
      this.#untilClose = head.contentLength < 0 && !head.chunked;
      this.#upstreamClose = head.close || this.#untilClose;
      this.#clientClose = close || this.#untilClose;
      if (head.keepAliveSeconds >= 0) this.#upstream!.hint(head.keepAliveSeconds);
      if (head.rewritten !== undefined || this.#clientClose) {
        const text = head.rewritten ?? bytes.toString('latin1', 0, end);
        this.#socket.write(`${text}${this.#clientClose ? '\r\nConnection: close' : ''}${headEnd}`, 'latin1');
        this.#passBody(bytes, bodyAt);
      } else {
        this.#passBody(bytes, bodyAt, 0);
      }
      return;
    }
  }

  /** Passes on `chunk` from `from` (by default where the body goes on) and ends the exchange with the body's last byte. */
  #passBody(chunk: Buffer, at: number, from = at): void {
    let end = chunk.length;
    let done = false;
    if (this.#chunks) {
      end = this.#chunks.scan(chunk, at);
      if (end < 0) {
        this.#broken('endpoint sent no valid chunked body');
        return;
      }
      done = this.#chunks.done;
    } else if (!this.#untilClose) {
      end = Math.min(end, at + this.#responseLeft);
      this.#responseLeft -= end - at;
      done = this.#responseLeft === 0;
    }
    const extra = end < chunk.length;
    if (end > from && !this.#socket.write(from === 0 && !extra ? chunk : chunk.subarray(from, end)) && !done) this.#upstream!.socket.pause();
    if (done) this.#finish(!extra && !this.#upstreamClose);
  }

  upstreamClosed(error: Error | undefined): void {
    const upstream = this.#upstream!;
    this.#upstream = undefined;
    upstream.backend.inFlight--;
    if (this.#phase === 'body' && this.#untilClose && !error) {
      this.#done();
    } else if (this.#phase === 'head' && this.#mayRetry(upstream)) {
      this.#retries++;
      void this.#connect({ tried: new Set([upstream.backend]) });
    } else if (this.#phase === 'head' && !this.#started && !this.#reply) {
      this.#fail(502, 'endpoint closed the connection without a response');
    } else {
      // The response has begun: only an abort tells the client that it is not complete.
      this.#socket.resetAndDestroy();
    }
  }

  /** Nothing of a response was seen, and what was sent may be sent again. */
  #mayRetry(upstream: Upstream): boolean {
    const request = this.#request!;
    if (this.#started || this.#reply || !this.#replay) return false;
    const limit = upstream.reused ? 2 : 1;
    if (this.#retries >= limit) return false;
    return request.idempotent || (upstream.reused && request.contentLength > 0 && this.#bodySent === 0);
  }

  #broken(reason: string): void {
    const upstream = this.#upstream!;
    this.#upstream = undefined;
    upstream.backend.inFlight--;
    upstream.destroy();
    if (this.#started) this.#socket.resetAndDestroy();
    else this.#fail(502, reason);
  }

  #finish(reusable: boolean): void {
    const upstream = this.#upstream!;
    this.#upstream = undefined;
    upstream.backend.inFlight--;
    if (reusable && this.#bodyLeft === 0) this.#service.pool.release(upstream);
    else upstream.destroy();
    this.#done();
  }

  #done(): void {
    this.#request = undefined;
    this.#since = this.#service.clock.monotonic();
    if (this.#clientClose || this.#bodyLeft > 0) {
      // What still arrives is read and dropped: a reset could overtake the response.
      this.#phase = 'closing';
      this.#input = undefined;
      this.#socket.end();
      this.#resumeInput();
      return;
    }
    this.#phase = 'idle';
    this.#resumeInput();
    if (this.#input) setImmediate(() => { if (this.#phase === 'idle' && this.#input) this.#next(); });
  }

  #fail(status: number, reason: string): void {
    this.#clientClose ||= this.#bodyLeft > 0 || this.#service.draining;
    this.#socket.write(errorResponse(status, reason, this.#clientClose, this.#request!.method));
    this.#done();
  }

  // ---- time limits

  /** Ends connections that idle, dawdle over a head, or do not close. */
  sweep(now: number): void {
    const age = now - this.#since;
    if (this.#phase === 'closing') {
      if (age > clientClosingMs) this.#socket.destroy();
    } else if (this.#phase === 'idle' && age > (this.#input ? clientHeadMs : clientIdleMs)) {
      this.#socket.destroy();
    }
  }
}
