// Replies of resolvers outside, as many as fit into a bounded number of bytes; those that were asked for least recently go first.
import type { Reply } from './reply.ts';

export interface Kept {
  readonly reply: Reply;
  /** Monotonic milliseconds: when it was said, and until when it holds. */
  readonly said: number;
  readonly until: number;
  /** Stale, and nobody could be asked: until then it is given without asking. */
  retryAt: number;
}

/** What an entry costs beside its bytes, about. */
const overhead = 400;

export class ReplyCache {
  readonly #maxBytes: number;
  readonly #entries = new Map<string, Kept>();
  #bytes = 0;

  constructor(maxBytes: number) { this.#maxBytes = maxBytes; }

  get size(): number { return this.#entries.size; }

  get(key: string): Kept | undefined {
    const entry = this.#entries.get(key);
    if (entry) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
    return entry;
  }

  set(key: string, entry: Kept): void {
    this.delete(key);
    this.#entries.set(key, entry);
    this.#bytes += cost(key, entry);
    for (const [oldest] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry && this.#entries.delete(key)) this.#bytes -= cost(key, entry);
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}

const cost = (key: string, entry: Kept): number => key.length + entry.reply.bytes.length + overhead;
