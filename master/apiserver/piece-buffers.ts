// Buffers of large answers, used again when they are written: a list's bytes lie outside the heap, so that the collector hears
// of them late, and what one answer has written would stand beside the next one's.
import { pieceBytes } from './json-line.ts';

/** 2 MB: what more answers at once have used is left to the collector. */
const mostIdle = 32;

export class PieceBuffers {
  readonly #idle: Buffer[] = [];
  get idle(): number { return this.#idle.length; }

  /** At least as many bytes as asked for; small ones are not worth keeping. */
  readonly take = (bytes: number): Buffer => (bytes > pieceBytes || bytes < pieceBytes / 4 ? Buffer.allocUnsafe(bytes) : (this.#idle.pop() ?? Buffer.allocUnsafeSlow(pieceBytes)).subarray(0, bytes));

  /** What to call when a piece is written; the buffer of one that failed may still be read by somebody. */
  backAfterWrite(piece: Buffer): (error?: Error | null) => void {
    return (error) => {
      const { buffer } = piece;
      if (!error && buffer.byteLength === pieceBytes && this.#idle.length < mostIdle) this.#idle.push(Buffer.from(buffer));
    };
  }
}
