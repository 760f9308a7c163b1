// Rules of a Service's cluster addresses and address families, and of changing them.
// upstream: pkg/apis/core/validation/validation.go, ValidateServiceClusterIPsRelatedFields and validateUpgradeDowngrade*
import { duplicate, index, invalid, notSupported, required, type Fault } from '../../apimachinery/fault.ts';
import { ipVersion, isValidIP } from '../../apimachinery/names.ts';
import { headless, isHeadless, needsClusterIP, type ServiceSpec } from './service-spec.ts';

const families = ['IPv4', 'IPv6'];
const ipsPath = 'spec.clusterIPs';
const familiesPath = 'spec.ipFamilies';

export function clusterIPFaults(spec: ServiceSpec): Fault[] {
  if (!needsClusterIP(spec)) return [];
  const faults: Fault[] = [];
  const { clusterIP = '', clusterIPs = [], ipFamilies = [] } = spec;
  if (clusterIP === '') {
    if (clusterIPs.length > 0) faults.push(invalid(ipsPath, clusterIPs, 'must be empty when `clusterIP` is not specified'));
  } else if (clusterIPs.length === 0) faults.push(required(ipsPath));
  else if (clusterIPs[0] !== clusterIP) faults.push(invalid(ipsPath, clusterIPs, 'first value must match `clusterIP`'));

  ipFamilies.forEach((family, i) => {
    if (!families.includes(family)) faults.push(notSupported(index(familiesPath, i), family, families));
    if (ipFamilies.indexOf(family) < i) faults.push(duplicate(index(familiesPath, i), family));
  });

  const malformed = clusterIPs.flatMap((ip, i) => {
    if (i === 0 && ip === headless) return clusterIPs.length > 1 ? [invalid(ipsPath, clusterIPs, "'None' must be the first and only value")] : [];
    return isValidIP(ip).map((message) => invalid(index(ipsPath, i), ip, message));
  });
  faults.push(...malformed);
  if (clusterIPs.length > 2) faults.push(invalid(ipsPath, clusterIPs, 'may only hold up to 2 values'));
  // What follows would only repeat itself about addresses that are none.
  if (malformed.length > 0) return faults;

  if (clusterIPs.length > 1 && (clusterIPs.length > 2 || new Set(clusterIPs.map(ipVersion)).size !== 2)) faults.push(invalid(ipsPath, clusterIPs, 'may specify no more than one IP for each IP family'));
  if (!isHeadless(spec)) {
    clusterIPs.forEach((ip, i) => {
      const family = ipFamilies[i];
      if (family !== undefined && families.includes(family) && family !== `IPv${ipVersion(ip)}`) faults.push(invalid(index(ipsPath, i), ip, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``));
    });
  }
  return faults;
}

/** The second address (or family) may come and go; the first one stays. */
function keepFirst(now: readonly string[], old: readonly string[], path: string, what: string, spec: ServiceSpec): Fault[] {
  const first = index(path, 0);
  if (now.length === old.length) {
    return old.flatMap((value, i) => (value === now[i] ? [] : [invalid(path === ipsPath ? index(path, i) : first, now, 'may not change once set')]));
  }
  const faults: Fault[] = [];
  if (now.length < old.length && now.length === 0) faults.push(invalid(first, now, `primary ${what} can not be unset`));
  if (old.length > 0 && now.length > 0 && now[0] !== old[0]) faults.push(invalid(first, now, 'may not change once set'));
  if (now.length < old.length && now.length === 1 && spec.ipFamilyPolicy !== 'SingleStack') {
    faults.push(invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, `must be set to 'SingleStack' when releasing the secondary ${what}`));
  }
  return faults;
}

export function clusterIPUpdateFaults(spec: ServiceSpec, old: ServiceSpec): Fault[] {
  if (!needsClusterIP(spec) || !needsClusterIP(old)) return [];
  const bothHeadless = isHeadless(spec) && isHeadless(old);
  const eitherHeadless = isHeadless(spec) || isHeadless(old);
  return [
    ...(bothHeadless ? [] : keepFirst(spec.clusterIPs ?? [], old.clusterIPs ?? [], ipsPath, 'clusterIP', spec)),
    ...(eitherHeadless ? [] : keepFirst(spec.ipFamilies ?? [], old.ipFamilies ?? [], familiesPath, 'ipFamily', spec)),
  ];
}
