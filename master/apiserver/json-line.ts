// Answers cut from stored bytes: one object, or a list in pieces, each made when the one before it has been taken.
import { goJson } from '../../src/util/json.ts';
import type { StoredObject } from '../registry/stored-object.ts';
import type { JsonLine } from './request.ts';

/** Large enough for few writes, small enough to be nothing beside what many readers at once have under way. */
export const pieceBytes = 64 * 1024;
const comma = 0x2c;
const lineEnd = 0x0a;

export function objectLine(stored: StoredObject): JsonLine {
  const size = stored.jsonSize + 1;
  return {
    size,
    pieces() {
      const bytes = Buffer.allocUnsafe(size);
      bytes[stored.writeJson(bytes, 0)] = lineEnd;
      return [bytes];
    },
  };
}

/** `head` are the list's members before its items. */
export function listLine(head: object, items: readonly StoredObject[]): JsonLine {
  const open = Buffer.from(`${goJson(head).slice(0, -1)},"items":[`);
  const close = Buffer.from(']}\n');
  const size = items.reduce((sum, item) => sum + item.itemSize, open.length + close.length + Math.max(0, items.length - 1));
  return { size, pieces: (take = Buffer.allocUnsafe) => listPieces(open, items, close, size, take) };
}

function* listPieces(open: Buffer, items: readonly StoredObject[], close: Buffer, size: number, take: (bytes: number) => Buffer): Generator<Buffer> {
  let left = size;
  let piece = take(Math.min(left, Math.max(pieceBytes, open.length + close.length)));
  let at = open.copy(piece);
  for (const [i, item] of items.entries()) {
    const separator = i > 0 ? 1 : 0;
    // There is always room for the end.
    const room = separator + item.itemSize + close.length;
    if (at + room > piece.length) {
      yield piece.subarray(0, at);
      left -= at;
      piece = take(Math.min(left, Math.max(pieceBytes, room)));
      at = 0;
    }
    if (separator) piece[at++] = comma;
    at = item.writeItem(piece, at);
  }
  at += close.copy(piece, at);
  yield piece.subarray(0, at);
}
