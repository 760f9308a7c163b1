// The conditions of writes, as a table.
import { checkKey, owned, violation, type Write } from '../../../../master/storage/precondition.ts';
import { KeyExists, RevisionMismatch } from '../../../../master/storage/store.ts';

const value = Buffer.from('v');
const create: Write = { type: 'create', key: '/a', value };
const update: Write = { type: 'update', key: '/a', value, expected: 5 };
const remove: Write = { type: 'delete', key: '/a', expected: 5 };

describe('violation', () => {
  it.each([
    [create, undefined, undefined],
    [create, 5, new KeyExists('/a')],
    [update, 5, undefined],
    [update, 4, new RevisionMismatch('/a', 5, 4)],
    [update, undefined, new RevisionMismatch('/a', 5, undefined)],
    [remove, 5, undefined],
    [remove, 6, new RevisionMismatch('/a', 5, 6)],
    [remove, undefined, new RevisionMismatch('/a', 5, undefined)],
  ])('%j of revision %p: %p', (write, actual, expected) => {
    const found = violation(write, actual);
    expect(found).toEqual(expected);
    expect(found?.constructor).toBe(expected?.constructor);
  });
});

it('the errors say what was found', () => {
  expect(new RevisionMismatch('/a', 5, 4).message).toBe('revision of /a is 4, expected 5');
  expect(new RevisionMismatch('/a', 5, undefined).message).toBe('revision of /a is none, expected 5');
});

describe('checkKey counts bytes', () => {
  it.each([['', false], ['a', true], ['a'.repeat(1024), true], ['a'.repeat(1025), false], ['é'.repeat(512), true], ['é'.repeat(513), false]])('%#', (key, good) => {
    if (good) expect(() => checkKey(key)).not.toThrow();
    else expect(() => checkKey(key)).toThrow(RangeError);
  });
});

it('owned copies only what shares its memory', () => {
  const whole = Buffer.allocUnsafeSlow(4);
  expect(owned(whole)).toBe(whole);
  const slice = Buffer.from('0123456789').subarray(2, 5);
  const copy = owned(slice);
  expect([Buffer.from(copy).toString(), copy.buffer.byteLength]).toEqual(['234', 3]);
});
