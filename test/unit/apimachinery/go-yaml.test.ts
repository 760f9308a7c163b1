// YAML as Go reads it: what plain words are, what merges give, what is refused, and what must be quoted.
import { parse } from 'yaml';
import { parseYaml, toYaml } from '../../../master/apiserver/yaml.ts';
import { goYaml } from '../../../src/apimachinery/go-yaml.ts';

it.each<[word: string, value: unknown]>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word): [string, unknown] => [word, true]),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word): [string, unknown] => [word, false]),
  ...['', '~', 'null', 'Null', 'NULL'].map((word): [string, unknown] => [word, null]),
  ['0644', 420], ['0o644', 420], ['-010', -8], ['0x1F', 31], ['0b11', 3], ['1_000', 1000], ['09', 9], ['08.5', 8.5], ['+1', 1], ['-0', 0], ['.5', 0.5], ['+.5', 0.5], ['1.', 1], ['1e3', 1000], ['6.02E-3', 0.00602],
  ['1:30', '1:30'], ['2026-01-01', '2026-01-01'], ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'], ['0x', '0x'], ['0b2', '0b2'], ['1.2.3', '1.2.3'], ['1e', '1e'], ['_1', '_1'], ['.', '.'], ['+', '+'], ['-', [null]], ['tRUE', 'tRUE'], ['nO', 'nO'], ['=', '='], ['100m', '100m'], ['1Gi', '1Gi'],
  ['"0644"', '0644'], ["'yes'", 'yes'], ['!!str 1', '1'], ["!!int '1'", 1], ['!!float 1', 1], ['!!binary aGk=', 'hi'], ['!of-mine b', 'b'],
])('%s', (word, value) => {
  expect(parseYaml(`a: ${word === '-' ? '\n  -' : word}`).value).toEqual({ a: value });
});

it.each<[text: string, value: unknown]>([
  ['x: &x {b: 1, c: 1}\na: {<<: *x, c: 2}', { x: { b: 1, c: 1 }, a: { b: 1, c: 2 } }],
  ['x: &x {b: 1}\nw: &w {b: 2, c: 2}\na: {<<: [*x, *w], d: 3}', { x: { b: 1 }, w: { b: 2, c: 2 }, a: { b: 1, c: 2, d: 3 } }],
  ['x: &x {b: 1}\nw: &w {<<: *x, c: 1}\na: {<<: *w}', { x: { b: 1 }, w: { b: 1, c: 1 }, a: { b: 1, c: 1 } }],
  ['"<<": {a: 1}', { '<<': { a: 1 } }],
  ['yes: 1\n0644: 2\n1.5: 3', { true: 1, 420: 2, 1.5: 3 }],
])('%j', (text, value) => { expect(parseYaml(text).value).toEqual(value); });

const multiplied = Array.from({ length: 40 }, (_, i) => `x${i + 1}: &x${i + 1} {<<: [${Array(10).fill(`*x${i}`).join()}]}`).join('\n');
it.each<[text: string, why: string]>([
  ['? [a, 1]\n: b', 'invalid map key: []interface {}{"a", 1}'],
  ['? {a: 1}\n: b', 'invalid map key: map[interface {}]interface {}{"a":1}'],
  ['a: &k [1]\nb: {*k : c}', 'invalid map key: []interface {}{1}'],
  ['a: &a {<<: *a}', "anchor 'a' value contains itself"],
  ['a: {<<: 1}', 'map merge requires map or sequence of maps as the value'],
  [`x0: &x0 {a: 1}\n${multiplied}`, 'document contains excessive aliasing'],
])('%j is refused', (text, why) => {
  const warned: Error[] = [];
  const warn = (warning: Error): void => { warned.push(warning); };
  process.on('warning', warn);
  expect(() => parseYaml(text)).toThrow(new SyntaxError(why));
  process.off('warning', warn);
  expect(warned).toEqual([]);
});

it('what is written is read again as it was, here and by Go', () => {
  const words = ['y', 'No', 'on', '0644', '1_000', '0x1F', '.5', '~', 'null', '', '1e3', '.inf', '100m', '1:30', 'hello', '<<', '-', '- a', 'a: b', '#', '\t'];
  const value = { ...Object.fromEntries(words.map((word, i) => [`w${i}`, word])), yes: 1, list: words, n: -0.5, t: true, z: null };
  const text = toYaml(value);
  expect(parseYaml(text).value).toEqual(value);
  expect(text).toContain('w0: "y"\n');
  expect(text).toContain('w3: "0644"\n');
  expect(text).toContain('"yes": 1\n');
});

it('files of a node are read the same way', () => {
  expect(parse('mode: 0644\non: &a {b: 1}\nc: {<<: *a}', goYaml)).toEqual({ mode: 420, true: { b: 1 }, c: { b: 1 } });
});
