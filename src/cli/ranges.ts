// Which addresses a new cluster uses: pod CIDR, service CIDR and node ports, as flags say or the first that meet nothing in use.
import { containsRange, formatCIDR, overlaps, parseCIDR, rangeOf, type CIDR } from '../util/cidr.ts';

export interface PortRange { readonly from: number; readonly to: number }
export interface ClusterRanges { readonly podCIDR: string; readonly serviceCIDR: string; readonly nodePortRange: PortRange; /** UDP port between nodes that share no subnet. */ readonly vxlanPort: number }
/** What the user typed; an absent flag means "choose". */
export interface RangeFlags { readonly podCIDR?: string | undefined; readonly serviceCIDR?: string | undefined; readonly nodePortRange?: string | undefined; readonly vxlanPort?: number | undefined }

/** Addresses that are spoken for, and by what, in words that fit after "overlaps". */
export interface TakenRange { readonly range: CIDR; readonly kind: 'route' | 'resolver' | 'network' | 'connection' | 'cluster'; readonly what: string }
export interface RangeFacts { readonly addresses: readonly TakenRange[]; readonly nodePorts: readonly PortRange[]; /** UDP ports in use on this host, or another cluster's. */ readonly udpPorts: readonly number[] }

/** A flag that cannot be used; the message is one line that begins with the flag's name. */
export class RangeFlagError extends Error {}

const pairs = (from: number, to: number): number[] => Array.from({ length: Math.floor((to - from) / 2) + 1 }, (_, i) => from + 2 * i);
const sixteen = (a: number, b: number): CIDR => rangeOf(((a << 24) | (b << 16)) >>> 0, 16);

/** Even second octets for Pods and odd ones for Services, so that each cluster's pair stays side by side. */
export const podCandidates: readonly CIDR[] = [
  ...pairs(42, 254).map((b) => sixteen(10, b)), ...pairs(2, 40).map((b) => sixteen(10, b)),
  ...pairs(18, 30).map((b) => sixteen(172, b)), sixteen(192, 168),
];
export const serviceCandidates: readonly CIDR[] = [
  ...pairs(43, 253).map((b) => sixteen(10, b)), ...pairs(1, 41).map((b) => sixteen(10, b)),
  ...pairs(17, 31).map((b) => sixteen(172, b)),
  ...Array.from({ length: 16 }, (_, i) => rangeOf(((192 << 24) | (168 << 16) | (i << 12)) >>> 0, 20)),
];
/** Kubernetes' default first; the others lie below it, outside the kernel's ephemeral ports. */
export const nodePortCandidates: readonly PortRange[] = [30000, 27000, 24000, 21000, 18000, 15000, 12000].map((from) => ({ from, to: from + 2767 }));
export const defaultNodePortRange: PortRange = nodePortCandidates[0]!;

/** Linux' own port for VXLAN, and what follows; all outside the kernel's ephemeral ports. */
export const defaultVxlanPort = 8472;
export const vxlanPortCandidates: readonly number[] = Array.from({ length: 20 }, (_, i) => defaultVxlanPort + i);

const unusable: readonly [string, string][] = [
  ['0.0.0.0/8', 'is no unicast range'], ['127.0.0.0/8', 'lies in the loopback range 127.0.0.0/8'],
  ['169.254.0.0/16', 'lies in the link-local range 169.254.0.0/16'], ['224.0.0.0/3', 'lies in the multicast and reserved range 224.0.0.0/3'],
];

function parseRangeFlag(flag: string, text: string, example: string, widest: number, narrowest: number): CIDR {
  const range = text.includes('/') ? parseCIDR(text) : undefined;
  if (!range) throw new RangeFlagError(`${flag} "${text}" is not an IPv4 range such as ${example}`);
  if (formatCIDR(range) !== text) throw new RangeFlagError(`${flag} "${text}" has host bits set, use ${formatCIDR(range)}`);
  if (range.prefix < widest || range.prefix > narrowest) throw new RangeFlagError(`${flag} "${text}" must have a prefix from /${widest} to /${narrowest}`);
  for (const [bad, why] of unusable) if (overlaps(range, parseCIDR(bad)!)) throw new RangeFlagError(`${flag} "${text}" ${why}`);
  return range;
}

/** One /24 of it goes to each node. */
export const parsePodCIDR = (text: string): CIDR => parseRangeFlag('--pod-cidr', text, '10.42.0.0/16', 8, 24);
/** Upstream's widest service range is a /12 (20 bits). */
export const parseServiceCIDR = (text: string): CIDR => parseRangeFlag('--service-cidr', text, '10.43.0.0/16', 12, 28);

