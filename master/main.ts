// The master: the only place where its concrete classes are chosen. One process runs the API server over the store, the
// scheduler and the controllers.
import { mkdirSync, rmSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { APIService } from '../src/api/apiregistration/api-service.ts';
import { allResources } from '../src/api/index.ts';
import { Client } from '../src/client/client.ts';
import { realClock, timestamp } from '../src/util/clock.ts';
import type { Log } from '../src/util/log.ts';
import { Aggregator } from './apiserver/aggregation/aggregator.ts';
import { frontProxyHeaders } from './apiserver/aggregation/headers.ts';
import { ApiServer } from './apiserver/api-server.ts';
import { createAuthorizers } from './apiserver/authorization/index.ts';
import { drainHandler } from './apiserver/drain.ts';
import { certificateAuthenticator } from './apiserver/filters/authentication.ts';
import { HttpServer } from './apiserver/http-server.ts';
import { MemoryTransport } from './apiserver/memory-transport.ts';
import { nodeCertificateHandler } from './apiserver/node-certificate.ts';
import { openApiHandlers } from './apiserver/openapi.ts';
import { dialService } from './apiserver/proxy/dial.ts';
import { proxyConnection, proxyHandler } from './apiserver/proxy/proxy.ts';
import { resourceMetricsHandlers } from './apiserver/resource-metrics/handlers.ts';
import { NodeUsages } from './apiserver/resource-metrics/node-usage.ts';
import { logHandler, proxyUpgrade } from './apiserver/streams/kubelet-proxy.ts';
import { tokenAuthenticator } from './apiserver/tokens/authenticator.ts';
import { bootstrapTokenAuthenticator } from './apiserver/tokens/bootstrap-authenticator.ts';
import { TokenIssuer } from './apiserver/tokens/issuer.ts';
import { tokenRequestHandler } from './apiserver/tokens/token-request.ts';
import { refusedByRegistry } from './apiserver/removed-nodes.ts';
import { Tunnels } from './apiserver/tunnel.ts';
import { bootstrapClusterInfo, bootstrapDiscovery, bootstrapNamespaces, bootstrapPriorityClasses, bootstrapService, bootstrapServiceCIDR, bootstrapStorageClass, bootstrapTokenTracking, noteRemovedNode } from './bootstrap.ts';
import { runControlPlane } from './control-plane.ts';
import type { EvictionRates } from './controllers/nodelifecycle/zones.ts';
import { dashboard } from './dashboard/dashboard.ts';
import { describe, issuedAt, type KeyPair } from './pki/certificates.ts';
import { Pki } from './pki/files.ts';
import { openFrontProxy } from './pki/front-proxy.ts';
import { signingAuthority } from './pki/requests.ts';
import { keepRenewed, type Renewal } from './pki/renewal.ts';
import { serviceAccountKey } from './pki/service-account-key.ts';
import { bootstrapFlowControl } from './flowcontrol/bootstrap.ts';
import { bootstrapPolicy } from './rbac/bootstrap.ts';
import { Registry } from './registry/registry.ts';
import type { SchedulerConfiguration } from './scheduler/profiles/configuration.ts';
import { openEmbeddedStore } from './storage/embedded/embedded-store.ts';
import { compactRegularly } from './storage/compactor.ts';

export interface MasterOptions {
  readonly dataDir: string;
  readonly port: number;
  /** Address other hosts and Pods reach this master at. */
  readonly advertiseAddress: string;
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  /** UDP port between nodes that share no subnet. */
  readonly vxlanPort: number;
  readonly nodePorts: { readonly first: number; readonly last: number };
  /** Nodes to write `<dataDir>/node-<name>.kubeconfig` for. */
  readonly nodeNames: readonly string[];
  /** Absent: upstream's defaults. */
  readonly scheduler?: SchedulerConfiguration;
  readonly evictionRates?: EvictionRates;
  readonly log: Log;
  /** Called once this process alone has the data directory. */
  readonly onOwned?: () => void;
  /** Called once requests are answered. */
  readonly onReady?: () => void;
}

/** First host address of a range, and the tenth: the API's and the DNS's, as upstream's installers choose them. */
function addressInRange(cidr: string, index: number): string {
  const parts = cidr.split('/')[0]!.split('.').map(Number);
  const value = parts.reduce((n, part) => n * 256 + part, 0) + index;
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}

function localAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => list ?? []).filter((a) => a.family === 'IPv4').map((a) => a.address);
}

