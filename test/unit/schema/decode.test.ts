// Untrusted JSON into canonical form: Go's zero values, types and words; unknown fields; a fixed point for every definition.
import fc from 'fast-check';
import { allResources } from '../../../src/api/index.ts';
import { decode, DecodeError } from '../../../src/schema/decode.ts';
import { any, array, boolean, bytes, double, duration, embed, field, int32, int64, intOrString, map, microTime, object, quantity, required, string, time, types } from '../../../src/schema/schema.ts';
import { canonicalValue } from './arbitrary-value.ts';

const inner = object('Inner', { a: string(1), b: int32(2, { pointer: true }) });
const type = object('Sample', {
  text: string(1), must: string(2, { required: true }), count: int32(3), pointed: int32(4, { pointer: true }), big: int64(5), flag: boolean(6), pointedFlag: boolean(7, { pointer: true }), ratio: double(8),
  list: array(9, types.string), mustList: array(10, types.string, { required: true }), table: map(11, types.string), child: field(12, inner), always: field(13, inner, { written: true }), maybe: required(14, inner, { pointer: true }),
  children: array(15, inner), byName: map(16, inner), at: time(17), written: time(18, { written: true }), precise: microTime(19), wait: duration(20), size: quantity(21), port: intOrString(22), blob: bytes(23), raw: any(24),
  ...embed(25, object('Embedded', { flat: string(1) })),
});
const zero = { must: '', mustList: null, always: {}, maybe: null, written: null };
const read = (value: unknown): Record<string, unknown> => decode(type, value, { unknown: [] }) as Record<string, unknown>;
const reason = (value: unknown): string => {
  try {
    read(value);
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
  return 'nothing';
};

describe('canonical form', () => {
  it('writes what Go writes of nothing', () => { expect(read({})).toEqual(zero); });
  it.each<[what: string, given: object, result: object]>([
    ['drops zero values', { text: '', count: 0, big: 0, flag: false, ratio: 0, list: [], table: {}, blob: '', flat: '' }, {}],
    ['keeps zeros behind pointers', { pointed: 0, pointedFlag: false, child: {}, raw: {} }, { pointed: 0, pointedFlag: false, child: {}, raw: {} }],
    ['reads null as absence', { text: null, must: null, list: null, child: null, always: null, pointed: null, at: null, mustList: null }, {}],
    ['keeps an empty list that is always written', { mustList: [] }, { mustList: [] }],
    ['reads null items as zero values', { list: ['a', null], children: [null], table: { x: null }, byName: { x: null } }, { list: ['a', ''], children: [{}], table: { x: '' }, byName: { x: {} } }],
    ['reads embedded fields flat', { flat: 'x' }, { flat: 'x' }],
    ['cuts times to seconds in UTC', { at: '2026-01-02T03:04:05.999+01:00' }, { at: '2026-01-02T02:04:05Z' }],
    ['keeps micro seconds', { precise: '2026-01-02T03:04:05.123456789+01:00' }, { precise: '2026-01-02T02:04:05.123456Z' }],
    ['fills micro seconds up', { precise: '2026-01-02T03:04:05Z' }, { precise: '2026-01-02T03:04:05.000000Z' }],
    ['writes durations as Go does', { wait: '90m' }, { wait: '1h30m0s' }],
    ['reads quantities as numbers and texts', { size: 1.5 }, { size: '1500m' }],
    ['writes quantities in canonical form', { size: '1.5Gi' }, { size: '1536Mi' }],
    ['keeps both forms of an IntOrString', { port: '80' }, { port: '80' }],
    ['keeps zero in an IntOrString', { port: 0 }, { port: 0 }],
    ['cleans base64', { blob: 'aGFs\nbG8=' }, { blob: 'aGFsbG8=' }],
    ['drops stray bits of base64', { blob: 'YR==' }, { blob: 'YQ==' }],
    ['keeps foreign objects as they are', { raw: { b: null, a: [1] } }, { raw: { b: null, a: [1] } }],
    ['sorts the keys of maps', { table: { b: '1', a: '2' } }, { table: { a: '2', b: '1' } }],
    ['has names like others', JSON.parse('{"table":{"__proto__":"a","constructor":"b"}}') as object, JSON.parse('{"table":{"__proto__":"a","constructor":"b"}}') as object],
  ])('%s', (_what, given, result) => {
    const expected = { ...zero, ...result };
    expect(read(given)).toEqual(expected);
    expect(read(read(given))).toEqual(expected);
  });
  it('stands in the order of the definition', () => { expect(Object.keys(read({ flag: true, text: 'x', count: 1 }))).toEqual(['text', 'must', 'count', 'flag', 'mustList', 'always', 'maybe', 'written']); });
  it.each(allResources.map(({ apiVersion, kind, type: of }) => ({ name: `${apiVersion} ${kind}`, of })))('is a fixed point for $name', ({ of }) => {
    fc.assert(fc.property(canonicalValue(of), (value) => {
      const report = { unknown: [] };
      expect(JSON.stringify(decode(of, JSON.parse(JSON.stringify(value)), report))).toBe(JSON.stringify(value));
      expect(report.unknown).toEqual([]);
    }), { numRuns: 8 });
  });
});

describe('unknown fields', () => {
  it('are dropped and named by path, each once', () => {
    const report = { unknown: [] };
    expect(decode(type, { nope: 1, child: { c: {} }, children: [{}, { d: 1 }], byName: { x: { e: 1 } }, raw: { f: 1 } }, report)).toEqual({ ...zero, child: {}, children: [{}, {}], byName: { x: {} }, raw: { f: 1 } });
    expect(report.unknown.toSorted()).toEqual(['byName.x.e', 'child.c', 'children[1].d', 'nope']);
  });
  it('are told from inherited names', () => {
    const report = { unknown: [] };
    decode(type, { toString: 'x', constructor: 'y' }, report);
    expect(report.unknown).toEqual(['toString', 'constructor']);
  });
});

describe('wrong types', () => {
  it.each<[given: unknown, message: string]>([
    ['text', 'json: cannot unmarshal string into Go value of type v1.Sample'],
    [[], 'json: cannot unmarshal array into Go value of type v1.Sample'],
    [{ text: 1 }, 'json: cannot unmarshal number into Go struct field Sample.text of type string'],
    [{ count: '1' }, 'json: cannot unmarshal string into Go struct field Sample.count of type int32'],
    [{ count: 1.5 }, 'json: cannot unmarshal number 1.5 into Go struct field Sample.count of type int32'],
    [{ count: 2147483648 }, 'json: cannot unmarshal number 2147483648 into Go struct field Sample.count of type int32'],
    [{ big: 2 ** 63 }, 'json: cannot unmarshal number 9223372036854776000 into Go struct field Sample.big of type int64'],
    [{ flag: 'true' }, 'json: cannot unmarshal string into Go struct field Sample.flag of type bool'],
    [{ ratio: true }, 'json: cannot unmarshal bool into Go struct field Sample.ratio of type float64'],
    [{ list: 'a' }, 'json: cannot unmarshal string into Go struct field Sample.list of type []string'],
    [{ list: [1] }, 'json: cannot unmarshal number into Go struct field Sample.list of type string'],
    [{ table: [] }, 'json: cannot unmarshal array into Go struct field Sample.table of type map[string]string'],
    [{ child: 'x' }, 'json: cannot unmarshal string into Go struct field Sample.child of type v1.Inner'],
    [{ children: [{ b: 'x' }] }, 'json: cannot unmarshal string into Go struct field Inner.children.b of type int32'],
    [{ blob: 1 }, 'json: cannot unmarshal number into Go struct field Sample.blob of type []uint8'],
    [{ blob: 'a$==' }, 'illegal base64 data at input byte 1'],
    [{ blob: 'abc' }, 'illegal base64 data at input byte'],
    [{ at: 1 }, 'json: cannot unmarshal number into Go value of type string'],
    [{ at: 'yesterday' }, 'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"'],
    [{ at: '2026-02-30T00:00:00Z' }, 'parsing time "2026-02-30T00:00:00Z": day out of range'],
    [{ at: '2026-13-01T00:00:00Z' }, 'parsing time "2026-13-01T00:00:00Z": month out of range'],
    [{ at: '2026-01-01T24:00:00Z' }, 'parsing time "2026-01-01T24:00:00Z": hour out of range'],
    [{ at: '2026-01-01T00:00:61Z' }, 'parsing time "2026-01-01T00:00:61Z": second out of range'],
    [{ wait: 'soon' }, 'time: invalid duration "soon"'],
    [{ wait: '5' }, 'time: missing unit in duration "5"'],
    [{ size: 'big' }, 'quantities must match the regular expression'],
    [{ size: {} }, 'quantities must match the regular expression'],
    [{ port: true }, 'json: cannot unmarshal bool into Go value of type int32'],
    [{ port: 3e9 }, 'json: cannot unmarshal number 3000000000 into Go value of type int32'],
  ])('%j: %s', (given, message) => { expect(reason(given)).toContain(message); });
  it('any JSON gives a value or a DecodeError', () => {
    const fields = Object.keys(type.fields);
    fc.assert(fc.property(fc.dictionary(fc.constantFrom(...fields), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5, noNullPrototype: true }), (value) => { expect(typeof reason(value)).toBe('string'); }), { numRuns: 1000 });
  });
});
