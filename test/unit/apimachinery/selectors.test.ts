// Selectors: what they read, write back and match, and the words for what they cannot read.
import fc from 'fast-check';
import {
  everything, labelSelectorText, labelsText, nothing, parseFieldSelector, parseLabelSelector, selectorFromObject, selectorFromSet,
} from '../../../src/apimachinery/selectors.ts';

const labels = { app: 'web', tier: 'front', size: '5', 'example.com/x': '', in: 'notin' };

describe('label selector queries', () => {
  it.each<[string, string, boolean]>([
    ['', '', true], ['app=web', 'app=web', true], ['app==web', 'app==web', true], ['app!=web', 'app!=web', false], ['none!=x', 'none!=x', true],
    ['app in (web,db)', 'app in (db,web)', true], [' app  in ( db , x )', 'app in (db,x)', false], ['app notin (db)', 'app notin (db)', true], ['none notin (db)', 'none notin (db)', true],
    ['app', 'app', true], ['!app', '!app', false], ['! none', '!none', true], ['tier=front,app=web', 'app=web,tier=front', true], ['app=web,tier=back', 'app=web,tier=back', false],
    ['example.com/x', 'example.com/x', true], ['example.com/x=', 'example.com/x=', true], ['app=', 'app=', false], ['none=', 'none=', false], ['example.com/x in ()', 'example.com/x in ()', true],
    ['x in (a,,b)', 'x in (,a,b)', false], ['size>4', 'size>4', true], ['size < 5', 'size<5', false], ['app>4', 'app>4', false], ['in in (in,notin)', 'in in (in,notin)', true],
    ['app=in', 'app=in', false], ['a,b', 'a,b', false],
  ])('%p is %p, matches: %p', (query, text, matches) => {
    const selector = parseLabelSelector(query);
    expect(selector.toString()).toBe(text);
    expect(selector.matches(labels)).toBe(matches);
  });
  it.each([
    ['app=web,', "found '', expected: identifier after ','"],
    [',app', "found ',', expected: !, identifier, or 'end of string'"],
    ['app web', "unable to parse requirement: found 'web', expected: in, notin, =, ==, !=, gt, lt"],
    ['app in web', "unable to parse requirement: found 'web' expected: '('"],
    ['app in (web', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['app in (a b)', "unable to parse requirement: found 'b', expected: ',' or ')'"],
    ['app in (', "unable to parse requirement: found '', expected: ',', ')' or identifier"],
    ['app=(', "unable to parse requirement: found '(', expected: identifier"],
    ['app = = web', "unable to parse requirement: found '=', expected: identifier"],
    ['!', "unable to parse requirement: found '', expected: identifier"],
    ['!app=web', "found '=', expected: ',' or 'end of string'"],
    ['app=web)', "found ')', expected: ',' or 'end of string'"],
  ])('%p: %s', (query, message) => {
    expect(() => parseLabelSelector(query)).toThrow(new Error(message));
  });
  it('names malformed keys and values', () => {
    expect(() => parseLabelSelector('-a=b')).toThrow(/^unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of alphanumeric/);
    expect(() => parseLabelSelector('a=-b')).toThrow(/^unable to parse requirement: values\[0\]\[a\]: Invalid value: "-b": a valid label must be an empty string/);
    expect(() => parseLabelSelector('a in (-b,-c)')).toThrow(/^unable to parse requirement: \[values\[0\]\[a\]: .*, values\[1\]\[a\]: /);
    expect(() => parseLabelSelector('a>x')).toThrow("unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer");
  });
  it('reads back what it writes', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
    const term = fc.oneof(
      fc.tuple(word, fc.constantFrom('=', '!=', '=='), word).map((t) => t.join('')), word, word.map((w) => `!${w}`),
      fc.tuple(word, fc.constantFrom('in', 'notin'), fc.uniqueArray(word, { minLength: 1 })).map(([k, o, v]) => `${k} ${o} (${v.join(',')})`),
    );
    fc.assert(fc.property(fc.array(term, { minLength: 1, maxLength: 4 }), (terms) => {
      const text = parseLabelSelector(terms.join(',')).toString();
      expect(parseLabelSelector(text).toString()).toBe(text);
    }));
  });
  it('never hangs or throws anything but an Error', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('a', '=', '!', '(', ')', ',', ' ', '<', 'in', ' in '), maxLength: 12 }), (text) => {
      try { parseLabelSelector(text); } catch (error) { expect((error as Error).constructor).toBe(Error); }
    }));
  });
});

