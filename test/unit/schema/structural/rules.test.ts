// Rules in CEL over values of custom resources.
import { expressionFault, ruleFaults, type Budget } from '../../../../src/schema/structural/rules.ts';
import type { StructuralRule, StructuralSchema } from '../../../../src/schema/structural/structural-schema.ts';
import { customResourcesOf } from '../../../../src/api/apiextensions/custom-resources.ts';
import { schemaFaults } from '../../../../src/api/apiextensions/schema-validation.ts';
import type { CustomResourceDefinition } from '../../../../src/api/apiextensions/custom-resource-definition.ts';

const integer: StructuralSchema = { type: 'integer' };
const string: StructuralSchema = { type: 'string' };
const spec = (properties: Record<string, StructuralSchema>, ...rules: (string | StructuralRule)[]): StructuralSchema => ({
  type: 'object', properties: { spec: { type: 'object', properties, 'x-kubernetes-validations': rules.map((rule) => (typeof rule === 'string' ? { rule } : rule)) } },
});
const texts = (schema: StructuralSchema, value: unknown, old?: unknown, budget?: Budget): string[] => ruleFaults(schema, { spec: value }, old === undefined ? undefined : { spec: old }, budget).map(({ field, message }) => `${field}: ${message}`);

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
  [{ rule: 'self.nosuch == 1' }, 'spec: Invalid value: "object": no such key: nosuch evaluating rule: self.nosuch == 1'],
  [{ rule: 'self.nosuch == 1', message: 'told so', fieldPath: '.max' }, 'spec: Invalid value: "object": no such key: nosuch evaluating rule: told so'],
  [{ rule: 'false', message: ' told so ', messageExpression: '"a\\nb"' }, 'spec: Invalid value: "object": told so'], [{ rule: 'false', messageExpression: 'self.nosuch' }, 'spec: Invalid value: "object": failed rule: false'],
])('%j fails', (rule, fault) => { expect(texts(spec(members, rule), value)).toEqual([fault]); });

it.each<[rule: string, column: number]>([['self.name.matches("a(?=b)")', 19], ['self.set.all(x, x.matches("(a)\\\\1"))', 27]])('%s has a pattern that is none', (rule, column) => {
  expect(expressionFault(rule, 'bool')).toBe(`compilation failed: ERROR: <input>:1:${column}: invalid matches argument\n | ${rule}\n | ${'.'.repeat(column - 1)}^`);
});
it.each(['self.name.find("(?=b)") == ""', 'self.name.findAll("(?=b)") == []', 'self.name.findAll("(?=b)", 1) == []'])('%s cannot be carried out', (rule) => {
  expect(expressionFault(rule, 'bool')).toBe('program instantiation failed: error parsing regexp: invalid or unsupported Perl syntax: `(?=`');
});
it('looks for patterns as Go has them, within the cost of a call', () => {
  expect(texts(spec(members, { rule: '!self.name.matches("^(a+)+$")' }), { name: `${'a'.repeat(10_000)}!` })).toEqual([]);
  expect(texts(spec(members, { rule: 'self.name.matches(self.set[0])' }), { name: 'b', set: ['(?=b)'] })).toEqual([expect.stringContaining('error parsing regexp: invalid or unsupported Perl syntax: `(?=`')]);
  expect(texts(spec(members, { rule: 'self.name.matches(self.set[0])' }), { name: 'x'.repeat(100_000), set: ['a'.repeat(1000)] })[0]).toContain('call cost exceeds limit');
});

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

