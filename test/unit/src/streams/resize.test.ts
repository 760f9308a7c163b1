// Terminal sizes arrive in pieces, early, and sometimes wrong.
import { ResizeEvents } from '../../../../src/streams/resize.ts';

const feed = (...texts: string[]): { columns: number; rows: number }[] => {
  const resize = new ResizeEvents();
  const seen: { columns: number; rows: number }[] = [];
  resize.onResize((size) => seen.push(size));
  for (const text of texts) resize.receive(Buffer.from(text));
  return seen;
};

describe('ResizeEvents', () => {
  it.each([
    ['one value', ['{"Width":80,"Height":24}\n'], [{ columns: 80, rows: 24 }]],
    ['two in one message', ['{"Width":80,"Height":24}{"Width":81,"Height":25}'], [{ columns: 80, rows: 24 }, { columns: 81, rows: 25 }]],
    ['one in two messages', ['{"Width":8', '0,"Height":24}'], [{ columns: 80, rows: 24 }]],
    ['no size', ['{"Width":0,"Height":24}', '{"Width":"a","Height":1}', '{}', 'x}', '{"Width":70000,"Height":1}'], []],
    ['a size after noise', ['nonsense}', '{"Width":5,"Height":6}'], [{ columns: 5, rows: 6 }]],
  ])('%s', (_, texts, sizes) => { expect(feed(...texts)).toEqual(sizes); });

  it('keeps the newest size until somebody asks', () => {
    const resize = new ResizeEvents();
    resize.receive(Buffer.from('{"Width":80,"Height":24}{"Width":81,"Height":25}'));
    const seen: unknown[] = [];
    resize.onResize((size) => seen.push(size));
    expect(seen).toEqual([{ columns: 81, rows: 25 }]);
  });
});
