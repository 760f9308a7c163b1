// Ranges of addresses inside ranges, in both families.
import { BlockList, isIPv4, SocketAddress } from 'node:net';
import { cidrVersion, ipVersion, isValidCIDR } from '../../apimachinery/names.ts';

/** Whether a valid `inner` lies within a valid `outer` and is smaller. */
export function contains(outer: string, inner: string): boolean {
  const version = cidrVersion(outer);
  if (version !== cidrVersion(inner)) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const [base, bits] = outer.split('/') as [string, string];
  const [address, innerBits] = inner.split('/') as [string, string];
  if (Number(innerBits) <= Number(bits)) return false;
  const list = new BlockList();
  list.addSubnet(base, Number(bits), family);
  return list.check(address, family);
}

/** The one way to write an address: without leading zeros, IPv6 shortened. */
export const canonicalAddress = (address: string): string => new SocketAddress({ address, family: isIPv4(address) ? 'ipv4' : 'ipv6' }).address;

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;
/** The IPv4 address inside an IPv6 one, where Go sees nothing else. */
export const innerIPv4 = (address: string): string | undefined => (ipVersion(address) === 6 ? mapped.exec(canonicalAddress(address))?.[1] : undefined);

const groupsOf = (address: string): number[] => {
  const [head = '', tail] = canonicalAddress(address).replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a: string, b: string, c: string, d: string) => `${(Number(a) * 256 + Number(b)).toString(16)}:${(Number(c) * 256 + Number(d)).toString(16)}`).split('::');
  const read = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const [first, last] = [read(head), read(tail ?? '')];
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
};
/** The first address of the range `address/bits`. */
export function firstAddress(address: string, bits: number): string {
  const [parts, size] = ipVersion(address) === 4 ? [address.split('.').map(Number), 8] : [groupsOf(address), 16];
  const kept = parts.map((part, i) => part & ~((1 << (size - Math.min(size, Math.max(0, bits - i * size)))) - 1));
  return size === 8 ? kept.join('.') : new SocketAddress({ address: kept.map((group) => group.toString(16)).join(':'), family: 'ipv6' }).address;
}

/** What keeps a text from being a range in its one form, as fields ask for it that are younger than the rules. (upstream: apimachinery pkg/util/validation/ip.go, IsValidCIDR) */
export function isStrictCIDR(range: string): string[] {
  if (cidrVersion(range) === 0) return isValidCIDR(range);
  const [address, bits] = range.split('/') as [string, string];
  if (innerIPv4(address) !== undefined) return ['must not have an IPv4-mapped IPv6 address'];
  const canonical = canonicalAddress(address);
  if (firstAddress(canonical, Number(bits)) !== canonical) return ['must not have bits set beyond the prefix length'];
  return canonical === address ? [] : [`must be in canonical form (${JSON.stringify(`${canonical}/${bits}`)})`];
}
