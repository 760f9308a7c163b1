// This node's part of the cluster network: the Docker network of its Pods, the namespace of its Service addresses, the host's rules,
// and routes to the other nodes. Everything can be called again at any time: what stands stays, what is missing is made.
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import type { Commands } from '../../src/util/run.ts';
import { ensureAccepts, ensureNatTable } from './apply-firewall.ts';
import { applyVxlan, NoVxlan } from './apply-vxlan.ts';
import type { DockerNetworks } from './docker-networks.ts';
import { ensureEngineNetwork } from './engine-network.ts';
import { listWays } from './links.ts';
import { namespaceDirectory, networkNames, routeProtocol, type NetworkIdentity, type NetworkNames } from './names.ts';
import { choosePaths, type NodeRoute } from './paths.ts';
import { deleteNetworkRecord, readNetworkRecord, sameIdentity, writeNetworkRecord, type NetworkRecord } from './record.ts';
import { removeNodeNetwork } from './remove.ts';
import { applyRoutes, ensureHostRoutes } from './routes.ts';
import { ensureServiceNamespace, exists } from './service-namespace.ts';
import { readSysctl, writeSysctl } from './sysctl.ts';
import { vxlanOverhead } from './vxlan.ts';
import { losses } from './watch.ts';

export interface NodeNetworkOptions extends NetworkIdentity {
  /** Where the record of changes lives. */
  readonly dataDir: string;
  /** The node's address, and the MTU of the device that has it. */
  readonly internalIP: string;
  readonly mtu: number;
  /** UDP port of the cluster's VXLAN. */
  readonly vxlanPort: number;
  /** Node ports of the cluster, for the record. */
  readonly nodePortRange?: string;
  readonly docker: DockerNetworks;
  readonly commands: Commands;
  readonly clock: Clock;
  readonly log: Log;
  /** Told in words when Pods of other nodes cannot be reached, once for each cause. */
  readonly onUnreachable?: (message: string) => void;
}
/** What ensure() had to make or repair. After `service namespace`, whatever listened in the earlier one must start again. */
export type NetworkPart = 'ip_forward' | 'Docker network' | 'service namespace' | 'host routes' | 'nftables table' | 'accept rules' | 'node routes' | 'VXLAN';

export interface NodeNetwork {
  readonly names: NetworkNames;
  ensure(): Promise<NetworkPart[]>;
  /** Replaces the set of nodes; the names of those that cannot be reached. */
  setRoutes(nodes: readonly NodeRoute[]): Promise<readonly string[]>;
  /** Repairs until the signal aborts: at once when the kernel tells of a loss, and what it tells of no loss of on a slow timer. */
  keep(signal: AbortSignal, repaired: (parts: NetworkPart[]) => void): Promise<void>;
  remove(): Promise<void>;
}

/** What nobody tells of is looked at so often, the rest when this has passed ten times in silence: a look at all starts up to seventeen programs, one at the tunnel two. */
const lookMs = 30_000;
const looksBetweenWhole = 10;
const retryMs = 2_000;
/** A burst of losses (a flush) is one repair. */
const settleMs = 100;

