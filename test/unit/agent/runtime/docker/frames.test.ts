// The 8-byte frames of a Docker stream, cut at every possible place.
import fc from 'fast-check';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { demultiplex, FrameParser } from '../../../../../agent/runtime/docker/frames.ts';

const frame = (stream: number, payload: Uint8Array): Buffer => {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
};
const all = async (source: AsyncIterable<Uint8Array>): Promise<string> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
};

describe('FrameParser', () => {
  it('gives each stream its bytes in order, however the connection cuts them', () => {
    const pieces = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 40 })), { maxLength: 12 });
    fc.assert(fc.property(pieces, fc.array(fc.integer({ min: 1, max: 17 }), { minLength: 1, maxLength: 20 }), (frames, cuts) => {
      const wire = Buffer.concat(frames.map(([stream, payload]) => frame(stream, payload)));
      const seen: Record<1 | 2, number[]> = { 1: [], 2: [] };
      const parser = new FrameParser();
      for (let at = 0, cut = 0; at < wire.length; cut++) {
        const size = cuts[cut % cuts.length]!;
        parser.write(wire.subarray(at, at + size), (stderr, payload) => seen[stderr ? 2 : 1].push(...payload));
        at += size;
      }
      for (const stream of [1, 2] as const) expect(seen[stream]).toEqual(frames.filter(([of]) => of === stream).flatMap(([, payload]) => [...payload]));
    }));
  });
});

describe('demultiplex', () => {
  it('splits into two streams and ends both', async () => {
    const source = new PassThrough();
    const { stdout, stderr } = demultiplex(source, false);
    source.write(frame(1, Buffer.from('a')));
    source.write(frame(2, Buffer.from('b')));
    source.end(frame(1, Buffer.from('c')));
    expect(await Promise.all([all(stdout), all(stderr)])).toEqual(['ac', 'b']);
  });

  it('takes a terminal as it comes', async () => {
    const source = new PassThrough();
    const { stdout, stderr } = demultiplex(source, true);
    source.end(Buffer.from([1, 0, 0, 0, 0, 0, 0, 9]));
    expect(await Promise.all([all(stdout), all(stderr)])).toEqual(['\u0001\0\0\0\0\0\0\t', '']);
  });

  it('stops the connection while nobody reads', async () => {
    const source = new PassThrough({ highWaterMark: 1024 });
    const { stdout, stderr } = demultiplex(source, false);
    stderr.resume();
    const piece = frame(1, Buffer.alloc(16 * 1024));
    let taken = 0;
    while (source.write(piece) || await Promise.race([once(source, 'drain').then(() => true), new Promise<boolean>((resolve) => setTimeout(resolve, 50, false))])) taken++;
    expect(taken * 16).toBeLessThan(200);
    let size = 0;
    stdout.on('data', (chunk: Buffer) => { size += chunk.length; });
    source.end();
    await once(stdout, 'end');
    expect(size).toBe((taken + 1) * 16 * 1024);
  });

  it('drops what nobody wants', async () => {
    const source = new PassThrough();
    const { stdout, stderr } = demultiplex(source, false);
    stdout.destroy();
    for (let i = 0; i < 100; i++) source.write(frame(1, Buffer.alloc(16 * 1024)));
    source.end(frame(2, Buffer.from('end')));
    expect(await all(stderr)).toBe('end');
  });

  it('hands a broken connection to both readers', async () => {
    const source = new PassThrough();
    const { stdout, stderr } = demultiplex(source, false);
    const outcomes = Promise.allSettled([all(stdout), all(stderr)]);
    source.destroy(new Error('reset'));
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
