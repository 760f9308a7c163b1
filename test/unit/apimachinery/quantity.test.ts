// Quantities: Go's canonical forms, exact arithmetic, and laws that hold for any text.
import fc from 'fast-check';
import {
  addQuantities, canonicalQuantity, compareQuantities, formatQuantity, isQuantity, milliValue, parseQuantity, quantityValue, roundUpToMilli, subtractQuantities,
} from '../../../src/apimachinery/quantity.ts';

describe('canonical form', () => {
  it.each([
    ['0', '0'], ['0.0', '0'], ['-0', '0'], ['000', '0'], ['0Ki', '0'], ['1', '1'], ['+1', '1'], ['-1', '-1'], ['1.', '1'], ['.5', '500m'], ['0.5', '500m'],
    ['1000m', '1'], ['1500m', '1500m'], ['1.5', '1500m'], ['100m', '100m'], ['1000', '1k'], ['1500', '1500'], ['10000k', '10M'], ['1E', '1E'], ['1000E', '1000E'],
    ['1024', '1024'], ['1Ki', '1Ki'], ['1024Ki', '1Mi'], ['1.5Gi', '1536Mi'], ['0.5Ki', '512'], ['1.1Ki', '1126400m'], ['1023Ki', '1023Ki'], ['2048Ki', '2Mi'], ['0.0001Ki', '102400u'],
    ['128974848', '128974848'], ['129e6', '129e6'], ['129M', '129M'], ['123Mi', '123Mi'], ['1e3', '1e3'], ['1E3', '1e3'], ['12e-1', '1200e-3'], ['1e0', '1'], ['1e+21', '1e21'],
    ['0.1n', '1n'], ['-0.1n', '-1n'], ['1.23456789123', '1234567892n'], ['1u', '1u'], ['8Ei', '9223372036854775807'], ['1e-300', '1e-9'],
  ])('%s is written %s', (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });
  it('reads JSON numbers', () => {
    expect([0.5, 2, 1e21, 1e-7].map(canonicalQuantity)).toEqual(['500m', '2', '1e21', '100e-9']);
  });
  it('rounds resource lists up to milli units', () => {
    expect(['100u', '1.0001', '1Ki', '-1u', '5m'].map(roundUpToMilli)).toEqual(['1m', '1001m', '1Ki', '-1m', '5m']);
  });
});

describe('what is no quantity', () => {
  it.each(['', ' ', 'a', '1a', '1KI', '1kb', '--1', '1.2.3', '1 Gi', 'Gi', '1e', '1Ki1', '.', '1e301', '1mi'])('%p is refused', (text) => {
    expect(isQuantity(text)).toBe(false);
    expect(() => parseQuantity(text)).toThrow(/quantit|numeric part/);
  });
  it('is not fooled by other types', () => {
    expect([null, undefined, {}, [], true, Number.NaN].map(isQuantity)).toEqual(Array(6).fill(false));
  });
});

describe('arithmetic', () => {
  it.each([
    ['1', '500m', '1500m', '500m'], ['1Gi', '512Mi', '1536Mi', '512Mi'], ['0', '1Gi', '1Gi', '-1Gi'], ['1Gi', '1', '1073741825', '1073741823'],
    ['0.1', '0.2', '300m', '-100m'], ['1Ei', '1n', '1152921504606846976000000001n', '1152921504606846975999999999n'],
  ])('%s and %s', (a, b, sum, difference) => {
    expect(addQuantities(a, b)).toBe(sum);
    expect(subtractQuantities(a, b)).toBe(difference);
  });
  it.each([['1', '1000m', 0], ['1Ki', '1k', 1], ['1m', '1', -1], ['-1', '1', -1], ['1Gi', '1024Mi', 0]])('%s against %s', (a, b, order) => {
    expect(compareQuantities(a, b)).toBe(order);
  });
  it.each([['1500m', 2, 1500], ['1Gi', 2 ** 30, 1000 * 2 ** 30], ['100u', 1, 1], ['-1500m', -2, -1500], ['0', 0, 0]])('%s in whole and milli units', (text, whole, milli) => {
    expect(quantityValue(text)).toBe(whole);
    expect(milliValue(text)).toBe(milli);
  });
});

describe('laws', () => {
  const suffix = fc.constantFrom('n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E', 'Ki', 'Mi', 'Gi', 'Ti', 'e3', 'e-6', 'E2');
  const text = fc.tuple(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.nat(999), suffix).map(([whole, part, s]) => `${whole}${part ? `.${part}` : ''}${s}`);
  it('writing keeps the value and is stable', () => {
    fc.assert(fc.property(text, (t) => {
      const canonical = canonicalQuantity(t);
      expect(parseQuantity(canonical).nanos).toBe(parseQuantity(t).nanos);
      expect(canonicalQuantity(canonical)).toBe(canonical);
      expect(canonical).not.toContain('.');
      expect(formatQuantity(parseQuantity(canonical))).toBe(canonical);
    }));
  });
  // Beyond 64 bits amounts are cut off at the limit, and these laws end.
  const limit = 4n * 10n ** 18n * 10n ** 9n;
  const small = text.filter((t) => { const { nanos } = parseQuantity(t); return nanos < limit && nanos > -limit; });
  it('subtraction undoes addition, order agrees with difference', () => {
    fc.assert(fc.property(small, small, (a, b) => {
      expect(compareQuantities(subtractQuantities(addQuantities(a, b), b), a)).toBe(0);
      expect(compareQuantities(addQuantities(a, b), addQuantities(b, a))).toBe(0);
      expect(compareQuantities(a, b)).toBe(compareQuantities(subtractQuantities(a, b), '0'));
    }));
  });
});