/** Runs until the signal aborts. @throws when the port or the data directory cannot be used */
export async function runMaster(options: MasterOptions, signal: AbortSignal): Promise<void> {
  const { dataDir, log, port, advertiseAddress } = options;
  const clock = realClock;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const store = await openEmbeddedStore(join(dataDir, 'store'), { log });
  options.onOwned?.();
  const stop = new AbortController();
  let http: HttpServer | undefined;
  try {
    const tunnels = new Tunnels({ clock, log });
    const registry: Registry = new Registry({
      store, resources: allResources, clock, log, ranges: { serviceCIDR: options.serviceCIDR, nodePorts: options.nodePorts },
      dialService: (service) => dialService(registry, tunnels, service),
    });
    await registry.start(stop.signal);
    const pki = await Pki.open(dataDir, clock);
    const serviceIP = addressInRange(options.serviceCIDR, 1);
    const servingPair = (): Promise<KeyPair> => pki.pair('apiserver', {
      commonName: 'kube-apiserver', usage: 'server',
      dnsNames: ['localhost', hostname(), 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'],
      ips: [...new Set(['127.0.0.1', advertiseAddress, serviceIP, ...localAddresses()])],
    });
    const serving = await servingPair();
    const tokens = new TokenIssuer(serviceAccountKey(pki.directory), clock);
    const serverAddress = (): string => `${advertiseAddress}:${port}`;
    const refused = refusedByRegistry(registry);
    const revoke = async (node: string): Promise<void> => {
      await noteRemovedNode(bootstrap, node, clock.now());
      pki.forgetNode(node);
      rmSync(join(dataDir, `node-${node}.kubeconfig`), { force: true });
      https.disconnect(`system:node:${node}`);
    };
    const frontProxy = await openFrontProxy(pki);
    const aggregator = new Aggregator({ registry, tunnels, clientPair: frontProxy.current, clock, log });
    let ready = false;
    const server = new ApiServer({
      registry, log, authenticators: [certificateAuthenticator((user, certificate) => refused(user, issuedAt(certificate))), tokenAuthenticator(tokens, registry, clock, log), bootstrapTokenAuthenticator(registry, clock, log)], authorizers: createAuthorizers(registry),
      paths: [...openApiHandlers(registry.served, aggregator), ...tokens.openIdPaths(serverAddress), drainHandler(tunnels, registry), nodeCertificateHandler({ issue: (node, publicKey) => pki.nodeCertificate(node, publicKey), revoke })],
      subresources: {
        '/pods/log': logHandler(tunnels), '/pods/proxy': proxyHandler(tunnels), '/services/proxy': proxyHandler(tunnels), '/nodes/proxy': proxyHandler(tunnels),
        ...resourceMetricsHandlers(new NodeUsages({ tunnels, clock, log })),
        '/serviceaccounts/token': tokenRequestHandler(tokens),
      },
      serverAddress, ready: () => ready, aggregator,
    });
    aggregator.start(stop.signal);
    const https = http = new HttpServer({
      server, clock, key: serving.key, cert: serving.cert, clientCa: pki.authority.cert, log, pages: dashboard(),
      async upgrade(request, raw, socket, head) {
        const admitted = await server.admit(request);
        const remote = aggregator.find(admitted.info);
        if (remote) await aggregator.passConnectionOn(admitted, remote, raw, socket, head);
        else if (admitted.info.path.startsWith('/dray/v1/')) tunnels.accept(admitted.info.path, admitted.user, socket, head);
        else if (admitted.info.subresource === 'proxy') await proxyConnection(registry, tunnels, admitted, raw, socket, head);
        else await proxyUpgrade(registry, tunnels, admitted, raw, socket, head);
      },
    });
    await http.listen(port);
    const local = `https://127.0.0.1:${port}`;
    const files: Renewal[] = [
      () => pki.writeAdmin(join(dataDir, 'admin.kubeconfig'), local),
      ...options.nodeNames.map((name) => () => pki.writeNode(join(dataDir, `node-${name}.kubeconfig`), local, name)),
    ];
    for (const write of files) await write();
    const renewServing: Renewal = async () => {
      const pair = await servingPair();
      https.setCertificate(pair);
      return describe(pair.cert).renewAt;
    };
    const transport = (user: ConstructorParameters<typeof MemoryTransport>[1]): MemoryTransport => new MemoryTransport(server, user);
    const bootstrap = new Client(transport({ name: 'system:apiserver', groups: ['system:masters'] }));
    await bootstrapNamespaces(bootstrap);
    await Promise.all([
      bootstrapPolicy(bootstrap),
      bootstrapPriorityClasses(bootstrap),
      bootstrapFlowControl(bootstrap),
      bootstrapStorageClass(bootstrap),
      bootstrapServiceCIDR(bootstrap, options.serviceCIDR, timestamp(clock.now())),
      bootstrapTokenTracking(bootstrap, timestamp(clock.now())),
      bootstrapService(bootstrap, { address: advertiseAddress, port, serviceIP }),
      bootstrapDiscovery(bootstrap, { server: `https://${serverAddress()}`, ca: pki.authority.cert }),
      bootstrapClusterInfo(bootstrap, { podCIDR: options.podCIDR, serviceCIDR: options.serviceCIDR, vxlanPort: options.vxlanPort, nodePortRange: `${options.nodePorts.first}-${options.nodePorts.last}` }),
    ]);
    const extensions = {
      resources: aggregator.resources, undiscovered: () => aggregator.undiscovered(), check: (apiService: APIService) => aggregator.check(apiService),
      trust: { clientCA: pki.authority.cert, requestHeaderCA: frontProxy.authority, allowedNames: frontProxy.allowedNames, headers: frontProxyHeaders },
    };
    const loops = runControlPlane({ transport, clock, log, resources: registry.served, extensions, clusterCIDR: options.podCIDR, rootCA: pki.authority.cert, authority: signingAuthority(pki.authority), tokens, ...(options.scheduler ? { scheduler: options.scheduler } : {}), ...(options.evictionRates ? { evictionRates: options.evictionRates } : {}) }, stop.signal);
    const compaction = compactRegularly(store, clock, log, stop.signal);
    const renewal = keepRenewed([renewServing, frontProxy.renew, ...files], clock, log, stop.signal);
    ready = true;
    log.info({ port, advertiseAddress, podCIDR: options.podCIDR, serviceCIDR: options.serviceCIDR }, 'the master is ready');
    options.onReady?.();
    await Promise.race([aborted(signal), loops]);
    ready = false;
    // While requests finish, what they need goes on.
    await http.close();
    stop.abort();
    await Promise.allSettled([loops, compaction, renewal]);
  } finally {
    stop.abort();
    // A start that failed half-way must not leave a process that listens and answers nothing.
    await http?.close();
    await store.close();
  }
}

const aborted = (signal: AbortSignal): Promise<void> => new Promise((resolve) => {
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
});
