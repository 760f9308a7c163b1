// The texts `nft -f` gets: the tables as a whole, and what leads from one state to another. Each is one transaction. Pure.
import { elementNames, sharedChains, type KernelState } from './state.ts';

export interface KernelNames {
  /** Table of the family ip, and of the family bridge. */
  readonly table: string;
  /** This node's own pod subnet, and that of all nodes. */
  readonly podCIDR: string;
  readonly clusterPodCIDR: string;
  readonly serviceAddress: string;
}

const place = 'type ipv4_addr . inet_proto . inet_service';
const nodePlace = 'type inet_proto . inet_service';
const here = 'ip daddr . meta l4proto . th dport';

/**
 * Replaces whatever stood there by tables without elements. Frames between Pods of this node go up to the host's own IP stack
 * (`mac` is the pod bridge's address): only there are the answers to a translated request translated back. Chains
 * that choose by number are made here for all sizes of a list: nft 1.0.6 fails when such a rule comes later than the map it reads.
 */
export function wholeTables(names: KernelNames, mac: string, largest: number): string {
  return `table ip ${names.table}
delete table ip ${names.table}
table bridge ${names.table}
delete table bridge ${names.table}
table ip ${names.table} {
  map services { ${place} : verdict; }
  map inside { ${place} : verdict; }
  map refused { ${place} : verdict; }
  map endpoints { typeof numgen random mod 65536 . ip daddr . ip protocol . th dport : ip daddr . th dport; }
  map node-services { ${nodePlace} : verdict; }
  map node-inside { ${nodePlace} : verdict; }
  map node-refused { ${nodePlace} : verdict; }
  map node-endpoints { typeof numgen random mod 65536 . ip protocol . th dport : ip daddr . th dport; }
  set remote { type ipv4_addr . inet_proto . inet_service; }
  set hairpin { type ipv4_addr . ipv4_addr; }
${sharedChains(largest).map(([name, rule]) => `  chain ${name} {\n    ${rule}\n  }\n`).join('')}  chain refuse {
    meta l4proto tcp reject with tcp reset
    reject with icmp type port-unreachable
  }
  chain drop-all {
    drop
  }
  chain drop-outside {
    ip saddr ${names.clusterPodCIDR} return
    fib saddr type local return
    drop
  }
  chain inside-first {
    ip daddr . meta l4proto . th dport vmap @inside
    ip daddr != 127.0.0.0/8 fib daddr type local meta l4proto . th dport vmap @node-inside
  }
  chain any {
    ip daddr . meta l4proto . th dport vmap @services
    ip daddr != 127.0.0.0/8 fib daddr type local meta l4proto . th dport vmap @node-services
  }
  chain nat-prerouting {
    type nat hook prerouting priority dstnat - 10; policy accept;
    ip saddr ${names.clusterPodCIDR} jump inside-first
    jump any
  }
  chain nat-output {
    type nat hook output priority -110; policy accept;
    jump inside-first
    jump any
  }
  chain refusals {
    ct state != new return
    ${here} vmap @refused
    ip daddr != 127.0.0.0/8 fib daddr type local meta l4proto . th dport vmap @node-refused
  }
  chain filter-prerouting {
    type filter hook prerouting priority dstnat - 10; policy accept;
    jump refusals
  }
  chain filter-output {
    type filter hook output priority -110; policy accept;
    jump refusals
  }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat - 1; policy accept;
    ct status dnat ip saddr . ip daddr @hairpin masquerade
    ct status dnat ip saddr != ${names.podCIDR} ${here} @remote masquerade fully-random
  }
}
table bridge ${names.table} {
  chain prerouting {
    type filter hook prerouting priority dstnat; policy accept;
    ip saddr ${names.podCIDR} ip daddr ${names.podCIDR} ip saddr != ${names.serviceAddress} ip daddr != ${names.serviceAddress} ether daddr set ${mac} meta pkttype set host
  }
}
`;
}

export const noTables = (table: string): string => ['ip', 'bridge'].map((family) => `table ${family} ${table}\ndelete table ${family} ${table}\n`).join('');

/** What leads from one state to another; empty when they are the same. Nothing that is equal in both is written. */
export function changes(table: string, from: KernelState, to: KernelState): string {
  const lines: string[] = [];
  for (const set of to.clients) if (!from.clients.has(set)) lines.push(`add set ip ${table} ${set} { type ipv4_addr; size 65535; flags dynamic,timeout; }`);
  for (const name of to.chains.keys()) if (!from.chains.has(name)) lines.push(`add chain ip ${table} ${name}`);
  for (const [name, rules] of to.chains) {
    const known = from.chains.get(name);
    if (known?.join('\n') === rules.join('\n')) continue;
    if (known) lines.push(`flush chain ip ${table} ${name}`);
    for (const rule of rules) lines.push(`add rule ip ${table} ${name} ${rule}`);
  }
  for (const name of elementNames) {
    const [before, now] = [from.elements[name], to.elements[name]];
    const gone = [...before].filter(([key, value]) => now.get(key) !== value).map(([key, value]) => element(key, value));
    const come = [...now].filter(([key, value]) => before.get(key) !== value).map(([key, value]) => element(key, value));
    if (gone.length > 0) lines.push(`delete element ip ${table} ${name} { ${gone.join(', ')} }`);
    if (come.length > 0) lines.push(`add element ip ${table} ${name} { ${come.join(', ')} }`);
  }
  const unused = [...from.chains.keys()].filter((name) => !to.chains.has(name));
  // One may name another: all are emptied first.
  for (const name of unused) lines.push(`flush chain ip ${table} ${name}`);
  for (const name of unused) lines.push(`delete chain ip ${table} ${name}`);
  for (const set of from.clients) if (!to.clients.has(set)) lines.push(`delete set ip ${table} ${set}`);
  return lines.map((line) => `${line}\n`).join('');
}

const element = (key: string, value: string): string => (value === '' ? key : `${key} : ${value}`);
