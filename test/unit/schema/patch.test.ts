// Merge patch: the table of its RFC, and names that are dangerous elsewhere.
import fc from 'fast-check';
import { mergePatch } from '../../../src/schema/patch.ts';
import type { JsonValue } from '../../../src/schema/schema.ts';

describe('a merge patch', () => {
  // The table of RFC 7386, appendix A.
  it.each<[JsonValue, JsonValue, JsonValue]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }], [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }], [{ a: 'b' }, { a: null }, {}], [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }], [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }], [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }], [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [['a', 'b'], ['c', 'd'], ['c', 'd']], [{ a: 'b' }, ['c'], ['c']], [{ a: 'foo' }, null, null], [{ a: 'foo' }, 'bar', 'bar'], [{ e: null }, { a: 1 }, { e: null, a: 1 }], [[1, 2], { a: 'b', c: null }, { a: 'b' }], [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('of %j with %j makes %j', (target, patch, result) => {
    const before = JSON.stringify(target);
    expect(mergePatch(target, patch)).toEqual(result);
    expect(JSON.stringify(target)).toBe(before);
  });
  it.each<[JsonValue, JsonValue, JsonValue]>([
    [{}, { a: [{ b: null, c: [{ d: null }] }, null] }, { a: [{ c: [{}] }, null] }], [{ a: [{ b: 1 }] }, { a: [{ b: null }] }, { a: [{}] }],
  ])('of %j with %j, which has nulls in lists, makes %j', (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result);
  });
  it('treats __proto__ and constructor as names', () => {
    const result = mergePatch({}, JSON.parse('{"__proto__":{"polluted":true},"constructor":{"a":1}}') as JsonValue) as Record<string, unknown>;
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(JSON.stringify(result)).toBe('{"__proto__":{"polluted":true},"constructor":{"a":1}}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
  it('applied twice is applied once', () => {
    const value = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>;
    fc.assert(fc.property(value, value, (target, patch) => {
      const once = mergePatch(target, patch);
      expect(mergePatch(once, patch)).toEqual(once);
    }));
  });
});
