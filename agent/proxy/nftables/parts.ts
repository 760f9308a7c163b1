// What the kernel is to hold for one place (an address and port, or a port of the node): elements of a few maps, and chains that are
// shared by all Services with as many endpoints. Only ClientIP affinity and source ranges have chains of their own. Pure.
import { createHash } from 'node:crypto';
import { containsAddress, parseIPv4, type CIDR } from '../../../src/util/cidr.ts';
import { listensOf, sourceRangesOf, type Backend, type ServicePortRule } from '../rules.ts';

/**
 * `services` and `node-services` lead a place to a chain, `inside` and `node-inside` those where traffic of the cluster itself has
 * other endpoints than what comes from outside; `endpoints` and `node-endpoints` hold the endpoints by number and place;
 * `remote` are endpoints beyond this node's Pods, `hairpin` local Pods that may reach themselves.
 */
export const elementNames = ['services', 'inside', 'refused', 'endpoints', 'node-services', 'node-inside', 'node-refused', 'node-endpoints', 'remote', 'hairpin'] as const;
export type ElementName = (typeof elementNames)[number];

/** A rule's wish to have a place: `own` are the endpoints for traffic of the cluster itself, `others` those for what comes from outside. */
export interface Claim {
  readonly family: Family;
  readonly place: string;
  readonly rule: ServicePortRule;
  readonly own: readonly Backend[];
  readonly others: readonly Backend[];
  /** Whoever is of none of these ranges is met with silence. */
  readonly sourceRanges?: readonly string[] | undefined;
}

export interface Part {
  /** Map or set, element, and its value ('' in a set). */
  readonly elements: readonly (readonly [ElementName, string, string])[];
  /** Name and statements of each chain made for this place. */
  readonly chains: readonly (readonly [string, readonly string[]])[];
  /** Clients that stick to an endpoint. */
  readonly clients: readonly string[];
  /** UDP flows that may come to be, each in words of `conntrack --delete`: those that are no longer here must be forgotten. */
  readonly flows: readonly (readonly [string, readonly string[]])[];
  /** The endpoints in the order of their numbers: one that stays keeps its number where it can. */
  readonly orders: Readonly<Record<Traffic, readonly string[]>>;
}

export type Family = 'service' | 'node';
export type Traffic = 'outside' | 'inside';

/** Endpoints of the list for traffic of the cluster itself are numbered from here. */
const insideOffset = 32_768;
/** Matches no packet but those that have ports. */
const ported = 'meta l4proto { tcp, udp }';
export const clientsPrefix = 'clients-';

const maps = {
  service: { outside: 'services', inside: 'inside', refused: 'refused', endpoints: 'endpoints', place: 'ip daddr . meta l4proto . th dport' },
  node: { outside: 'node-services', inside: 'node-inside', refused: 'node-refused', endpoints: 'node-endpoints', place: 'meta l4proto . th dport' },
} as const;

/** The place of a port of the node: `TCP/30080`, as the workers name it, is `tcp . 30080`. */
export const nodePlace = (port: string): string => port.toLowerCase().replace('/', ' . ');

export function claimsOf(rule: ServicePortRule): Claim[] {
  if (rule.mode !== 'nftables') return [];
  const protocol = rule.protocol.toLowerCase();
  // A Local policy is for those outside; they alone see which node they came to.
  const own = rule.internal.length > rule.external.length ? rule.internal : rule.external;
  return [
    ...rule.clusterIPs.map((address): Claim => ({ family: 'service', place: `${address} . ${protocol} . ${rule.port}`, rule, own: rule.internal, others: rule.internal })),
    ...rule.externalIPs.map((address): Claim => ({ family: 'service', place: `${address} . ${protocol} . ${rule.port}`, rule, own, others: rule.external })),
    ...listensOf(rule, 'node').map((listen): Claim => ({ family: 'node', place: `${protocol} . ${listen.port}`, rule, own, others: rule.external, sourceRanges: sourceRangesOf(rule, listen) })),
  ];
}

