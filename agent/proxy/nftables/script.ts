// The texts `nft -f` gets: the tables as a whole, and what leads from one state to another. Each is one transaction. Pure.
import { elementNames, sharedChains } from './parts.ts';
import type { KernelChange } from './plan.ts';

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

/** As many elements stand in one command at most, so that no step of writing it takes long. */
const batch = 500;

function* elementLines(verb: string, table: string, name: string, list: readonly (readonly [string, string])[]): Generator<string> {
  for (let i = 0; i < list.length; i += batch) {
    yield `${verb} element ip ${table} ${name} { ${list.slice(i, i + batch).map(([key, value]) => (value === '' ? key : `${key} : ${value}`)).join(', ')} }\n`;
  }
}

/** The lines that carry out a change; none when there is none. Nothing that is equal before and after is written. */
export function* changes(table: string, { elements, chains, clients }: KernelChange): Generator<string> {
  const known = new Set(chains.gone.map(([name]) => name));
  const wanted = new Set(chains.come.map(([name]) => name));
  for (const [set] of clients.come) yield `add set ip ${table} ${set} { type ipv4_addr; size 65535; flags dynamic,timeout; }\n`;
  for (const name of wanted) if (!known.has(name)) yield `add chain ip ${table} ${name}\n`;
  for (const [name, rules] of chains.come) {
    if (known.has(name)) yield `flush chain ip ${table} ${name}\n`;
    for (const rule of rules) yield `add rule ip ${table} ${name} ${rule}\n`;
  }
  for (const name of elementNames) {
    yield* elementLines('delete', table, name, elements[name].gone);
    yield* elementLines('add', table, name, elements[name].come);
  }
  const unused = [...known].filter((name) => !wanted.has(name));
  // One may name another: all are emptied first.
  for (const name of unused) yield `flush chain ip ${table} ${name}\n`;
  for (const name of unused) yield `delete chain ip ${table} ${name}\n`;
  for (const [set] of clients.gone) yield `delete set ip ${table} ${set}\n`;
}

/** The lines of a generator as one text, a line each step. */
export function* textOf(lines: Iterable<string>): Generator<undefined, string> {
  const all: string[] = [];
  for (const line of lines) {
    all.push(line);
    yield;
  }
  return all.join('');
}