export function parseNodePortRange(text: string): PortRange {
  const match = /^([0-9]{1,5})-([0-9]{1,5})$/.exec(text);
  if (!match) throw new RangeFlagError(`--node-port-range "${text}" is not a range of ports such as 30000-32767`);
  const [from, to] = [Number(match[1]), Number(match[2])];
  if (from < 1 || to > 65535) throw new RangeFlagError(`--node-port-range "${text}" must lie between 1 and 65535`);
  if (from > to) throw new RangeFlagError(`--node-port-range "${text}" ends before it begins`);
  return { from, to };
}

/** Routes to nearly everything (default, or a VPN's two halves) reserve nothing. */
const reserves = (taken: TakenRange): boolean => taken.kind !== 'route' || taken.range.prefix >= 8;
/** What `range` would collide with. */
const collision = (range: CIDR, taken: readonly TakenRange[]): TakenRange | undefined => taken.find((t) => reserves(t) && overlaps(t.range, range));

function firstFree(flag: string, noun: string, candidates: readonly CIDR[], taken: readonly TakenRange[]): CIDR {
  const free = candidates.find((candidate) => !collision(candidate, taken));
  if (!free) throw new RangeFlagError(`${flag}: every default range for ${noun} overlaps something in use (${collision(candidates[0]!, taken)!.what}), name a free one`);
  return free;
}

/** A range someone asked for may lie inside a wider route (the longer prefix wins), but on nothing else in use. */
function checkAsked(flag: string, range: CIDR, taken: readonly TakenRange[]): CIDR {
  const inWiderRoute = (t: TakenRange): boolean => t.kind === 'route' && t.range.prefix < range.prefix && containsRange(t.range, range);
  const hit = collision(range, taken.filter((t) => !inWiderRoute(t)));
  if (hit) throw new RangeFlagError(`${flag} "${formatCIDR(range)}" overlaps ${hit.what}`);
  return range;
}

/** @throws RangeFlagError for a flag that is malformed or collides, and when no default is left. */
export function chooseRanges(flags: RangeFlags, facts: RangeFacts): ClusterRanges {
  const askedPods = flags.podCIDR === undefined ? undefined : checkAsked('--pod-cidr', parsePodCIDR(flags.podCIDR), facts.addresses);
  const askedServices = flags.serviceCIDR === undefined ? undefined : checkAsked('--service-cidr', parseServiceCIDR(flags.serviceCIDR), facts.addresses);
  if (askedPods && askedServices && overlaps(askedPods, askedServices)) {
    throw new RangeFlagError(`--service-cidr "${formatCIDR(askedServices)}" overlaps --pod-cidr "${formatCIDR(askedPods)}"`);
  }
  const beside = (other: CIDR | undefined): TakenRange[] => (other ? [...facts.addresses, { range: other, kind: 'cluster', what: 'this cluster\'s other range' }] : [...facts.addresses]);
  const pods = askedPods ?? firstFree('--pod-cidr', 'Pods', podCandidates, beside(askedServices));
  const services = askedServices ?? firstFree('--service-cidr', 'Services', serviceCandidates, beside(pods));
  return {
    podCIDR: formatCIDR(pods), serviceCIDR: formatCIDR(services),
    nodePortRange: flags.nodePortRange === undefined ? freeNodePorts(facts.nodePorts) : parseNodePortRange(flags.nodePortRange),
    vxlanPort: flags.vxlanPort === undefined ? freeVxlanPort(facts.udpPorts) : askedVxlanPort(flags.vxlanPort, facts.udpPorts),
  };
}

function freeNodePorts(taken: readonly PortRange[]): PortRange {
  const free = nodePortCandidates.find((c) => !taken.some((t) => t.from <= c.to && c.from <= t.to));
  if (!free) throw new RangeFlagError('--node-port-range: other clusters use every default range, name a free one');
  return free;
}

function askedVxlanPort(port: number, taken: readonly number[]): number {
  if (taken.includes(port)) throw new RangeFlagError(`--vxlan-port ${port} is in use on this host or by another cluster`);
  return port;
}

function freeVxlanPort(taken: readonly number[]): number {
  const free = vxlanPortCandidates.find((port) => !taken.includes(port));
  if (free === undefined) throw new RangeFlagError(`--vxlan-port: every default port from ${defaultVxlanPort} is in use, name a free one`);
  return free;
}
