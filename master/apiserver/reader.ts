// Who reads an answer: gone, or not taking anything.
import type { Writable } from 'node:stream';
import type { Presence } from './http-request.ts';

export interface Reader { readonly presence: Presence; readonly stalledMs: number }

/** False when the reader took nothing for `stalledMs`. */
export function drained(out: Writable, gone: AbortSignal, stalledMs?: number): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (taken: boolean): void => {
      clearTimeout(timer);
      out.off('drain', onDrain);
      gone.removeEventListener('abort', onDrain);
      resolve(taken);
    };
    const onDrain = (): void => done(true);
    const timer = stalledMs === undefined ? undefined : setTimeout(() => done(false), stalledMs);
    timer?.unref();
    out.once('drain', onDrain);
    gone.addEventListener('abort', onDrain, { once: true });
    if (gone.aborted) done(true);
  });
}
