// Frames and header blocks against bytes made by zlib and by hand, however the network cuts them.
import fc from 'fast-check';
import { constants, createDeflate, inflateSync } from 'node:zlib';
import { controlFrame, dataHead, readFrames, type Frame } from '../../../../src/streams/spdy/frames.ts';
import { HeaderDecoder, HeaderEncoder, SpdyProtocolError } from '../../../../src/streams/spdy/header-block.ts';
import { headerDictionary, headerDictionaryId } from '../../../../src/streams/spdy/header-dictionary.ts';

async function* pieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const size = sizes.length > 0 ? sizes[n % sizes.length]! : bytes.length;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
async function readAll(bytes: Buffer, sizes: readonly number[] = []): Promise<Frame[]> {
  const frames: Frame[] = [];
  for await (const frame of readFrames(pieces(bytes, sizes))) frames.push(frame);
  return frames;
}
/** Pieces of one data frame put together again. */
function joined(frames: readonly Frame[]): unknown[] {
  const result: unknown[] = [];
  let open: { streamId: number; data: string } | undefined;
  for (const frame of frames) {
    if (frame.kind === 'control') result.push({ type: frame.type, flags: frame.flags, payload: frame.payload.toString('hex') });
    else if (open && open.streamId === frame.streamId) open.data += frame.data.toString('hex');
    else result.push(open = { streamId: frame.streamId, data: frame.data.toString('hex') });
    if (frame.kind === 'data' && frame.fin) {
      result.push(`fin ${frame.streamId}`);
      open = undefined;
    }
    if (frame.kind === 'control') open = undefined;
  }
  return result;
}

describe('readFrames', () => {
  const bytes = Buffer.concat([
    controlFrame(6, 0, 1), dataHead(3, 5, false), Buffer.from('hello'), dataHead(5, 0, true), controlFrame(3, 0, 3, 5), dataHead(7, 300, true), Buffer.alloc(300, 7),
  ]);
  const expected = [
    { type: 6, flags: 0, payload: '00000001' }, { streamId: 3, data: Buffer.from('hello').toString('hex') }, { streamId: 5, data: '' }, 'fin 5',
    { type: 3, flags: 0, payload: '0000000300000005' }, { streamId: 7, data: '07'.repeat(300) }, 'fin 7',
  ];
  it('finds the same frames however the bytes arrive', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }), async (sizes) => {
      expect(joined(await readAll(bytes, sizes))).toEqual(expected);
    }), { numRuns: 60 });
  });
  it('passes a long data frame on as it arrives', async () => {
    const long = Buffer.concat([dataHead(1, 1 << 20, true), Buffer.alloc(1 << 20)]);
    const sizes = (await readAll(long, [8 + 1000])).map((frame) => frame.kind === 'data' ? [frame.data.length, frame.fin] : []);
    expect(sizes[0]).toEqual([1000, false]);
    expect(sizes.at(-1)![1]).toBe(true);
  });
  it.each([
    ['HTTP', Buffer.concat([Buffer.from([0x80, 0x02]), Buffer.alloc(10)]), /version 2 of SPDY/],
    ['a huge control frame', Buffer.from('8003000100ffffff', 'hex'), /too large/],
  ])('refuses %s', async (_, wrong, words) => {
    await expect(readAll(wrong)).rejects.toThrow(words);
  });
});

describe('header blocks', () => {
  const adler32 = (bytes: Buffer): number => {
    let [a, b] = [1, 0];
    for (const byte of bytes) [a, b] = [(a + byte) % 65521, (b + a + byte) % 65521];
    return b * 65536 + a;
  };
  it('use the dictionary of the protocol', () => {
    expect(headerDictionary).toHaveLength(1423);
    expect(adler32(headerDictionary)).toBe(headerDictionaryId);
  });

  const deflated = async (deflate: ReturnType<typeof createDeflate>, plain: Buffer): Promise<Buffer> => {
    await new Promise<void>((resolve) => deflate.write(plain, () => resolve()));
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, () => resolve()));
    return deflate.read() as Buffer;
  };
  const word = (value: number): Buffer => Buffer.from([0, 0, value >> 8, value & 0xff]);
  const plainBlock = (pairs: readonly (readonly [string, string])[]): Buffer =>
    Buffer.concat([word(pairs.length), ...pairs.flat().flatMap((text) => [word(Buffer.byteLength(text)), Buffer.from(text)])]);

  it('decodes block after block of one zlib stream', async () => {
    const deflate = createDeflate({ dictionary: headerDictionary });
    const decoder = new HeaderDecoder();
    for (let request = 0; request < 50; request++) {
      const block = await deflated(deflate, plainBlock([['streamType', 'data'], ['port', '8080'], ['requestID', String(request)]]));
      expect([...await decoder.decode(block)]).toEqual([['streamtype', 'data'], ['port', '8080'], ['requestid', String(request)]]);
    }
    decoder.close();
  });

  it('encodes what zlib inflates, each block ending with an empty one', async () => {
    const encoder = new HeaderEncoder();
    const [first, second] = [encoder.encode(new Map()), encoder.encode(new Map([['a', 'x'.repeat(70_000)]]))];
    for (const block of [first, second]) expect(block.subarray(-5)).toEqual(Buffer.from([0, 0, 0, 0xff, 0xff]));
    const inflated = inflateSync(Buffer.concat([first, second]), { dictionary: headerDictionary, finishFlush: constants.Z_SYNC_FLUSH });
    expect(inflated.length).toBe(4 + 4 + 4 + 1 + 4 + 70_000);
    const decoder = new HeaderDecoder();
    expect([...await decoder.decode(first)]).toEqual([]);
    decoder.close();
  });

  it('refuses what does not inflate, ends early or grows without measure', async () => {
    await expect(new HeaderDecoder().decode(Buffer.from('no zlib'))).rejects.toThrow(SpdyProtocolError);
    const short = createDeflate({ dictionary: headerDictionary });
    await expect(new HeaderDecoder().decode(await deflated(short, Buffer.concat([word(2), word(9), Buffer.from('a')])))).rejects.toThrow(/ends early/);
    const bomb = createDeflate({ dictionary: headerDictionary });
    const decoder = new HeaderDecoder();
    await expect(decoder.decode(await deflated(bomb, plainBlock([['a', 'x'.repeat(60_000)], ['b', 'y'.repeat(60_000)]])))).rejects.toThrow(/too large/);
  });
});
