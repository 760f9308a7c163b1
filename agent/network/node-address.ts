// The node's internal address and MTU: what it uses towards the master when that is another machine, else those of its default route.
import { lookup } from 'node:dns/promises';
import { containsAddress, mustParseCIDR, parseIPv4 } from '../../src/util/cidr.ts';
import type { Run } from '../../src/util/run.ts';
import { listLinks, listRoutes, type Link, type Route } from './links.ts';

export interface NodeAddress { readonly internalIP: string; readonly device: string; readonly mtu: number }

const loopback = mustParseCIDR('127.0.0.0/8');
const globalAddress = (link: Link): string | undefined => link.addr_info?.find((a) => a.family === 'inet' && a.scope === 'global')?.local;

/** Pure part: `towardsMaster` is the route the kernel takes there. A host without any address but loopback is its own island: 127.0.0.1. */
export function chooseNodeAddress(links: readonly Link[], routes: readonly Route[], towardsMaster: Route | undefined): NodeAddress {
  const at = (device: string | undefined, address: string | undefined): NodeAddress | undefined => {
    const link = links.find((l) => l.ifname === device);
    const internalIP = address ?? (link && globalAddress(link));
    return link && internalIP !== undefined ? { internalIP, device: link.ifname, mtu: link.mtu } : undefined;
  };
  if (towardsMaster && towardsMaster.dev !== 'lo') {
    const found = at(towardsMaster.dev, towardsMaster.prefsrc);
    if (found) return found;
  }
  const defaults = routes.filter((route) => route.dst === 'default').sort((a, b) => (a.metric ?? 0) - (b.metric ?? 0));
  for (const route of defaults) {
    const found = at(route.dev, route.prefsrc);
    if (found) return found;
  }
  const bridged = /^(docker|br-|dray[vx]?-|veth|virbr|cni|flannel|lo$)/;
  for (const link of links.filter((l) => l.flags.includes('UP') && !bridged.test(l.ifname))) {
    const found = at(link.ifname, undefined);
    if (found) return found;
  }
  return { internalIP: '127.0.0.1', device: 'lo', mtu: 1500 };
}

/** `master` is the host part of the master's URL. @throws when it does not resolve or no route leads there. */
export async function nodeAddress(run: Run, master?: string): Promise<NodeAddress> {
  const links = await listLinks(run);
  const routes = await listRoutes(run);
  let towards: Route | undefined;
  if (master !== undefined) {
    const { address } = await lookup(master, { family: 4 });
    if (!containsAddress(loopback, parseIPv4(address)!)) towards = (JSON.parse(await run('ip', ['-4', '-j', 'route', 'get', address])) as Route[])[0];
  }
  return chooseNodeAddress(links, routes, towards);
}
