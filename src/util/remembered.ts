// What a pure function has made of texts lately, for texts that come again and again: the quantities of a cluster, the times of this minute.

/** Longer texts are not kept: who writes them is outside. */
const longest = 64;

/** `make` with a memory of the last `limit` texts at least, and of twice as many at most; what it throws is not remembered. */
export function remembered<T extends object | string | number>(make: (text: string) => T, limit: number): (text: string) => T {
  let young = new Map<string, T>();
  let old = new Map<string, T>();
  return (text) => {
    const known = young.get(text);
    if (known !== undefined) return known;
    const made = old.get(text) ?? make(text);
    if (text.length > longest) return made;
    if (young.size >= limit) {
      old = young;
      young = new Map();
    }
    young.set(text, made);
    return made;
  };
}