describe('label selectors from objects and maps', () => {
  it('absent matches nothing, empty everything', () => {
    expect([selectorFromObject(undefined), selectorFromObject({}), selectorFromSet({}), everything, nothing].map((s) => s.matches(labels))).toEqual([false, true, true, true, false]);
    expect([everything.empty, nothing.empty]).toEqual([true, false]);
  });
  it('all four operators', () => {
    const selector = selectorFromObject({
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'tier', operator: 'In', values: ['front', 'back'] }, { key: 'none', operator: 'DoesNotExist' }, { key: 'size', operator: 'Exists' }, { key: 'x', operator: 'NotIn', values: ['y'] }],
    });
    expect(selector.toString()).toBe('app=web,!none,size,tier in (back,front),x notin (y)');
    expect([selector.matches(labels), selector.matches({ ...labels, none: '' }), selector.matches({ ...labels, x: 'y' }), selector.matches(undefined)]).toEqual([true, false, false, false]);
  });
  it('refuses what validation refuses', () => {
    expect(() => selectorFromObject({ matchExpressions: [{ key: 'a', operator: 'Like' }] })).toThrow('"Like" is not a valid label selector operator');
    expect(() => selectorFromObject({ matchExpressions: [{ key: 'a', operator: 'In' }] })).toThrow("values set can't be empty");
    expect(() => selectorFromObject({ matchExpressions: [{ key: 'a', operator: 'Exists', values: ['x'] }] })).toThrow('values set must be empty');
    expect(() => selectorFromObject({ matchLabels: { a: '-' } })).toThrow('values[0][a]: Invalid value: "-"');
  });
  it('tells the value it demands of a key', () => {
    const selector = parseLabelSelector('a=1,b in (2),c in (3,4),d!=5,e');
    expect(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => selector.exactValue(key))).toEqual(['1', '2', undefined, undefined, undefined, undefined]);
  });
  it('is not fooled by names of Object.prototype', () => {
    expect(parseLabelSelector('constructor').matches({})).toBe(false);
    expect(() => parseLabelSelector('a toString b')).toThrow("found 'toString'");
  });
  it('table texts', () => {
    expect([labelSelectorText(undefined), labelSelectorText({}), labelSelectorText({ matchLabels: { b: '1', a: '2' } }), labelSelectorText({ matchExpressions: [{ key: 'a', operator: '?' }] })])
      .toEqual(['<none>', '<none>', 'a=2,b=1', '<error>']);
    expect([labelsText(undefined), labelsText({}), labelsText({ b: '1', a: '2' })]).toEqual(['<none>', '<none>', 'a=2,b=1']);
  });
});

describe('field selectors', () => {
  const fields: Record<string, string> = { 'metadata.name': 'a', 'status.phase': 'Running', 'spec.nodeName': '', odd: 'x,y=z\\' };
  const valueOf = (field: string): string => fields[field] ?? '';
  it.each<[string, string, boolean]>([
    ['', '', true], ['metadata.name=a', 'metadata.name=a', true], ['metadata.name==b', 'metadata.name=b', false], ['spec.nodeName=', 'spec.nodeName=', true], ['spec.nodeName!=', 'spec.nodeName!=', false],
    ['status.phase!=Failed,metadata.name=a', 'metadata.name=a,status.phase!=Failed', true], ['a=b,,', 'a=b', false], ['odd=x\\,y\\=z\\\\', 'odd=x\\,y\\=z\\\\', true],
  ])('%p is %p, matches: %p', (query, text, matches) => {
    const selector = parseFieldSelector(query);
    expect(selector.toString()).toBe(text);
    expect(selector.matches(valueOf)).toBe(matches);
  });
  it.each([
    ['abc', "invalid selector: 'abc'; can't understand 'abc'"], ['a=b,c', "invalid selector: 'a=b,c'; can't understand 'c'"], ['a=b=c', 'invalid field selector: unescaped character in value: ='],
    ['a=b\\c', 'invalid field selector: invalid escape sequence: \\c'], ['a=b\\', 'invalid field selector: invalid escape sequence: \\'],
  ])('%p: %s', (query, message) => {
    expect(() => parseFieldSelector(query)).toThrow(new Error(message));
  });
  it('tells the value it demands of a field', () => {
    expect(parseFieldSelector('spec.nodeName=n1,x!=y').exactValue('spec.nodeName')).toBe('n1');
    expect(parseFieldSelector('x!=y').exactValue('x')).toBeUndefined();
  });
});