describe('what rules cost', () => {
  const list = { type: 'array', items: integer } as const;
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
  const all = 'self.l.all(a, self.l.all(b, self.l.all(c, a + b + c >= 0)))';
  const exceeded = (rule: string): string => `spec: Invalid value: "object": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: ${rule}`;
  /** A thousandth of what there is. */
  const few = (): Budget => ({ left: 10_000, perCall: 1000 });
  it('ends one that takes too much, and all that would follow', () => {
    expect(texts(spec({ l: list }, all, 'false'), { l: numbers(300) })).toEqual([exceeded(all)]);
    const positive: StructuralSchema = { ...integer, 'x-kubernetes-validations': [{ rule: 'self > 0' }] };
    expect(texts(spec({ l: { ...list, items: positive } }, { rule: all, message: 'too much' }), { l: numbers(30) }, undefined, few())).toEqual([exceeded('too much')]);
  });
  it('is not passed over by what passes over errors', () => {
    for (const rule of [`${all} || true`, `self.l.exists(x, ${all}) || true`]) expect(texts(spec({ l: list }, rule), { l: numbers(30) }, undefined, few())).toEqual([exceeded(rule)]);
  });
  it('is bounded for all over one object', () => {
    const rules = Array.from({ length: 50 }, () => 'self.l.all(a, self.l.all(b, a + b >= 0))');
    expect(texts(spec({ l: list }, ...rules.slice(0, 2)), { l: numbers(10) }, undefined, few())).toEqual([]);
    expect(texts(spec({ l: list }, ...rules), { l: numbers(10) }, undefined, few())).toEqual(['spec: Invalid value: "object": validation failed due to running out of cost budget, no further validation rules will be run']);
  });
  it.each<[rule: string, value: object, faults: number]>([
    ['self.s + self.s + self.s != "x"', { s: 'x'.repeat(100) }, 0], ['self.s + self.s + self.s != "x"', { s: 'x'.repeat(10_000) }, 1], ['self.s.matches("^x*$")', { s: 'x'.repeat(20_000) }, 1],
    ['self.l.all(x, x in self.l)', { l: numbers(10) }, 0], ['self.l.all(x, -1 in self.l || true)', { l: numbers(40) }, 1], ['self.l.all(x, self.l == self.l)', { l: numbers(40) }, 1],
    ['sets.contains(self.l, self.l)', { l: numbers(10) }, 0], ['sets.contains(self.l, self.l)', { l: numbers(40) }, 1], ['!sets.intersects(self.l, [-1]) && sets.equivalent(self.l, self.l)', { l: numbers(40) }, 1],
    // Asking how long something is costs one step.
    ['self.l.all(x, self.l.size() > 0 && size(self.l) > 0)', { l: numbers(40) }, 0],
  ])('counts long texts and lists: %s', (rule, value, faults) => {
    expect(texts(spec({ l: list, s: string }, rule), value, undefined, few())).toHaveLength(faults);
  });
  it('is bounded for messages', () => {
    const messageExpression = `${all} ? "a" : "b"`;
    expect(texts(spec({ l: list }, { rule: 'false', messageExpression }, 'false'), { l: numbers(30) }, undefined, few())).toEqual([`spec: Invalid value: "object": no further validation rules will be run due to call cost exceeds limit for messageExpression: ${JSON.stringify(messageExpression)}`]);
    expect(texts(spec({ l: list }, { rule: 'false', messageExpression }, 'false'), { l: numbers(5) }, undefined, { left: 100, perCall: 1000 })).toEqual(['spec: Invalid value: "object": messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run']);
  });
});

it('tells a rule that asks for it that there was nothing before', () => {
  const schema = spec({ a: { ...integer, 'x-kubernetes-validations': [{ rule: 'oldSelf.hasValue() ? self >= oldSelf.value() : self == 0', optionalOldSelf: true }] } });
  expect([texts(schema, { a: 0 }), texts(schema, { a: 2 }, { a: 1 })]).toEqual([[], []]);
  expect([texts(schema, { a: 1 }), texts(schema, { a: 1 }, { a: 2 })].map((faults) => faults.length)).toEqual([1, 1]);
});

it('says what is wrong with an expression', () => {
  expect(expressionFault('self.a > 1', 'bool')).toBeUndefined();
  expect(expressionFault('self.a >', 'bool')).toMatch(/^compilation failed: /);
  expect(expressionFault('nosuch(self)', 'bool')).toMatch(/^compilation failed: /);
  expect(expressionFault('1 + 1', 'bool')).toBe('cel expression must evaluate to a bool');
  const found = schemaFaults({ 'type': 'object', 'x-kubernetes-validations': [{ rule: 'self.', message: '', messageExpression: '1' }] }, 's');
  expect(found.map(({ field }) => field)).toEqual(['s.x-kubernetes-validations[0].rule', 's.x-kubernetes-validations[0].messageExpression']);
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
