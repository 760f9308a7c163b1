// Routes to the other nodes' pod subnets, by way of each node's own address where both are on one link (host-gw), and the host's own
// to its Pods and Services.
import { containsRange, mustParseCIDR, parseCIDR } from '../../src/util/cidr.ts';
import type { Run } from '../../src/util/run.ts';
import { ipBatch, listLinks, listRoutes, type Route } from './links.ts';
import { routeProtocol, type NetworkIdentity, type NetworkNames } from './names.ts';
import type { Paths } from './paths.ts';

/** Lines for `ip -batch`. `present` are the routes of our protocol; other clusters' are recognised by their ranges and left alone. */
export function planRoutes(identity: NetworkIdentity, names: NetworkNames, { near, far }: Paths, present: readonly Route[]): string[] {
  const cluster = mustParseCIDR(identity.clusterPodCIDR);
  const ours = present.filter((route) => { const range = parseCIDR(route.dst); return range !== undefined && containsRange(cluster, range); });
  // Those of far nodes are the tunnel's part.
  const wanted = new Set([...near, ...far].map(({ podCIDR }) => podCIDR));
  const stale = ours.filter((route) => !wanted.has(route.dst)).map((route) => `route delete ${route.dst} protocol ${routeProtocol}`);
  const missing = near.filter(({ podCIDR, via }) => !ours.some((route) => route.dst === podCIDR && route.gateway === via && route.dev !== names.vxlan))
    .map(({ podCIDR, via }) => `route replace ${podCIDR} via ${via} protocol ${routeProtocol}`);
  return [...stale, ...missing];
}

/** `present` are the routes of our protocol. True when something had to be changed. */
export async function applyRoutes(run: Run, identity: NetworkIdentity, names: NetworkNames, paths: Paths, present: readonly Route[]): Promise<boolean> {
  const lines = planRoutes(identity, names, paths, present);
  await ipBatch(run, lines);
  return lines.length > 0;
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
