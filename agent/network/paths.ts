// By which way this node reaches the Pods of each other node: by a plain route where the two are on one link (host-gw), else through
// VXLAN. Pure; the two of a pair decide alike, each from its own addresses and from those the other has published on its Node.
import { containsAddress, containsRange, formatCIDR, mustParseCIDR, parseCIDR, parseIPv4 } from '../../src/util/cidr.ts';
import type { Link } from './links.ts';
import type { NetworkIdentity } from './names.ts';

/** On a Node: addresses of its interfaces with their prefixes, with commas between. */
export const linksAnnotation = 'dray.local/links';

export interface NodeRoute {
  readonly name: string;
  readonly internalIP: string;
  readonly podCIDR: string;
  /** What `linksAnnotation` says; undefined for a node that does not say. */
  readonly links?: readonly string[];
}
export interface Paths {
  readonly near: readonly { readonly podCIDR: string; readonly via: string }[];
  readonly far: readonly FarNode[];
  /** Names of nodes that have no address which could be used. */
  readonly lost: readonly string[];
}
export interface FarNode { readonly name: string; readonly podCIDR: string; readonly internalIP: string }

const loopback = mustParseCIDR('127.0.0.0/8');

/** Devices other hosts are not reached over: loopback, and those of clusters (the bridge of Pods, the tunnel). */
const inner = /^(lo$|dray[a-z]?-)/;
/** Addresses of this host with their prefixes. */
export const linkAddresses = (links: readonly Link[]): string[] => links.filter(({ ifname }) => !inner.test(ifname))
  .flatMap((link) => (link.addr_info ?? []).filter((a) => a.family === 'inet').map((a) => `${a.local}/${a.prefixlen}`));

const holds = (addresses: readonly string[], ip: number): boolean => addresses.some((text) => {
  const range = parseCIDR(text);
  return range !== undefined && containsAddress(range, ip);
});

/** `own` is this node's internal address, `links` are this host's as they are now. */
export function choosePaths(identity: NetworkIdentity, own: string, nodes: readonly NodeRoute[], links: readonly Link[]): Paths {
  const cluster = mustParseCIDR(identity.clusterPodCIDR);
  const here = linkAddresses(links);
  const self = parseIPv4(own);
  const paths = { near: [] as { podCIDR: string; via: string }[], far: [] as FarNode[], lost: [] as string[] };
  for (const { name, internalIP, podCIDR: subnet, links: there } of nodes) {
    const pods = parseCIDR(subnet);
    if (name === identity.nodeName || !pods || !containsRange(cluster, pods) || formatCIDR(pods) === identity.podCIDR) continue;
    const podCIDR = formatCIDR(pods);
    const via = parseIPv4(internalIP);
    // Two nodes with one address share a kernel, which has the other's bridge already.
    if (via !== undefined && (via === self || here.some((address) => address.startsWith(`${internalIP}/`)))) continue;
    // An address among the Pods' would lead the tunnel into itself.
    if (via === undefined || containsAddress(cluster, via) || containsAddress(loopback, via)) paths.lost.push(name);
    else if (holds(here, via) && (there === undefined || self === undefined || holds(there, self))) paths.near.push({ podCIDR, via: internalIP });
    else paths.far.push({ name, podCIDR, internalIP });
  }
  return paths;
}
