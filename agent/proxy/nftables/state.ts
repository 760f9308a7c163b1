// What the kernel is to hold for the rules, as one plain value: elements of a few maps, and chains that are shared by all Services
// with as many endpoints. Only Services with ClientIP affinity have chains of their own. Pure.
import { createHash } from 'node:crypto';
import { containsAddress, mustParseCIDR, parseIPv4 } from '../../../src/util/cidr.ts';
import { listensOf, type Backend, type ProxyRules, type ServicePortRule } from '../rules.ts';

/**
 * `services` and `node-services` lead a place to a chain, `inside` and `node-inside` those where traffic of the cluster itself has
 * other endpoints than what comes from outside; `endpoints` and `node-endpoints` hold the endpoints by number and place;
 * `remote` are endpoints beyond this node's Pods, `hairpin` local Pods that may reach themselves.
 */
export const elementNames = ['services', 'inside', 'refused', 'endpoints', 'node-services', 'node-inside', 'node-refused', 'node-endpoints', 'remote', 'hairpin'] as const;
export type ElementName = (typeof elementNames)[number];

export interface KernelState {
  /** Element to value; '' in a set. */
  readonly elements: Readonly<Record<ElementName, ReadonlyMap<string, string>>>;
  /** For lists of how many endpoints the tables must have chains: a power of two, and never less than before. */
  readonly largest: number;
  /** The statements of each chain made for these rules. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** Clients that stick to an endpoint. */
  readonly clients: ReadonlySet<string>;
  /** The endpoints of each list in the order of their numbers: one that stays keeps its number where it can. */
  readonly slots: ReadonlyMap<string, readonly string[]>;
  /** UDP flows that may come to be, each in words of `conntrack --delete`: those that are no longer here must be forgotten. */
  readonly flows: ReadonlyMap<string, readonly string[]>;
}

export interface KernelOptions {
  /** This node's own pod subnet. */
  readonly podCIDR: string;
  /** `TCP/30080`: ports of the node a worker of ours listens on, so that nobody else's port is taken away. */
  readonly held: ReadonlySet<string>;
}

export const emptyState: KernelState = {
  elements: Object.fromEntries(elementNames.map((name) => [name, new Map()])) as unknown as KernelState['elements'], largest: 64, chains: new Map(), clients: new Set(), slots: new Map(), flows: new Map(),
};

/** Endpoints of the list for traffic of the cluster itself are numbered from here. */
const insideOffset = 32_768;
/** Matches no packet but those that have ports. */
const ported = 'meta l4proto { tcp, udp }';

type Family = 'service' | 'node';
type Traffic = 'outside' | 'inside';
const maps = {
  service: { outside: 'services', inside: 'inside', refused: 'refused', endpoints: 'endpoints', place: 'ip daddr . meta l4proto . th dport' },
  node: { outside: 'node-services', inside: 'node-inside', refused: 'node-refused', endpoints: 'node-endpoints', place: 'meta l4proto . th dport' },
} as const;

export function kernelState(rules: ProxyRules, options: KernelOptions, previous: KernelState = emptyState): KernelState {
  const elements = Object.fromEntries(elementNames.map((name) => [name, new Map<string, string>()])) as Record<ElementName, Map<string, string>>;
  const chains = new Map<string, readonly string[]>();
  const clients = new Set<string>();
  const slots = new Map<string, readonly string[]>();
  const flows = new Map<string, readonly string[]>();
  let { largest } = previous;
  const pods = mustParseCIDR(options.podCIDR);

  const list = (family: Family, place: string, side: Traffic, rule: ServicePortRule, backends: readonly Backend[]): void => {
    for (const { address, port } of backends) {
      if (containsAddress(pods, parseIPv4(address)!)) elements.hairpin.set(`${address} . ${address}`, '');
      else elements.remote.set(`${address} . ${rule.protocol.toLowerCase()} . ${port}`, '');
      if (rule.protocol !== 'UDP') continue;
      const [to, at] = family === 'service' ? place.split(' . udp . ') : [undefined, place.slice('udp . '.length)];
      flows.set(`${place} ${address}:${port}`, ['--proto', 'udp', ...(to === undefined ? [] : ['--orig-dst', to]), '--orig-port-dst', at!, '--reply-src', address, '--reply-port-src', String(port)]);
    }
    if (rule.affinitySeconds > 0) {
      elements[maps[family][side]].set(place, `goto ${sticky(rule, backends, chains, clients)}`);
      return;
    }
    const offset = side === 'inside' ? insideOffset : 0;
    const key = `${side} ${place}`;
    const order = keepSlots(previous.slots.get(key) ?? [], backends.map(({ address, port }) => `${address} . ${port}`));
    slots.set(key, order);
    order.forEach((endpoint, i) => elements[maps[family].endpoints].set(`${offset + i} . ${place}`, endpoint));
    while (largest < order.length) largest *= 2;
    elements[maps[family][side]].set(place, `goto ${sharedChain(family, side, order.length)}`);
  };
  /** `own` are the endpoints for traffic of the cluster itself, `others` those for what comes from outside. */
  const open = (family: Family, place: string, rule: ServicePortRule, own: readonly Backend[], others: readonly Backend[]): void => {
    // The first rule keeps a place two of them claim.
    if (elements[maps[family].outside].has(place) || elements[maps[family].refused].has(place)) return;
    if (others.length > 0) list(family, place, 'outside', rule, others);
    if (own !== others && own.length > 0) list(family, place, 'inside', rule, own);
    if (others.length > 0) return;
    // There are endpoints, but none a Local policy allows here: silence, as kube-proxy keeps it; with none at all, refusal.
    const some = rule.internal.length + rule.external.length > 0;
    elements[maps[family].refused].set(place, `goto ${!some ? 'refuse' : own.length > 0 ? 'drop-outside' : 'drop-all'}`);
  };

  for (const rule of rules.ports) {
    if (rule.mode !== 'nftables') continue;
    const protocol = rule.protocol.toLowerCase();
    for (const address of rule.clusterIPs) open('service', `${address} . ${protocol} . ${rule.port}`, rule, rule.internal, rule.internal);
    // A Local policy is for those outside; they alone see which node they came to.
    const own = rule.internal.length > rule.external.length ? rule.internal : rule.external;
    for (const address of rule.externalIPs) open('service', `${address} . ${protocol} . ${rule.port}`, rule, own, rule.external);
    for (const { port } of listensOf(rule, 'node')) if (options.held.has(`${rule.protocol}/${port}`)) open('node', `${protocol} . ${port}`, rule, own, rule.external);
  }
  return { elements, largest, chains, clients, slots, flows };
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
function sticky(rule: ServicePortRule, backends: readonly Backend[], chains: Map<string, readonly string[]>, clients: Set<string>): string {
  const names = backends.map(({ address, port }) => {
    const name = short(rule.id, address, port);
    clients.add(`clients-${name}`);
    chains.set(`endpoint-${name}`, [`update @clients-${name} { ip saddr timeout ${rule.affinitySeconds}s }`, `${ported} dnat ip to ${address}:${port}`]);
    return name;
  });
  const chain = `sticky-${short(rule.id, ...names)}`;
  chains.set(chain, [
    ...names.map((name) => `ip saddr @clients-${name} goto endpoint-${name}`),
    `numgen random mod ${names.length} vmap { ${names.map((name, i) => `${i} : goto endpoint-${name}`).join(', ')} }`,
  ]);
  return chain;
}
