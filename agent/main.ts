// The agent of one Docker host: the only place on this side where concrete classes are chosen. Proves that it is on the engine's
// host, registers the node, makes its network, and runs the kubelet and the Service traffic until the signal aborts. What runs on
// the host goes on when it ends.
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigMaps, type ConfigMap } from '../src/api/core/config-map.ts';
import type { NodeTaint } from '../src/api/core/node-flags.ts';
import { Events } from '../src/api/core/event.ts';
import { Namespaces, type Namespace } from '../src/api/core/namespace.ts';
import { Nodes, type Node } from '../src/api/core/node.ts';
import { Services, type Service } from '../src/api/core/service.ts';
import { EndpointSlices, type EndpointSlice } from '../src/api/discovery/endpoint-slice.ts';
import { volumesDirectory } from '../src/api/storage/local-path.ts';
import type { Quantities } from '../src/apimachinery/resource-list.ts';
import { Client } from '../src/client/client.ts';
import { EventRecorder } from '../src/client/event-recorder.ts';
import { HttpTransport } from '../src/client/http-transport.ts';
import { InformerFactory, type Informer } from '../src/client/informer.ts';
import type { ClusterAccess } from '../src/client/kubeconfig.ts';
import { maxHeaderBytes } from '../src/streams/upgrade.ts';
import { realClock } from '../src/util/clock.ts';
import { noteInstalledPackages } from '../src/util/installed-packages.ts';
import type { Log } from '../src/util/log.ts';
import { commands as programs } from '../src/util/run.ts';
import { sharedFollow } from '../src/util/shared-follow.ts';
import { DeviceManager } from './kubelet/devices/device-manager.ts';
import { createDrain } from './kubelet/drain.ts';
import { hostSignals, visibleDirectory } from './kubelet/eviction/signals.ts';
import { reserved, type EvictionConfig } from './kubelet/eviction/thresholds.ts';
import type { ImageGCPolicy } from './kubelet/image-gc.ts';
import { openPodGroups } from './kubelet/control-groups/index.ts';
import { credentialFiles, nodeCredentials } from './kubelet/node-credentials.ts';
import { Kubelet } from './kubelet/kubelet.ts';
import { readShutdownState, type ShutdownPeriod } from './kubelet/node-shutdown.ts';
import { kubeletConfiguration } from './node/kubelet-configuration.ts';
import type { PodRuntimeStatus } from './kubelet/runtime-status.ts';
import { unsafeOf, type AllowedSysctls } from './kubelet/sysctls.ts';
import { outsideResolvers, reachableResolvConf } from './kubelet/pod-network-files.ts';
import { logDirectories, LogLinks } from './kubelet/log-links.ts';
import { createPages } from './kubelet/server/pages.ts';
import { createKubeletServer } from './kubelet/server/server.ts';
import { createStreamingHandler } from './kubelet/server/streaming.ts';
import { StatsProvider } from './kubelet/stats/stats-provider.ts';
import { UsageReader } from './kubelet/stats/usage.ts';
import { reclaimVolumes } from './kubelet/volume-reclaimer.ts';
import { hostMounter } from './kubelet/volumes/mounts.ts';
import { PodAddresses } from './network/ipam.ts';
import { listLinks } from './network/links.ts';
import { nodeAddress } from './network/node-address.ts';
import { createNodeNetwork } from './network/node-network.ts';
import { linkAddresses, linksAnnotation, type NodeRoute } from './network/paths.ts';
import { allocatable, capacity, readHost, reserveOf } from './node/capacity.ts';
import { clusterInfo } from './node/cluster-info.ts';
import { NodeCredentials } from './node/credentials.ts';
import { dnsConfigKey } from './node/dns-config.ts';
import { lockDataDirectory } from './node/lock.ts';
import { NodeManager } from './node/node-manager.ts';
import { prove } from './node/prove.ts';
import { appliedEverywhere } from './node/proxy-applied.ts';
import { followResolverFiles, readResolverFiles } from './node/host-resolvers.ts';
import { nodeEligible, ServiceHealth } from './node/service-health.ts';
import { healthErrorEvents, listenErrorEvents, ServiceTraffic } from './node/service-traffic.ts';
import { runTunnel } from './node/tunnel.ts';
import type { ProxyMode } from './proxy/build-rules.ts';
import { kernelRules } from './proxy/nftables/index.ts';
import { programVersion } from './proxy/program-version.ts';
import { Proxy } from './proxy/proxy.ts';
import { workerProgram } from './proxy/worker-link.ts';
import { createDockerNetworks } from './runtime/docker/networks.ts';
import { createDockerRuntime } from './runtime/docker/docker-runtime.ts';
import { connect } from './runtime/docker/dockerode.ts';
import { PAUSE_IMAGE } from './runtime/docker/pause.ts';
import { findEngine } from './runtime/engine/index.ts';
import type { LogLimits } from './runtime/runtime.ts';

