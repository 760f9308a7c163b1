// The order of a patched list: what the patch names stands in the order it wants, the rest in the server's, and the two runs
// are interleaved by where the server had them. (upstream: apimachinery util/strategicpatch/patch.go, normalizeElementOrder)
import { goTypeOf } from '../apimachinery/go-text.ts';
import { mergeValueOf } from './patch-meta.ts';
import { isObject, PatchError } from './patch.ts';
import type { JsonValue } from './schema.ts';

/** What tells an item from others: its merge key, or all of it; `keyed` lists hold objects. */
export interface Identity { readonly mergeKey: string; readonly keyed: boolean }

type Place = (item: JsonValue) => number;

/** Where an item stands in a list; -1 when it does not. */
function placesIn(list: readonly JsonValue[], { mergeKey, keyed }: Identity): Place {
  const of = (item: JsonValue): JsonValue => (!keyed ? item : isObject(item) && Object.hasOwn(item, mergeKey) ? item[mergeKey]! : null);
  const places = new Map<JsonValue, number>();
  list.forEach((item, i) => { if (!places.has(of(item))) places.set(of(item), i); });
  return (item) => places.get(of(item)) ?? -1;
}

/** Items of which `named` stand in `wanted`, and the `others`. @throws PatchError 500 */
export function partition(items: readonly JsonValue[], wanted: readonly JsonValue[], mergeKey: string): { named: JsonValue[]; others: JsonValue[] } {
  const isNamed = mergeKey === '' ? namedAsTheyAre(wanted) : namedByKey(wanted, mergeKey);
  const named: JsonValue[] = [];
  const others: JsonValue[] = [];
  for (const item of items) (isNamed(item) ? named : others).push(item);
  return { named, others };
}

function namedAsTheyAre(wanted: readonly JsonValue[]): (item: JsonValue) => boolean {
  const values = new Set(wanted);
  return (item) => {
    // Upstream's map of values panics of them.
    if (typeof item === 'object' && item !== null) throw new PatchError('list elements without a merge key cannot be compared', 500);
    return values.has(item);
  };
}

function namedByKey(wanted: readonly JsonValue[], mergeKey: string): (item: JsonValue) => boolean {
  // Looked through only as far as there are objects.
  const end = wanted.findIndex((item) => !isObject(item));
  const keys = new Set((end < 0 ? wanted : wanted.slice(0, end)).map((item) => (item as { [key: string]: JsonValue })[mergeKey]));
  return (item) => {
    if (!isObject(item)) throw badType('map[string]interface {}', item);
    if (keys.has(mergeValueOf(item, mergeKey))) return true;
    if (end >= 0) throw new PatchError(`value for key ${end} is not a map`, 500);
    return false;
  };
}

/** @throws PatchError 500 when an object has no merge key */
export function arrange({ named, others }: { named: JsonValue[]; others: JsonValue[] }, wanted: readonly JsonValue[], server: readonly JsonValue[], identity: Identity): JsonValue[] {
  const wantedAt = placesIn(wanted, identity);
  const serverAt = placesIn(server, identity);
  return interleave(sorted(others, server, serverAt, identity), sorted(named, wanted, wantedAt, identity), serverAt);
}

function sorted(items: JsonValue[], order: readonly JsonValue[], place: Place, { mergeKey, keyed }: Identity): JsonValue[] {
  let rest: JsonValue[] = [];
  if (keyed) {
    for (const item of [...items, ...order]) {
      if (!isObject(item)) throw badType('map[string]interface {}', item);
      mergeValueOf(item, mergeKey);
    }
    const isDeletion = (item: JsonValue): boolean => isObject(item) && item['$patch'] === 'delete';
    rest = items.filter(isDeletion);
    items = items.filter((item) => !isDeletion(item));
  }
  const placed = items.filter((item) => place(item) >= 0).sort((a, b) => place(a) - place(b));
  const unplaced = items.filter((item) => place(item) < 0);
  // Upstream's comparison says of an item without a place that it comes before any other, whatever that is.
  return [...unplaced.reverse(), ...placed, ...rest];
}

function interleave(others: readonly JsonValue[], named: readonly JsonValue[], serverAt: Place): JsonValue[] {
  const result: JsonValue[] = [];
  let i = 0;
  let j = 0;
  while (i < others.length && j < named.length) {
    const a = serverAt(others[i]!);
    const b = serverAt(named[j]!);
    result.push(a >= 0 && b >= 0 && a < b ? others[i++]! : named[j++]!);
  }
  return [...result, ...others.slice(i), ...named.slice(j)];
}

export const badType = (expected: string, value: JsonValue): PatchError => new PatchError(`expected a ${expected}, but received a ${goTypeOf(value) ?? '%!s(<nil>)'}`, 500);
