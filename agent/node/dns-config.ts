// Who is asked for names outside the cluster, and for which domains somebody else: the ConfigMap kube-system/kube-dns, with the keys the
// kube-dns add-on and NodeLocal DNSCache read. Pure but for the follower at the end.
// (upstream: kubernetes/dns pkg/dns/config/config.go; "Customizing DNS Service", stubDomains and upstreamNameservers)
import { isIP } from 'node:net';
import type { ConfigMap } from '../../src/api/core/config-map.ts';
import { isDNS1123Subdomain } from '../../src/apimachinery/names.ts';
import type { EventRecorder } from '../../src/client/event-recorder.ts';
import type { Informer } from '../../src/client/informer.ts';
import type { Log } from '../../src/util/log.ts';
import type { StubDomain } from '../dns/table.ts';
import { upstreamAddress } from '../dns/upstream.ts';

export const dnsConfigKey = { namespace: 'kube-system', name: 'kube-dns' } as const;

export interface DnsConfig {
  /** In place of the node's own resolvers. */
  readonly upstreams?: readonly string[];
  readonly stubDomains: readonly StubDomain[];
}

const maxUpstreams = 3;

/** @throws Error with every fault of `data`, in one line */
export function parseDnsConfig(data: Readonly<Record<string, string>>, clusterDomain: string): DnsConfig {
  const faults: string[] = [];
  const stubDomains: StubDomain[] = [];
  const stubs = json(data, 'stubDomains', faults) ?? {};
  if (typeof stubs !== 'object' || Array.isArray(stubs)) faults.push('stubDomains must be an object of domains with lists of nameservers');
  else for (const [domain, servers] of Object.entries(stubs as Record<string, unknown>)) {
    const name = domain.toLowerCase().replace(/\.$/, '');
    if (isDNS1123Subdomain(name).length > 0) faults.push(`invalid domain name: "${domain}"`);
    else if (name === clusterDomain || name.endsWith(`.${clusterDomain}`)) faults.push(`the cluster's own domain is no stub domain: "${domain}"`);
    else stubDomains.push({ domain: name, upstreams: nameservers(servers, `stubDomains of ${domain}`, faults) });
  }
  const own = json(data, 'upstreamNameservers', faults);
  const upstreams = own === undefined || (Array.isArray(own) && own.length === 0) ? [] : nameservers(own, 'upstreamNameservers', faults);
  if (upstreams.length > maxUpstreams) faults.push('upstreamNameserver cannot have more than three entries');
  if (faults.length > 0) throw new Error(faults.join('; '));
  return { stubDomains, ...(upstreams.length > 0 ? { upstreams } : {}) };
}

function json(data: Readonly<Record<string, string>>, key: string, faults: string[]): unknown {
  const text = data[key]?.trim();
  if (!text) return undefined;
  try {
    return JSON.parse(text) ?? undefined;
  } catch (error) {
    faults.push(`${key}: ${(error as Error).message}`);
    return undefined;
  }
}

function nameservers(value: unknown, where: string, faults: string[]): string[] {
  if (!Array.isArray(value) || value.length === 0 || value.some((server) => typeof server !== 'string')) {
    faults.push(`${where} must be a list of nameservers`);
    return [];
  }
  for (const server of value as string[]) if (!isNameserver(server)) faults.push(`invalid nameserver: "${server}"`);
  return value as string[];
}

function isNameserver(server: string): boolean {
  const { host, port } = upstreamAddress(server);
  return isIP(host) !== 0 && Number.isInteger(port) && port > 0 && port < 65_536;
}

/**
 * Calls `changed` with what the ConfigMap says whenever it says something else, and at its end with nothing. What cannot be read
 * becomes an Event on it, and what was said before stays.
 */
export function followDnsConfig(configs: Pick<Informer<ConfigMap>, 'addHandler'>, options: { readonly clusterDomain: string; readonly recorder: Pick<EventRecorder, 'warning'>; readonly log: Log; readonly changed: (config: DnsConfig) => void }): () => void {
  const { clusterDomain, recorder, log, changed } = options;
  const read = (configMap: ConfigMap): void => {
    let config: DnsConfig;
    try {
      config = parseDnsConfig(configMap.data ?? {}, clusterDomain);
    } catch (error) {
      const { message } = error as Error;
      log.warn({ error: message }, 'the configuration of the cluster DNS is not used');
      recorder.warning(configMap, 'InvalidDNSConfig', message);
      return;
    }
    changed(config);
  };
  return configs.addHandler({ added: read, updated: read, deleted: () => changed({ stubDomains: [] }) });
}
