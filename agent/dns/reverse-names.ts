// Addresses as they stand in names: `4.3.2.1.in-addr.arpa`, `….ip6.arpa` and the dashed names of hosts and Pods. Pure.
import { isIPv4, isIPv6 } from 'node:net';

const v4 = '.in-addr.arpa';
const v6 = '.ip6.arpa';

export const isReverseName = (name: string): boolean => name.endsWith(v4) || name.endsWith(v6);

/** The address a name of lower case ends in, in the form of `addressKey`; undefined when it is not a whole one. */
export function reverseAddress(name: string): string | undefined {
  const labels = name.slice(0, -(name.endsWith(v4) ? v4 : v6).length).split('.').reverse();
  if (name.endsWith(v4)) {
    const address = labels.join('.');
    return labels.length === 4 && isIPv4(address) ? address : undefined;
  }
  return labels.length === 32 && labels.every((label) => /^[0-9a-f]$/.test(label)) ? labels.join('') : undefined;
}

/** One form per address: IPv4 as it is written, IPv6 as its 32 hexadecimal digits. */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const hex = (high: string, low: string): string => (Number(high) * 256 + Number(low)).toString(16);
  const [head = '', tail] = (mapped ? `${mapped[1]}${hex(mapped[2]!, mapped[3]!)}:${hex(mapped[4]!, mapped[5]!)}` : address).toLowerCase().split('::');
  const groups = (text: string): string[] => text.split(':').filter((group) => group !== '').map((group) => group.padStart(4, '0'));
  const [before, after] = [groups(head), groups(tail ?? '')];
  return [...before, ...Array<string>(8 - before.length - after.length).fill('0000'), ...after].join('');
}

/** The name of a host without a hostname. (upstream: CoreDNS plugin/kubernetes, endpointHostname) */
export function dashedAddress(address: string): string {
  const dashed = address.toLowerCase().replaceAll(/[.:]/g, '-');
  return dashed.endsWith('-') ? `${dashed}0` : dashed;
}

/** The address in the first label of a Pod's name. (upstream: CoreDNS plugin/kubernetes, findPods) */
export function undashedAddress(label: string): string | undefined {
  const address = label.split('-').length === 4 && !label.includes('--') ? label.replaceAll('-', '.') : label.replaceAll('-', ':');
  return isIPv4(address) || isIPv6(address) ? address : undefined;
}
