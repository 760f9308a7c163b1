// An API server on a loopback port with certificates of its own: the real HTTP server, registry and filters over the memory store.
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { allResources } from '../../src/api/index.ts';
import { HttpTransport } from '../../src/client/http-transport.ts';
import type { AccessSource, ClusterAccess } from '../../src/client/kubeconfig.ts';
import { realClock, type Clock } from '../../src/util/clock.ts';
import { silentLog, type Log } from '../../src/util/log.ts';
import { ApiServer, type PathHandler } from '../../master/apiserver/api-server.ts';
import { createAuthorizers } from '../../master/apiserver/authorization/index.ts';
import type { FlowLimits } from '../../master/apiserver/flow-control/flow-control.ts';
import { HttpServer, type Pages } from '../../master/apiserver/http-server.ts';
import { openApiHandlers } from '../../master/apiserver/openapi.ts';
import type { TokenIssuer } from '../../master/apiserver/tokens/issuer.ts';
import { MemoryTransport } from '../../master/apiserver/memory-transport.ts';
import { runControlPlane } from '../../master/control-plane.ts';
import { bootstrapDiscovery, bootstrapNamespaces } from '../../master/bootstrap.ts';
import { createAuthority, issue, type KeyPair } from '../../master/pki/certificates.ts';
import { signingAuthority } from '../../master/pki/requests.ts';
import { bootstrapPolicy } from '../../master/rbac/bootstrap.ts';
import { Registry } from '../../master/registry/registry.ts';
import { MemoryStore } from '../../master/storage/memory-store.ts';
import { Client } from '../../src/client/client.ts';
import { testTokens } from './tokens.ts';

export interface HttpsApi {
  readonly registry: Registry;
  readonly tokens: TokenIssuer;
  readonly http: HttpServer;
  readonly authority: KeyPair;
  readonly admin: ClusterAccess;
  /** Access with a certificate for any user; of another authority when `foreign`. */
  access(user: string, groups: readonly string[], foreign?: boolean): Promise<ClusterAccess>;
  transport(access: AccessSource): HttpTransport;
  memory(user: string, ...groups: string[]): MemoryTransport;
  http2(access: ClusterAccess): Promise<ClientHttp2Session>;
  /** A TLS connection that speaks `protocol`. */
  tls(access: ClusterAccess, protocol: 'h2' | 'http/1.1'): Promise<TLSSocket>;
  /** Ends the HTTP server alone. */
  close(graceMs?: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startHttpsApi(options: { watcherLimit?: number; stalledMs?: number; compacted?: number; log?: Log; limits?: FlowLimits; paths?: readonly PathHandler[]; clock?: Clock; policy?: boolean; pathsOf?: (authority: KeyPair) => readonly PathHandler[]; openApi?: boolean; controllers?: boolean; pages?: Pages } = {}): Promise<HttpsApi> {
  const stop = new AbortController();
  const store = new MemoryStore();
  // History nobody can watch any more.
  for (let i = 0; i < (options.compacted ?? 0); i++) await store.create(`/registry/core/configmaps/past/${i}`, Buffer.from(`{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"${i}","namespace":"past"}}`));
  if (options.compacted) await store.compact(options.compacted);
  const registry = new Registry({ store, resources: allResources, clock: realClock, log: silentLog, ranges: { serviceCIDR: '10.43.0.0/16', nodePorts: { first: 30000, last: 32767 } }, ...(options.watcherLimit === undefined ? {} : { watcherLimit: options.watcherLimit }) });
  await registry.start(stop.signal);
  const { tokens, ...auth } = testTokens(registry, realClock);
  const [authority, other] = [await createAuthority('test-ca'), await createAuthority('other-ca')];
  const server = new ApiServer({
    registry, log: silentLog, ...auth, authorizers: createAuthorizers(registry),
    paths: [...auth.paths, ...(options.openApi ? openApiHandlers(registry.served) : []), ...(options.paths ?? []), ...(options.pathsOf?.(authority) ?? [])], serverAddress: () => '127.0.0.1:6443', ready: () => true,
    ...(options.limits ? { limits: options.limits } : {}),
  });
  const serving = await issue(authority, { commonName: 'kube-apiserver', usage: 'server', ips: ['127.0.0.1'] });
  const http = new HttpServer({
    server, key: serving.key, cert: serving.cert, clientCa: authority.cert, log: options.log ?? silentLog, upgrade: () => Promise.resolve(), clock: options.clock ?? realClock,
    ...(options.pages ? { pages: options.pages } : {}), ...(options.stalledMs === undefined ? {} : { stalledMs: options.stalledMs }),
  });
  const port = await http.listen(0, '127.0.0.1');
  const memory = (user: string, ...groups: string[]): MemoryTransport => new MemoryTransport(server, { name: user, groups: [...groups, 'system:authenticated'] });
  const administrator = new Client(memory('kubernetes-admin', 'system:masters'));
  await bootstrapNamespaces(administrator);
  // Controllers act as who they are, and may do what the default roles say.
  if (options.policy || options.controllers) await bootstrapPolicy(administrator);
  if (options.controllers) await bootstrapDiscovery(administrator, { server: `https://127.0.0.1:${port}`, ca: authority.cert });
  const loops = options.controllers ? runControlPlane({ transport: (user) => new MemoryTransport(server, user), clock: realClock, log: options.log ?? silentLog, resources: registry.served, rootCA: authority.cert, authority: signingAuthority(authority), tokens }, stop.signal) : undefined;
  const access = async (user: string, groups: readonly string[], foreign = false): Promise<ClusterAccess> =>
    ({ server: `https://127.0.0.1:${port}`, ca: authority.cert, ...(await issue(foreign ? other : authority, { commonName: user, organizations: [...groups], usage: 'client' })) });
  const opened: { close?(): unknown; destroy?(): unknown }[] = [];
  return {
    registry, tokens, access, memory, http, authority, admin: await access('kubernetes-admin', ['system:masters']),
    transport(of) {
      const transport = new HttpTransport({ access: of, userAgent: 'test' });
      opened.push(transport);
      return transport;
    },
    http2(of) {
      const session = connectHttp2(of.server, { ca: of.ca, cert: of.cert, key: of.key });
      opened.push({ destroy: () => session.destroy() });
      session.on('error', () => undefined);
      return new Promise((resolve, reject) => { session.once('connect', () => resolve(session)); session.once('error', reject); });
    },
    tls(of, protocol) {
      const socket = connectTls({ host: '127.0.0.1', port, ca: of.ca, cert: of.cert, key: of.key, ALPNProtocols: [protocol] });
      opened.push({ destroy: () => socket.destroy() });
      socket.on('error', () => undefined);
      return new Promise((resolve, reject) => { socket.once('secureConnect', () => resolve(socket)); socket.once('error', reject); });
    },
    close: (graceMs) => http.close(graceMs),
    async stop() {
      for (const one of opened) await (one.destroy ?? one.close)?.call(one);
      stop.abort();
      await http.close();
      await loops;
      await store.close();
    },
  };
}