export interface AgentOptions {
  readonly access: ClusterAccess;
  /** The file `access` was read from; the agent keeps its renewed certificate there. */
  readonly kubeconfig: string;
  readonly nodeName: string;
  readonly dataDir: string;
  readonly dockerHost?: string;
  readonly proxyMode: ProxyMode;
  /** Directory of the manifests of Pods this node has by itself. */
  readonly podManifestPath?: string;
  /** Where device plugins register. */
  readonly devicePluginsDir: string;
  /** Longest wait in ms for the proxies before a Pod is told to stop. */
  readonly drainWaitMs: number;
  readonly eviction: EvictionConfig;
  /** What is kept from Pods, for the system and for the agent. */
  readonly reserved: readonly [system: Quantities, agent: Quantities];
  /** What the node is registered with. */
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly NodeTaint[];
  readonly imageGC: ImageGCPolicy;
  /** Images that are pulled at once. */
  readonly parallelPulls: number;
  readonly sysctls: AllowedSysctls;
  readonly logLimits: LogLimits;
  readonly shutdown: readonly ShutdownPeriod[];
  /** Aborted when the machine goes down: Pods are to be ended. */
  readonly goingDown: AbortSignal;
  readonly log: Log;
  /** Called once this process alone has the data directory. */
  readonly onOwned?: () => void;
  /** Called once the node is Ready. */
  readonly onReady?: () => void;
}

/** The host's resolvers; the second file has those of systemd-resolved, where the first says only that it is there. */
const resolverFiles = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'];

/** What the node reports as its kubelet's version. */
const version = 'v1.33.0+dray';

