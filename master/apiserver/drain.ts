// `GET /dray/v1/proxy/applied?revision=N&timeoutMs=M`: answers once the proxies of all nodes have acted on rules of at least this
// revision, so that a kubelet may send the stop signal of a Pod nobody sends requests to any more.
import { Nodes, type Node } from '../../src/api/core/node.ts';
import * as errors from '../../src/apimachinery/status-error.ts';
import type { PathHandler } from './api-server.ts';
import type { Registry } from '../registry/registry.ts';
import { objectAnswer } from './request.ts';
import type { Tunnels } from './tunnel.ts';

const longestMs = 30_000;

/**
 * Nodes heard of until a moment ago: an agent that restarts is back in time, and its proxies carry traffic meanwhile. One that
 * stays away is Unknown after the node controller's grace period, and delays nobody from then on.
 */
function heardOf(registry: Registry): string[] {
  const nodes = [...registry.cache.list(registry.of(Nodes).prefix)].map((stored) => stored.object as unknown as Node);
  return nodes.filter(({ status }) => ['True', 'False'].includes(status?.conditions?.find((c) => c.type === 'Ready')?.status ?? '')).map((node) => node.metadata.name);
}

export function drainHandler(tunnels: Tunnels, registry: Registry): PathHandler {
  return {
    path: '/dray/v1/proxy/applied',
    async handle(request) {
      const revision = Number(request.query.get('revision'));
      const timeoutMs = Number(request.query.get('timeoutMs') ?? 2000);
      if (!Number.isSafeInteger(revision) || revision < 0 || !(timeoutMs >= 0)) throw errors.badRequest('revision and timeoutMs must be non-negative numbers');
      const timeout = AbortSignal.any([request.signal, AbortSignal.timeout(Math.floor(Math.min(timeoutMs, longestMs)))]);
      let applied = true;
      timeout.addEventListener('abort', () => { applied = false; }, { once: true });
      await tunnels.applied(revision, heardOf(registry), timeout);
      return objectAnswer({ kind: 'ProxyApplied', apiVersion: 'dray.io/v1', revision, applied });
    },
  };
}
