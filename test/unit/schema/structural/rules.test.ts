// Rules in CEL over values of custom resources.
import { expressionFault, ruleFaults } from '../../../../src/schema/structural/rules.ts';
import type { StructuralRule, StructuralSchema } from '../../../../src/schema/structural/structural-schema.ts';
import { customResourcesOf } from '../../../../src/api/apiextensions/custom-resources.ts';
import { schemaFaults } from '../../../../src/api/apiextensions/schema-validation.ts';
import type { CustomResourceDefinition } from '../../../../src/api/apiextensions/custom-resource-definition.ts';

const integer: StructuralSchema = { type: 'integer' };
const string: StructuralSchema = { type: 'string' };
const spec = (properties: Record<string, StructuralSchema>, ...rules: (string | StructuralRule)[]): StructuralSchema => ({
  type: 'object', properties: { spec: { type: 'object', properties, 'x-kubernetes-validations': rules.map((rule) => (typeof rule === 'string' ? { rule } : rule)) } },
});
const texts = (schema: StructuralSchema, value: unknown, old?: unknown): string[] => ruleFaults(schema, { spec: value }, old === undefined ? undefined : { spec: old }).map(({ field, message }) => `${field}: ${message}`);

const members: Record<string, StructuralSchema> = {
  'min': integer, 'max': integer, 'ratio': { type: 'number' }, 'name': string, 'dash-ed': string, 'namespace': string, 'port': { 'x-kubernetes-int-or-string': true }, 'at': { type: 'string', format: 'date-time' },
  'set': { type: 'array', items: string }, 'labels': { type: 'object', additionalProperties: string }, 'numbers': { type: 'array', items: integer },
  'list': { 'type': 'array', 'items': { type: 'object', properties: { name: string, value: integer } }, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] },
};
const value = { 'min': 1, 'max': 3, 'ratio': 2, 'name': 'abc', 'dash-ed': 'd', 'namespace': 'n', 'port': 80, 'at': '2024-01-01T00:00:00Z', 'set': ['a', 'b'], 'labels': { 'a-b': 'x' }, 'numbers': [3, 1], 'list': [{ name: 'one', value: 1 }] };

it.each([
  'self.min <= self.max', 'has(self.name) && !has(self.nosuch)', 'self.set.all(x, x.size() == 1)', 'self.list.exists(i, i.name == "one" && i.value == 1)', 'self.name.matches("^[a-z]+$")',
  'self.dash__dash__ed == "d"', 'self.__namespace__ == "n"', 'self.port == 80', 'self.ratio > 1.5', '"a-b" in self.labels', 'self.set.isSorted()', 'self.numbers.sum() == 4', 'self.numbers.max() == 3',
  'self.set.indexOf("b") == 1', 'self.name.find("[bc]") == "b"', 'self.name.replace("a", "z") == "zbc"', 'quantity("1Gi").isGreaterThan(quantity("500Mi"))', 'isIP("10.0.0.1")', 'url("https://example.com:80/x").getHost() == "example.com:80"',
  'self.at < timestamp("2025-01-01T00:00:00Z")', 'self.?nosuch.orValue(5) == 5', 'self.min < 0 ? false : true',
])('%s holds', (rule) => { expect(texts(spec(members, rule), value)).toEqual([]); });

it.each<[rule: StructuralRule, fault: string]>([
  [{ rule: 'self.min > self.max' }, 'spec: Invalid value: "object": failed rule: self.min > self.max'],
  [{ rule: 'self.min > self.max', message: 'min must be above max' }, 'spec: Invalid value: "object": min must be above max'],
  [{ rule: 'self.min > self.max', messageExpression: '"min is " + string(self.min)' }, 'spec: Invalid value: "object": min is 1'],
  [{ rule: 'self.min > 5', message: 'no', reason: 'FieldValueForbidden' }, 'spec: Forbidden: no'],
  [{ rule: 'self.min > 5', message: 'no', reason: 'FieldValueRequired', fieldPath: '.max' }, 'spec.max: Required value: no'],
  [{ rule: 'self.nosuch == 1' }, 'spec: Invalid value: "object": no such key: nosuch evaluating rule: failed rule: self.nosuch == 1'],
])('%j fails', (rule, fault) => { expect(texts(spec(members, rule), value)).toEqual([fault]); });

it('holds where it stands: in items and values of maps', () => {
  const positive: StructuralSchema = { ...integer, 'x-kubernetes-validations': [{ rule: 'self > 0' }] };
  expect(texts(spec({ l: { type: 'array', items: positive }, m: { type: 'object', additionalProperties: positive } }), { l: [1, 0], m: { k: -1 } })).toEqual(['spec.l[1]: Invalid value: "integer": failed rule: self > 0', 'spec.m[k]: Invalid value: "integer": failed rule: self > 0']);
});

describe('on updates', () => {
  const fixed = spec({ a: { ...string, 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'is immutable' }] }, l: members['list']! });
  it('compares with what was there', () => {
    expect(texts(fixed, { a: 'x' })).toEqual([]);
    expect(texts(fixed, { a: 'x' }, { a: 'x' })).toEqual([]);
    expect(texts(fixed, { a: 'x' }, {})).toEqual([]);
    expect(texts(fixed, { a: 'y' }, { a: 'x' })).toEqual(['spec.a: Invalid value: "string": is immutable']);
  });
  it('does not judge again what stays', () => {
    const schema = spec({ a: { ...integer, 'x-kubernetes-validations': [{ rule: 'self > 5' }] }, b: string });
    expect(texts(schema, { a: 1, b: 'new' }, { a: 1, b: 'old' })).toEqual([]);
    expect(texts(schema, { a: 2, b: 'new' }, { a: 1, b: 'old' })).toEqual(['spec.a: Invalid value: "integer": failed rule: self > 5']);
  });
});

it('says what is wrong with an expression', () => {
  expect(expressionFault('self.a > 1', 'bool')).toBeUndefined();
  expect(expressionFault('self.a >', 'bool')).toMatch(/^compilation failed: /);
  expect(expressionFault('nosuch(self)', 'bool')).toMatch(/^compilation failed: /);
  expect(expressionFault('1 + 1', 'bool')).toBe('cel expression must evaluate to a bool');
  const found = schemaFaults({ 'type': 'object', 'x-kubernetes-validations': [{ rule: 'self.', message: '', messageExpression: '1', reason: '', fieldPath: '' } as never] }, 's');
  expect(found.map(({ field }) => field)).toEqual(['s.x-kubernetes-validations[0].rule', 's.x-kubernetes-validations[0].messageExpression', 's.x-kubernetes-validations[0].message']);
});

it('waits until a value makes sense', () => {
  const [resource] = customResourcesOf({
    metadata: {}, spec: { group: 'a.b', scope: 'Cluster', versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: spec({ a: integer }, 'self.a > 1') } }] },
    status: { acceptedNames: { plural: 'xs', kind: 'X' }, conditions: [{ type: 'Established', status: 'True' }] },
  } as unknown as CustomResourceDefinition);
  expect(resource!.validate!({ spec: { a: 'x' } }).map(({ field, message }) => `${field}: ${message}`)).toEqual([
    'spec.a: Invalid value: "string": spec.a in body must be of type integer: "string"',
    '<nil>: Invalid value: "null": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
  ]);
  expect(resource!.validate!({ spec: { a: 1 } }).map(({ field, message }) => `${field}: ${message}`)).toEqual(['spec: Invalid value: "object": failed rule: self.a > 1']);
});