/** @throws EngineNotFound, NotShared, DataDirectoryInUse when this host cannot be an agent's */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { access, nodeName, dataDir, log } = options;
  const clock = realClock;
  // What the kernel tells of packet rules concerns two.
  const commands = { run: programs.run, follow: sharedFollow(programs.follow) };
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const release = await lockDataDirectory(dataDir);
  options.onOwned?.();
  const { host } = await findEngine({ ...(options.dockerHost ? { dockerHost: options.dockerHost } : {}), env: process.env });
  // The same on every host that trusts this cluster, as the command line computes it.
  const clusterId = createHash('sha256').update(access.ca).digest('hex').slice(0, 6);
  const runtime = await createDockerRuntime({ host, clusterLabel: clusterId, logs: options.logLimits, clock, log });
  const credentials = new NodeCredentials({ access, kubeconfig: options.kubeconfig, nodeName, clock, log, onChange: () => transport.renew() });
  const transport = new HttpTransport({ access: () => credentials.current, userAgent: `dray-agent/${version}` });
  const client = new Client(transport);
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  try {
    const [info, address, links, engineGroup] = await Promise.all([runtime.info(), nodeAddress(commands.run, new URL(access.server).hostname), listLinks(commands.run), prove(runtime, { dataDir, mounter: hostMounter, image: PAUSE_IMAGE })]);
    const recorder = new EventRecorder(client, Events, { component: 'kubelet', host: nodeName }, { clock, log });
    const facts = await readHost(info);
    const { thresholds } = options.eviction;
    // Pods share what is left; that evictions begin a little before it is none of their groups' business.
    const forSystem = reserveOf(facts, options.reserved, { memoryBytes: 0, diskBytes: 0 });
    const reserve = reserveOf(facts, options.reserved, { memoryBytes: reserved(thresholds, 'memory.available', facts.memoryBytes), diskBytes: reserved(thresholds, 'nodefs.available', facts.diskBytes) });
    const devices = new DeviceManager({ directory: options.devicePluginsDir, dataDir, clock, log, onChange: () => void manager.report() });
    let kubelet: Kubelet | undefined;
    const manager: NodeManager = new NodeManager({
      client, runtime, info, clock, log, recorder, nodeName, internalIP: address.internalIP, kubeletVersion: version,
      annotations: { [volumesDirectory]: join(dataDir, 'volumes'), [linksAnnotation]: linkAddresses(links).join(',') }, labels: options.labels, taints: options.taints, reserve, devices: () => devices.counts, health: () => ({ problems: kubelet?.problems ?? [], pressure: kubelet?.pressure ?? new Set() }),
    });
    // It listens to nothing: the tunnel brings its connections. A log may be followed for days.
    let handlers: ReturnType<typeof createKubeletServer> | undefined;
    const server = createServer({ requestTimeout: 0, maxHeaderSize: maxHeaderBytes }, (request, response) => {
      if (handlers) handlers.request(request, response);
      else response.writeHead(503, { 'content-type': 'text/plain' }).end('the agent is starting');
    }).on('upgrade', (request, socket, head) => {
      if (handlers) handlers.upgrade(request, socket, head);
      else socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    });
    const tunnel = runTunnel({ access: () => credentials.current, nodeName, server, clock, log, signal: stopped });
    // Two agents of one name would fight over the node's Pods: nothing is touched before the master has taken this one in.
    await abortable(tunnel.admitted, stopped);
    const cluster = await clusterInfo(client, clock, log, stopped);
    await manager.register(stopped);

    const informers = new InformerFactory(client, { clock, log });
    const nodes = informers.informer<Node>(Nodes);
    const services = informers.informer<Service>(Services);
    const slices = informers.informer<EndpointSlice>(EndpointSlices);
    const namespaces = informers.informer<Namespace>(Namespaces);
    reclaimVolumes({ client, informers, nodeName, directory: join(dataDir, 'volumes'), clock, log }, stopped);
    nodes.addHandler({ added: (node) => manager.observe(node), updated: (node) => manager.observe(node) });
    informers.start(stopped);

    const podCIDR = await podRange(nodes, nodeName, stopped);
    const network = createNodeNetwork({
      clusterId, nodeName, podCIDR, clusterPodCIDR: cluster.podCIDR, serviceCIDR: cluster.serviceCIDR, dataDir, internalIP: address.internalIP, mtu: address.mtu, vxlanPort: cluster.vxlanPort, nodePortRange: cluster.nodePortRange, docker: createDockerNetworks(await connect(host)), commands, clock, log,
      onUnreachable: (message) => recorder.warning(manager.reference, 'PodsUnreachable', `Pods of other nodes cannot be reached from here: ${message}`),
    });
    const repaired = await network.ensure();
    followNodes(nodes, (list) => void network.setRoutes(list).catch((error: unknown) => log.warn({ error }, 'the routes to other nodes could not be set; the next repair tries again')));

    const kernel = await kernelRules(options.proxyMode, {
      table: network.names.servicesTable, bridge: network.names.bridge, podCIDR, clusterPodCIDR: cluster.podCIDR, serviceAddress: network.names.serviceAddress, commands, clock, log,
    }, (packages) => noteInstalledPackages(dataDir, packages));
    const proxy = new Proxy({
      dataDir, clock, log, ...(kernel ? { kernel } : {}), version: programVersion(workerProgram), onErrors: listenErrorEvents(services, recorder, nodeName), onApplied: (revision) => tunnel.applied(revision),
      launch: { service: ['nsenter', `--net=${network.names.namespacePath}`, '--'], node: [] },
    });
    await proxy.start();
    // A worker that was adopted may live in a namespace that is gone.
    if (repaired.includes('service namespace')) proxy.restartService();
    const resolvers = await readResolverFiles(resolverFiles);
    const health = new ServiceHealth({ clock, behindSince: () => proxy.behindSince, eligible: () => nodeEligible(nodes.get(nodeName)), onError: healthErrorEvents(services, nodes, recorder, nodeName) });
    const traffic = new ServiceTraffic({
      services, slices, namespaces, nodes, dnsConfigs: informers.informer<ConfigMap>(ConfigMaps, { namespace: dnsConfigKey.namespace, fieldSelector: `metadata.name=${dnsConfigKey.name}` }),
      proxy, health, nodeName, mode: options.proxyMode, kernel: kernel !== undefined, recorder, clock, log,
      dns: { addresses: [cluster.clusterDNS], domain: cluster.clusterDomain, upstreams: outsideResolvers(resolvers) },
    });

    await followResolverFiles(resolverFiles, { log, signal: stopped, changed: (files) => traffic.resolveThrough(outsideResolvers(files)) });

    const groups = await openPodGroups({ info, reservedMilliCpus: forSystem.milliCpus, memoryLimitInBytes: forSystem.memoryBytes === 0 ? -1 : facts.memoryBytes - forSystem.memoryBytes, engineGroup, clusterId, nodeName, dataDir, run: commands.run, log });
    const running = kubelet = new Kubelet({
      client, runtime, clock, log, recorder, nodeName, dataDir, hostIPs: [address.internalIP], hostFiles: { hosts: '/etc/hosts', resolvConf: reachableResolvConf(resolvers).path }, network: network.names.network,
      addresses: new PodAddresses(podCIDR, clock, Math.random()), clusterDomain: cluster.clusterDomain, clusterDNS: [cluster.clusterDNS], services: () => services.list(),
      allocatable: allocatable(facts, reserve) as never, memoryCapacity: facts.memoryBytes, node: () => nodes.get(nodeName), sysctls: options.sysctls, appArmor: facts.appArmor, starts: Math.max(2, info.cpus * 2), mounter: hostMounter, ...(groups ? { groups } : {}), devices, logLinks: new LogLinks(logDirectories, log),
      ...(options.podManifestPath === undefined ? {} : { podManifestPath: options.podManifestPath }),
      drained: createDrain({ slices, clock, waitMs: options.drainWaitMs, applied: appliedEverywhere(client, proxy, clock) }),
      imageGC: options.imageGC, parallelPulls: options.parallelPulls, nodeCredentials: () => nodeCredentials(credentialFiles(dataDir, homedir()), log), shutdown: options.shutdown, report: () => manager.report(),
      eviction: { config: options.eviction, signals: hostSignals({ nodefs: dataDir, imagefs: visibleDirectory(info.rootDirectory) }), onPressure: () => void manager.report() },
      onRuntime: (error) => manager.problem('runtime', error ? 'container runtime is down' : undefined),
    });
    const pods = (): ReturnType<Kubelet['pods']> => running.pods();
    const status = (uid: string): PodRuntimeStatus => running.cache.get(uid);
    const usage = new UsageReader({
      clock, dataDir, engineRoot: visibleDirectory(info.rootDirectory), source: { pods, status, volumes: (uid) => running.volumes(uid) },
      imageBytes: async () => (await runtime.listImages()).reduce((sum, image) => sum + image.size, 0),
    });
    handlers = createKubeletServer({
      runtime, clock, log, streaming: createStreamingHandler({ runtime, clock, log }),
      pages: createPages({
        nodeName, version, cores: info.cpus, pods, status, probes: () => running.probeCounts(), shutdown: () => readShutdownState(dataDir), stats: new StatsProvider(usage, clock),
        configuration: kubeletConfiguration({ info, podGroups: groups !== undefined, clusterDNS: cluster.clusterDNS, clusterDomain: cluster.clusterDomain, maxPods: Number(capacity(facts)['pods']), logs: options.logLimits, parallelPulls: options.parallelPulls, unsafeSysctls: unsafeOf(options.sysctls), shutdown: options.shutdown, reserved: options.reserved, taints: options.taints }),
      }),
      lookup: { podNamed: (namespace, name) => running.podNamed(namespace, name), status },
    });

    // A container's environment names the Services: they must have been read once.
    await services.waitFor(0, stopped);
    manager.problem('network', undefined);
    const loops = [
      running.run(stopped), devices.run(stopped), traffic.run(stopped), manager.run(stopped), tunnel.finished, credentials.keepRenewed(client, stopped),
      network.keep(stopped, (parts) => {
        if (parts.includes('service namespace')) proxy.restartService();
        if (parts.includes('Docker network')) kernel?.resync();
      }),
      ...(kernel ? [kernel.keep(stopped)] : []),
    ];
    const goDown = (): void => { running.shutDown().catch((error: unknown) => log.warn({ error }, 'the Pods could not all be ended before the machine goes down')); };
    if (options.goingDown.aborted) goDown();
    else options.goingDown.addEventListener('abort', goDown, { once: true });
    await manager.report();
    log.info({ nodeName, podCIDR, engine: info.version, address: address.internalIP }, 'the agent is ready');
    options.onReady?.();
    await Promise.race([new Promise<void>((resolve) => stopped.addEventListener('abort', () => resolve(), { once: true })), ...loops.map((loop) => loop.then(() => new Promise<never>(() => undefined)))]);
    stop.abort(new Error('the agent stops'));
    await Promise.allSettled(loops);
    await health.close();
    proxy.close();
  } finally {
    stop.abort(new Error('the agent stops'));
    await transport.close();
    await runtime.close();
    release();
  }
}