/** `pods` is this node's own pod subnet, `previous` what the place had before. */
export function partOf({ family, place, rule, own, others, sourceRanges }: Claim, pods: CIDR, previous?: Part): Part {
  const elements: [ElementName, string, string][] = [];
  const chains: [string, readonly string[]][] = [];
  const clients: string[] = [];
  const flows: [string, readonly string[]][] = [];
  const orders = { outside: [] as string[], inside: [] as string[] };

  const lead = (side: Traffic, chain: string): void => {
    if (!sourceRanges) return void elements.push([maps[family][side], place, `goto ${chain}`]);
    const name = `from-${short(...sourceRanges, chain)}`;
    chains.push([name, [`ip saddr != { ${sourceRanges.join(', ')} } drop`, `goto ${chain}`]]);
    elements.push([maps[family][side], place, `goto ${name}`]);
  };
  const list = (side: Traffic, backends: readonly Backend[]): void => {
    for (const { address, port } of backends) {
      if (containsAddress(pods, parseIPv4(address)!)) elements.push(['hairpin', `${address} . ${address}`, '']);
      else elements.push(['remote', `${address} . ${rule.protocol.toLowerCase()} . ${port}`, '']);
      if (rule.protocol !== 'UDP') continue;
      const [to, at] = family === 'service' ? place.split(' . udp . ') : [undefined, place.slice('udp . '.length)];
      flows.push([`${place} ${address}:${port}`, ['--proto', 'udp', ...(to === undefined ? [] : ['--orig-dst', to]), '--orig-port-dst', at!, '--reply-src', address, '--reply-port-src', String(port)]]);
    }
    if (rule.affinitySeconds > 0) {
      const made = sticky(rule, backends);
      chains.push(...made.chains);
      clients.push(...made.clients);
      lead(side, made.name);
      return;
    }
    const offset = side === 'inside' ? insideOffset : 0;
    const order = orders[side] = keepSlots(previous?.orders[side] ?? [], backends.map(({ address, port }) => `${address} . ${port}`));
    order.forEach((endpoint, i) => elements.push([maps[family].endpoints, `${offset + i} . ${place}`, endpoint]));
    lead(side, sharedChain(family, side, order.length));
  };

  if (others.length > 0) list('outside', others);
  if (own !== others && own.length > 0) list('inside', own);
  // There are endpoints, but none a Local policy allows here: silence, as kube-proxy keeps it; with none at all, refusal.
  const some = rule.internal.length + rule.external.length > 0;
  if (others.length === 0) elements.push([maps[family].refused, place, `goto ${!some ? 'refuse' : own.length > 0 ? 'drop-outside' : 'drop-all'}`]);
  return { elements, chains, clients, flows, orders };
}

const sharedChain = (family: Family, side: Traffic, size: number): string => `${family}-${side}-of-${size}`;

/** The chains of all Services without affinity: one for each kind of place and each size of a list. Each is a name and a statement. */
export function sharedChains(largest: number): [string, string][] {
  const found: [string, string][] = [];
  for (const family of ['service', 'node'] as const) {
    for (const [side, offset] of [['outside', 0], ['inside', insideOffset]] as const) {
      for (let size = 1; size <= largest; size++) {
        found.push([sharedChain(family, side, size), `${ported} dnat ip to numgen random mod ${size} offset ${offset} . ${maps[family].place} map @${maps[family].endpoints}`]);
      }
    }
  }
  return found;
}

/** The numbers of endpoints that stay are kept, those of others filled. */
export function keepSlots(previous: readonly string[], wanted: readonly string[]): string[] {
  const present = new Set(wanted);
  const slots = previous.slice(0, wanted.length).map((endpoint) => (present.delete(endpoint) ? endpoint : undefined));
  const rest = [...present];
  return Array.from({ length: wanted.length }, (_value, i) => slots[i] ?? rest.shift()!);
}

const short = (...parts: readonly (string | number)[]): string => createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16);

/** The chain of a port with ClientIP affinity: whoever is known goes where it went before, anybody else anywhere. */
function sticky(rule: ServicePortRule, backends: readonly Backend[]): { readonly name: string; readonly chains: [string, readonly string[]][]; readonly clients: string[] } {
  const names = backends.map(({ address, port }) => short(rule.id, address, port));
  const name = `sticky-${short(rule.id, ...names)}`;
  const chains = backends.map(({ address, port }, i): [string, readonly string[]] => [
    `endpoint-${names[i]}`, [`update @${clientsPrefix}${names[i]} { ip saddr timeout ${rule.affinitySeconds}s }`, `${ported} dnat ip to ${address}:${port}`],
  ]);
  chains.push([name, [
    ...names.map((end) => `ip saddr @${clientsPrefix}${end} goto endpoint-${end}`),
    `numgen random mod ${names.length} vmap { ${names.map((end, i) => `${i} : goto endpoint-${end}`).join(', ')} }`,
  ]]);
  return { name, chains, clients: names.map((end) => `${clientsPrefix}${end}`) };
}
