// Addresses nothing may be sent to from outside one host: refused in Services, Endpoints and EndpointSlices.
// upstream: pkg/apis/core/validation/validation.go, ValidateNonSpecialIP
import { invalid, type Fault } from '../../apimachinery/fault.ts';
import { ipVersion } from '../../apimachinery/names.ts';
import { BlockList } from 'node:net';

const unspecified = new BlockList();
unspecified.addAddress('0.0.0.0');
unspecified.addAddress('::', 'ipv6');
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');
const linkLocal = new BlockList();
linkLocal.addSubnet('169.254.0.0', 16);
linkLocal.addSubnet('fe80::', 10, 'ipv6');
const linkLocalMulticast = new BlockList();
linkLocalMulticast.addSubnet('224.0.0.0', 24);
linkLocalMulticast.addSubnet('ff02::', 16, 'ipv6');

export function specialAddressFaults(address: string, path: string): Fault[] {
  const version = ipVersion(address);
  if (version === 0) return [invalid(path, address, 'must be a valid IP address')];
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const faults: Fault[] = [];
  if (unspecified.check(address, family)) faults.push(invalid(path, address, `may not be unspecified (${address})`));
  if (loopback.check(address, family)) faults.push(invalid(path, address, 'may not be in the loopback range (127.0.0.0/8, ::1/128)'));
  if (linkLocal.check(address, family)) faults.push(invalid(path, address, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'));
  if (linkLocalMulticast.check(address, family)) faults.push(invalid(path, address, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'));
  return faults;
}
