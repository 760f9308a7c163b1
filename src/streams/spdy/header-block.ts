// Header blocks of SPDY/3: names and values behind lengths, in one zlib stream per direction that lives as long as the connection.
import { createInflate, type Inflate } from 'node:zlib';
import { headerDictionary, headerDictionaryId } from './header-dictionary.ts';

export type Headers = ReadonlyMap<string, string>;

/** A connection whose bytes are no SPDY/3.1 cannot go on. */
export class SpdyProtocolError extends Error {}

const maxInflatedBytes = 64 * 1024;
/** Go's inflater hands out what it read only at an empty block, and counts the bytes: every header block must end with one. */
const emptyBlock = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff]);

/** Writes stored (uncompressed) blocks: replies carry hardly any headers, and so the order of frames needs no waiting for zlib. */
export class HeaderEncoder {
  #begun = false;

  encode(headers: Headers): Buffer {
    const plain = encodePairs(headers);
    const parts: Buffer[] = [];
    if (!this.#begun) {
      this.#begun = true;
      // Deflate with a 32 KiB window and a preset dictionary.
      const start = Buffer.from([0x78, 0xbb, 0, 0, 0, 0]);
      start.writeUInt32BE(headerDictionaryId, 2);
      parts.push(start);
    }
    for (let at = 0; at < plain.length; at += 0xffff) {
      const piece = plain.subarray(at, at + 0xffff);
      const head = Buffer.alloc(5);
      head.writeUInt16LE(piece.length, 1);
      head.writeUInt16LE(~piece.length & 0xffff, 3);
      parts.push(head, piece);
    }
    return Buffer.concat([...parts, emptyBlock]);
  }
}

function encodePairs(headers: Headers): Buffer {
  const word = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const parts = [word(headers.size)];
  for (const text of [...headers].flat()) {
    const bytes = Buffer.from(text);
    parts.push(word(bytes.length), bytes);
  }
  return Buffer.concat(parts);
}

/** Blocks must be given one after the other, in the order they came. */
export class HeaderDecoder {
  readonly #inflate: Inflate = createInflate({ dictionary: headerDictionary });
  #output: Buffer[] = [];
  #size = 0;

  constructor() {
    this.#inflate.on('readable', () => this.#collect());
    this.#inflate.on('error', () => {}); // told by the write that met it
  }

  /** @throws SpdyProtocolError */
  async decode(block: Buffer): Promise<Headers> {
    await new Promise<void>((resolve, reject) => {
      const broken = (error: Error): void => reject(new SpdyProtocolError(`a header block does not inflate: ${error.message}`));
      this.#inflate.once('error', broken);
      this.#inflate.write(block, (error) => {
        this.#inflate.off('error', broken);
        if (error) broken(error);
        else resolve();
      });
    });
    this.#collect();
    const plain = Buffer.concat(this.#output);
    this.#output = [];
    this.#size = 0;
    return decodePairs(plain);
  }

  #collect(): void {
    for (let chunk = this.#inflate.read() as Buffer | null; chunk !== null; chunk = this.#inflate.read() as Buffer | null) {
      this.#output.push(chunk);
      this.#size += chunk.length;
      if (this.#size > maxInflatedBytes) this.#inflate.destroy(new SpdyProtocolError('too large'));
    }
  }

  close(): void { this.#inflate.destroy(); }
}

function decodePairs(plain: Buffer): Headers {
  let at = 0;
  const word = (): number => {
    if (at + 4 > plain.length) throw new SpdyProtocolError('a header block ends early');
    at += 4;
    return plain.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = word();
    if (at + length > plain.length) throw new SpdyProtocolError('a header block ends early');
    at += length;
    return plain.toString('utf8', at - length, at);
  };
  const headers = new Map<string, string>();
  for (let count = word(); count > 0; count--) {
    const name = text().toLowerCase();
    headers.set(name, text());
  }
  return headers;
}
