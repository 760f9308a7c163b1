// Routes to the other nodes' pod subnets, by way of each node's own address where both share a subnet (host-gw).
import { containsAddress, containsRange, formatCIDR, mustParseCIDR, parseCIDR, parseIPv4, rangeOf, type CIDR } from '../../src/util/cidr.ts';
import type { Run } from '../../src/util/run.ts';
import { ipBatch, listLinks, listRoutes, type Link, type Route } from './links.ts';
import { routeProtocol, type NetworkIdentity, type NetworkNames } from './names.ts';

export interface NodeRoute { readonly name: string; readonly internalIP: string; readonly podCIDR: string }
export interface RoutePlan {
  /** Lines for `ip -batch`. */
  readonly lines: readonly string[];
  /** Nodes no plain route leads to: they share no subnet with this host. */
  readonly unreachable: readonly string[];
}

/** Ranges directly connected, other than the bridge of the Pods. */
const connected = (links: readonly Link[], bridge: string): { own: number; range: CIDR }[] => links.filter((link) => link.ifname !== bridge && link.ifname !== 'lo')
  .flatMap((link) => (link.addr_info ?? []).filter((a) => a.family === 'inet'))
  .flatMap((a) => { const own = parseIPv4(a.local); return own === undefined ? [] : [{ own, range: rangeOf(own, a.prefixlen) }]; });

/** `present` are the routes of our protocol. Other clusters' are recognised by their ranges and left alone. */
export function planRoutes(identity: NetworkIdentity, names: NetworkNames, nodes: readonly NodeRoute[], links: readonly Link[], present: readonly Route[]): RoutePlan {
  const cluster = mustParseCIDR(identity.clusterPodCIDR);
  const near = connected(links, names.bridge);
  const wanted = new Map<string, string>();
  const unreachable: string[] = [];
  for (const node of nodes) {
    const pods = parseCIDR(node.podCIDR);
    const via = parseIPv4(node.internalIP);
    if (node.name === identity.nodeName || !pods || !containsRange(cluster, pods) || formatCIDR(pods) === identity.podCIDR) continue;
    // Two nodes with one address share a kernel, which has the other's bridge already.
    if (via !== undefined && near.some(({ own }) => own === via)) continue;
    if (via !== undefined && near.some(({ range }) => containsAddress(range, via))) wanted.set(formatCIDR(pods), node.internalIP);
    else unreachable.push(node.name);
  }
  const ours = present.filter((route) => { const range = parseCIDR(route.dst); return range !== undefined && containsRange(cluster, range); });
  const stale = ours.filter((route) => !wanted.has(route.dst)).map((route) => `route delete ${route.dst} protocol ${routeProtocol}`);
  const missing = [...wanted].filter(([dst, via]) => !ours.some((route) => route.dst === dst && route.gateway === via))
    .map(([dst, via]) => `route replace ${dst} via ${via} protocol ${routeProtocol}`);
  return { lines: [...stale, ...missing], unreachable };
}

export async function applyRoutes(run: Run, identity: NetworkIdentity, names: NetworkNames, nodes: readonly NodeRoute[]): Promise<{ changed: boolean; unreachable: readonly string[] }> {
  const [links, present] = [await listLinks(run), await listRoutes(run, 'protocol', String(routeProtocol))];
  const plan = planRoutes(identity, names, nodes, links, present);
  await ipBatch(run, plan.lines);
  return { changed: plan.lines.length > 0, unreachable: plan.unreachable };
}

/** Makes the bridge carry its address and the service range lead to the service namespace. */
export async function ensureHostRoutes(run: Run, identity: NetworkIdentity, names: NetworkNames): Promise<boolean> {
  const pods = mustParseCIDR(identity.podCIDR);
  const links = await listLinks(run);
  const bridge = links.find((link) => link.ifname === names.bridge);
  const lines: string[] = [];
  if (!bridge?.flags.includes('UP')) lines.push(`link set dev ${names.bridge} up`);
  if (!bridge?.addr_info?.some((a) => a.local === names.gateway)) lines.push(`address replace ${names.gateway}/${pods.prefix} broadcast + dev ${names.bridge}`);
  const routes = await listRoutes(run, identity.serviceCIDR);
  if (lines.length > 0 || !routes.some((route) => route.gateway === names.serviceAddress && route.dev === names.bridge)) {
    lines.push(`route replace ${identity.serviceCIDR} via ${names.serviceAddress} dev ${names.bridge} src ${names.gateway} protocol ${routeProtocol}`);
  }
  await ipBatch(run, lines);
  return lines.length > 0;
}

/** Takes away each route made here for this cluster; idempotent. */
export async function removeRoutes(run: Run, identity: NetworkIdentity): Promise<void> {
  const ranges = [identity.clusterPodCIDR, identity.serviceCIDR].map(mustParseCIDR);
  const present = await listRoutes(run, 'protocol', String(routeProtocol));
  const ours = present.filter((route) => { const range = parseCIDR(route.dst); return range !== undefined && ranges.some((r) => containsRange(r, range)); });
  await ipBatch(run, ours.map((route) => `route delete ${route.dst} protocol ${routeProtocol}`));
}
