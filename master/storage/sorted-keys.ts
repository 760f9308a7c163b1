// Keys in order, in blocks: an insertion into one array of 100,000 moves half of it, into a block at most its few hundred.

/** A block that outgrows this is split. */
const blockSize = 512;

export class SortedKeys {
  /** None is empty; each ends before the next begins. */
  readonly #blocks: string[][] = [];

  /** `keys` in any order, each once. */
  constructor(keys: string[] = []) {
    keys.sort();
    // Half full: there is room for what comes.
    for (let at = 0; at < keys.length; at += blockSize / 2) this.#blocks.push(keys.slice(at, at + blockSize / 2));
  }

  /** A key that is not there yet. */
  add(key: string): void {
    const found = this.#blockOf(key);
    const index = Math.min(found, Math.max(0, this.#blocks.length - 1));
    const block = this.#blocks[index] ?? (this.#blocks[0] = []);
    block.splice(lowerBound(block, key), 0, key);
    if (block.length <= blockSize) return;
    // What comes in order fills its blocks, instead of leaving each half empty.
    const half = index === this.#blocks.length - 1 && block.at(-1) === key ? blockSize : blockSize / 2;
    this.#blocks.splice(index + 1, 0, block.splice(half));
  }

  delete(key: string): void {
    const index = this.#blockOf(key);
    const block = this.#blocks[index];
    const at = block ? lowerBound(block, key) : -1;
    if (block?.[at] !== key) return;
    block.splice(at, 1);
    if (block.length === 0) this.#blocks.splice(index, 1);
  }

  /** Those not smaller than `key`, in order. Nothing may be added or deleted meanwhile. */
  *from(key: string): Generator<string> {
    for (let index = this.#blockOf(key); index < this.#blocks.length; index++) {
      const block = this.#blocks[index]!;
      for (let at = block[0]! < key ? lowerBound(block, key) : 0; at < block.length; at++) yield block[at]!;
    }
  }

  /** How many are smaller than `key`. */
  before(key: string): number {
    const index = this.#blockOf(key);
    let count = 0;
    for (let i = 0; i < index; i++) count += this.#blocks[i]!.length;
    const block = this.#blocks[index];
    return block ? count + lowerBound(block, key) : count;
  }

  /** The first block that has a key not smaller than `key`. */
  #blockOf(key: string): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#blocks[middle]!.at(-1)! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** First index whose key is not smaller than `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
