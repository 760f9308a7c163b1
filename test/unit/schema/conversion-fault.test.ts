// Why a strategically merged object does not fit its type, in the words of Go's converter.
import { conversionFault } from '../../../src/schema/conversion-fault.ts';
import { array, boolean, bytes, double, field, int32, map, object, quantity, string, types, type JsonValue } from '../../../src/schema/schema.ts';

const type = object('Sample', {
  text: string(1), count: int32(2), share: double(3), on: boolean(4), raw: bytes(5), labels: map(6, types.string), args: array(7, types.string), memory: quantity(8),
  inner: field(9, object('Inner', { text: string(1) })), items: array(10, object('Item', { on: boolean(1) })),
});

it.each<[value: JsonValue, fault: string | undefined]>([
  [{ text: 'a', count: 1, share: 0.5, on: true, raw: '', labels: { a: 'b' }, args: ['a'], memory: 1, inner: { text: null }, items: [{ on: true }, null], none: 1 }, undefined],
  ['x', 'cannot restore struct from: string'],
  [{ text: 1 }, 'cannot convert int64 to string'], [{ text: 1.5 }, 'unrecognized type: string'], [{ text: true }, 'unrecognized type: string'], [{ text: {} }, 'unrecognized type: string'],
  [{ count: '1' }, 'unrecognized type: int32'], [{ count: 1.5 }, 'cannot convert float64 to int32'], [{ share: '1' }, 'unrecognized type: float64'], [{ on: 1 }, 'unrecognized type: bool'],
  [{ raw: 1 }, 'cannot restore slice from int64'], [{ labels: ['a'] }, 'cannot restore map from slice'], [{ labels: { a: 1 } }, 'cannot convert int64 to string'],
  [{ args: {} }, 'cannot restore slice from map'], [{ args: 'a' }, 'cannot restore slice from string'], [{ args: [true] }, 'unrecognized type: string'],
  [{ inner: 1.5 }, 'cannot restore struct from: float64'], [{ items: [{}, { on: 'x' }] }, 'unrecognized type: bool'], [{ items: [true] }, 'cannot restore struct from: bool'],
  [{ on: 'x', text: 1 }, 'cannot convert int64 to string'],
])('%j: %s', (value, fault) => {
  expect(conversionFault(type, value)).toBe(fault);
});
