// JSON values that are frozen for others.
import { goJson, sealJson } from '../../../src/util/json.ts';

describe('sealJson', () => {
  it.each<[what: string, value: unknown, clean: boolean]>([
    ['plain JSON', { a: [1, { b: null }], c: 'd' }, true], ['nothing', undefined, false], ['an undefined member', { a: { b: undefined } }, false],
    ['an undefined item', { a: [1, undefined] }, false], ['what is frozen already', Object.freeze({ a: 1 }), true],
  ])('%s', (_what, value, clean) => expect(sealJson(value)).toBe(clean));
  it('freezes all there is', () => {
    const value = { a: [{ b: {} }] };
    sealJson(value);
    for (const part of [value, value.a, value.a[0], value.a[0]!.b]) expect(Object.isFrozen(part)).toBe(true);
  });
});

describe('goJson', () => {
  it.each<[what: string, value: unknown, text: string]>([
    ['what needs no escape', { a: 'b"c' }, String.raw`{"a":"b\"c"}`], ['tags', { '<a>': '<b>' }, String.raw`{"\u003ca\u003e":"\u003cb\u003e"}`], ['ampersands', ['a && b'], String.raw`["a \u0026\u0026 b"]`],
    ['line separators', '\u2028\u2029', String.raw`"\u2028\u2029"`], ['other letters', 'ä😀', '"ä😀"'],
  ])('%s', (_what, value, text) => {
    expect(goJson(value)).toBe(text);
    expect(JSON.parse(goJson(value))).toEqual(value);
  });
  it('indents', () => expect(goJson({ a: '<' }, 2)).toBe('{\n  "a": "\\u003c"\n}'));
});
