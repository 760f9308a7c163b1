// One program for all who follow it: begun with the first, ended with the last, and its end told to each.
import { AsyncQueue } from '../../../../src/util/async-queue.ts';
import type { Follow } from '../../../../src/util/run.ts';
import { sharedFollow } from '../../../../src/util/shared-follow.ts';

describe('sharedFollow', () => {
  function programs(): { follow: Follow; started: { line: string; out: AsyncQueue<string>; over: Promise<void> }[] } {
    const started: { line: string; out: AsyncQueue<string>; over: Promise<void> }[] = [];
    const follow = sharedFollow(async function* (command, args, signal) {
      const out = new AsyncQueue<string>();
      const over = new Promise<void>((resolve) => signal.addEventListener('abort', () => { out.end(); resolve(); }));
      started.push({ line: [command, ...args].join(' '), out, over });
      yield* out;
    });
    return { follow, started };
  }
  const reader = (lines: AsyncIterable<string>): (() => Promise<string | undefined>) => {
    const iterator = lines[Symbol.asyncIterator]();
    return async () => { const { done, value } = await iterator.next(); return done ? undefined : (value as string); };
  };

  it('starts one program of a kind, and ends it with the last who reads', async () => {
    const { follow, started } = programs();
    const [one, two, other] = [new AbortController(), new AbortController(), new AbortController()];
    const [first, second, third] = [reader(follow('nft', ['monitor'], one.signal)), reader(follow('nft', ['monitor'], two.signal)), reader(follow('ip', ['monitor'], other.signal))];
    const lines = [first(), second(), third()];
    expect(started.map(({ line }) => line)).toEqual(['nft monitor', 'ip monitor']);
    started[0]!.out.push('gone');
    started[1]!.out.push('down');
    expect(await Promise.all(lines)).toEqual(['gone', 'gone', 'down']);
    const last = second();
    one.abort();
    expect(await first()).toBeUndefined();
    started[0]!.out.push('more');
    expect(await last).toBe('more');
    two.abort();
    expect(await second()).toBeUndefined();
    await started[0]!.over;
    // Who comes now finds none, and starts it anew.
    const again = reader(follow('nft', ['monitor'], other.signal))();
    started[2]!.out.push('anew');
    expect(await again).toBe('anew');
    other.abort();
    expect(await third()).toBeUndefined();
  });

  it('tells each reader how the program ended', async () => {
    const { follow, started } = programs();
    const { signal } = new AbortController();
    const [first, second] = [reader(follow('x', [], signal)), reader(follow('x', [], signal))];
    const lines = [first(), second()];
    started[0]!.out.end(new Error('exit code 1'));
    for (const line of lines) await expect(line).rejects.toThrow('exit code 1');
    const next = reader(follow('x', [], signal))();
    started[1]!.out.push('back');
    expect(await next).toBe('back');
  });

  it('starts nothing for who does not want to read any more', async () => {
    const { follow, started } = programs();
    expect(await reader(follow('x', [], AbortSignal.abort()))()).toBeUndefined();
    expect(started).toEqual([]);
  });
});
