// Strategic merge patch: lists by key, directives, order, what kubectl sends.
import fc from 'fast-check';
import { Deployments } from '../../../src/api/apps/deployment.ts';
import { Pods } from '../../../src/api/core/pod.ts';
import { PatchError } from '../../../src/schema/patch.ts';
import { array, field, map, object, string, types, type JsonValue } from '../../../src/schema/schema.ts';
import { strategicMergePatch } from '../../../src/schema/strategic-merge-patch.ts';
import { canonicalValue } from './arbitrary-value.ts';
import { cpuSince, yardstick } from '../../support/yardstick.ts';

const port = object('Port', { port: string(1), name: string(2) });
const item = object('Item', { name: string(1), image: string(2), ports: array(3, port, { patchStrategy: 'merge', patchMergeKey: 'port' }), args: array(4, types.string) });
const inner = object('Inner', { a: string(1), b: string(2) });
const type = object('Sample', {
  text: string(1), labels: map(2, types.string), tags: array(3, types.string, { patchStrategy: 'merge' }), plain: array(4, types.string), parts: array(5, inner),
  items: array(6, item, { patchStrategy: 'merge', patchMergeKey: 'name' }), inner: field(7, inner), strategy: field(8, inner, { patchStrategy: 'retainKeys' }), whole: field(9, inner, { patchStrategy: 'replace' }),
  maps: map(11, inner), volumes: array(10, object('Volume', { name: string(1), empty: field(2, inner), host: field(3, inner) }), { patchStrategy: 'merge,retainKeys', patchMergeKey: 'name' }),
});

