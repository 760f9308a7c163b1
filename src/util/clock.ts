// Time as a value that is passed in, so that tests decide how it moves.

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Monotonic milliseconds. */
  monotonic(): number;
  /** Calls once after `ms`; the result cancels. Real timers do not keep the process alive. */
  after(ms: number, call: () => void): () => void;
  /** Resolves after `ms`, rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, Math.min(ms, 0x7fffffff));
    timer.unref();
    return () => clearTimeout(timer);
  },
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const stop = (): void => { clearTimeout(timer); reject(signal!.reason as Error); };
      const timer = setTimeout(() => { signal?.removeEventListener('abort', stop); resolve(); }, Math.min(ms, 0x7fffffff));
      signal?.addEventListener('abort', stop, { once: true });
    });
  },
};

/** A clock that moves only when told: `await clock.advance(ms)` fires what is due, in order. */
export class FakeClock implements Clock {
  #now: number;
  #offset = 0;
  #timers: { at: number; id: number; call: () => void }[] = [];
  #next = 0;
  constructor(start = Date.parse('2026-01-01T00:00:00Z')) { this.#now = start; }
  now(): number { return this.#now + this.#offset; }
  monotonic(): number { return this.#now; }
  /** Sets the time of day forward or back; what is measured monotonically does not notice. */
  jump(ms: number): void { this.#offset += ms; }
  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), id: this.#next++, call };
    this.#timers.push(timer);
    return () => { this.#timers = this.#timers.filter((t) => t !== timer); };
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const cancel = this.after(ms, () => { signal?.removeEventListener('abort', stop); resolve(); });
      const stop = (): void => { cancel(); reject(signal!.reason as Error); };
      signal?.addEventListener('abort', stop, { once: true });
    });
  }
  /** Timers that wait. */
  get pending(): number { return this.#timers.length; }
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at || a.id - b.id)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((t) => t !== due);
      this.#now = due.at;
      due.call();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    this.#now = end;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** What the work comes to, or what `late` says (or throws) when it has not ended after `ms`; the work itself goes on. */
export async function within<T>(clock: Clock, ms: number, work: Promise<T>, late: () => T): Promise<T> {
  let cancel = (): void => undefined;
  const end = new Promise<void>((resolve) => { cancel = clock.after(ms, resolve); }).then(late);
  return Promise.race([work, end]).finally(() => cancel());
}

/** What RFC 3339 can say: years 0 to 9999, in milliseconds. */
export const firstInstant = Date.parse('0000-01-01T00:00:00Z');
export const lastInstant = Date.parse('9999-12-31T23:59:59Z');

/** Most times that are written are of the present second. */
let lastSecond = NaN;
let lastTimestamp = '';
/** RFC 3339 in UTC, whole seconds: the form of metav1.Time. */
export function timestamp(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond) {
    lastTimestamp = `${new Date(ms).toISOString().slice(0, 19)}Z`;
    lastSecond = second;
  }
  return lastTimestamp;
}
/** RFC 3339 with six digits: the form of metav1.MicroTime. */
export const microTimestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 23)}000Z`;
