// One piece of work for all who ask for it together.
import type { Clock } from './clock.ts';

/** What is asked for while it is made, or less than `keptMs` after, is the same result; a failure is not kept. */
export function shared<T>(make: () => Promise<T>, clock: Clock, keptMs: number): () => Promise<T> {
  let last: { readonly result: Promise<T>; doneAt: number | undefined } | undefined;
  return () => {
    if (last && (last.doneAt === undefined || clock.monotonic() - last.doneAt < keptMs)) return last.result;
    const current = { result: make(), doneAt: undefined as number | undefined };
    last = current;
    current.result.then(() => { current.doneAt = clock.monotonic(); }, () => { if (last === current) last = undefined; });
    return current.result;
  };
}
