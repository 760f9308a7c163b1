// JSON patch and merge patch: their RFCs, and what is refused in which words.
import fc from 'fast-check';
import { jsonPatch, mergePatch, PatchError } from '../../../src/schema/patch.ts';
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

describe('a JSON patch', () => {
  const list = (depth: number): JsonValue => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as JsonValue;
  it.each<[string, JsonValue]>([
    ['copies double what is there', [{ op: 'add', path: '/a', value: ['x'.repeat(1000)] }, ...Array.from({ length: 60 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }))]],
    ['values are put into each other', [{ op: 'add', path: '/a', value: list(600) }, { op: 'add', path: `/a${'/0'.repeat(599)}/-`, value: list(600) }]],
  ])('is refused when %s', (_what, patch) => {
    expect(() => jsonPatch({}, patch)).toThrow(PatchError);
  });
  const target = { spec: { replicas: 1, list: ['a', 'b'] }, metadata: { labels: { 'a/b': 'x', 'c~d': 'y' } } };
  it.each<[string, JsonValue, JsonValue]>([
    ['adds', [{ op: 'add', path: '/spec/list/1', value: 'n' }, { op: 'add', path: '/spec/list/-', value: 'z' }], { spec: { replicas: 1, list: ['a', 'n', 'b', 'z'] } }],
    ['replaces and removes', [{ op: 'replace', path: '/spec/replicas', value: 3 }, { op: 'remove', path: '/spec/list/0' }], { spec: { replicas: 3, list: ['b'] } }],
    ['copies and moves', [{ op: 'copy', from: '/spec/list', path: '/spec/copy' }, { op: 'move', from: '/spec/replicas', path: '/spec/count' }], { spec: { count: 1, list: ['a', 'b'], copy: ['a', 'b'] } }],
    ['reads escaped names', [{ op: 'test', path: '/metadata/labels/a~1b', value: 'x' }, { op: 'remove', path: '/metadata/labels/c~0d' }], { metadata: { labels: { 'a/b': 'x' } } }],
  ])('%s', (_what, patch, result) => {
    const before = JSON.stringify(target);
    expect(jsonPatch(target, patch)).toEqual({ ...target, ...(result as object) });
    expect(JSON.stringify(target)).toBe(before);
  });
  it('does not share values with the patch', () => {
    const value = { deep: ['x'] };
    const result = jsonPatch(target, [{ op: 'add', path: '/spec/value', value }, { op: 'add', path: '/spec/value/deep/-', value: 'y' }]);
    expect(result).toMatchObject({ spec: { value: { deep: ['x', 'y'] } } });
    expect(value).toEqual({ deep: ['x'] });
  });
  it.each<[string, JsonValue, number, string]>([
    ['no list', { op: 'add' }, 400, 'json: cannot unmarshal object into Go value of type jsonpatch.Patch'],
    ['an operation that is no object', ['add'], 400, 'jsonpatch.Operation'],
    ['an unknown operation', [{ op: 'frob', path: '/spec' }], 422, 'Unexpected kind: frob'],
    ['a missing path', [{ op: 'remove', path: '/spec/none' }], 422, 'remove operation does not apply: doc is missing path: /spec/none: missing value'],
    ['a path into nothing', [{ op: 'add', path: '/none/deep', value: 1 }], 422, 'add operation does not apply: doc is missing path: /none/deep: missing value'],
    ['an index out of bounds', [{ op: 'add', path: '/spec/list/9', value: 1 }], 422, 'add operation does not apply: doc is missing path: /spec/list/9: invalid index referenced'],
    ['a source that is missing', [{ op: 'copy', from: '/none', path: '/spec/x' }], 422, 'copy operation does not apply: doc is missing from path: /none: missing value'],
    ['a value that is missing', [{ op: 'add', path: '/spec/x' }], 422, 'add operation does not apply: value is missing for path: /spec/x'],
    ['a test that fails', [{ op: 'test', path: '/spec/replicas', value: 2 }], 422, 'testing path /spec/replicas: test failed'],
    ['a prototype', [{ op: 'add', path: '/__proto__/polluted', value: 1 }], 422, '__proto__'],
    ['too many operations', Array.from({ length: 10_001 }, () => ({ op: 'test', path: '', value: {} })), 413, 'The allowed maximum operations in a JSON patch is 10000, got 10001'],
  ])('refuses %s', (_what, patch, code, message) => {
    expect(() => jsonPatch(target, patch)).toThrow(message);
    expect(() => jsonPatch(target, patch)).toThrow(expect.objectContaining({ code }) as unknown as PatchError);
    expect(() => jsonPatch(target, patch)).toThrow(PatchError);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
