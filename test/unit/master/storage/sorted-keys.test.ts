// Keys in order, in blocks: the same as a sorted array, however they come and go.
import fc from 'fast-check';
import { SortedKeys } from '../../../../master/storage/sorted-keys.ts';

const text = (n: number): string => String(n).padStart(5, '0');
const change = fc.record({ add: fc.boolean(), key: fc.integer({ min: 0, max: 3000 }) });

test('like a sorted array, through many changes', () => {
  fc.assert(fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 3000 }), { maxLength: 2500, minLength: 1500, size: 'max' }), fc.array(change, { maxLength: 2000, size: 'max' }), fc.integer({ min: 0, max: 3001 }), (first, changes, probe) => {
    const expected = new Set(first.map(text));
    const keys = new SortedKeys(first.map(text));
    for (const { add, key } of changes) {
      const name = text(key);
      if (add && !expected.has(name)) {
        expected.add(name);
        keys.add(name);
      } else if (!add) {
        expected.delete(name);
        keys.delete(name);
      }
    }
    const sorted = [...expected].sort();
    expect([...keys.from('')]).toEqual(sorted);
    expect([...keys.from(text(probe))]).toEqual(sorted.filter((key) => key >= text(probe)));
    expect(keys.before(text(probe))).toBe(sorted.filter((key) => key < text(probe)).length);
  }), { numRuns: 20 });
});

test('from nothing, in order and backwards', () => {
  const names = Array.from({ length: 2000 }, (_, n) => text(n));
  for (const order of [names, [...names].reverse()]) {
    const keys = new SortedKeys();
    expect([...keys.from('')]).toEqual([]);
    for (const name of order) keys.add(name);
    expect([...keys.from('')]).toEqual(names);
    for (const name of order) keys.delete(name);
    expect([[...keys.from('')], keys.before('9')]).toEqual([[], 0]);
  }
});
