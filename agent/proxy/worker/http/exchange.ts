// One plain request and its response: chooses a back end, sends the rewritten head, passes body bytes on as they are, and
// tries another back end while that is safe.
import { CancelledError, connectToBackend, ConnectTimeoutError, NoBackendError, type ConnectOptions } from '../connect.ts';
import { BodyEnd } from './body-end.ts';
import type { ClientConnection } from './connection.ts';
import { headEnd, parseResponseHead, type RequestHead } from './heads.ts';
import { maxHeadBytes } from './limits.ts';
import { errorResponse, writeRequest } from './messages.ts';
import { freshMs, Upstream, type UpstreamOwner } from './upstream.ts';

/** A body up to this size is kept until the response begins, to send it again to another back end. */
const maxReplayBytes = 64 * 1024;

export class Exchange implements UpstreamOwner {
  readonly #client: ClientConnection;
  readonly #request: RequestHead;
  /** The body so far, while it has to be sent or may have to be sent again. */
  #kept: Buffer[] | undefined;
  #keptBytes: number;
  /** Body bytes the client has still to send. */
  #bodyLeft: number;
  #bodySent = 0;
  #retries = 0;
  #over = false;

  #upstream: Upstream | undefined;
  /** The beginning of a response head. */
  #reply: Buffer | undefined;
  /** Bytes of a response went to the client. */
  #started = false;
  #body: BodyEnd | undefined;
  #upstreamClose = false;
  #clientClose: boolean;

  /** `body` is as much of it as came with the head. */
  constructor(client: ClientConnection, request: RequestHead, body: Buffer) {
    this.#client = client;
    this.#request = request;
    this.#kept = body.length > 0 ? [body] : [];
    this.#keptBytes = body.length;
    this.#bodyLeft = request.contentLength - body.length;
    this.#clientClose = request.close;
  }

