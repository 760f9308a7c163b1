// What the node's network is called on the host: every name derives from the cluster and the node, so that a purge finds exactly its own.
import { createHash } from 'node:crypto';
import { addressAt, mustParseCIDR, parseIPv4 } from '../../src/util/cidr.ts';

/** One node's part of the cluster network. */
export interface NetworkIdentity {
  /** Short lower-case hex, 4 to 8 digits: it fits into interface names. */
  readonly clusterId: string;
  readonly nodeName: string;
  /** This node's own subnet, a /24 as a rule. */
  readonly podCIDR: string;
  readonly clusterPodCIDR: string;
  readonly serviceCIDR: string;
}

export interface NetworkNames {
  /** Docker network the Pods join. */
  readonly network: string;
  readonly bridge: string;
  /** Host end of the service namespace's veth pair; the other end is `eth0` inside. */
  readonly veth: string;
  /** Device of the tunnels to nodes that are not on one link with this one; there while there are such. */
  readonly vxlan: string;
  /** VXLAN network identifier: two clusters that share hosts and a port do not meet. */
  readonly vni: number;
  /** Name `ip netns` shows. Hosts that share a mount namespace share these names, hence the node's name in it. */
  readonly namespace: string;
  readonly namespacePath: string;
  /** nftables table, family ip. */
  readonly table: string;
  /** Tables of the rules of Services, families ip and bridge. */
  readonly servicesTable: string;
  /** Comment on each iptables rule. */
  readonly comment: string;
  readonly gateway: string;
  /** Address of the service namespace. */
  readonly serviceAddress: string;
}

export const namespaceDirectory = '/run/netns';
/** Route protocol number that marks routes made here (upstream knows no such number; routing daemons use others). */
export const routeProtocol = 157;

/** MAC address of an interface of ours, by its IPv4 address: the same after each repair, and known to other nodes without being told. */
export const macOf = (address: string): string => `02:64:${parseIPv4(address)!.toString(16).padStart(8, '0').match(/../g)!.join(':')}`;

export function networkNames(identity: NetworkIdentity): NetworkNames {
  const { clusterId, nodeName } = identity;
  if (!/^[0-9a-f]{4,8}$/.test(clusterId)) throw new Error(`cluster id "${clusterId}" is not 4 to 8 hex digits`);
  const pods = mustParseCIDR(identity.podCIDR);
  const own = `dray-${clusterId}`;
  const namespace = nodeName.length <= 200 ? `${own}-${nodeName}` : `${own}-${createHash('sha256').update(nodeName).digest('hex').slice(0, 32)}`;
  return {
    network: own, bridge: own, veth: `drayv-${clusterId}`, vxlan: `drayx-${clusterId}`, vni: parseInt(clusterId.slice(0, 6), 16) || 1, namespace, namespacePath: `${namespaceDirectory}/${namespace}`, table: own, servicesTable: `${own}-services`, comment: own,
    gateway: addressAt(pods, 1), serviceAddress: addressAt(pods, 2),
  };
}
