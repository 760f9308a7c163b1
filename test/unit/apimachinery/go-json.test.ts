// What Go says of texts that are not JSON: each fault by its words, and exactly of those texts that JSON.parse refuses too.
import fc from 'fast-check';
import { goJsonFault } from '../../../src/apimachinery/go-json.ts';

const end = 'unexpected end of JSON input';
const invalid = (rest: string): string => `invalid character ${rest}`;
it.each<[text: string, fault: string]>([
  ['', end], [' ', end], ['{', end], ['[1', end], ['"a', end], ['{"a"', end], ['{"a":', end], ['tru', end], ['-', end], ['1.', end], ['1e', end], [String.raw`"\u00`, end],
  ['x', invalid("'x' looking for beginning of value")], ['{"a": b}', invalid("'b' looking for beginning of value")], ['[1,]', invalid("']' looking for beginning of value")], ["'a'", invalid(String.raw`'\'' looking for beginning of value`)], ['[,', invalid("',' looking for beginning of value")],
  ['{a: 1}', invalid("'a' looking for beginning of object key string")], ['{"a":1,}', invalid("'}' looking for beginning of object key string")], ['{1:2}', invalid("'1' looking for beginning of object key string")],
  ['{"a" 1}', invalid("'1' after object key")], ['{"a":1 "b":2}', invalid(`'"' after object key:value pair`)], ['{"a":[]]', invalid("']' after object key:value pair")], ['[1 2]', invalid("'2' after array element")], ['[{}}', invalid("'}' after array element")],
  ['{} {}', invalid("'{' after top-level value")], ['1 x', invalid("'x' after top-level value")], ['012', invalid("'1' after top-level value")],
  ['"a\nb"', invalid(String.raw`'\n' in string literal`)], ['"a\u0001"', invalid(String.raw`'\x01' in string literal`)], [String.raw`"\x"`, invalid("'x' in string escape code")], [String.raw`"\u00g0"`, invalid(String.raw`'g' in \u hexadecimal character escape`)],
  ['-a', invalid("'a' in numeric literal")], ['1.x', invalid("'x' after decimal point in numeric literal")], ['1e+x', invalid("'x' in exponent of numeric literal")], ['trux', invalid("'x' in literal true (expecting 'e')")], ['nil', invalid("'i' in literal null (expecting 'u')")],
  ['ü', invalid("'Ã' looking for beginning of value")],
])('%j', (text, fault) => {
  expect(goJsonFault(text)).toBe(fault);
});

it('what JSON.parse takes has no fault, all else has', () => {
  const cut = fc.json().chain((text) => fc.tuple(fc.constant(text), fc.nat(text.length), fc.constantFrom('', '{', '}', ',', '"', ':', '1', 'e', '.', '-', ' ', '\\', 't')));
  fc.assert(fc.property(cut, ([text, at, put]) => {
    const changed = text.slice(0, at) + put + text.slice(at + 1);
    let valid = true;
    try { JSON.parse(changed); } catch { valid = false; }
    expect(goJsonFault(changed) === undefined).toBe(valid);
    expect(goJsonFault(text)).toBeUndefined();
  }), { numRuns: 500 });
});
it('takes any depth', () => {
  expect(goJsonFault('['.repeat(1_000_000))).toBe(end);
  expect(goJsonFault('{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000))).toBeUndefined();
});
