// Patterns as Go has them: what is one, what is found, and in which time.
import { compileGoPattern, keepGoPattern } from '../../../src/apimachinery/go-pattern.ts';

it.each<[pattern: string, words: string]>([
  ['(?=a)b', 'invalid or unsupported Perl syntax: `(?=`'], ['(?!a)b', 'invalid or unsupported Perl syntax: `(?!`'], ['(a)\\1', 'invalid escape sequence: `\\1`'], ['a**', 'invalid nested repetition operator: `**`'],
  ['x{1001}', 'invalid repeat count: `{1001}`'], ['[a', 'missing closing ]: `[a`'], ['\\u0041', 'invalid escape sequence: `\\u`'],
])('%s is none', (pattern, words) => {
  for (const compile of [compileGoPattern, keepGoPattern]) expect(() => compile(pattern)).toThrow(expect.objectContaining({ name: 'SyntaxError', message: `error parsing regexp: ${words}` }) as Error);
});

it.each<[pattern: string, text: string, found: string[]]>([
  ['(?i)^[[:alpha:]]+\\z', 'Ab', ['Ab']], ['(?P<n>b+)', 'abbcb', ['bb', 'b']], ['a*', 'baaac', ['', 'aaa', '']], ['\\Qa.b\\E', 'a.b axb', ['a.b']], ['\\pL+', 'é1ü', ['é', 'ü']], ['[^a]', 'a😀', ['😀']], ['x', 'b', []],
])('%s in %s', (pattern, text, found) => {
  const compiled = compileGoPattern(pattern);
  expect([compiled.test(text), compiled.find(text), compiled.findAll(text), compiled.findAll(text, 1)]).toEqual([found.length > 0, found[0] ?? '', found, found.slice(0, 1)]);
});

it('takes a time that grows with the text alone', () => {
  const began = performance.now();
  // JavaScript's own take hours for thirty letters.
  expect(compileGoPattern('^(a+)+$').test(`${'a'.repeat(100_000)}!`)).toBe(false);
  expect(performance.now() - began).toBeLessThan(10_000);
});

it('keeps what definitions bring, and not what objects bring', () => {
  expect(compileGoPattern('k.')).not.toBe(compileGoPattern('k.'));
  const kept = keepGoPattern('k.');
  expect([keepGoPattern('k.'), compileGoPattern('k.')]).toEqual([kept, kept]);
  for (let i = 0; i < 1000; i++) keepGoPattern(`k${i}`);
  expect(compileGoPattern('k.')).not.toBe(kept);
});
