// What a followed log shows of messages the engine tells twice, and of those that only look so.
import fc from 'fast-check';
import { ReplayFilter } from '../../../../../agent/runtime/docker/replay-filter.ts';

const stamp = (n: number): string => `2026-01-01T00:00:00.${String(n).padStart(9, '0')}Z `;
/** Messages as `[time, text, stderr?]`, each frame cut into pieces of a size. */
function shown(messages: readonly (readonly [number, string, boolean?])[], options: { timestamps?: boolean; cut?: number } = {}): string {
  const filter = new ReplayFilter({ timestamps: options.timestamps ?? false });
  let out = '';
  for (const [time, text, stderr = false] of messages) {
    const frame = Buffer.from(stamp(time) + text);
    const cut = options.cut ?? frame.length;
    for (let at = 0; at < frame.length; at += cut) out += filter.piece(stderr, frame.subarray(at, at + cut), at + cut >= frame.length)?.toString() ?? '';
  }
  return out;
}

it.each<[string, Parameters<typeof shown>[0], string]>([
  ['is told once where only its last line is told again', [[1, 'a\n'], [2, 'b\n'], [2, 'b\n'], [3, 'c\n']], 'a\nb\nc\n'],
  ['is told once', [[1, 'a'], [2, 'b'], [3, 'c'], [2, 'b'], [3, 'c'], [4, 'd']], 'abcd'],
  ['is told once each time', [[1, 'a'], [2, 'b'], [1, 'a'], [2, 'b'], [3, 'c'], [1, 'a'], [2, 'b'], [3, 'c'], [4, 'd']], 'abcd'],
  ['keeps the pieces of a long line, which share a time', [[1, 'aa'], [2, 'bb'], [2, 'bb'], [2, 'b'], [3, 'c']], 'aabbbbbc'],
  ['keeps what comes after the clock was set back', [[5, 'a'], [9, 'b'], [3, 'c'], [4, 'd']], 'abcd'],
  ['keeps the streams apart', [[2, 'a'], [1, 'b', true], [2, 'c', true], [3, 'd']], 'abcd'],
])('a log %s', (_, messages, text) => {
  for (const cut of [1, 7, 31, 32, 1000]) expect(shown(messages, { cut })).toBe(text);
});
it('times are kept where they are asked for', () => expect(shown([[1, 'a'], [1, 'b\n'], [2, 'c\n'], [1, 'a']], { timestamps: true })).toBe(`${stamp(1)}a${stamp(1)}b\n${stamp(2)}c\n`));
it('what has no time is passed on', () => {
  const filter = new ReplayFilter({ timestamps: false });
  expect([filter.piece(false, Buffer.from('short'), true)?.toString(), filter.piece(false, Buffer.from('x'.repeat(40)), true)?.toString()]).toEqual(['short', 'x'.repeat(40)]);
});
it('whatever was told last may be told again from any place', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 12 })), { maxLength: 8 }), (rotations) => {
    const messages: [number, string][] = [];
    let next = 1;
    for (const [fresh, again] of rotations) {
      for (let i = 0; i < fresh; i++, next++) messages.push([next, `${next}\n`]);
      // A replay goes on to the end of what was told.
      const from = Math.max(1, next - again);
      for (let n = from; n < next; n++) messages.push([n, `${n}\n`]);
    }
    expect(shown(messages)).toBe(Array.from({ length: next - 1 }, (_, i) => `${i + 1}\n`).join(''));
  }));
});
