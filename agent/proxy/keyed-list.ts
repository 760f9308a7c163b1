// Lists in order of a key, whose items stay the same objects for as long as they say the same: what changed between two lists is found
// by identity, at the cost of a walk and of nothing made anew. Pure.

export type KeyOf<T> = (item: T) => string;

/** Items that are new or other than before, and the keys of those that are gone. What is in both is put. */
export interface ListChange<T> { readonly put: readonly T[]; readonly removed: readonly string[] }

/** Right for lists in any order; short for lists in order of their keys. */
export function listChange<T>(from: readonly T[], to: readonly T[], keyOf: KeyOf<T>): ListChange<T> {
  const put: T[] = [];
  const removed: string[] = [];
  let i = 0;
  for (const item of from === to ? [] : to) {
    const key = keyOf(item);
    while (i < from.length && from[i] !== item && keyOf(from[i]!) < key) removed.push(keyOf(from[i++]!));
    if (i < from.length && from[i] === item) {
      i++;
      continue;
    }
    put.push(item);
    if (i < from.length && keyOf(from[i]!) === key) i++;
  }
  if (from !== to) for (; i < from.length; i++) removed.push(keyOf(from[i]!));
  return { put, removed };
}

export const inOrder = <T>(items: Iterable<T>, keyOf: KeyOf<T>): T[] => [...items].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

/** The list after a change; the same one when nothing changed. `from` is in order of its keys, of which only those near the change are made. */
export function changedList<T>(from: readonly T[], { put, removed }: ListChange<T>, keyOf: KeyOf<T>): readonly T[] {
  if (put.length === 0 && removed.length === 0) return from;
  const come = new Map(put.map((item) => [keyOf(item), item]));
  const list: T[] = [];
  let at = 0;
  // Strings sort as `<` has them.
  for (const key of [...new Set([...come.keys(), ...removed])].sort()) {
    const place = placeOf(key, from, keyOf, at);
    while (at < place) list.push(from[at++]!);
    if (at < from.length && keyOf(from[at]!) === key) at++;
    const item = come.get(key);
    if (item !== undefined) list.push(item);
  }
  return list.concat(from.slice(at));
}

/** Where the first item is whose key is not less, from `start` on. */
function placeOf<T>(key: string, list: readonly T[], keyOf: KeyOf<T>, start: number): number {
  let [low, high] = [start, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keyOf(list[middle]!) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A list of what many sources give, each planned anew for itself. Items must be plain values, and no two sources give the same key. */
export class KeyedList<T> {
  readonly #keyOf: KeyOf<T>;
  readonly #parts = new Map<string, readonly T[]>();
  readonly #put = new Map<string, T>();
  readonly #removed = new Set<string>();
  #list: readonly T[] = [];

  constructor(keyOf: KeyOf<T>) { this.#keyOf = keyOf; }

  /** What a source gives from now on. */
  set(source: string, items: readonly T[]): void {
    const before = new Map((this.#parts.get(source) ?? []).map((item) => [this.#keyOf(item), item]));
    const part = items.map((item) => {
      const key = this.#keyOf(item);
      const known = before.get(key);
      before.delete(key);
      if (known !== undefined && JSON.stringify(known) === JSON.stringify(item)) return known;
      this.#removed.delete(key);
      this.#put.set(key, item);
      return item;
    });
    for (const key of before.keys()) {
      this.#put.delete(key);
      this.#removed.add(key);
    }
    if (part.length > 0) this.#parts.set(source, part);
    else this.#parts.delete(source);
  }

  /** In order of the keys; the same array until something changes. */
  get list(): readonly T[] {
    this.#list = changedList(this.#list, { put: [...this.#put.values()], removed: [...this.#removed] }, this.#keyOf);
    this.#put.clear();
    this.#removed.clear();
    return this.#list;
  }
}
