// What a new cluster's ranges must stay clear of: this host's routes, resolvers and open connections, Docker's networks, other clusters,
// those of other kinds included.
import { readFile } from 'node:fs/promises';
import { containsAddress, formatIPv4, mustParseCIDR, parseCIDR, parseIPv4, type CIDR } from '../util/cidr.ts';
import { CommandError, run, type Run } from '../util/run.ts';
import { defaultNodePortRange, type ClusterRanges, type RangeFacts, type TakenRange } from './ranges.ts';

export interface DockerNetworkSubnets { readonly name: string; readonly subnets: readonly string[] }
export interface OtherCluster { readonly dataDir: string; readonly ranges: ClusterRanges }

const notRemote = ['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3'].map(mustParseCIDR);
const counts = (range: CIDR): boolean => !notRemote.some((n) => containsAddress(n, range.base));

/** From `ip -4 -j route show table all`. */
export function takenByRoutes(json: string): TakenRange[] {
  const routes = JSON.parse(json.trim() || '[]') as { dst?: string; dev?: string; type?: string }[];
  return routes.flatMap((route): TakenRange[] => {
    const range = route.dst === undefined ? undefined : parseCIDR(route.dst);
    return range && counts(range) ? [{ range, kind: 'route', what: `the route to ${route.dst}${route.dev ? ` on ${route.dev}` : ''}` }] : [];
  });
}

/** From resolv.conf; IPv6 name servers take no IPv4 range. */
export function takenByResolvers(text: string): TakenRange[] {
  return text.split('\n').flatMap((line): TakenRange[] => {
    const server = /^\s*nameserver\s+(\S+)/.exec(line)?.[1];
    const address = server === undefined ? undefined : parseIPv4(server);
    const range = address === undefined ? undefined : { base: address, prefix: 32 };
    return range && counts(range) ? [{ range, kind: 'resolver', what: `the resolver ${server}` }] : [];
  });
}

/** The kernel prints an address as 32-bit words in its own byte order, which is little endian wherever Docker runs. */
function addressOfProc(hex: string): number | undefined {
  const word = hex.length === 8 ? hex : /^0000000000000000(?:FFFF0000|00000000)([0-9A-F]{8})$/.exec(hex)?.[1];
  return word === undefined ? undefined : Buffer.from(word, 'hex').readUInt32LE();
}

/** From /proc/net/tcp and /proc/net/tcp6 (IPv4 peers of dual-stack sockets are mapped addresses there). */
export function takenByConnections(text: string): TakenRange[] {
  const seen = new Set<number>();
  for (const line of text.split('\n')) {
    const match = /^\s*\d+: ([0-9A-F]+):[0-9A-F]{4} ([0-9A-F]+):[0-9A-F]{4} /.exec(line);
    for (const hex of [match?.[1], match?.[2]]) {
      const address = hex === undefined ? undefined : addressOfProc(hex);
      if (address !== undefined && counts({ base: address, prefix: 32 })) seen.add(address);
    }
  }
  return [...seen].map((base) => ({ range: { base, prefix: 32 }, kind: 'connection', what: `an open connection of ${formatIPv4(base)}` }));
}

/** Ports of /proc/net/udp and udp6; those of the kernel's own tunnels are among them. */
export const udpPorts = (text: string): number[] => [...new Set([...text.matchAll(/^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) /gm)].map(([, hex]) => parseInt(hex!, 16)))].sort((a, b) => a - b);
export const readUdpPorts = async (): Promise<number[]> => udpPorts((await Promise.all(['/proc/net/udp', '/proc/net/udp6'].map(readOptional))).join('\n'));

const takenByNetworks = (networks: readonly DockerNetworkSubnets[]): TakenRange[] => networks.flatMap((network) => network.subnets.flatMap((subnet): TakenRange[] => {
  const range = parseCIDR(subnet);
  return range ? [{ range, kind: 'network', what: `the Docker network ${network.name} (${subnet})` }] : [];
}));

const takenByClusters = (clusters: readonly OtherCluster[]): TakenRange[] => clusters.flatMap(({ dataDir, ranges }) =>
  [ranges.podCIDR, ranges.serviceCIDR].map((text) => ({ range: mustParseCIDR(text), kind: 'cluster', what: `${text} of the cluster in ${dataDir}` })));

/** Whether `nft -j list chains` names the chains or the table in which kube-proxy sends node ports on. (upstream: pkg/proxy/iptables, pkg/proxy/nftables) */
export function hasKubeProxy(json: string): boolean {
  const { nftables = [] } = JSON.parse(json.trim() || '{}') as { nftables?: { chain?: { table: string; name: string } }[] };
  return nftables.some(({ chain }) => chain !== undefined && (chain.table === 'kube-proxy' || chain.name === 'KUBE-NODEPORTS'));
}

/** Without nft nobody sends anything on by it. */
const listChains = (execute: Run): Promise<string> => execute('nft', ['-j', 'list', 'chains']).catch((error: unknown) => {
  if (error instanceof CommandError && error.code === 'ENOENT') return '';
  throw error;
});

async function readOptional(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** Reads this host; Docker's networks and the other clusters' records come from who knows them. */
export async function readRangeFacts(options: { networks: readonly DockerNetworkSubnets[]; clusters: readonly OtherCluster[] }, execute: Run = run): Promise<RangeFacts> {
  const [routes, chains, resolvers, tcp, tcp6, udp] = await Promise.all([
    execute('ip', ['-4', '-j', 'route', 'show', 'table', 'all']), listChains(execute), readOptional('/etc/resolv.conf'),
    readOptional('/proc/net/tcp'), readOptional('/proc/net/tcp6'), readUdpPorts(),
  ]);
  return {
    addresses: [
      ...takenByClusters(options.clusters), ...takenByNetworks(options.networks), ...takenByResolvers(resolvers),
      ...takenByRoutes(routes), ...takenByConnections(tcp), ...takenByConnections(tcp6),
    ],
    // Which range that has only its API server knows: the default as a rule.
    nodePorts: [...options.clusters.map((cluster) => cluster.ranges.nodePortRange), ...(hasKubeProxy(chains) ? [defaultNodePortRange] : [])],
    udpPorts: [...udp, ...options.clusters.map((cluster) => cluster.ranges.vxlanPort)],
  };
}
