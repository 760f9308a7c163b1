// Keeps certificates renewed while the process runs.
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';

/** Makes sure one certificate serves, and resolves with when to look at it again (ms since the epoch). */
export type Renewal = () => Promise<number>;

/** The time of day may be set while a timer runs: it is looked at this often. */
const lookEveryMs = 3600_000;
const retryMs = 60_000;

/** Runs until the signal aborts. What fails is tried again soon: there is a fifth of a certificate's life for that. */
export async function keepRenewed(renewals: readonly Renewal[], clock: Clock, log: Log, signal: AbortSignal): Promise<void> {
  const due = renewals.map(() => 0);
  while (!signal.aborted) {
    for (const [i, renew] of renewals.entries()) {
      if (due[i]! > clock.now()) continue;
      try {
        due[i] = await renew();
      } catch (error) {
        log.error({ error }, 'a certificate could not be renewed; trying again');
        due[i] = clock.now() + retryMs;
      }
    }
    const wait = Math.max(1000, Math.min(lookEveryMs, Math.min(...due) - clock.now()));
    await clock.sleep(wait, signal).catch(() => undefined); // aborted: the loop ends
  }
}
