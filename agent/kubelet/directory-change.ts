// What happens in a directory of the host, for whoever looks at it again then: changes wake, and time does where none are told.
import { watch, type FSWatcher } from 'node:fs';
import type { Clock } from '../../src/util/clock.ts';

/** A change is looked at when nothing more can be expected to belong to it. */
const settleMs = 50;

export class DirectoryChange {
  readonly #change: Promise<void>;
  #watcher: FSWatcher | undefined;

  /** Notices what happens from now on; in a directory that is not there nothing is noticed. */
  constructor(directory: string) {
    let woken = (): void => undefined;
    this.#change = new Promise<void>((resolve) => { woken = resolve; });
    try {
      this.#watcher = watch(directory, () => woken()).on('error', () => woken());
    } catch {
      // Not there yet: looked for again.
    }
  }

  /** Whether changes are told at all. */
  get isNoticing(): boolean { return this.#watcher !== undefined; }

  /** Resolves a moment after something has happened, after `latestMs` whatever has, or when the signal aborts; nothing is noticed from then on. Never throws. */
  async orAfter(latestMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const ends = AbortSignal.any([signal, over.signal]);
    await Promise.race([this.#change.then(() => clock.sleep(settleMs, ends)), clock.sleep(latestMs, ends)]).catch(() => undefined);
    over.abort();
    this.#watcher?.close();
    this.#watcher = undefined;
  }
}