  begin(): void {
    const { port, side, address, service } = this.#client;
    const backend = port.choose(side, address);
    if (!backend) {
      this.#fail(503, 'no ready endpoints');
      return;
    }
    const idle = service.pool.take(backend, this.#request.idempotent ? Infinity : freshMs);
    if (idle) {
      backend.inFlight++;
      this.#send(idle);
    } else {
      void this.#connect({ first: backend });
    }
  }

  async #connect(options: ConnectOptions): Promise<void> {
    const { port, side, address } = this.#client;
    try {
      const { backend, socket } = await connectToBackend(port, side, address, { cancelled: () => this.#over, ...options });
      this.#send(new Upstream(socket, backend));
    } catch (error) {
      if (error instanceof CancelledError || this.#over) return;
      if (error instanceof NoBackendError) this.#fail(503, 'no ready endpoints');
      else if (error instanceof ConnectTimeoutError) this.#fail(504, 'no endpoint answered');
      else this.#fail(502, 'no endpoint could be reached');
    }
  }

  #send(upstream: Upstream): void {
    this.#upstream = upstream;
    this.#reply = undefined;
    upstream.owner = this;
    const flushed = writeRequest(upstream.socket, this.#request.text, this.#kept!, this.#keptBytes);
    this.#bodySent = this.#keptBytes;
    if (this.#keptBytes > maxReplayBytes) this.#kept = undefined;
    if (!flushed && this.#bodyLeft > 0) this.#client.pauseInput();
    else this.#client.resumeInput();
  }

  /** Takes body bytes from the client; what lies behind the body is returned. */
  upload(chunk: Buffer): Buffer | undefined {
    if (this.#bodyLeft === 0) return chunk;
    const part = chunk.length > this.#bodyLeft ? chunk.subarray(0, this.#bodyLeft) : chunk;
    this.#bodyLeft -= part.length;
    if (this.#kept) {
      this.#kept.push(part);
      this.#keptBytes += part.length;
    }
    if (this.#upstream) {
      this.#bodySent += part.length;
      if (this.#keptBytes > maxReplayBytes) this.#kept = undefined;
      if (!this.#upstream.socket.write(part)) this.#client.pauseInput();
    } else {
      this.#client.pauseInput();
    }
    return part.length < chunk.length ? chunk.subarray(part.length) : undefined;
  }

  upstreamDrain(): void { this.#client.resumeInput(); }
  clientDrain(): void { this.#upstream?.socket.resume(); }

  upstreamData(chunk: Buffer): void {
    if (this.#body) {
      this.#pass(chunk, 0);
      return;
    }
    let bytes = this.#reply ? Buffer.concat([this.#reply, chunk]) : chunk;
    this.#reply = undefined;
    while (bytes.length > 0) {
      const end = bytes.indexOf(headEnd);
      if (end < 0 || end > maxHeadBytes) {
        this.#reply = bytes;
        if (bytes.length > maxHeadBytes) this.#broken('endpoint sent too large a head');
        return;
      }
      // The rest of an unfinished upload would be taken for the next request.
      const close = this.#clientClose || this.#bodyLeft > 0 || this.#client.service.draining;
      const head = parseResponseHead(bytes.toString('latin1', 0, end), this.#request.method, close);
      if (!head || head.status === 101) {
        this.#broken('endpoint sent no valid response');
        return;
      }
      const bodyAt = end + headEnd.length;
      this.#started = true;
      if (head.status >= 200) {
        this.#kept = undefined;
        this.#body = new BodyEnd(head.chunked ? 'chunked' : head.contentLength);
        this.#upstreamClose = head.close || this.#body.untilClose;
        this.#clientClose = close || this.#body.untilClose;
        if (head.keepAliveSeconds >= 0) this.#upstream!.hint(head.keepAliveSeconds);
        if (head.rewritten === undefined && !this.#clientClose) {
          this.#pass(bytes, bodyAt, 0);
        } else {
          const text = head.rewritten ?? bytes.toString('latin1', 0, end);
          this.#client.socket.write(`${text}${this.#clientClose ? '\r\nConnection: close' : ''}${headEnd}`, 'latin1');
          this.#pass(bytes, bodyAt);
        }
        return;
      }
      this.#client.socket.write(bytes.subarray(0, bodyAt));
      bytes = bytes.subarray(bodyAt);
    }
  }

  /** Passes on `chunk` from `from` (by default where the body goes on) and ends with the body's last byte. */
  #pass(chunk: Buffer, at: number, from = at): void {
    const body = this.#body!;
    const end = body.advance(chunk, at);
    if (end < 0) {
      this.#broken('endpoint sent no valid chunked body');
      return;
    }
    const extra = end < chunk.length;
    if (end > from && !this.#client.socket.write(from === 0 && !extra ? chunk : chunk.subarray(from, end)) && !body.done) this.#upstream!.socket.pause();
    if (!body.done) return;
    const upstream = this.#release();
    if (extra || this.#upstreamClose || this.#bodyLeft > 0) upstream.destroy();
    else this.#client.service.pool.release(upstream);
    this.#done();
  }

  upstreamClosed(error: Error | undefined): void {
    const upstream = this.#release();
    if (this.#body?.untilClose && !error) {
      this.#done();
    } else if (this.#started || this.#reply) {
      // The response has begun: only an abort tells the client that it is not complete.
      this.#client.socket.resetAndDestroy();
    } else if (this.#mayRetry(upstream)) {
      this.#retries++;
      void this.#connect({ tried: new Set([upstream.backend]) });
    } else {
      this.#fail(502, 'endpoint closed the connection without a response');
    }
  }

  /** Nothing of a response was seen, and what was sent may be sent again. */
  #mayRetry(upstream: Upstream): boolean {
    if (!this.#kept || this.#retries >= (upstream.reused ? 2 : 1)) return false;
    return this.#request.idempotent || (upstream.reused && this.#request.contentLength > 0 && this.#bodySent === 0);
  }

  #broken(reason: string): void {
    this.#release().destroy();
    if (this.#started) this.#client.socket.resetAndDestroy();
    else this.#fail(502, reason);
  }

  #release(): Upstream {
    const upstream = this.#upstream!;
    this.#upstream = undefined;
    upstream.owner = undefined;
    upstream.backend.inFlight--;
    return upstream;
  }

  #fail(status: number, reason: string): void {
    // A port that is gone may come back as another, which only a new connection would meet.
    this.#clientClose ||= this.#bodyLeft > 0 || this.#client.service.draining || this.#client.port.removed;
    this.#client.socket.write(errorResponse(status, reason, this.#clientClose, this.#request.method));
    this.#done();
  }

  #done(): void {
    this.#over = true;
    this.#client.exchangeDone(this.#clientClose || this.#bodyLeft > 0);
  }

  /** The client is gone. */
  cancel(): void {
    this.#over = true;
    if (this.#upstream) this.#release().destroy();
  }
}