const abortable = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> => new Promise((resolve, reject) => {
  if (signal.aborted) reject(signal.reason as Error);
  signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  promise.then(resolve, reject);
});

/** The node's pod range, as soon as the master has given it one. */
function podRange(nodes: Informer<Node>, nodeName: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = (node: Node): void => { if (node.metadata.name === nodeName && node.spec.podCIDR) resolve(node.spec.podCIDR); };
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    nodes.addHandler({ added: look, updated: look });
  });
}

/** Calls with every node that can be routed to, whenever one comes, changes or goes. */
function followNodes(nodes: Informer<Node>, set: (routes: NodeRoute[]) => void): void {
  let last = '';
  const changed = (): void => {
    const list = nodes.list().flatMap((n) => {
      const internalIP = n.status?.addresses?.find((a) => a.type === 'InternalIP')?.address;
      const links = n.metadata.annotations?.[linksAnnotation]?.split(',');
      return internalIP && n.spec.podCIDR ? [{ name: n.metadata.name, internalIP, podCIDR: n.spec.podCIDR, ...(links ? { links } : {}) }] : [];
    });
    const text = JSON.stringify(list);
    if (text === last) return;
    last = text;
    set(list);
  };
  nodes.addHandler({ added: changed, updated: changed, deleted: changed });
}
