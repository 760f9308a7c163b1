// Ranges of addresses inside ranges, in both families.
import { BlockList, isIPv4, SocketAddress } from 'node:net';
import { cidrVersion } from '../../apimachinery/names.ts';

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
