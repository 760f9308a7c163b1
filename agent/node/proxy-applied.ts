// Waits until the proxies of every node have acted on a revision: the master knows, because each agent tells it what is in force.
import type { Client } from '../../src/client/client.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Proxy } from '../proxy/proxy.ts';

export function appliedEverywhere(client: Client, proxy: Pick<Proxy, 'waitFor'>, clock: Clock): (revision: number, timeoutMs: number) => Promise<void> {
  return async (revision, timeoutMs) => {
    const end = clock.monotonic() + timeoutMs;
    // This node's workers are asked directly: that holds while the master is away, too.
    await proxy.waitFor(revision, timeoutMs);
    const left = Math.floor(Math.max(0, end - clock.monotonic()));
    if (left === 0) return;
    await client.transport.request({ method: 'GET', path: '/dray/v1/proxy/applied', query: { revision: String(revision), timeoutMs: String(left) }, signal: AbortSignal.timeout(left + 100) })
      // A master that cannot be asked changes no other node's endpoints either.
      .catch(() => undefined);
  };
}
