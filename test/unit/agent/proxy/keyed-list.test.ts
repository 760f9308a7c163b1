// Lists by key: what changed between two, and lists made of parts, against planning all of it anew.
import fc from 'fast-check';
import { changedList, KeyedList, listChange } from '../../../../agent/proxy/keyed-list.ts';
import '../../../support/property-seed.ts';

interface Item { readonly key: string; readonly value: number }
const keyOf = (item: Item): string => item.key;
const ordered = (items: readonly Item[]): Item[] => [...items].sort((a, b) => (a.key < b.key ? -1 : 1));
const items = fc.uniqueArray(fc.record({ key: fc.constantFrom(...'abcdefgh'), value: fc.integer({ min: 0, max: 2 }) }), { selector: keyOf });

describe('a change', () => {
  it('leads from any list to any other', () => {
    fc.assert(fc.property(items, items, fc.infiniteStream(fc.boolean()), (from, to, coin) => {
      const known = new Map(from.map((item) => [item.key, item]));
      // What stays is the same object, or one that says the same.
      const next = to.map((item) => (coin.next().value && known.get(item.key)?.value === item.value ? known.get(item.key)! : item));
      expect(changedList(ordered(from), listChange(from, next, keyOf), keyOf)).toEqual(ordered(next));
      const change = listChange(ordered(from), ordered(next), keyOf);
      expect(change.put).toEqual(ordered(next).filter((item) => known.get(item.key) !== item));
      expect(change.removed).toEqual(ordered(from).map(keyOf).filter((key) => !next.some((item) => item.key === key)));
    }));
  });

  it('is none from a list to itself, which it leaves the same', () => {
    const list = ordered([{ key: 'b', value: 1 }, { key: 'a', value: 1 }]);
    expect(listChange(list, list, keyOf)).toEqual({ put: [], removed: [] });
    expect(changedList(list, listChange(list, [...list], keyOf), keyOf)).toBe(list);
  });

  it('asks for few keys, however long the list is', () => {
    const list = ordered(Array.from({ length: 10_000 }, (_, n) => ({ key: `k${n}`, value: 0 })));
    for (const change of [{ put: [{ key: 'k5000', value: 1 }], removed: [] }, { put: [{ key: 'k5000x', value: 1 }], removed: ['k77'] }]) {
      let asked = 0;
      const next = changedList(list, change, (item) => { asked++; return item.key; });
      expect(next).toHaveLength(10_000);
      expect(asked).toBeLessThan(40);
    }
  });
});

describe('a list of parts', () => {
  const part = (source: string) => fc.uniqueArray(fc.record({ key: fc.constantFrom('1', '2', '3').map((n) => `${source}${n}`), value: fc.integer({ min: 0, max: 1 }) }), { selector: keyOf });
  const sets = fc.array(fc.constantFrom('a', 'b', 'c').chain((source) => part(source).map((list) => ({ source, list }))));

  it('is what the sources gave last, in order, and the same array while they say the same', () => {
    fc.assert(fc.property(sets, fc.infiniteStream(fc.boolean()), (steps, coin) => {
      const list = new KeyedList<Item>(keyOf);
      const parts = new Map<string, readonly Item[]>();
      for (const { source, list: given } of steps) {
        parts.set(source, given);
        list.set(source, given);
        if (coin.next().value) continue;
        const all = ordered([...parts.values()].flat());
        expect(list.list).toEqual(all);
        const seen = list.list;
        list.set(source, structuredClone(given));
        expect(list.list).toBe(seen);
      }
    }));
  });
});