describe('a strategic merge patch', () => {
  it.each<[what: string, target: JsonValue, patch: JsonValue, result: JsonValue]>([
    ['sets and keeps', { text: 'a', inner: { a: '1' } }, { inner: { b: '2' } }, { text: 'a', inner: { a: '1', b: '2' } }],
    ['deletes with null', { text: 'a', labels: { x: '1', y: '2' } }, { text: null, labels: { x: null, z: null } }, { labels: { y: '2' } }],
    ['sets what is not there without its nulls', {}, { labels: { x: null, y: '1' }, inner: null }, { labels: { y: '1' } }],
    ['replaces lists without a strategy', { plain: ['a', 'b'], parts: [{ a: '1' }] }, { plain: ['c'], parts: [{ b: '2' }] }, { plain: ['c'], parts: [{ b: '2' }] }],
    ['adds to lists of texts', { tags: ['a', 'b'] }, { tags: ['c', 'b'] }, { tags: ['c', 'a', 'b'] }],
    ['takes texts out of lists', { tags: ['a', 'b', 'c'] }, { '$deleteFromPrimitiveList/tags': ['b', 'x'] }, { tags: ['a', 'c'] }],
    ['takes out and adds at once', { tags: ['a', 'b'] }, { '$deleteFromPrimitiveList/tags': ['a'], tags: ['c'] }, { tags: ['c', 'b'] }],
    ['takes nothing out of nothing', {}, { '$deleteFromPrimitiveList/tags': ['a'] }, {}],
    ['merges items by key', { items: [{ name: 'a', image: '1' }, { name: 'b', image: '2' }] }, { items: [{ name: 'b', image: '3' }] }, { items: [{ name: 'a', image: '1' }, { name: 'b', image: '3' }] }],
    ['puts a new item before what follows', { items: [{ name: 'a' }] }, { items: [{ name: 'n' }] }, { items: [{ name: 'n' }, { name: 'a' }] }],
    ['deletes items', { items: [{ name: 'a' }, { name: 'b' }] }, { items: [{ name: 'a', $patch: 'delete' }, { name: 'x', $patch: 'delete' }] }, { items: [{ name: 'b' }] }],
    ['deletes items before it merges', { items: [{ name: 'a', image: '1' }] }, { items: [{ name: 'a', args: ['x'] }, { name: 'a', $patch: 'delete' }] }, { items: [{ name: 'a', args: ['x'] }] }],
    ['replaces a list', { items: [{ name: 'a' }] }, { items: [{ $patch: 'replace' }, { name: 'b' }, { name: 'c', $patch: 'delete' }] }, { items: [{ name: 'b' }] }],
    ['empties a list', { items: [{ name: 'a' }] }, { items: [{ $patch: 'replace' }] }, { items: [] }],
    ['replaces an object', { inner: { a: '1' } }, { inner: { $patch: 'replace', b: '2' } }, { inner: { b: '2' } }],
    ['empties an object', { inner: { a: '1' } }, { inner: { $patch: 'delete' } }, { inner: {} }],
    ['leaves out what it would only delete', {}, { inner: { $patch: 'delete' }, items: [{ name: 'a', $patch: 'delete' }] }, { items: [] }],
    ['replaces an object whose strategy is replace', { whole: { a: '1' } }, { whole: { b: '2' } }, { whole: { b: '2' } }],
    ['replaces another type', { inner: 'text', tags: { a: 'b' }, text: ['x'] }, { inner: { a: '1' }, tags: ['a'], text: 'b' }, { inner: { a: '1' }, tags: ['a'], text: 'b' }],
    ['retains the keys that are named', { strategy: { a: '1', b: '2' } }, { strategy: { $retainKeys: ['a'], a: '3' } }, { strategy: { a: '3' } }],
    ['retains keys in items', { volumes: [{ name: 'v', empty: {} }] }, { '$setElementOrder/volumes': [{ name: 'v' }], volumes: [{ $retainKeys: ['name', 'host'], name: 'v', host: { a: '/' } }] }, { volumes: [{ name: 'v', host: { a: '/' } }] }],
    ['keeps both of two new items that share a key', { items: [] }, { items: [{ name: 'a', ports: [{ port: '53', name: 'udp' }, { port: '53', name: 'tcp' }] }] }, { items: [{ name: 'a', ports: [{ port: '53', name: 'udp' }, { port: '53', name: 'tcp' }] }] }],
    ['takes new items without a key where there is no list', {}, { items: [{ image: 'x' }] }, { items: [{ image: 'x' }] }],
    ['orders a list', { items: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] }, { '$setElementOrder/items': [{ name: 'c' }, { name: 'a' }] }, { items: [{ name: 'b' }, { name: 'c' }, { name: 'a' }] }],
    ['orders what it patches', { items: [{ name: 'a' }, { name: 'b' }] }, { '$setElementOrder/items': [{ name: 'b' }, { name: 'n' }, { name: 'a' }], items: [{ name: 'n', image: 'x' }] }, { items: [{ name: 'b' }, { name: 'n', image: 'x' }, { name: 'a' }] }],
    ['leaves items of the server where they were', { items: [{ name: 's1' }, { name: 'a' }, { name: 's2' }, { name: 'b' }] }, { '$setElementOrder/items': [{ name: 'a' }, { name: 'b' }] }, { items: [{ name: 's1' }, { name: 'a' }, { name: 's2' }, { name: 'b' }] }],
    ['orders texts', { tags: ['a', 'b', 'c'] }, { '$setElementOrder/tags': ['c', 'd', 'a'], tags: ['d'] }, { tags: ['b', 'c', 'd', 'a'] }],
    ['takes new items into the places of deleted ones', { items: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] }, { '$setElementOrder/items': [{ name: 'n' }], items: [{ name: 'a', $patch: 'delete' }, { name: 'n' }] }, { items: [{ name: 'b' }, { name: 'c' }, { name: 'n' }] }],
    ['merges an item into a new one of its key', { items: [] }, { items: [{ name: 'a', image: '1' }, { name: 'a', args: ['x'] }] }, { items: [{ name: 'a', image: '1', args: ['x'] }] }],
    ['leaves the directives and nulls of a new item', { items: [{ name: 'a' }] }, { items: [{ name: 'b', image: null, $retainKeys: ['name'] }] }, { items: [{ name: 'b', image: null, $retainKeys: ['name'] }, { name: 'a' }] }],
    ['leaves directives where nothing was', {}, { inner: { $retainKeys: ['a'], a: '1', b: null } }, { inner: { $retainKeys: ['a'], a: '1' } }],
    ['leaves all but its directive of what replaces', { inner: { a: '1' } }, { inner: { $patch: 'replace', b: null, $retainKeys: ['b'] } }, { inner: { b: null, $retainKeys: ['b'] } }],
    ['leaves the directive of an object whose strategy is replace', { whole: { a: '1' } }, { whole: { $patch: 'delete' } }, { whole: { $patch: 'delete' } }],
    ['takes no notice of a deletion list that is none', { tags: ['a'] }, { '$deleteFromPrimitiveList/tags': 'a' }, { tags: ['a'] }],
    ['deletes with a deletion list that is null', { tags: ['a'] }, { '$deleteFromPrimitiveList/tags': null }, {}],
    ['takes texts out of lists without a strategy', { plain: ['a', 'b'] }, { '$deleteFromPrimitiveList/plain': ['a'] }, { plain: ['b'] }],
    ['takes no notice of an order for nothing', {}, { '$setElementOrder/items': [{ name: 'a' }] }, {}],
    ['has names like others', JSON.parse('{"labels":{"__proto__":"a","constructor":"b"}}') as JsonValue, JSON.parse('{"labels":{"__proto__":"c","toString":"d"},"constructor":{"x":"y"}}') as JsonValue, JSON.parse('{"labels":{"__proto__":"c","constructor":"b","toString":"d"},"constructor":{"x":"y"}}') as JsonValue],
  ])('%s', (_what, target, patch, result) => {
    const before = JSON.stringify(target);
    expect(JSON.stringify(strategicMergePatch(type, target, patch))).toBe(JSON.stringify(result));
    expect(JSON.stringify(target)).toBe(before);
  });

  it.each<[what: string, patch: JsonValue, code: number, message: string]>([
    ['no object', [], 400, 'json: cannot unmarshal array into Go value of type map[string]interface {}'],
    ['an unknown directive', { inner: { $patch: 'erase' } }, 500, 'unknown patch type: erase in map: map[$patch:erase]'],
    ['merge as a directive', { $patch: 'merge' }, 500, 'unknown patch type: merge'],
    ['merge as a directive in a list', { items: [{ name: 'a', $patch: 'merge' }] }, 500, 'merging lists cannot yet be specified in the patch'],
    ['an item without its key', { items: [{ image: 'x' }] }, 500, 'map: map[image:x] does not contain declared merge key: name'],
    ['a deletion without its key', { items: [{ $patch: 'delete' }] }, 500, 'does not contain declared merge key: name'],
    ['an item of another type', { items: ['a'] }, 500, 'list element types are not identical'],
    ['retained keys that lack a patched one', { strategy: { $retainKeys: ['a'], b: '1' } }, 400, 'invalid patch format of retainKeys'],
    ['retained keys that are no list', { strategy: { $retainKeys: 'a' } }, 400, 'invalid patch format of retainKeys'],
    ['a deletion list without a name', { $deleteFromPrimitiveList: ['a'] }, 400, 'invalid patch format of primitive list'],
    ['an order without a name', { $setElementOrder: ['a'] }, 400, 'invalid patch format of setElementOrder list'],
    ['an order that is no list', { '$setElementOrder/items': 'a' }, 500, 'expected a []interface {}, but received a string'],
    ['an order that is null', { '$setElementOrder/items': null }, 500, 'expected a []interface {}, but received a %!s(<nil>)'],
    ['an order with a list that is null', { '$setElementOrder/items': [], items: null }, 500, 'expected a []interface {}, but received a %!s(<nil>)'],
    ['an order of texts for items', { '$setElementOrder/items': ['a'], items: [{ name: 'a' }] }, 500, 'expected a map[string]interface {}, but received a string'],
    ['an order whose items have no key', { '$setElementOrder/items': [{ image: 'a' }], items: [{ name: 'a' }] }, 500, 'map: map[image:a] does not contain declared merge key: name'],
    ['an order of a list that is empty', { '$setElementOrder/volumes': [], volumes: [] }, 500, 'no elements in any of the given slices'],
    ['an order of what is no field', { '$setElementOrder/none': [] }, 500, 'unable to find api field in struct Sample for the json field "none"'],
    ['an order of a text', { '$setElementOrder/text': [] }, 500, 'expected slice or array type, but got: struct'],
    ['what is in a map of objects', { maps: { a: { b: '2' } } }, 500, 'merging an object in json but data type is not struct, instead is: map'],
    ['a deletion from a list of objects without a key', { '$deleteFromPrimitiveList/parts': [{ a: '1' }] }, 500, 'cannot merge lists without merge key for struct'],
    ['lists in a list', { tags: [['a']] }, 500, 'list element types are not identical: [[a] [[a]]]'],
    ['a directive that is no text', { inner: { $patch: 1 } }, 500, 'unknown patch type: %!s(int64=1) in map: map[$patch:1]'],
    ['an order that contradicts the list', { '$setElementOrder/items': [{ name: 'b' }, { name: 'a' }], items: [{ name: 'a' }, { name: 'b' }] }, 500, "doesn't match $setElementOrder list"],
  ])('refuses %s', (_what, patch, code, message) => {
    const refused = (): unknown => strategicMergePatch(type, { inner: { a: '1' }, strategy: { a: '1' }, items: [{ name: 'a' }], tags: ['a'], parts: [{ a: '1' }], maps: { a: { a: '1' } } }, structuredClone(patch));
    expect(refused).toThrow(message);
    expect(refused).toThrow(expect.objectContaining({ code }) as unknown as PatchError);
    expect(refused).toThrow(PatchError);
  });

  it('consumes what has an order, directives, and what only deletes where nothing was', () => {
    const patch: JsonValue = { '$setElementOrder/items': [{ name: 'a' }], items: [{ name: 'a', image: '2' }], strategy: { $retainKeys: ['a'], a: '2' }, inner: { a: null, b: '2', deep: null }, labels: { x: '1', $patch: 'replace' }, text: null };
    strategicMergePatch(type, { items: [{ name: 'a' }], strategy: { a: '1' }, labels: { y: '1' } }, patch);
    expect(patch).toEqual({ strategy: { a: '2' }, inner: { b: '2' }, labels: { x: '1' }, text: null });
  });

  it('refuses a list of lists where nothing was before', () => {
    expect(() => strategicMergePatch(type, { tags: [] }, { tags: [['a']] })).toThrow(expect.objectContaining({ code: 422, message: 'lists of lists are not supported' }) as unknown as PatchError);
  });

  it('merges ten thousand items at once', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => ({ name: `n${i}` }));
    const before = process.cpuUsage();
    expect(strategicMergePatch(type, { items: many }, { items: many.map(({ name }) => ({ name, image: 'x' })) })).toMatchObject({ items: { length: 10_000, 0: { name: 'n0', image: 'x' } } });
    expect(cpuSince(before)).toBeLessThan(Math.max(2000, 40 * yardstick()));
  });
});

describe('for every definition', () => {
  it.each([['Pod', Pods.type], ['Deployment', Deployments.type]])('%s: an empty patch changes nothing, and a patch of the whole makes the whole', (_kind, of) => {
    fc.assert(fc.property(canonicalValue(of), (value) => {
      const whole = JSON.parse(JSON.stringify(value)) as JsonValue;
      expect(strategicMergePatch(of, whole, {})).toEqual(whole);
      expect(strategicMergePatch(of, {}, whole)).toEqual(withoutNulls(whole));
    }), { numRuns: 20 });
  });
});

function withoutNulls(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== null).map(([k, v]) => [k, withoutNulls(v)]));
}
