// JSON patch: its RFC, where upstream is more lenient, and what is refused.
import { jsonPatch, unknownMembers } from '../../../src/schema/json-patch.ts';
import { PatchError } from '../../../src/schema/patch.ts';
import type { JsonValue } from '../../../src/schema/schema.ts';

describe('a JSON patch', () => {
  const list = (depth: number): JsonValue => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as JsonValue;
  it.each<[string, JsonValue]>([
    ['copies double what is there', [{ op: 'add', path: '/a', value: ['x'.repeat(1000)] }, ...Array.from({ length: 60 }, () => ({ op: 'copy', from: '/a', path: '/a/-' }))]],
    ['values are put into each other', [{ op: 'add', path: '/a', value: list(600) }, { op: 'add', path: `/a${'/0'.repeat(599)}/-`, value: list(600) }]],
    ['what is copied into itself is nested deeper than the stack', [{ op: 'add', path: '/a', value: {} }, ...Array.from({ length: 18 }, (_, i) => ({ op: 'copy', from: '/a', path: `/a${'/a'.repeat(2 ** i)}` }))]],
  ])('is refused when %s', (_what, patch) => {
    expect(() => jsonPatch({}, patch)).toThrow(PatchError);
  });
  const target = { spec: { replicas: 1, list: ['a', 'b'] }, metadata: { labels: { 'a/b': 'x', 'c~d': 'y' } } };
  it.each<[string, JsonValue, JsonValue]>([
    ['adds', [{ op: 'add', path: '/spec/list/1', value: 'n' }, { op: 'add', path: '/spec/list/-', value: 'z' }], { spec: { replicas: 1, list: ['a', 'n', 'b', 'z'] } }],
    ['replaces and removes', [{ op: 'replace', path: '/spec/replicas', value: 3 }, { op: 'remove', path: '/spec/list/0' }], { spec: { replicas: 3, list: ['b'] } }],
    ['copies and moves', [{ op: 'copy', from: '/spec/list', path: '/spec/copy' }, { op: 'move', from: '/spec/replicas', path: '/spec/count' }], { spec: { count: 1, list: ['a', 'b'], copy: ['a', 'b'] } }],
    ['replaces what is not there', [{ op: 'replace', path: '/spec/none', value: 1 }], { spec: { replicas: 1, list: ['a', 'b'], none: 1 } }],
    ['takes what has no value for null', [{ op: 'add', path: '/spec/x' }, { op: 'copy', from: '/spec/none', path: '/spec/y' }], { spec: { replicas: 1, list: ['a', 'b'], x: null, y: null } }],
    ['counts from the end', [{ op: 'add', path: '/spec/list/-1', value: 'z' }, { op: 'replace', path: '/spec/list/-3', value: 'first' }, { op: 'remove', path: '/spec/list/-2' }], { spec: { replicas: 1, list: ['first', 'z'] } }],
    ['tests', [{ op: 'test', path: '/spec', value: { list: ['a', 'b'], replicas: 1 } }, { op: 'test', path: '/spec/none', value: null }, { op: 'test', path: '/spec/list/-1', value: 'b' }], {}],
    ['replaces the whole, by an object or a list', [{ op: 'replace', path: '', value: 5 }, { op: 'replace', path: '', value: { spec: 1, metadata: 2 } }], { spec: 1, metadata: 2 }],
    ['is nothing', null, {}],
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
    ['an operation that is no object', ['add'], 400, 'json: cannot unmarshal string into Go value of type jsonpatch.Operation'],
    ['an operation that says nothing', [null], 422, 'Unexpected kind: unknown'],
    ['no place', [{ op: 'remove' }], 422, 'missing path field'],
    ['a place that is no pointer', [{ op: 'remove', path: 'metadata' }], 422, 'doc is missing path: metadata'],
    ['the whole', [{ op: 'add', path: '', value: {} }], 422, 'doc is missing path: '],
    ['an unknown operation', [{ op: 'frob', path: '/spec' }], 422, 'Unexpected kind: frob'],
    ['a name that is missing', [{ op: 'remove', path: '/spec/none' }], 422, 'nonexistent key: none'],
    ['a path into nothing', [{ op: 'add', path: '/none/deep', value: 1 }], 422, 'doc is missing path: /none/deep'],
    ['a path into text', [{ op: 'add', path: '/spec/list/0/x', value: 1 }], 422, 'doc is missing path: /spec/list/0/x'],
    ['a place behind the end', [{ op: 'add', path: '/spec/list/3', value: 1 }], 422, 'invalid index: 3'],
    ['an item that is not there', [{ op: 'replace', path: '/spec/list/2', value: 1 }], 422, 'invalid index: 2'],
    ['an item before the first', [{ op: 'remove', path: '/spec/list/-3' }], 422, 'invalid index: -3'],
    ['the item after the last', [{ op: 'replace', path: '/spec/list/-', value: 1 }], 422, 'invalid index: -'],
    ['a source that is missing', [{ op: 'move', from: '/spec/none', path: '/spec/x' }], 422, 'nonexistent key: none'],
    ['a source in nothing', [{ op: 'copy', from: '/none/x', path: '/spec/x' }], 422, 'doc is missing path: /none/x'],
    ['a test of nothing', [{ op: 'test', path: '/spec/none', value: 1 }], 422, 'testing value /spec/none failed'],
    ['a test that fails', [{ op: 'test', path: '/spec/replicas', value: 2 }], 422, 'testing value /spec/replicas failed'],
    ['a prototype', [{ op: 'add', path: '/__proto__/polluted', value: 1 }], 422, '__proto__'],
    ['too many operations', Array.from({ length: 10_001 }, () => ({ op: 'test', path: '', value: {} })), 413, 'The allowed maximum operations in a JSON patch is 10000, got 10001'],
  ])('refuses %s', (_what, patch, code, message) => {
    expect(() => jsonPatch(target, patch)).toThrow(message);
    expect(() => jsonPatch(target, patch)).toThrow(expect.objectContaining({ code }) as unknown as PatchError);
    expect(() => jsonPatch(target, patch)).toThrow(PatchError);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('the strict decoder', () => {
  it.each<[string, JsonValue, string[]]>([
    ['passes what operations have', [{ op: 'add', path: '/a', from: null, value: 1 }, null], []],
    ['names what they do not', [{ op: 'add', path: '/a' }, { Op: 'add', __proto__: null, constructor: 1 }], ['[1].Op', '[1].constructor']],
    ['takes null for an empty patch', null, []],
  ])('%s', (_what, patch, unknown) => {
    expect(unknownMembers(patch)).toEqual(unknown);
  });
  it.each<[JsonValue, string]>([
    [{}, 'object into Go value of type []handlers.jsonPatchOp'], [[[]], 'array into Go value of type handlers.jsonPatchOp'], [[true], 'bool into Go value of type handlers.jsonPatchOp'],
    [[{ op: 'add', path: 1 }], 'number into Go struct field jsonPatchOp.path of type string'], [[{ op: {} }], 'object into Go struct field jsonPatchOp.op of type string'],
  ])('refuses %j', (patch, why) => {
    expect(() => unknownMembers(patch)).toThrow(expect.objectContaining({ code: 400, message: `error decoding patch: json: cannot unmarshal ${why}` }) as unknown as PatchError);
  });
});
