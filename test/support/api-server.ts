// An API server in this process without sockets or disk: the real registry, filters and handlers over the memory store.
import { allResources } from '../../src/api/index.ts';
import { Client } from '../../src/client/client.ts';
import { InformerFactory } from '../../src/client/informer.ts';
import { realClock, type Clock } from '../../src/util/clock.ts';
import { silentLog, type Log } from '../../src/util/log.ts';
import { ApiServer } from '../../master/apiserver/api-server.ts';
import { createAuthorizers } from '../../master/apiserver/authorization/index.ts';
import type { TokenIssuer } from '../../master/apiserver/tokens/issuer.ts';
import { MemoryTransport } from '../../master/apiserver/memory-transport.ts';
import { bootstrapNamespaces, bootstrapPriorityClasses } from '../../master/bootstrap.ts';
import { bootstrapPolicy } from '../../master/rbac/bootstrap.ts';
import { Registry } from '../../master/registry/registry.ts';
import { MemoryStore } from '../../master/storage/memory-store.ts';
import type { Store } from '../../master/storage/store.ts';

import { testTokens } from './tokens.ts';

export interface TestApi {
  readonly server: ApiServer;
  readonly registry: Registry;
  readonly tokens: TokenIssuer;
  /** Cluster admin. */
  readonly client: Client;
  /** A client of any user. */
  as(name: string, ...groups: string[]): Client;
  informers(): InformerFactory;
  readonly signal: AbortSignal;
  stop(): Promise<void>;
}

/** `policy`: with the default roles and bindings, which only matter to callers who are no administrators. `watcherLimit`: of events that wait for a reader. */
export async function startTestApi(options: { clock?: Clock; store?: Store; log?: Log; policy?: boolean; watcherLimit?: number } = {}): Promise<TestApi> {
  const clock = options.clock ?? realClock;
  const stop = new AbortController();
  const store = options.store ?? new MemoryStore();
  const registry = new Registry({ store, resources: allResources, clock, log: silentLog, ranges: { serviceCIDR: '10.43.0.0/16', nodePorts: { first: 30000, last: 32767 } }, ...(options.watcherLimit ? { watcherLimit: options.watcherLimit } : {}) });
  await registry.start(stop.signal);
  const { tokens, ...auth } = testTokens(registry, clock);
  const server = new ApiServer({
    registry, log: options.log ?? silentLog, ...auth, authorizers: createAuthorizers(registry),
    serverAddress: () => '127.0.0.1:6443', ready: () => true,
  });
  const as = (name: string, ...groups: string[]): Client => new Client(new MemoryTransport(server, { name, groups: [...groups, 'system:authenticated'] }));
  const client = as('kubernetes-admin', 'system:masters');
  await bootstrapNamespaces(client);
  await bootstrapPriorityClasses(client);
  if (options.policy) await bootstrapPolicy(client);
  return {
    server, registry, tokens, client, as, signal: stop.signal,
    informers: () => new InformerFactory(client, { clock, log: silentLog }),
    async stop() {
      stop.abort();
      await store.close();
    },
  };
}
