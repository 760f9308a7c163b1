// JSON values that are frozen for others.
import { sealJson } from '../../../src/util/json.ts';

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
