// Kubernetes' own functions in CEL: texts that are formatted, sets, addresses and ranges of them.
import { compileExpression } from '../../../../src/schema/structural/cel.ts';

const result = (text: string): unknown => {
  const { value, error } = compileExpression(text).evaluate({ self: null });
  return error ? `! ${error.message.split('\n')[0]}` : value;
};

it.each<[text: string, expected: unknown]>([
  [`'%s and %d'.format(['str', 42])`, 'str and 42'], [`'no substitution'.format([])`, 'no substitution'], [`'100%%: %s'.format(['x'])`, '100%: x'],
  [`'%s %s %s %s'.format([true, null, 1.5, 3u])`, 'true null 1.5 3'], [`'%s'.format([[1, 2.5, 'a', null, true, b'xyz']])`, '[1, 2.500000, "a", null, true, b"xyz"]'],
  [`'%s'.format([{'b': [1], 'a': {'c': 'x'}}])`, '{"a":{"c":"x"}, "b":[1]}'], [`'%s %s'.format([timestamp('2023-02-03T23:31:20Z'), duration('1h45m47s')])`, '2023-02-03T23:31:20Z 6347s'],
  [`'%.3f %f'.format([2.71828, 1.0])`, '2.718 1.000000'], [`'%.6e'.format([1052.032911275])`, '1.052033\u202f×\u202f10⁰³'], [`'%.1e'.format([0.00012])`, '1.2\u202f×\u202f10⁻⁰⁴'],
  [`'%b %b'.format([5, true])`, '101 1'], [`'%x %X %x %o'.format([30, 30, 'Hello', 11])`, '1e 1E 48656c6c6f 13'], [`'%x %d'.format([-10, -10])`, '-a -10'],
  [`'%d'.format(['a'])`, '! error during formatting: decimal clause can only be used on integers, was given string'], [`'%f'.format([1])`, '! error during formatting: fixed-point clause can only be used on doubles, was given int'],
  [`'%b'.format([1.0])`, '! error during formatting: binary clause can only be used on integers and bools, was given double'], [`'%s %s'.format(['a'])`, '! index 1 out of range'],
  [`'%a'.format([1])`, '! could not parse formatting clause: unrecognized formatting clause "a"'], [`'%'.format([1])`, '! could not parse formatting clause: unexpected end of string'],
  [`strings.quote('a "b"\\n\\\\')`, '"a \\"b\\"\\n\\\\"'],
  [`'abab'.replace('a', 'x', 1)`, 'xbab'], [`'abab'.replace('a', 'x', 0)`, 'abab'], [`'abab'.replace('a', 'x', -1)`, 'xbxb'], [`'ab'.replace('', '_', 2)`, 'a_b'],
])('%s', (text, expected) => { expect(result(text)).toEqual(expected); });

it.each([
  ['sets.contains([1, 2, 3], [3, 1, 1])', true], ['sets.contains([1], [2])', false], ['sets.contains([], [])', true], ['sets.contains([1], [1.0, 1u])', true], ['sets.contains(["1"], [1])', false], ['sets.contains([[1], [2, 3]], [[2, 3.0]])', true],
  ['sets.equivalent([1, 2], [2, 1, 1])', true], ['sets.equivalent([1], [1, 2])', false], ['sets.equivalent([{"a": 1}], [{"a": 1}])', true], ['sets.intersects([1], [])', false], ['sets.intersects(["a", "b"], ["b"])', true], ['sets.contains([null], [false])', false],
])('%s is %j', (text, expected) => { expect(result(text)).toBe(expected); });

it.each<[text: string, expected: unknown]>([
  ['ip("192.168.0.1").family()', 4n], ['ip("::1").family()', 6n], ['string(ip("2001:DB8:0::68"))', '2001:db8::68'], ['ip("10.0.0.1") == ip("10.0.0.1")', true], ['ip("::1") == ip("0:0::1")', true], ['ip("0.0.0.1") == ip("::1")', false],
  ['ip.isCanonical("127.0.0.1")', true], ['ip.isCanonical("2001:db8::abcd")', true], ['ip.isCanonical("2001:DB8::ABCD")', false], ['ip.isCanonical("2001:db8:0:0::abcd")', false],
  ['isIP("1.2.3")', false], ['isIP("01.2.3.4")', false], ['isIP("fe80::1%eth0")', false], ['isIP("::ffff:1.2.3.4")', false], ['isIP("64:ff9b::1.2.3.4")', true],
  ['ip("0.0.0.0").isUnspecified()', true], ['ip("::").isUnspecified()', true], ['ip("127.8.9.1").isLoopback()', true], ['ip("::1").isLoopback()', true], ['ip("128.0.0.1").isLoopback()', false],
  ['ip("224.0.0.1").isLinkLocalMulticast()', true], ['ip("224.0.1.1").isLinkLocalMulticast()', false], ['ip("ff02::1").isLinkLocalMulticast()', true], ['ip("169.254.169.254").isLinkLocalUnicast()', true], ['ip("fe80::1").isLinkLocalUnicast()', true],
  ['ip("192.168.0.1").isGlobalUnicast()', true], ['ip("255.255.255.255").isGlobalUnicast()', false], ['ip("224.0.0.1").isGlobalUnicast()', false], ['ip("2001:db8::1").isGlobalUnicast()', true],
  ['cidr("192.168.0.0/24").containsIP("192.168.0.1")', true], ['cidr("192.168.0.0/24").containsIP(ip("192.168.1.1"))', false], ['cidr("0.0.0.0/0").containsIP("1.2.3.4")', true], ['cidr("2001:db8::/32").containsIP("2001:db8:ffff::1")', true], ['cidr("::/0").containsIP("1.2.3.4")', false],
  ['cidr("192.168.0.0/16").containsCIDR("192.168.10.0/24")', true], ['cidr("192.168.0.0/24").containsCIDR(cidr("192.168.0.0/16"))', false], ['cidr("192.168.0.0/24").containsCIDR("192.168.0.0/24")', true],
  ['string(cidr("192.168.1.7/24").masked())', '192.168.1.0/24'], ['string(cidr("2001:db8::ff/64").masked())', '2001:db8::/64'], ['string(cidr("192.168.1.7/24").ip())', '192.168.1.7'], ['cidr("::1/128").prefixLength()', 128n], ['cidr("10.0.0.0/8") == cidr("10.0.0.0/8")', true],
  ['isCIDR("10.0.0.0/33")', false], ['isCIDR("10.0.0.0/08")', false], ['isCIDR("10.0.0.0")', false], ['isCIDR("10.0.0.1/8")', true], ['isCIDR("::1/129")', false],
  ['url("https://a/b?x=1&x=2&y=").getQuery()', { x: ['1', '2'], y: [''] }], ['quantity("1500m").asApproximateFloat()', 1.5],
])('%s gives %j', (text, expected) => { expect(result(text)).toEqual(expected); });

it.each([
  ['ip("x")', /^! IP Address "x" parse error during conversion from string: /], ['ip("::ffff:1.2.3.4")', /^! IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed/], ['cidr("10.0.0.0")', /^! network address parse error during conversion from string: /], ['ip.isCanonical("x")', /^! IP Address "x" parse error/],
])('%s is refused', (text, message) => { expect(result(text)).toMatch(message); });
