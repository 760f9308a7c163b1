// How many stops the engine is given at once. Where all containers of many Pods are signalled together, none of their networks is taken
// down, which the engine does one by one, before most of them have ended; a few at a time keep it busy from the beginning.
import type { Clock } from '../../src/util/clock.ts';

/** Who takes longer uses its grace period, and keeps nobody from theirs. */
const longestMs = 100;

export class StopLimit {
  readonly #limit: number;
  readonly #clock: Clock;
  #active = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number, clock: Clock) {
    this.#limit = Math.max(1, limit);
    this.#clock = clock;
  }

  /** Calls `stop` in its turn: of `limit` at once, each keeps its place for 100 ms at most. */
  async run(stop: () => Promise<void>): Promise<void> {
    if (this.#active >= this.#limit) await new Promise<void>((resolve) => { this.#waiting.push(resolve); });
    else this.#active++;
    let held = true;
    const pass = (): void => {
      if (!held) return;
      held = false;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#active--;
    };
    const cancel = this.#clock.after(longestMs, pass);
    try {
      await stop();
    } finally {
      cancel();
      pass();
    }
  }
}
