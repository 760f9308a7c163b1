// What is made of a text is made once, as long as it is remembered.
import { remembered } from '../../../src/util/remembered.ts';

describe('remembered', () => {
  it('makes each of the last texts once, and older ones again', () => {
    const made: string[] = [];
    const shout = remembered((text) => { made.push(text); return text.toUpperCase(); }, 2);
    for (const text of ['a', 'b', 'a', 'c', 'd', 'a']) expect(shout(text)).toBe(text.toUpperCase());
    expect(made).toEqual(['a', 'b', 'c', 'd']);
    for (const text of ['e', 'f', 'g', 'h', 'a']) shout(text);
    expect(made).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'a']);
  });
  it('keeps no long texts and no failures', () => {
    let calls = 0;
    const read = remembered((text) => { calls++; if (text === 'bad') throw new Error('bad'); return text.length; }, 9);
    for (const text of ['x'.repeat(65), 'x'.repeat(65)]) expect(read(text)).toBe(65);
    for (let i = 0; i < 2; i++) expect(() => read('bad')).toThrow('bad');
    expect(calls).toBe(4);
  });
});
