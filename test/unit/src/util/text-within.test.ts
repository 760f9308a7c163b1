// Answers of others are read only so far.
import { textWithin } from '../../../../src/util/text-within.ts';

async function* chunks(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> { yield* parts; }

it('joins characters that come in two parts', async () => {
  const bytes = Buffer.from('a€b');
  expect(await textWithin(chunks(bytes.subarray(0, 2), bytes.subarray(2)), bytes.length)).toBe('a€b');
});
it('stops at what is too long', async () => {
  await expect(textWithin(chunks(Buffer.from('abc'), Buffer.from('d')), 3)).rejects.toThrow('the answer is longer than 3 bytes');
});
