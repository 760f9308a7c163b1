// Values by structural schemas: what is pruned, defaulted and judged. The tables follow upstream's behaviour.
import { decode } from '../../../../src/schema/decode.ts';
import { fillDefaults } from '../../../../src/schema/structural/defaults.ts';
import { embeddedFaults } from '../../../../src/schema/structural/embedded.ts';
import { listTypeFaults } from '../../../../src/schema/structural/lists.ts';
import type { StructuralSchema } from '../../../../src/schema/structural/structural-schema.ts';
import { schemaFaults } from '../../../../src/schema/structural/validate.ts';

const object = (properties: Record<string, StructuralSchema>, more: StructuralSchema = {}): StructuralSchema => ({ type: 'object', properties, ...more });
const string: StructuralSchema = { type: 'string' };
const integer: StructuralSchema = { type: 'integer' };
const open = { 'x-kubernetes-preserve-unknown-fields': true } as const;
const embedded = { 'x-kubernetes-embedded-resource': true } as const;

describe('pruning', () => {
  const prune = (schema: StructuralSchema, value: unknown): { value: unknown; unknown: string[] } => {
    const report = { unknown: [] as string[] };
    return { value: decode({ kind: 'structural', schema }, value, report) as unknown, unknown: report.unknown };
  };
  it.each<[what: string, schema: StructuralSchema, given: unknown, kept: unknown, unknown: string[]]>([
    ['unknown fields go and are told', object({ a: string, b: object({ c: string }) }), { a: 'x', z: 1, b: { c: 'y', d: {} } }, { a: 'x', b: { c: 'y' } }, ['b.d', 'z']],
    ['fields are kept where the schema says so, those it names are pruned', object({ a: object({ b: string }) }, open), { a: { b: 'x', c: 1 }, z: { y: [1] } }, { a: { b: 'x' }, z: { y: [1] } }, ['a.c']],
    ['a schema of nothing but preservation keeps all', { ...open }, { a: [{ b: null }] }, { a: [{ b: null }] }, []],
    ['items are pruned one by one', { type: 'array', items: object({ a: string }) }, [{ a: 'x', b: 1 }, { c: 1 }], [{ a: 'x' }, {}], ['[0].b', '[1].c']],
    ['maps keep their keys, values are pruned', { type: 'object', additionalProperties: object({ a: string }) }, { k: { a: 'x', b: 1 } }, { k: { a: 'x' } }, ['k.b']],
    ['a wrong kind of value stays for the judge', object({ a: object({ b: string }) }), { a: 'text' }, { a: 'text' }, []],
    ['null goes where it may not stand', object({ a: string, b: { ...string, nullable: true } }), { a: null, b: null }, { b: null }, []],
    ['null in a list stays', { type: 'array', items: string }, [null, 'a'], [null, 'a'], []],
    ['__proto__ is a name like others', object({}, open), JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":1}}'), []],
    ['an object inside keeps its head, metadata is metadata', object({ o: object({ spec: string }, embedded) }), { o: { apiVersion: 'v1', kind: 'X', metadata: { name: 'n', foo: 1 }, spec: 's', z: 1 } }, { o: { apiVersion: 'v1', kind: 'X', metadata: { name: 'n' }, spec: 's' } }, ['o.metadata.foo', 'o.z']],
  ])('%s', (_what, schema, given, kept, unknown) => {
    const result = prune(schema, given);
    expect(result.value).toEqual(kept);
    expect([...result.unknown].sort()).toEqual([...unknown].sort());
  });
});

describe('defaults', () => {
  it.each<[what: string, schema: StructuralSchema, given: unknown, filled: unknown]>([
    ['absent fields get theirs', object({ a: { ...string, default: 'x' }, b: { ...integer, default: 0 } }), {}, { a: 'x', b: 0 }],
    ['inner defaults need their object', object({ a: object({ b: { ...string, default: 'x' } }) }), {}, {}],
    ['a default is defaulted itself', object({ a: object({ b: { ...string, default: 'x' } }, { default: {} }) }), {}, { a: { b: 'x' } }],
    ['null is replaced where it may not stand', object({ a: { ...string, default: 'x' }, b: { ...string, nullable: true, default: 'y' } }), { a: null, b: null }, { a: 'x', b: null }],
    ['items and values of maps', object({ l: { type: 'array', items: object({ p: { ...integer, default: 80 } }) }, m: { type: 'object', additionalProperties: { ...string, default: 'd' } } }), { l: [{}, { p: 1 }], m: { k: null } }, { l: [{ p: 80 }, { p: 1 }], m: { k: 'd' } }],
    ['what is given stays, falsehood too', object({ a: { type: 'boolean', default: true } }), { a: false }, { a: false }],
  ])('%s', (_what, schema, given, filled) => {
    fillDefaults(schema, given);
    expect(given).toEqual(filled);
  });
  it('are copies: one object cannot change another', () => {
    const schema = object({ a: { type: 'array', items: string, default: ['x'] } });
    const [first, second] = [{} as { a?: string[] }, {} as { a?: string[] }];
    fillDefaults(schema, first);
    first.a!.push('y');
    fillDefaults(schema, second);
    expect(second).toEqual({ a: ['x'] });
  });
});

describe('judgement', () => {
  const spec = (schema: StructuralSchema): StructuralSchema => object({ spec: schema });
  const texts = (schema: StructuralSchema, value: unknown, old?: unknown): string[] => schemaFaults(schema, value, old).map(({ field, message }) => `${field}: ${message}`);
  it.each<[schema: StructuralSchema, value: unknown, faults: string[]]>([
    [integer, 'x', ['spec: Invalid value: "string": spec in body must be of type integer: "string"']],
    [integer, 1.5, ['spec: Invalid value: "number": spec in body must be of type integer: "number"']],
    [{ type: 'number' }, 1, []],
    [string, 5, ['spec: Invalid value: "integer": spec in body must be of type string: "integer"']],
    [string, null, ['spec: Invalid value: "null": spec in body must be of type string: "null"']],
    [{ ...string, nullable: true }, null, []],
    [{ 'x-kubernetes-int-or-string': true }, true, ['spec: Invalid value: "boolean": spec in body must be of type integer,string: "boolean"']],
    [{ 'x-kubernetes-int-or-string': true }, '50%', []],
    [{ ...integer, minimum: 1, maximum: 100 }, 0, ['spec: Invalid value: 0: spec in body should be greater than or equal to 1']],
    [{ ...integer, minimum: 1, exclusiveMinimum: true }, 1, ['spec: Invalid value: 1: spec in body should be greater than 1']],
    [{ ...integer, maximum: 100 }, 101, ['spec: Invalid value: 101: spec in body should be less than or equal to 100']],
    [{ ...integer, maximum: 100, exclusiveMaximum: true }, 100, ['spec: Invalid value: 100: spec in body should be less than 100']],
    [{ ...integer, multipleOf: 5 }, 7, ['spec: Invalid value: 7: spec in body should be a multiple of 5']],
    [{ type: 'number', multipleOf: 0.1 }, 0.3, []],
    [{ ...string, pattern: '^[a-z]+$' }, 'A', ["spec: Invalid value: \"A\": spec in body should match '^[a-z]+$'"]],
    [{ ...string, pattern: '(?i)^[[:alpha:]]+\\z' }, 'Ab', []],
    [{ ...string, maxLength: 3 }, 'abcd', ['spec: Too long: may not be more than 3 bytes']],
    [{ ...string, maxLength: 1 }, '😀', []],
    [{ ...string, minLength: 2 }, 'a', ['spec: Invalid value: "a": spec in body should be at least 2 chars long']],
    [{ ...string, enum: ['red', 'blue'] }, 'green', ['spec: Unsupported value: "green": supported values: "red", "blue"']],
    [{ ...integer, enum: [1, 2] }, 3, ['spec: Unsupported value: 3: supported values: "1", "2"']],
    [{ ...string, format: 'date-time' }, 'yesterday', ['spec: Invalid value: "yesterday": spec in body must be of type date-time: "yesterday"']],
    [{ ...string, format: 'date-time' }, '2024-02-29T10:00:00Z', []],
    [{ ...string, format: 'ipv4' }, '1.2.3', ['spec: Invalid value: "1.2.3": spec in body must be of type ipv4: "1.2.3"']],
    [{ ...string, format: 'made-up' }, 'x', []],
    [{ type: 'array', items: string, maxItems: 1 }, ['a', 'b'], ['spec: Too many: 2: must have at most 1 items']],
    [{ type: 'array', items: string, minItems: 1 }, [], ['spec: Invalid value: 0: spec in body should have at least 1 items']],
    [{ type: 'array', items: integer }, [1, 'b'], ['spec[1]: Invalid value: "string": spec[1] in body must be of type integer: "string"']],
    [object({ a: string }, { required: ['a', 'b'] }), { a: 'x' }, ['spec.b: Required value']],
    [{ type: 'object', additionalProperties: integer }, { k: 'x' }, ['spec.k: Invalid value: "string": spec.k in body must be of type integer: "string"']],
    [{ type: 'object', additionalProperties: integer, maxProperties: 1 }, { a: 1, b: 2 }, ['spec: Too many: 2: must have at most 1 items']],
    [{ type: 'object', additionalProperties: integer, minProperties: 1 }, {}, ['spec: Invalid value: 0: spec in body should have at least 1 properties']],
    [object({ a: string, b: string }, { oneOf: [{ required: ['a'] }, { required: ['b'] }] }), {}, ['<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid', 'spec.a: Required value']],
    [object({ a: string, b: string }, { oneOf: [{ required: ['a'] }, { required: ['b'] }] }), { a: '', b: '' }, ['<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives']],
    [object({ a: string, b: string }, { anyOf: [{ required: ['a'] }, { required: ['b'] }] }), {}, ['<nil>: Invalid value: "": "spec" must validate at least one schema (anyOf)', 'spec.a: Required value']],
    [object({ a: string, b: string }, { anyOf: [{ required: ['a'] }, { required: ['b'] }] }), { b: '' }, []],
    [object({ a: integer }, { allOf: [{ properties: { a: { minimum: 2 } } }, { required: ['a'] }] }), { a: 1 }, ['spec.a: Invalid value: 1: spec.a in body should be greater than or equal to 2', '<nil>: Invalid value: "": "spec" must validate all the schemas (allOf)']],
    [object({ a: integer }, { not: { required: ['a'] } }), { a: 1 }, ['<nil>: Invalid value: "": "spec" must not validate the schema (not)']],
  ])('%j of %j', (schema, value, faults) => {
    expect(texts(spec(schema), { spec: value })).toEqual(faults);
  });
  it('names root fields as they are called', () => {
    expect(texts(object({}, { required: ['spec'] }), {})).toEqual(['spec: Required value']);
  });
  it('does not judge again what an update leaves as it is', () => {
    const schema = spec(object({ a: { ...integer, minimum: 5 }, b: string, l: { 'type': 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'], 'items': object({ k: string, v: { ...integer, minimum: 5 } }) } }));
    const old = { spec: { a: 1, b: 'x', l: [{ k: 'one', v: 1 }] } };
    expect(texts(schema, { spec: { a: 1, b: 'y', l: [{ k: 'two', v: 9 }, { k: 'one', v: 1 }] } }, old)).toEqual([]);
    expect(texts(schema, { spec: { a: 2, b: 'x', l: [{ k: 'one', v: 2 }] } }, old)).toEqual([
      'spec.a: Invalid value: 2: spec.a in body should be greater than or equal to 5', 'spec.l[0].v: Invalid value: 2: spec.l[0].v in body should be greater than or equal to 5',
    ]);
  });
});

describe('lists of type set and map', () => {
  const texts = (schema: StructuralSchema, value: unknown): string[] => listTypeFaults(object({ l: schema }), { l: value }).map(({ field, message }) => `${field}: ${message}`);
  const set: StructuralSchema = { 'type': 'array', 'items': string, 'x-kubernetes-list-type': 'set' };
  const map: StructuralSchema = { 'type': 'array', 'items': object({ k: string, n: integer }), 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k', 'n'] };
  it.each<[schema: StructuralSchema, value: unknown, faults: string[]]>([
    [set, ['a', 'b'], []],
    [set, ['a', 'b', 'a', 'a'], ['l[2]: Duplicate value: "a"']],
    [map, [{ k: 'a', n: 1 }, { k: 'a', n: 2 }], []],
    [map, [{ k: 'a', n: 1 }, { n: 1, k: 'a', z: 1 }], ['l[1]: Duplicate value: {"k":"a","n":1}']],
    [map, ['a'], ['l[0]: Invalid value: "a": must be an object for an array of list-type map']],
  ])('%j with %j', (schema, value, faults) => { expect(texts(schema, value)).toEqual(faults); });
});

describe('objects inside of objects', () => {
  const schema = object({ o: object({}, { ...embedded, ...open }) });
  it.each<[value: unknown, faults: string[]]>([
    [{ apiVersion: 'v1', kind: 'Pod' }, []],
    [{}, ['o.apiVersion: Required value: must not be empty', 'o.kind: Required value: must not be empty']],
    [{ apiVersion: '', kind: 'a b' }, ['o.apiVersion: Invalid value: "": must not be empty', expect.stringMatching(/^o\.kind: Invalid value: "a b": may have mixed case, but should otherwise match: /) as unknown as string]],
    [{ apiVersion: 'v1', kind: 'Pod', metadata: { labels: { a: 'b c' } } }, [expect.stringMatching(/^o\.metadata\.labels: Invalid value: "b c": /) as unknown as string]],
  ])('%j', (value, faults) => {
    expect(embeddedFaults(schema, { o: value }).map(({ field, message }) => `${field}: ${message}`)).toEqual(faults);
  });
});
