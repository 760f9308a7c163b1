// The host's packet rules for the node's network: one nftables table of our own for address translation, and accepts ahead of
// Docker's isolation chains. Texts and plans are pure; `agent/network/apply-firewall.ts` carries them out.
import { createHash } from 'node:crypto';
import type { NetworkIdentity, NetworkNames } from './names.ts';

/**
 * The table as `nft -f -` takes it. Pods are masqueraded towards everything that is no Pod and no Service; a Pod's address is kept
 * inside the cluster. ICMP redirects are dropped: traffic to a ClusterIP enters and leaves the bridge through the gateway on
 * purpose, so that connection tracking sees both directions.
 */
export function natTable(identity: NetworkIdentity, names: NetworkNames): { text: string; mark: string } {
  const body = (mark: string): string => `table ip ${names.table} {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${identity.podCIDR} oifname != "${names.bridge}" ip daddr != { ${identity.clusterPodCIDR}, ${identity.serviceCIDR}, 224.0.0.0/4 } masquerade fully-random
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oifname "${names.bridge}" icmp type redirect drop comment "${mark}"
  }
}
`;
  const mark = createHash('sha256').update(body('')).digest('hex').slice(0, 16);
  // Declaring the table first makes the delete valid whether it exists or not; all three happen in one transaction.
  return { text: `table ip ${names.table}\ndelete table ip ${names.table}\n${body(mark)}`, mark };
}

/** Rules without their chain, in the order and form `iptables -S` prints them. */
export function acceptRules(identity: NetworkIdentity, names: NetworkNames): string[] {
  const { bridge, comment } = names;
  const accept = `-m comment --comment ${comment} -j ACCEPT`;
  return [
    `-d ${identity.serviceCIDR} -o ${bridge} ${accept}`,
    `-s ${identity.serviceCIDR} -i ${bridge} ${accept}`,
    `-d ${identity.podCIDR} -o ${bridge} ${accept}`,
    `-s ${identity.podCIDR} -d ${identity.clusterPodCIDR} -i ${bridge} ${accept}`,
    `-s ${identity.podCIDR} -i ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED ${accept}`,
    // From outside to a node port here and on to a Pod of another node, and back.
    `-d ${identity.clusterPodCIDR} -m conntrack --ctstate DNAT ${accept}`,
    `-s ${identity.clusterPodCIDR} -m conntrack --ctstate RELATED,ESTABLISHED ${accept}`,
  ];
}

const appended = (listing: string): string[] => listing.split('\n').filter((line) => line.startsWith('-A ')).map((line) => line.replaceAll('"', ''));
const ownedBy = (comment: string) => (line: string): boolean => ` ${line} `.includes(` --comment ${comment} `);

/** Lines for `iptables-restore --noflush` that take away each rule with our comment; empty when there is none. */
export const planRemoval = (listing: string, comment: string): string[] => appended(listing).filter(ownedBy(comment)).map((line) => line.replace(/^-A/, '-D'));

/** By chain, in the order in which `iptables -S` names chains. */
export type Accepts = readonly { readonly chain: string; readonly rules: readonly string[] }[];

/**
 * Lines that bring the rules to the heads of their chains; empty when all are there, in order, and none else of ours. Others' rules above
 * them are left alone. `listing` is what `iptables -S` prints for the whole filter table.
 */
export function planAccepts(listing: string, accepts: Accepts, comment: string): string[] {
  const present = appended(listing).filter(ownedBy(comment));
  const wanted = accepts.flatMap(({ chain, rules }) => rules.map((rule) => `-A ${chain} ${rule}`));
  if (present.length === wanted.length && present.every((line, i) => line === wanted[i])) return [];
  return [...planRemoval(listing, comment), ...accepts.flatMap(({ chain, rules }) => rules.map((rule, i) => `-I ${chain} ${i + 1} ${rule}`))];
}

/** What lets the tunnels of far nodes in, by their addresses. */
export const tunnelRules = (names: NetworkNames, port: number, far: readonly string[]): string[] =>
  far.map((address) => `-s ${address}/32 -p udp -m udp --dport ${port} -m comment --comment ${names.comment} -j ACCEPT`);

/** Whether something other than our own rules may drop packets to the host itself. */
export function dropsInput(listing: string, comment: string): boolean {
  return listing.split('\n').includes('-P INPUT DROP') || appended(listing).some((line) => line.startsWith('-A INPUT ') && !ownedBy(comment)(line));
}

/** Where accepts go: Docker's own chain for users; FORWARD when there is no Docker chain but something that could drop; else nowhere. */
export function acceptChain(listing: string): 'DOCKER-USER' | 'FORWARD' | undefined {
  const lines = listing.split('\n');
  if (lines.includes('-N DOCKER-USER')) return 'DOCKER-USER';
  return lines.some((line) => line === '-P FORWARD DROP' || line.startsWith('-A FORWARD ')) ? 'FORWARD' : undefined;
}
