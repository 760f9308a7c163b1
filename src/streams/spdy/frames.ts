// Frames of SPDY/3.1 on the wire: cutting them out of a byte stream, and building the ones that are sent.
import { SpdyProtocolError } from './header-block.ts';

export const frameType = { synStream: 1, synReply: 2, rstStream: 3, settings: 4, ping: 6, goAway: 7, headers: 8, windowUpdate: 9 } as const;
export const resetStatus = { protocolError: 1, invalidStream: 2, refusedStream: 3, cancel: 5 } as const;
export const flagFin = 0x01;

export type Frame =
  | { readonly kind: 'control'; readonly type: number; readonly flags: number; readonly payload: Buffer }
  /** A piece of a data frame; `fin` comes with the last one. */
  | { readonly kind: 'data'; readonly streamId: number; readonly fin: boolean; readonly data: Buffer };

const maxControlBytes = 64 * 1024;

/** Data is passed on as it arrives, however long its frame is. @throws SpdyProtocolError while iterating */
export async function* readFrames(source: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let bytes: Buffer = Buffer.alloc(0);
  let data: { readonly streamId: number; readonly fin: boolean; left: number } | undefined;
  for await (const chunk of source) {
    bytes = bytes.length > 0 ? Buffer.concat([bytes, chunk]) : chunk;
    for (;;) {
      if (data) {
        const piece = bytes.subarray(0, data.left);
        bytes = bytes.subarray(piece.length);
        data.left -= piece.length;
        const { streamId, fin, left } = data;
        if (left === 0) data = undefined;
        if (piece.length > 0 || (fin && left === 0)) yield { kind: 'data', streamId, fin: fin && left === 0, data: piece };
        if (left > 0) break;
      }
      if (bytes.length < 8) break;
      const first = bytes.readUInt32BE(0);
      const flags = bytes[4]!;
      const length = bytes.readUIntBE(5, 3);
      if (first < 0x80000000) {
        data = { streamId: first, fin: (flags & flagFin) !== 0, left: length };
        bytes = bytes.subarray(8);
        continue;
      }
      if (first >>> 16 !== 0x8003) throw new SpdyProtocolError(`version ${first >>> 16 & 0x7fff} of SPDY is not spoken here`);
      if (length > maxControlBytes) throw new SpdyProtocolError(`a control frame of ${length} bytes is too large`);
      if (bytes.length < 8 + length) break;
      yield { kind: 'control', type: first & 0xffff, flags, payload: bytes.subarray(8, 8 + length) };
      bytes = bytes.subarray(8 + length);
    }
  }
}

/** The head of a data frame; its payload follows as it is. */
export function dataHead(streamId: number, length: number, fin: boolean): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(streamId);
  head[4] = fin ? flagFin : 0;
  head.writeUIntBE(length, 5, 3);
  return head;
}

export function controlFrame(type: number, flags: number, ...payload: (number | Buffer)[]): Buffer {
  const parts = payload.map((part) => {
    if (typeof part !== 'number') return part;
    const word = Buffer.alloc(4);
    word.writeUInt32BE(part);
    return word;
  });
  const head = Buffer.alloc(8);
  head.writeUInt32BE((0x80030000 | type) >>> 0);
  head[4] = flags;
  head.writeUIntBE(parts.reduce((sum, part) => sum + part.length, 0), 5, 3);
  return Buffer.concat([head, ...parts]);
}
