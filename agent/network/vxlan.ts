// The tunnel to nodes that are not on one link with this one: one VXLAN device a cluster, whose peers are all known. For each
// far node there is a route to its pod subnet by way of its gateway's address, a neighbour entry with that gateway's MAC address (which
// follows from the address), and a forwarding entry from that to the node's own address. So nothing is asked by broadcast and nothing
// is learnt. Pure; `agent/network/apply-vxlan.ts` carries it out.
// upstream: flannel's pkg/backend/vxlan works with the same entries, and publishes the MAC addresses
import { addressAt, mustParseCIDR } from '../../src/util/cidr.ts';
import type { Forward, Link, Neighbour, Route, VxlanLink } from './links.ts';
import { macOf, routeProtocol, type NetworkNames } from './names.ts';
import type { FarNode } from './paths.ts';

/** Bytes an IPv4 packet grows by: Ethernet, IP, UDP and VXLAN headers. */
export const vxlanOverhead = 50;

export interface VxlanState {
  readonly device: VxlanLink;
  readonly addresses: Link['addr_info'];
  readonly forwards: readonly Forward[];
  readonly neighbours: readonly Neighbour[];
  /** Of our protocol. */
  readonly routes: readonly Route[];
}
/** Lines for `ip -batch`, then for `bridge -batch`, then for `ip -batch` again. */
export interface VxlanPlan { readonly device: readonly string[]; readonly forwards: readonly string[]; readonly paths: readonly string[] }

const fits = ({ address, linkinfo: { info_data: data } }: VxlanLink, mac: string, names: NetworkNames, port: number): boolean =>
  address === mac && data.id === names.vni && data.port === port && data.learning !== true;

/** `mtu` is that of packets inside the tunnel; `state` is what is there now. */
export function planVxlan(names: NetworkNames, { port, mtu }: { port: number; mtu: number }, far: readonly FarNode[], state: VxlanState | undefined): VxlanPlan {
  const { vxlan, gateway } = names;
  if (far.length === 0) return { device: state ? [`link delete dev ${vxlan}`] : [], forwards: [], paths: [] };
  const mac = macOf(gateway);
  const kept = state && fits(state.device, mac, names, port) ? state : undefined;
  const device: string[] = [];
  if (state && !kept) device.push(`link delete dev ${vxlan}`);
  if (!kept) device.push(`link add name ${vxlan} address ${mac} mtu ${mtu} type vxlan id ${names.vni} dstport ${port} nolearning`);
  else if (kept.device.mtu !== mtu) device.push(`link set dev ${vxlan} mtu ${mtu}`);
  // The address Pods of this node see it by: the host's own connections come from it, and so does what is masqueraded into the tunnel.
  if (!kept?.addresses?.some((a) => a.local === gateway)) device.push(`address replace ${gateway}/32 dev ${vxlan}`);
  if (!kept?.device.flags.includes('UP')) device.push(`link set dev ${vxlan} up`);

  const peers = far.map(({ podCIDR, internalIP }) => { const via = addressAt(mustParseCIDR(podCIDR), 1); return { podCIDR, internalIP, via, mac: macOf(via) }; });
  const forwards = (kept?.forwards ?? []).filter((entry) => entry.dst !== undefined);
  const neighbours = (kept?.neighbours ?? []).filter(({ state: words }) => words.includes('PERMANENT'));
  const routes = (kept?.routes ?? []).filter(({ dev }) => dev === vxlan);
  return {
    device,
    forwards: [
      ...forwards.filter((entry) => !peers.some((p) => p.mac === entry.mac)).map((entry) => `fdb delete ${entry.mac} dev ${vxlan} dst ${entry.dst} self`),
      ...peers.filter((p) => !forwards.some((entry) => entry.mac === p.mac && entry.dst === p.internalIP)).map((p) => `fdb replace ${p.mac} dev ${vxlan} dst ${p.internalIP} self permanent`),
    ],
    paths: [
      ...neighbours.filter(({ dst }) => !peers.some(({ via }) => via === dst)).map(({ dst }) => `neigh delete ${dst} dev ${vxlan}`),
      ...peers.filter(({ via, mac: of }) => !neighbours.some(({ dst, lladdr }) => dst === via && lladdr === of)).map(({ via, mac: of }) => `neigh replace ${via} lladdr ${of} dev ${vxlan} nud permanent`),
      ...peers.filter(({ podCIDR, via }) => !routes.some((r) => r.dst === podCIDR && r.gateway === via && r.prefsrc === gateway))
        .map(({ podCIDR, via }) => `route replace ${podCIDR} via ${via} dev ${vxlan} onlink src ${gateway} protocol ${routeProtocol}`),
    ],
  };
}
