// Buffers of large answers: used again when they are written, and not before.
import { pieceBytes } from '../../../../master/apiserver/json-line.ts';
import { PieceBuffers } from '../../../../master/apiserver/piece-buffers.ts';

it('gives a buffer again when it is written', () => {
  const buffers = new PieceBuffers();
  const first = buffers.take(pieceBytes);
  const second = buffers.take(pieceBytes - 1000);
  expect([first.length, second.length]).toEqual([pieceBytes, pieceBytes - 1000]);
  expect(first.buffer).not.toBe(second.buffer);
  buffers.backAfterWrite(second.subarray(0, 7))();
  expect(buffers.take(pieceBytes).buffer).toBe(second.buffer);
  expect(buffers.take(pieceBytes).buffer).not.toBe(second.buffer);
});
it('keeps none whose write failed, and none of another size', () => {
  const buffers = new PieceBuffers();
  buffers.backAfterWrite(buffers.take(pieceBytes))(new Error('gone'));
  for (const size of [1, 100, pieceBytes / 4 - 1, pieceBytes + 1]) {
    const odd = buffers.take(size);
    expect(odd).toHaveLength(size);
    buffers.backAfterWrite(odd)();
  }
  expect(buffers.idle).toBe(0);
});
it('keeps no more than few', () => {
  const buffers = new PieceBuffers();
  const taken = Array.from({ length: 100 }, () => buffers.take(pieceBytes));
  for (const piece of taken) buffers.backAfterWrite(piece)(null);
  expect(buffers.idle).toBe(32);
});
