// Waits until the proxies of every node have acted on a revision: the master knows, because each agent tells it what is in force.
import type { Client } from '../../src/client/client.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Proxy } from '../proxy/proxy.ts';

const retryMs = 200;

export function appliedEverywhere(client: Client, proxy: Pick<Proxy, 'waitFor'>, clock: Clock): (revision: number, timeoutMs: number) => Promise<void> {
  /** What all have acted on stays acted on. */
  let known = 0;
  return async (revision, timeoutMs) => {
    if (revision <= known) return;
    const end = clock.monotonic() + timeoutMs;
    // This node's workers are asked directly: that holds while the master is away, too.
    await proxy.waitFor(revision, timeoutMs);
    for (;;) {
      const left = Math.floor(end - clock.monotonic());
      if (left <= 0) return;
      const asked = client.transport.request({ method: 'GET', path: '/dray/v1/proxy/applied', query: { revision: String(revision), timeoutMs: String(left) }, signal: AbortSignal.timeout(left + 100) });
      const answer = await asked.catch(() => undefined) as { applied: boolean } | undefined;
      if (answer?.applied) known = Math.max(known, revision);
      if (answer) return;
      // The master is away; the other nodes may not have heard from it either.
      await clock.sleep(Math.min(retryMs, left));
    }
  };
}