export function createNodeNetwork(options: NodeNetworkOptions): NodeNetwork {
  const { commands, docker, dataDir, clock } = options;
  const { run } = commands;
  const identity: NetworkIdentity = { clusterId: options.clusterId, nodeName: options.nodeName, podCIDR: options.podCIDR, clusterPodCIDR: options.clusterPodCIDR, serviceCIDR: options.serviceCIDR };
  const names = networkNames(identity);
  const log = options.log.child({ network: names.network });
  let nodes: readonly NodeRoute[] | undefined;
  // Whether a node that needs the tunnel will come nobody knows, and a Pod has its MTU for life: all leave room for the tunnel's headers.
  const podMtu = options.mtu - vxlanOverhead;
  let unreachable: readonly string[] = [];
  /** Addresses of the nodes whose tunnels come here. */
  let far: readonly string[] = [];
  let fault = '';
  /** What nobody tells of when it goes. */
  const untold = { accepts: false, tunnel: false };
  let last: Promise<unknown> = Promise.resolve();
  /** One change of the host at a time. */
  const serially = <T>(action: () => Promise<T>): Promise<T> => {
    const next = last.then(action, action);
    last = next.catch(() => undefined); // told to who waits for this one
    return next;
  };

  async function record(): Promise<{ forwards: boolean }> {
    const earlier = await readNetworkRecord(dataDir);
    if (earlier && !sameIdentity(earlier, identity)) {
      log.info({ earlier: earlier.podCIDR, now: identity.podCIDR }, 'the node has another pod subnet than before, its network is made anew');
      await removeNodeNetwork(earlier, options);
    }
    const before = earlier && sameIdentity(earlier, identity) ? earlier : undefined;
    const forward = await readSysctl(run, 'net/ipv4/ip_forward');
    const next: NetworkRecord = {
      ...identity,
      // What somebody has set since this node began is not what it found.
      ...(before?.ipForwardBefore !== undefined ? { ipForwardBefore: before.ipForwardBefore } : before || forward === '1' ? {} : { ipForwardBefore: forward }),
      namespaceDirectoryMade: before?.namespaceDirectoryMade === true || !(await exists(namespaceDirectory)), vxlanPort: options.vxlanPort,
      ...(options.nodePortRange === undefined ? {} : { nodePortRange: options.nodePortRange }),
    };
    if (JSON.stringify(next) !== JSON.stringify(before)) await writeNetworkRecord(dataDir, next);
    return { forwards: forward === '1' };
  }

  async function routes(): Promise<NetworkPart[]> {
    if (!nodes) return [];
    const ways = await listWays(run, routeProtocol);
    const paths = choosePaths(identity, options.internalIP, nodes, ways.links);
    const before = far.join();
    far = paths.far.map(({ internalIP }) => internalIP).sort();
    const parts: NetworkPart[] = [];
    if (far.join() !== before) await accepts(parts);
    if (await applyRoutes(run, identity, names, paths, ways.routes)) parts.push('node routes');
    // What keeps the tunnel from standing keeps nothing else.
    const noVxlan = await applyVxlan(run, names, { port: options.vxlanPort, mtu: podMtu }, paths.far, ways).then((changed) => {
      if (changed) parts.push('VXLAN');
      return '';
    }, (error: unknown) => {
      if (error instanceof NoVxlan) return error.message;
      throw error;
    });
    untold.tunnel = paths.far.length > 0;
    const untunnelled = noVxlan === '' ? [] : paths.far.map(({ name }) => name);
    unreachable = [...paths.lost, ...untunnelled];
    const now = [
      ...(paths.lost.length ? [`no address of these nodes can be used: ${paths.lost.join(', ')}`] : []), ...(untunnelled.length ? [`${untunnelled.join(', ')} cannot be reached through VXLAN: ${noVxlan}`] : []),
    ].join('; ');
    if (now !== '' && now !== fault) {
      log.warn({ nodes: unreachable }, `the Pods of other nodes cannot be reached: ${now}`);
      options.onUnreachable?.(now);
    }
    fault = now;
    return parts;
  }

  async function accepts(parts: NetworkPart[]): Promise<void> {
    const { did, legacy } = await ensureAccepts(run, identity, names, { port: options.vxlanPort, from: far });
    untold.accepts = legacy;
    if (did === undefined) return;
    log.info({ did }, 'packets of the cluster are let pass');
    parts.push('accept rules');
  }

  async function ensure(): Promise<NetworkPart[]> {
    const parts: NetworkPart[] = [];
    const { forwards } = await record();
    const { made, mtu } = await ensureEngineNetwork(run, docker, identity, names, podMtu);
    if (made) parts.push('Docker network');
    if (!forwards) {
      await writeSysctl(run, 'net/ipv4/ip_forward', '1');
      parts.push('ip_forward');
    }
    if (await ensureNatTable(run, identity, names)) parts.push('nftables table');
    await accepts(parts);
    if (await ensureServiceNamespace(commands, identity, names, mtu)) parts.push('service namespace');
    if (await ensureHostRoutes(run, identity, names)) parts.push('host routes');
    parts.push(...(await routes()));
    if (parts.length > 0) log.info({ parts }, 'network made or repaired');
    return parts;
  }

  /** Repairs only what nobody tells of. */
  async function ensureUntold(): Promise<NetworkPart[]> {
    const parts: NetworkPart[] = [];
    if (untold.accepts) await accepts(parts);
    if (untold.tunnel) parts.push(...(await routes()));
    if (parts.length > 0) log.info({ parts }, 'network repaired');
    return parts;
  }

  return {
    names,
    ensure: () => serially(ensure),
    setRoutes: (next) => serially(async () => {
      nodes = next;
      await routes();
      return unreachable;
    }),
    async keep(signal, repaired) {
      const told = losses(commands, identity, names, clock, log, signal);
      let failed = false;
      let quiet = 0;
      while (!signal.aborted) {
        const lost = await told.next(failed ? retryMs : lookMs);
        if (signal.aborted) break;
        await clock.sleep(settleMs, signal).catch(() => undefined); // aborted: the loop ends
        if (signal.aborted) break;
        try {
          const missed = told.missed();
          const whole = lost || failed || missed || ++quiet >= looksBetweenWhole;
          if (whole) quiet = 0;
          const parts = await serially(whole ? ensure : ensureUntold);
          failed = false;
          if (parts.length > 0) repaired(parts);
        } catch (error) {
          failed = true;
          log.error({ error }, 'the network could not be repaired, trying again');
        }
      }
    },
    remove: () => serially(async () => {
      const written = await readNetworkRecord(dataDir);
      await removeNodeNetwork(written ?? identity, options);
      await deleteNetworkRecord(dataDir);
    }),
  };
}
