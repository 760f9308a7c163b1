// Rules of fields: every fault at once, at its path, in Kubernetes' words; what an update may not change.
import fc from 'fast-check';
import { allResources } from '../../../src/api/index.ts';
import { invalid, type Fault } from '../../../src/apimachinery/fault.ts';
import { applyDefaults } from '../../../src/schema/defaulting.ts';
import { defineResource, type ApiObject } from '../../../src/schema/resource.ts';
import { array, field, int32, map, object, required, string, types, boolean } from '../../../src/schema/schema.ts';
import { validateObject, validateValue } from '../../../src/schema/validation.ts';
import { canonicalValue } from './arbitrary-value.ts';

const part = object('Part', { name: string(1, { required: true, format: 'dns1123Label' }), fixed: string(2, { immutable: true }) }, { validate: ({ name }, path) => (name === 'evil' ? [invalid(`${path}.name`, name, 'must not be evil')] : []) });
const type = object('Sample', {
  name: string(1, { required: true }), loose: string(2, { required: true, unchecked: true }), written: string(3, { written: true }), colour: string(4, { enum: ['red', 'blue'] }), count: int32(5, { minimum: 1 }), percent: int32(6, { minimum: 1, maximum: 100 }), low: int32(7, { maximum: 5 }), above: int32(8, { minimum: 0 }),
  list: array(9, types.string, { required: true }), table: map(10, types.string, { required: true }), parts: array(11, part), byName: map(12, part), child: field(13, part), must: required(14, part), even: int32(15, { validate: (value, path) => (value % 2 ? [invalid(path, value, 'must be even')] : []) }),
  flag: boolean(16, { required: true }), port: int32(17, { required: true, minimum: 1, maximum: 65535 }),
});
const good = { name: 'a', list: ['x'], table: { a: 'b' }, must: { name: 'm' }, flag: false, port: 80 };
const texts = (faults: readonly Fault[]): string[] => faults.map(({ field: path, message }) => `${path}: ${message}`);
const faults = (value: object): string[] => texts(validateValue(type, value, 'spec'));

describe('faults of fields', () => {
  it('are none in what is right', () => { expect(faults(good)).toEqual([]); });
  it.each<[what: string, change: object, expected: string[]]>([
    ['absent and empty', { name: '', list: [], table: {}, must: undefined }, ['spec.name: Required value', 'spec.list: Required value', 'spec.table: Required value', 'spec.must: Required value']],
    ['null', { name: null, list: null, must: null }, ['spec.name: Required value', 'spec.list: Required value', 'spec.must: Required value']],
    ['required false and required zero', { flag: false, port: 0 }, ['spec.port: Invalid value: 0: must be between 1 and 65535, inclusive']],
    ['no member of the list', { colour: 'green' }, ['spec.colour: Unsupported value: "green": supported values: "red", "blue"']],
    ['too low', { count: 0, above: -1 }, ['spec.count: Invalid value: 0: must be greater than zero', 'spec.above: Invalid value: -1: must be greater than or equal to 0']],
    ['too high', { low: 6 }, ['spec.low: Invalid value: 6: must be less than or equal to 5']],
    ['out of range', { percent: 101 }, ['spec.percent: Invalid value: 101: must be between 1 and 100, inclusive']],
    ['a rule of its own', { even: 3 }, ['spec.even: Invalid value: 3: must be even']],
    ['in items, values and children at once', { parts: [{ name: 'ok' }, { name: 'evil' }, {}], byName: { x: { name: '' } }, child: { name: 'evil' } }, ['spec.parts[1].name: Invalid value: "evil": must not be evil', 'spec.parts[2].name: Required value', 'spec.byName[x].name: Required value', 'spec.child.name: Invalid value: "evil": must not be evil']],
    ['a format', { must: { name: 'No' } }, ['spec.must.name: Invalid value: "No": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or \'-\', and must start and end with an alphanumeric character (e.g. \'my-name\',  or \'123-abc\', regex used for validation is \'[a-z0-9]([-a-z0-9]*[a-z0-9])?\')']],
  ])('%s', (_what, change, expected) => { expect(faults({ ...good, ...change })).toEqual(expected); });
});

const samples = defineResource({
  group: 'example', version: 'v1', kind: 'Sample', plural: 'samples', scope: 'Namespaced', doc: 'A sample.', subresources: { status: true },
  fields: { type: string(2, { immutable: true }), spec: field(3, object('Spec', { colour: string(1, { immutable: true, enum: ['red', 'blue'] }), part: field(2, part), parts: array(3, part) }), { written: true }), status: field(4, object('Status', { phase: string(1, { enum: ['Good'] }) }), { written: true }) },
  validate: (object, old) => (old && object.type === 'frozen' ? [invalid('type', object.type, 'may not be written again')] : []),
});
const sample = (rest: object): ApiObject => ({ apiVersion: 'example/v1', kind: 'Sample', metadata: { name: 'a', namespace: 'default', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' }, spec: {}, status: {}, ...rest }) as unknown as ApiObject;

describe('an object', () => {
  it('is judged with its metadata, without its status', () => {
    expect(texts(validateObject(samples, sample({ metadata: { name: 'No', namespace: 'default' }, spec: { colour: 'green' }, status: { phase: 'Bad' } })))).toEqual([
      expect.stringMatching(/^metadata.name: Invalid value: "No": a lowercase RFC 1123 subdomain/), 'spec.colour: Unsupported value: "green": supported values: "red", "blue"',
    ]);
  });
  it.each<[what: string, before: object, after: object, expected: string[]]>([
    ['a changed value', { type: 'a', spec: { colour: 'red', part: { name: 'p', fixed: '1' } } }, { type: 'b', spec: { colour: 'blue', part: { name: 'p', fixed: '2' } } }, ['type: Invalid value: "b": field is immutable', 'spec.colour: Invalid value: "blue": field is immutable', 'spec.part.fixed: Invalid value: "2": field is immutable']],
    ['a value taken away', { type: 'a' }, {}, ['type: Invalid value: "": field is immutable']],
    ['a value added', {}, { type: 'a' }, ['type: Invalid value: "a": field is immutable']],
    ['the same value', { type: 'a', spec: { colour: 'red' } }, { type: 'a', spec: { colour: 'red' } }, []],
    ['a part that is new as a whole', { spec: {} }, { spec: { part: { name: 'p', fixed: '1' } } }, []],
    ['the rule of the resource', { type: 'frozen' }, { type: 'frozen' }, ['type: Invalid value: "frozen": may not be written again']],
  ])('updated with %s', (_what, before, after, expected) => { expect(texts(validateObject(samples, sample(after), sample(before)))).toEqual(expected); });
  it.each(allResources.map((resource) => ({ name: `${resource.apiVersion} ${resource.kind}`, resource })))('of kind $name is judged whatever it holds', ({ resource }) => {
    fc.assert(fc.property(canonicalValue(resource.type), (value) => {
      const object = JSON.parse(JSON.stringify(value)) as ApiObject;
      applyDefaults(resource.type, object);
      resource.defaults?.(object);
      for (const { field: path, message } of validateObject(resource, object)) {
        expect(typeof path).toBe('string');
        expect(message).toMatch(/\S/);
      }
    }), { numRuns: 8 });
  });
});
