// Finds the end of a response body while its bytes pass by unchanged: by length, by chunks, or with the connection.

const states = { size: 0, extension: 1, sizeEnd: 2, data: 3, dataCr: 4, dataLf: 5, trailerStart: 6, trailer: 7, trailerLf: 8, lastLf: 9, done: 10 } as const;
const cr = 0x0d;
const lf = 0x0a;

export class ChunkedScanner {
  #state: number = states.size;
  #left = 0;
  #digits = 0;

  get done(): boolean { return this.#state === states.done; }

  /** The offset after the body's last byte, `bytes.length` when it goes on, -1 when the bytes are no chunked body. */
  scan(bytes: Buffer, start: number): number {
    let i = start;
    while (i < bytes.length && this.#state !== states.done) {
      if (this.#state === states.data) {
        const take = Math.min(this.#left, bytes.length - i);
        this.#left -= take;
        i += take;
        if (this.#left === 0) this.#state = states.dataCr;
        continue;
      }
      if (!this.#step(bytes[i++]!)) return -1;
    }
    return i;
  }

  #step(byte: number): boolean {
    switch (this.#state) {
      case states.size: {
        const digit = hex(byte);
        if (digit >= 0) {
          this.#left = this.#left * 16 + digit;
          return ++this.#digits <= 12;
        }
        if (this.#digits === 0) return false;
        if (byte === cr) this.#state = states.sizeEnd;
        else if (byte === 0x3b || byte === 0x20 || byte === 0x09) this.#state = states.extension;
        else return false;
        return true;
      }
      case states.extension:
        if (byte === cr) this.#state = states.sizeEnd;
        return byte !== lf;
      case states.sizeEnd:
        this.#digits = 0;
        this.#state = this.#left === 0 ? states.trailerStart : states.data;
        return byte === lf;
      case states.dataCr:
        this.#state = states.dataLf;
        return byte === cr;
      case states.dataLf:
        this.#state = states.size;
        return byte === lf;
      case states.trailerStart:
        this.#state = byte === cr ? states.lastLf : states.trailer;
        return byte !== lf;
      case states.trailer:
        if (byte === cr) this.#state = states.trailerLf;
        return byte !== lf;
      case states.trailerLf:
        this.#state = states.trailerStart;
        return byte === lf;
      default:
        this.#state = states.done;
        return byte === lf;
    }
  }
}

function hex(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

export class BodyEnd {
  done = false;
  readonly untilClose: boolean;
  #left: number;
  readonly #chunks: ChunkedScanner | undefined;

  /** A number of bytes, -1 for a body that ends with its connection. */
  constructor(length: number | 'chunked') {
    this.#chunks = length === 'chunked' ? new ChunkedScanner() : undefined;
    this.#left = length === 'chunked' ? 0 : length;
    this.untilClose = length === -1;
  }

  /** The offset up to which `bytes` from `at` belong to the body, -1 when they are no valid one. */
  advance(bytes: Buffer, at: number): number {
    if (this.untilClose) return bytes.length;
    if (this.#chunks) {
      const end = this.#chunks.scan(bytes, at);
      this.done = this.#chunks.done;
      return end;
    }
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    this.done = this.#left === 0;
    return end;
  }
}
