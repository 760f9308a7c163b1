// Range arithmetic against a bit-by-bit model.
import fc from 'fast-check';
import { addressAt, containsAddress, containsRange, formatCIDR, formatIPv4, lastOf, overlaps, parseCIDR, parseIPv4, rangeOf, subnetAt } from '../../../../src/util/cidr.ts';

const address = fc.integer({ min: 0, max: 0xffffffff });
const range = fc.tuple(address, fc.integer({ min: 0, max: 32 })).map(([a, p]) => rangeOf(a, p));
const bits = (n: number): string => n.toString(2).padStart(32, '0');

describe('IPv4 addresses', () => {
  it.each([['0.0.0.0', 0], ['10.42.0.1', 0x0a2a0001], ['255.255.255.255', 0xffffffff]])('%s', (text, value) => {
    expect(parseIPv4(text)).toBe(value);
    expect(formatIPv4(value)).toBe(text);
  });
  it.each(['', '1.2.3', '1.2.3.4.5', '256.0.0.0', '01.2.3.4', '1.2.3.-4', '1.2.3.4 ', '::1', 'a.b.c.d', '1..2.3'])('refuses %p', (text) => {
    expect(parseIPv4(text)).toBeUndefined();
  });
  it('parses what it prints', () => fc.assert(fc.property(address, (a) => parseIPv4(formatIPv4(a)) === a)));
});

describe('ranges', () => {
  it.each([['10.42.0.0/16', '10.42.0.0/16'], ['10.42.7.9/16', '10.42.0.0/16'], ['1.2.3.4', '1.2.3.4/32'], ['9.9.9.9/0', '0.0.0.0/0']])('%s is %s', (text, printed) => {
    expect(formatCIDR(parseCIDR(text)!)).toBe(printed);
  });
  it.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '10.0.0/8', '/8', '10.0.0.0/08', '10.0.0.0/1e1'])('refuses %p', (text) => {
    expect(parseCIDR(text)).toBeUndefined();
  });
  it('an address is inside exactly when its leading bits agree', () => fc.assert(fc.property(range, address, (r, a) =>
    containsAddress(r, a) === (bits(a).slice(0, r.prefix) === bits(r.base).slice(0, r.prefix)))));
  it('two ranges overlap exactly when one holds the other', () => fc.assert(fc.property(range, range, (a, b) =>
    overlaps(a, b) === (containsRange(a, b) || containsRange(b, a)) && overlaps(a, b) === overlaps(b, a))));
  it('subnets are disjoint, ordered and fill the range', () => fc.assert(fc.property(address, fc.integer({ min: 8, max: 28 }), fc.integer({ min: 0, max: 4 }), (a, prefix, more) => {
    const whole = rangeOf(a, prefix);
    const count = 2 ** more;
    const all = Array.from({ length: count }, (_, i) => subnetAt(whole, prefix + more, i)!);
    expect(all[0]!.base).toBe(whole.base);
    expect(lastOf(all.at(-1)!)).toBe(lastOf(whole));
    for (let i = 1; i < count; i++) expect(all[i]!.base).toBe(lastOf(all[i - 1]!) + 1);
    expect(subnetAt(whole, prefix + more, count)).toBeUndefined();
  })));
  it('numbers addresses', () => {
    expect(addressAt(parseCIDR('10.42.3.0/24')!, 2)).toBe('10.42.3.2');
    expect(() => addressAt(parseCIDR('10.42.3.0/24')!, 256)).toThrow('10.42.3.0/24 has no address number 256');
  });
});
