// The client's side of SPDY/3.1 for tests, written apart from the server's: zlib compresses its headers as Go's does, and frames
// are cut and built by hand.
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { PassThrough } from 'node:stream';
import { constants, createDeflate, createInflate } from 'node:zlib';
import { headerDictionary } from '../../../../src/streams/spdy/header-dictionary.ts';

export interface ClientStream {
  readonly id: number;
  /** What the server sent; ends with its FIN. */
  readonly received: PassThrough;
  readonly replied: Promise<void>;
  readonly wasReset: Promise<number>;
  /** False when the connection wants no more for now. */
  write(data: Uint8Array): boolean;
  end(): void;
  reset(): void;
}

const u32 = (...values: number[]): Buffer => Buffer.concat(values.map((value) => {
  const word = Buffer.alloc(4);
  word.writeUInt32BE(value >>> 0);
  return word;
}));

export class SpdyClient {
  readonly socket: Duplex;
  readonly #deflate = createDeflate({ dictionary: headerDictionary });
  readonly #inflate = createInflate({ dictionary: headerDictionary });
  readonly #streams = new Map<number, { stream: ClientStream; reply: () => void; reset: (status: number) => void }>();
  readonly pongs: number[] = [];
  #next = 1;
  #bytes = Buffer.alloc(0);
  /** Headers of replies must inflate, and to their last byte. */
  #queue: Promise<unknown> = Promise.resolve();
  #opening: Promise<unknown> = Promise.resolve();

  constructor(socket: Duplex) {
    this.socket = socket;
    this.#inflate.resume();
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      while (this.#bytes.length >= 8 && this.#bytes.length >= 8 + this.#bytes.readUIntBE(5, 3)) {
        const end = 8 + this.#bytes.readUIntBE(5, 3);
        this.#frame(this.#bytes.subarray(0, end));
        this.#bytes = this.#bytes.subarray(end);
      }
    });
    socket.on('error', () => undefined);
  }

  /** One after the other: the zlib stream and the ids have an order. */
  open(headers: Record<string, string>, flags = 0): Promise<ClientStream> {
    const opened = this.#opening.then(() => this.#open(headers, flags));
    this.#opening = opened;
    return opened;
  }
  async #open(headers: Record<string, string>, flags: number): Promise<ClientStream> {
    const id = this.#next;
    this.#next += 2;
    const pairs = Object.entries(headers).flat().map((text) => Buffer.concat([u32(text.length), Buffer.from(text)]));
    const block = await this.#compress(Buffer.concat([u32(Object.keys(headers).length), ...pairs]));
    let reply = (): void => undefined;
    let reset = (_status: number): void => undefined;
    const received = new PassThrough({ highWaterMark: 1 << 30 });
    const data = (bytes: Uint8Array, fin: number): boolean => {
      const head = u32(id, bytes.length);
      head[4] = fin;
      this.socket.write(head);
      return this.socket.write(bytes);
    };
    const stream: ClientStream = {
      id, received,
      replied: new Promise((resolve) => { reply = resolve; }),
      wasReset: new Promise((resolve) => { reset = resolve; }),
      write: (bytes) => data(bytes, 0),
      end: () => { data(Buffer.alloc(0), 1); },
      reset: () => { this.control(3, 0, u32(id, 5)); },
    };
    this.#streams.set(id, { stream, reply, reset });
    this.control(1, flags, Buffer.concat([u32(id, 0), Buffer.from([0, 0]), block]));
    return stream;
  }

  control(type: number, flags: number, payload: Buffer): void {
    const head = u32(0x80030000 | type, payload.length);
    head[4] = flags;
    this.socket.write(Buffer.concat([head, payload]));
  }
  ping(id: number): void { this.control(6, 0, u32(id)); }

  async #compress(plain: Buffer): Promise<Buffer> {
    await new Promise<void>((resolve) => this.#deflate.write(plain, () => resolve()));
    await new Promise<void>((resolve) => this.#deflate.flush(constants.Z_SYNC_FLUSH, () => resolve()));
    return this.#deflate.read() as Buffer;
  }

  #frame(frame: Buffer): void {
    const first = frame.readUInt32BE(0);
    const payload = frame.subarray(8);
    if (first < 0x80000000) {
      const { received } = this.#streams.get(first)!.stream;
      if (payload.length > 0) received.write(payload);
      if (frame[4]! & 1) received.end();
      return;
    }
    const type = first & 0xffff;
    const entry = this.#streams.get(payload.readUInt32BE(0));
    if (type === 2) {
      if (!payload.subarray(4).subarray(-5).equals(Buffer.from([0, 0, 0, 0xff, 0xff]))) throw new Error('a header block does not end with an empty block');
      this.#queue = this.#queue.then(() => new Promise<void>((resolve, reject) => this.#inflate.write(payload.subarray(4), (error) => { if (error) reject(error); else resolve(); }))).then(() => entry?.reply());
    } else if (type === 3) {
      entry?.reset(payload.readUInt32BE(4));
      entry?.stream.received.end();
    } else if (type === 6) this.pongs.push(payload.readUInt32BE(0));
  }
}

/** Upgrades a POST as kubectl does; the answer's protocol header comes with the client. */
export async function dialSpdy(port: number, path: string, protocols: readonly string[]): Promise<{ client: SpdyClient; protocol: string | undefined }> {
  const request = httpRequest({ host: '127.0.0.1', port, path, method: 'POST', headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1', ...(protocols.length > 0 ? { 'x-stream-protocol-version': [...protocols] } : {}) } });
  request.end();
  const refused = once(request, 'response').then(async ([response]) => {
    let text = '';
    for await (const chunk of response as AsyncIterable<Buffer>) text += String(chunk);
    throw Object.assign(new Error(text.trim()), { code: (response as { statusCode: number }).statusCode });
  });
  const upgraded = once(request, 'upgrade').then(([response, socket, head]) => {
    if ((head as Buffer).length > 0) (socket as Duplex).unshift(head as Buffer);
    return { client: new SpdyClient(socket as Duplex), protocol: (response as { headers: Record<string, string> }).headers['x-stream-protocol-version'] };
  });
  return Promise.race([upgraded, refused]);
}

export async function text(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
