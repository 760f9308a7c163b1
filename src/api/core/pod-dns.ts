// How names are resolved in a Pod: resolver settings and extra entries of the hosts file.
// upstream: pkg/apis/core/validation/validation.go, validatePodDNSConfig and ValidateHostAliases
import { child, index, invalid, required, type Fault } from '../../apimachinery/fault.ts';
import { isDNS1123Subdomain, isDNS1123SubdomainWithUnderscore, isValidIP } from '../../apimachinery/names.ts';
import { array, object, string, types, type FieldsValue } from '../../schema/schema.ts';

const maxNameservers = 3;
const maxSearches = 32;
const maxSearchCharacters = 2048;

export const podDNSConfigOption = object('PodDNSConfigOption', {
  name: string(1, { doc: 'Name of the option, for example ndots.' }),
  value: string(2, { pointer: true, doc: 'Value of the option.' }),
}, { doc: 'One option of resolv.conf.' });

export const podDNSConfig = object('PodDNSConfig', {
  nameservers: array(1, types.string, { listType: 'atomic', doc: 'Addresses of name servers, added to those of dnsPolicy.' }),
  searches: array(2, types.string, { listType: 'atomic', doc: 'Search domains, added to those of dnsPolicy.' }),
  options: array(3, podDNSConfigOption, { listType: 'atomic', doc: 'Options, merged with those of dnsPolicy.' }),
}, { doc: 'Resolver settings beside those dnsPolicy makes.' });
export interface PodDNSConfig extends FieldsValue<typeof podDNSConfig.fields> {}

export function dnsConfigFaults(config: PodDNSConfig | undefined, policy: string | undefined, path: string): Fault[] {
  if (policy === 'None') {
    if (!config) return [required(path, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    if (!config.nameservers?.length) return [required(child(path, 'nameservers'), 'must provide at least one DNS nameserver when `dnsPolicy` is None')];
  }
  const { nameservers = [], searches = [], options = [] } = config ?? {};
  const faults: Fault[] = [];
  const serversPath = child(path, 'nameservers');
  const searchesPath = child(path, 'searches');
  if (nameservers.length > maxNameservers) faults.push(invalid(serversPath, nameservers, `must not have more than ${maxNameservers} nameservers`));
  nameservers.forEach((server, i) => faults.push(...isValidIP(server).map((problem) => invalid(index(serversPath, i), server, problem))));
  if (searches.length > maxSearches) faults.push(invalid(searchesPath, searches, `must not have more than ${maxSearches} search paths`));
  if (searches.join(' ').length > maxSearchCharacters) {
    faults.push(invalid(searchesPath, searches, `must not have more than ${maxSearchCharacters} characters (including spaces) in the search list`));
  }
  searches.forEach((search, i) => {
    if (search === '.') return;
    const name = search.replace(/\.$/, '');
    faults.push(...isDNS1123SubdomainWithUnderscore(name).map((problem) => invalid(index(searchesPath, i), name, problem)));
  });
  options.forEach(({ name }, i) => {
    if (!name) faults.push(required(index(child(path, 'options'), i), 'must not be empty'));
  });
  return faults;
}

export const hostAlias = object('HostAlias', {
  ip: string(1, { required: true, format: 'ip', doc: 'Address of the entry.' }),
  hostnames: array(2, types.string, {
    listType: 'atomic', doc: 'Names of the address.',
    validate: (names, path) => names.flatMap((name, i) => isDNS1123Subdomain(name).map((problem) => invalid(index(path, i), name, problem))),
  }),
}, { doc: 'An entry of the Pod\'s hosts file.' });
