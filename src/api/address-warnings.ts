// Addresses and ranges that are taken as they are written, although they can be misread: sent as warnings.
// upstream: apimachinery pkg/util/validation/ip.go, GetWarningsForIP and GetWarningsForCIDR
import { cidrVersion, ipVersion } from '../apimachinery/names.ts';
import { canonicalAddress, firstAddress, innerIPv4 } from './networking/address-range.ts';

const misread = (what: string, path: string, value: string, better: string): string =>
  `${path}: non-standard ${what} ${JSON.stringify(value)} will be considered invalid in a future Kubernetes release: use ${JSON.stringify(better)}`;

/** Warnings about an address; none about a text that is no address. */
export function addressWarnings(path: string, address: string): string[] {
  const inner = innerIPv4(address);
  if (inner !== undefined) return [misread('IP address', path, address, inner)];
  if (ipVersion(address) !== 6) return [];
  const canonical = canonicalAddress(address);
  return canonical === address ? [] : [`${path}: IPv6 address ${JSON.stringify(address)} should be in RFC 5952 canonical format (${JSON.stringify(canonical)})`];
}

/** Warnings about a range, `address/bits`; none about a text that is none. */
export function rangeWarnings(path: string, range: string): string[] {
  if (cidrVersion(range) === 0) return [];
  const [given, length] = range.split('/') as [string, string];
  const inner = innerIPv4(given);
  const bits = Number(length) - (inner === undefined ? 0 : 96);
  const address = inner ?? canonicalAddress(given);
  // A mapped address whose range is wider than IPv4 has no form in it.
  if (bits < 0) return [misread('CIDR value', path, range, `${firstAddress(given, Number(length))}/${length}`)];
  const first = firstAddress(address, bits);
  const warnings = first === address ? []
    : [`${path}: CIDR value ${JSON.stringify(range)} is ambiguous in this context (should be ${JSON.stringify(`${first}/${bits}`)} or ${JSON.stringify(`${address}/${ipVersion(address) === 4 ? 32 : 128}`)}?)`];
  if (inner !== undefined) warnings.push(misread('CIDR value', path, range, `${first}/${bits}`));
  if (warnings.length === 0 && address !== given) warnings.push(`${path}: IPv6 CIDR value ${JSON.stringify(range)} should be in RFC 5952 canonical format (${JSON.stringify(`${address}/${length}`)})`);
  return warnings;
}
