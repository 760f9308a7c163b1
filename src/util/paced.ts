// Long computations in short turns: whoever shares the event loop is not kept waiting.
import type { Clock } from './clock.ts';

/** How long a turn takes at most, in milliseconds, when no step does. */
const turnMs = 5;

/** Carries out the steps of a generator, and lets others have their turn between them. Resolves with what it returns. */
export async function paced<T>(clock: Pick<Clock, 'monotonic'>, steps: Generator<unknown, T>): Promise<T> {
  let began = clock.monotonic();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (clock.monotonic() - began < turnMs) continue;
    await new Promise<void>((resolve) => setImmediate(resolve));
    began = clock.monotonic();
  }
}
