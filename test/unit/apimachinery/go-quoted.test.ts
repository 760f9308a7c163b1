// A text as Go's %q prints it.
import { goQuoted } from '../../../src/apimachinery/go-text.ts';

it.each([
  ['', '""'], ['plain text, <b>&</b> ~', '"plain text, <b>&</b> ~"'], ['say "no"\\', '"say \\"no\\"\\\\"'], ['a\nb\tc\r', '"a\\nb\\tc\\r"'], ['\u0007\b\f\v', '"\\a\\b\\f\\v"'],
  ['\u0000\u001b\u007f', '"\\x00\\x1b\\x7f"'], ['blå – 日本 ½', '"blå – 日本 ½"'], ['\u00a0\u200b\u2028\ufeff', '"\\u00a0\\u200b\\u2028\\ufeff"'], ['🙂', '"🙂"'], ['\u{e0001}', '"\\U000e0001"'],
])('%j', (text, quoted) => expect(goQuoted(text)).toBe(quoted));
