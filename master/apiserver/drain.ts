// `GET /dray/v1/proxy/applied?revision=N&timeoutMs=M`: answers once the proxies of all connected agents have acted on rules of
// at least this revision, so that a kubelet may send the stop signal of a Pod nobody sends requests to any more.
import * as errors from '../../src/apimachinery/status-error.ts';
import type { PathHandler } from './api-server.ts';
import { objectAnswer } from './request.ts';
import type { Tunnels } from './tunnel.ts';

const longestMs = 30_000;

export function drainHandler(tunnels: Tunnels): PathHandler {
  return {
    path: '/dray/v1/proxy/applied',
    async handle(request) {
      const revision = Number(request.query.get('revision'));
      const timeoutMs = Number(request.query.get('timeoutMs') ?? 2000);
      if (!Number.isSafeInteger(revision) || revision < 0 || !(timeoutMs >= 0)) throw errors.badRequest('revision and timeoutMs must be non-negative numbers');
      const timeout = AbortSignal.any([request.signal, AbortSignal.timeout(Math.min(timeoutMs, longestMs))]);
      let applied = true;
      timeout.addEventListener('abort', () => { applied = false; }, { once: true });
      await tunnels.applied(revision, timeout);
      return objectAnswer({ kind: 'ProxyApplied', apiVersion: 'dray.io/v1', revision, applied });
    },
  };
}
