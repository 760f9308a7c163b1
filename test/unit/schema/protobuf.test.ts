// The protobuf form: bodies real kubectl sent, byte for byte both ways; properties over every definition; hostile bytes.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { Bindings } from '../../../src/api/core/binding.ts';
import { allResources } from '../../../src/api/index.ts';
import { evictionType } from '../../../src/api/policy/eviction.ts';
import { decode } from '../../../src/schema/decode.ts';
import { deleteOptions } from '../../../src/schema/delete-options.ts';
import { anyListType, listTypeOf, statusType } from '../../../src/schema/meta-types.ts';
import { decodeProtobuf, encodeProtobuf, encodeWatchFrame, ProtobufError, type TypeOf } from '../../../src/schema/protobuf.ts';
import { any, array, arrayOf, boolean, double, duration, embed, field, int32, int64, intOrString, lazy, map, microTime, object, quantity, string, time, types, type ObjectType } from '../../../src/schema/schema.ts';
import { canonicalValue } from './arbitrary-value.ts';

const byKind = new Map<string, ObjectType>([
  ...allResources.flatMap(({ apiVersion, kind, listKind, type }): [string, ObjectType][] => [[`${apiVersion} ${kind}`, type], [`${apiVersion} ${listKind}`, listTypeOf(type)]]),
  ['v1 DeleteOptions', deleteOptions], ['v1 Status', statusType], ['v1 List', anyListType], ['v1 Binding', Bindings.type], ['policy/v1 Eviction', evictionType],
]);
const typeOf: TypeOf = (apiVersion, kind) => byKind.get(`${apiVersion} ${kind}`);

interface Recorded { readonly command: string; readonly path: string; readonly body: string; readonly object?: Record<string, unknown> }
const recorded = JSON.parse(readFileSync(new URL('./fixtures/kubectl-1.33.json', import.meta.url), 'utf8')) as Recorded[];
/** `{ typeMeta { apiVersion, kind } }` at the start of the envelope. */
function kindOf(body: Buffer): { apiVersion: string; kind: string } {
  const version = body[7]!;
  const kind = body[9 + version]!;
  return { apiVersion: body.subarray(8, 8 + version).toString(), kind: body.subarray(10 + version, 10 + version + kind).toString() };
}

describe('bodies of kubectl', () => {
  const served = recorded.map((r) => ({ ...r, bytes: Buffer.from(r.body, 'base64') })).map((r) => ({ ...r, ...kindOf(r.bytes) })).filter(({ apiVersion, kind }) => typeOf(apiVersion, kind));
  it.each(served)('$command', ({ bytes, apiVersion, kind, object: printed }) => {
    const type = typeOf(apiVersion, kind)!;
    const report = { unknown: [] };
    const value = decode(type, decodeProtobuf(bytes, typeOf), report) as object;
    expect(report.unknown).toEqual([]);
    // What the same command prints with `--dry-run=client -o json`.
    if (printed) expect(value).toEqual(decode(type, printed, { unknown: [] }));
    expect(Buffer.from(encodeProtobuf(type, apiVersion, kind, value)).toString('base64')).toBe(bytes.toString('base64'));
  });
  it('are many, a DELETE among them', () => {
    expect(served.length).toBeGreaterThanOrEqual(11);
    const drain = served.find(({ kind }) => kind === 'DeleteOptions')!;
    expect(decodeProtobuf(drain.bytes, typeOf)).toEqual({ apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 7 });
  });
});

describe('a round trip', () => {
  it.each([...byKind].map(([name, type]) => ({ name, type })))('of $name changes nothing', ({ name, type }) => {
    const [apiVersion, kind] = name.split(' ') as [string, string];
    fc.assert(fc.property(canonicalValue(type), (value) => {
      const { apiVersion: _v, kind: _k, ...back } = decodeProtobuf(encodeProtobuf(type, apiVersion, kind, value), typeOf) as Record<string, unknown>;
      expect(decode(type, back, { unknown: [] })).toEqual(value);
    }), { numRuns: 8 });
  });
});

