// Addresses and ranges that are taken as they are written, although they can be misread: sent as warnings.
// upstream: apimachinery pkg/util/validation/ip.go, GetWarningsForIP and GetWarningsForCIDR
import { SocketAddress } from 'node:net';
import { cidrVersion, ipVersion } from '../apimachinery/names.ts';
import { canonicalAddress } from './networking/address-range.ts';

const misread = (what: string, path: string, value: string, better: string): string =>
  `${path}: non-standard ${what} ${JSON.stringify(value)} will be considered invalid in a future Kubernetes release: use ${JSON.stringify(better)}`;

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;
/** The IPv4 address inside an IPv6 one, where Go sees nothing else. */
const innerIPv4 = (address: string): string | undefined => (ipVersion(address) === 6 ? mapped.exec(canonicalAddress(address))?.[1] : undefined);

/** Warnings about an address; none about a text that is no address. */
export function addressWarnings(path: string, address: string): string[] {
  const inner = innerIPv4(address);
  if (inner !== undefined) return [misread('IP address', path, address, inner)];
  if (ipVersion(address) !== 6) return [];
  const canonical = canonicalAddress(address);
  return canonical === address ? [] : [`${path}: IPv6 address ${JSON.stringify(address)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`];
}

const groupsOf = (address: string): number[] => {
  const [head = '', tail] = canonicalAddress(address).replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a: string, b: string, c: string, d: string) => `${(Number(a) * 256 + Number(b)).toString(16)}:${(Number(c) * 256 + Number(d)).toString(16)}`).split('::');
  const read = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const [first, last] = [read(head), read(tail ?? '')];
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
};
/** The first address of the range. */
function masked(address: string, bits: number): string {
  const [parts, size] = ipVersion(address) === 4 ? [address.split('.').map(Number), 8] : [groupsOf(address), 16];
  const kept = parts.map((part, i) => part & ~((1 << (size - Math.min(size, Math.max(0, bits - i * size)))) - 1));
  return size === 8 ? kept.join('.') : new SocketAddress({ address: kept.map((group) => group.toString(16)).join(':'), family: 'ipv6' }).address;
}

/** Warnings about a range, `address/bits`; none about a text that is none. */
export function rangeWarnings(path: string, range: string): string[] {
  if (cidrVersion(range) === 0) return [];
  const [given, length] = range.split('/') as [string, string];
  const inner = innerIPv4(given);
  const bits = Number(length) - (inner === undefined ? 0 : 96);
  const address = inner ?? canonicalAddress(given);
  // A mapped address whose range is wider than IPv4 has no form in it.
  if (bits < 0) return [misread('CIDR value', path, range, `${masked(given, Number(length))}/${length}`)];
  const first = masked(address, bits);
  const warnings = first === address ? []
    : [`${path}: CIDR value ${JSON.stringify(range)} is ambiguous in this context (should be ${JSON.stringify(`${first}/${bits}`)} or ${JSON.stringify(`${address}/${ipVersion(address) === 4 ? 32 : 128}`)}?)`];
  if (inner !== undefined) warnings.push(misread('CIDR value', path, range, `${first}/${bits}`));
  if (warnings.length === 0 && address !== given) warnings.push(`${path}: IPv6 CIDR value ${JSON.stringify(range)} should be in RFC 5952 canonical format (${JSON.stringify(`${address}/${length}`)})`);
  return warnings;
}
