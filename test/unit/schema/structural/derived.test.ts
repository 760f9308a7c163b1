// What derives from structural schemas beside judgement: who owns which part of a value, and what OpenAPI publishes.
import { compare } from '../../../../src/schema/apply/compare.ts';
import { configurationFaults } from '../../../../src/schema/apply/configuration-faults.ts';
import { fieldsOf } from '../../../../src/schema/apply/fields-of.ts';
import { merge } from '../../../../src/schema/apply/merge.ts';
import { structureOf } from '../../../../src/schema/apply/structure.ts';
import type { JsonValue } from '../../../../src/schema/schema.ts';
import { structuralOpenApi } from '../../../../src/schema/structural/openapi.ts';
import type { StructuralSchema } from '../../../../src/schema/structural/structural-schema.ts';

const structure = (schema: StructuralSchema): ReturnType<typeof structureOf> => structureOf({ kind: 'structural', schema });
const object = (properties: Record<string, StructuralSchema>, more: StructuralSchema = {}): StructuralSchema => ({ type: 'object', properties, ...more });
const open = { 'x-kubernetes-preserve-unknown-fields': true } as const;
const list = (type: string, items: StructuralSchema, keys?: string[]): StructuralSchema => ({ 'type': 'array', items, 'x-kubernetes-list-type': type, ...(keys ? { 'x-kubernetes-list-map-keys': keys } : {}) });
const string: StructuralSchema = { type: 'string' };

describe('ownership', () => {
  it.each<[what: string, schema: StructuralSchema, value: JsonValue, owned: unknown]>([
    ['fields one by one', object({ a: string, b: object({ c: string }) }), { a: 'x', b: { c: 'y' } }, { 'f:a': {}, 'f:b': { 'f:c': {} } }],
    ['lists are whole', object({ l: { type: 'array', items: string } }), { l: ['x'] }, { 'f:l': {} }],
    ['lists of type set by item', object({ l: list('set', string) }), { l: ['x', 'y'] }, { 'f:l': { 'v:"x"': {}, 'v:"y"': {} } }],
    ['lists of type map by key, with the default of a key', object({ l: list('map', object({ p: { type: 'integer' }, q: { ...string, default: 'TCP' } }), ['p', 'q']) }), { l: [{ p: 1 }] }, { 'f:l': { 'k:{"p":1,"q":"TCP"}': { '.': {}, 'f:p': {} } } }],
    ['atomic maps are whole', object({ m: object({ a: string }, { 'x-kubernetes-map-type': 'atomic' }) }), { m: { a: 'x' } }, { 'f:m': {} }],
    ['maps by key', object({ m: { type: 'object', additionalProperties: string } }), { m: { a: 'x' } }, { 'f:m': { 'f:a': {} } }],
    ['what nobody describes by its members, lists in it whole', object({ f: open }), { f: { a: { b: 1 }, l: [{ c: 1 }] } }, { 'f:f': { 'f:a': { '.': {}, 'f:b': {} }, 'f:l': {} } }],
    ['objects inside by their head', object({ o: { 'type': 'object', 'x-kubernetes-embedded-resource': true, ...open } }), { o: { kind: 'X', metadata: { labels: { a: 'b' } }, spec: { z: 1 } } }, { 'f:o': { 'f:kind': {}, 'f:metadata': { 'f:labels': { 'f:a': {} } }, 'f:spec': { '.': {}, 'f:z': {} } } }],
  ])('%s', (_what, schema, value, owned) => {
    expect(JSON.parse(JSON.stringify(fieldsOf(structure(schema), value)))).toEqual(owned);
  });
  it('merges and compares what nobody describes', () => {
    const free = structure(object({ f: open }));
    expect(merge(free, { f: { a: 1, l: [1], m: { x: 1 } } }, { f: { l: [2], m: { y: 2 } } })).toEqual({ f: { a: 1, l: [2], m: { x: 1, y: 2 } } });
    expect(merge(free, { f: { m: { x: 1 } } }, { f: { m: ['text'] } })).toEqual({ f: { m: ['text'] } });
    const { added, modified, removed } = compare(free, { f: { a: 1, m: { x: 1 } } }, { f: { m: [1], n: 2 } });
    expect([added, modified, removed].map((set) => JSON.parse(JSON.stringify(set)) as unknown)).toEqual([{ 'f:f': { 'f:n': {} } }, { 'f:f': { 'f:m': {} } }, { 'f:f': { 'f:a': {}, 'f:m': { 'f:x': {} } } }]);
    const other = compare(free, { f: { a: 'text', b: null, c: {} } }, { f: { a: { x: 1 }, b: { y: 1 }, c: [] } });
    expect(JSON.parse(JSON.stringify([other.added, other.modified, other.removed]))).toEqual([{ 'f:f': { 'f:a': { 'f:x': {} }, 'f:b': { 'f:y': {} } } }, { 'f:f': { 'f:a': {}, 'f:c': {} } }, {}]);
  });
  it('refuses what the schema does not name, unless it is open', () => {
    expect(configurationFaults(structure(object({ a: string })), { b: 1 })).toBe('.b: field not declared in schema');
    const keyed = object({ l: { 'type': 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['a', 'b'], 'items': object({ a: string, b: { ...string, default: 'x' } }) } });
    expect(configurationFaults(structure(keyed), { l: [{ b: 'y' }] })).toBe('.l: element 0: associative list with keys has an element that omits key field "a" (and doesn\'t have default value)');
    expect(configurationFaults(structure(keyed), { l: [{ a: 'y' }, { a: 'y', b: 'x' }] })).toBe('.l: duplicate entries for key [a="y",b="x"]');
    expect(configurationFaults(structure(object({ a: string }, open)), { a: 'x', b: [{ c: 1 }] })).toBeUndefined();
    expect(configurationFaults(structure(object({ a: { type: 'integer' } })), { a: 'x' })).toBe('.a: expected numeric (int or float), got string');
  });
});

describe('OpenAPI', () => {
  const metadata = (): Record<string, JsonValue> => ({ $ref: '#/m' });
  const schema = object({ n: { ...string, nullable: true }, p: { 'x-kubernetes-int-or-string': true }, f: { type: 'object', ...open }, a: { type: 'array', items: object({ b: string }), default: [] } }, { oneOf: [{ required: ['n'] }], required: ['n'] });
  it('of version 3 says all', () => {
    expect(structuralOpenApi(schema, 'v3', metadata)).toEqual({ ...schema, properties: { ...schema.properties, p: { 'x-kubernetes-int-or-string': true, 'anyOf': [{ type: 'integer' }, { type: 'string' }] } } });
  });
  it('of version 2 leaves out what its clients would misread', () => {
    expect(structuralOpenApi(schema, 'v2', metadata)).toEqual({
      type: 'object', required: ['n'], properties: { n: {}, p: { 'x-kubernetes-int-or-string': true }, f: open, a: { type: 'array', items: { type: 'object', properties: { b: string } } } },
    });
  });
  it('shows objects inside of objects whole', () => {
    expect(structuralOpenApi({ 'type': 'object', 'x-kubernetes-embedded-resource': true, 'properties': { spec: string } }, 'v3', metadata)).toMatchObject({ required: ['kind', 'apiVersion'], properties: { spec: string, kind: { type: 'string' }, metadata: { $ref: '#/m' } } });
  });
});