const inner = object('Inner', { a: string(1), b: int32(2, { pointer: true }) });
const sample = object('Sample', {
  text: string(1), count: int32(2), maybe: int32(3, { pointer: true }), big: int64(4), flag: boolean(5), ratio: double(6),
  list: array(7, types.string), numbers: array(8, types.int32), table: map(9, types.string), extra: map(10, arrayOf(types.string)),
  ...embed(11, inner), child: field(12, inner), always: field(13, inner, { written: true }),
  at: time(14, { written: true }), gone: time(15, { pointer: true }), precise: microTime(16), wait: duration(17), size: quantity(18), port: intOrString(19), raw: any(20),
  blobs: map(21, types.bytes),
});
const wire = (value: object): string => Buffer.from(encodeProtobuf(sample, 'v1', 'Sample', value)).toString('hex');
const raw = (hex: string): Uint8Array => {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
  return Buffer.concat([Buffer.from('k8s\0\n\x0c\n\x02v1\x12\x06Sample\x12'), Buffer.from(length), bytes]);
};
const read = (hex: string, type: ObjectType = sample): Record<string, unknown> => {
  const { apiVersion: _v, kind: _k, ...rest } = decodeProtobuf(raw(hex), () => type) as Record<string, unknown>;
  return rest;
};

describe('the wire', () => {
  const zero = '0a00 1000 2000 2800 310000000000000000 5a020a00 6a020a00 7200'.replaceAll(' ', '');
  const head = '6b3873000a0c0a027631120653616d706c65';
  it('has zero scalars and embedded structs, but neither absent pointers nor empty lists', () => {
    expect(wire({})).toBe(`${head}12${(zero.length / 2).toString(16)}${zero}1a002200`);
    expect(wire({ list: [], table: {} })).toBe(wire({}));
  });
  it.each<[string, string, object]>([
    ['a pointer to zero', '1800', { maybe: 0 }],
    ['a negative number in ten bytes', '10ffffffffffffffffff01', { count: -1 }],
    ['a number in packed form', '4203 010203', { numbers: [1, 2, 3] }],
    ['numbers one by one', '4001 4002', { numbers: [1, 2] }],
    ['map entries', '4a06 0a0161 120162', { table: { a: 'b' } }],
    ['a map entry without a value', '4a03 0a0161', { table: { a: '' } }],
    ['a map entry without a key', '4a03 120162', { table: { '': 'b' } }],
    ['a key that would be the prototype', '4a0e 0a095f5f70726f746f5f5f 120162', JSON.parse('{"table":{"__proto__":"b"}}') as object],
    ['bytes in a map', 'aa0107 0a0161 1202fbff', { blobs: { a: '+/8=' } }],
    ['a list in a map', '520c 0a0161 1207 0a0178 0a027979', { extra: { a: ['x', 'yy'] } }],
    ['an embedded struct', '5a05 0a0161 1003', { a: 'a', b: 3 }],
    ['a message in two pieces', '6203 0a0161 6202 1003', { child: { a: 'a', b: 3 } }],
    ['an empty message', '6200', { child: {} }],
    ['a zero time', '7200', { at: null }],
    ['1970', '7204 08001000', { at: '1970-01-01T00:00:00Z' }],
    ['a time before 1970', '720b 08ffffffffffffffffff01', { at: '1969-12-31T23:59:59Z' }],
    ['micro seconds', '820106 0801 10c0843d', { precise: '1970-01-01T00:00:01.001000Z' }],
    ['a duration', '8a0106 0880d0acf30e', { wait: '4s' }],
    ['a quantity', '920104 0a02316d', { size: '1m' }],
    ['a number in an IntOrString', '9a0104 0800 1050', { port: 80 }],
    ['a text in an IntOrString', '9a0107 0801 1000 1a0178', { port: 'x' }],
    ['JSON in a RawExtension', 'a20109 0a07 7b2261223a317d', { raw: { a: 1 } }],
    ['nothing in a RawExtension', 'a20100', { raw: null }],
    ['the last of two scalars', '1001 1002', { count: 2 }],
    ['unknown fields of each form', 'f80301 fa030161 f9030000000000000000 fd0300000000 fb030801fc03 1007', { count: 7 }],
    ['a large int64', '20 ffffffffffffffff7f', { big: 2 ** 63 - 1024 }],
    ['a broken text', '0a01ff', { text: '\ufffd' }],
  ])('carries %s', (_what, hex, value) => { expect(read(hex)).toEqual(value); });
  it('clamps what no int64 holds', () => { expect(read(wire({ big: 2 ** 63 }).slice(head.length + 4, -8))['big']).toBe(2 ** 63 - 1024); });
  it('reads an object in protobuf inside a RawExtension', () => {
    const pod = encodeProtobuf(typeOf('v1', 'ConfigMap')!, 'v1', 'ConfigMap', { metadata: { name: 'a' }, data: { x: 'y' } });
    const list = Buffer.concat([Buffer.from('k8s\0\n\x0a\n\x02v1\x12\x04List\x12'), Buffer.from([pod.length + 4, 0x12, pod.length + 2, 0x0a, pod.length]), pod]);
    expect(decodeProtobuf(list, typeOf)).toMatchObject({ kind: 'List', items: [{ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a', creationTimestamp: null }, data: { x: 'y' } }] });
  });
  it('frames watch events', () => {
    const status = encodeProtobuf(statusType, 'v1', 'Status', { code: 410 });
    const frame = Buffer.from(encodeWatchFrame('ERROR', status));
    expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
    expect(frame.subarray(4, 11).toString('latin1')).toBe('\n\x05ERROR');
    expect(frame.subarray(-status.length).equals(status)).toBe(true);
  });
});

describe('hostile bytes', () => {
  it.each([
    ['nothing', '', /does not appear to be a protobuf message/],
    ['JSON', Buffer.from('{}').toString('hex'), /does not appear to be a protobuf message/],
    ['no envelope', '6b387300', /no kind "" is registered for version ""/],
    ['an envelope cut off', '6b3873000a0c0a02', /the envelope of the object is broken: unexpected EOF/],
    ['an unknown kind', '6b3873000a090a0276311203466f6f', /no kind "Foo" is registered for version "v1"/],
    ['an encoding', '6b3873001a04677a6970', /content encoding "gzip" of the object is not supported/],
  ])('%s', (_what, hex, message) => {
    expect(() => decodeProtobuf(Buffer.from(hex, 'hex'), typeOf)).toThrow(ProtobufError);
    expect(() => decodeProtobuf(Buffer.from(hex, 'hex'), typeOf)).toThrow(message);
  });
  it.each([
    ['a wrong wire type', '1202 0801', /wrong wireType = 2 for field count/],
    ['field number 0', '0000', /illegal tag 0/],
    ['a length beyond the end', '0aff', /unexpected EOF/],
    ['a length beyond its message', '6203 0a0561 0000000000', /unexpected EOF/],
    ['a length of two gigabytes', '0affffffff07', /unexpected EOF/],
    ['an endless varint', '10ffffffffffffffffffffffff', /invalid varint/],
    ['a year beyond RFC 3339', '720b 08ffffffffffffff7f 1000', /year outside of range/],
    ['half an object in a RawExtension', 'a20104 0a027b22', /neither JSON nor protobuf/],
    ['a group without end', 'f3010801', /unexpected EOF/],
  ])('%s', (_what, hex, message) => {
    expect(() => read(hex)).toThrow(ProtobufError);
    expect(() => read(hex)).toThrow(message);
  });
  it('nesting without end', () => {
    const tree: ObjectType = object('Tree', { child: field(1, lazy<object>(() => tree)) });
    let bytes = Buffer.alloc(0);
    for (let i = 0; i < 5000; i++) bytes = Buffer.concat([Buffer.from(bytes.length < 128 ? [10, bytes.length] : [10, (bytes.length & 127) | 128, ...(bytes.length < 16384 ? [bytes.length >> 7] : [((bytes.length >> 7) & 127) | 128, bytes.length >> 14])]), bytes]);
    const length = [(bytes.length & 127) | 128, ((bytes.length >> 7) & 127) | 128, bytes.length >> 14];
    expect(() => decodeProtobuf(Buffer.concat([Buffer.from('k8s\0\x12'), Buffer.from(length), bytes]), () => tree)).toThrow(/nested deeper than 500 messages/);
  });
  it('any bytes end in a value or a ProtobufError', () => {
    const body = Buffer.from(recorded[0]!.body, 'base64');
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }), fc.nat(body.length), (changes, end) => {
      const bytes = Buffer.from(body.subarray(0, end));
      for (const [at, byte] of changes) if (at < end) bytes[at] = byte;
      try { decodeProtobuf(bytes, typeOf); } catch (error) { expect(error).toBeInstanceOf(ProtobufError); }
    }), { numRuns: 2000 });
  });
});
