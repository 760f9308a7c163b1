// From Services and EndpointSlices to the name server's table. Pure.
import type { Service } from '../../src/api/core/service.ts';
import { serviceNameLabel, type EndpointSlice } from '../../src/api/discovery/endpoint-slice.ts';
import type { DnsHost, DnsPort, DnsService, DnsSubset, DnsTable, StubDomain } from './table.ts';

export interface TableInput {
  readonly services: Iterable<Service>;
  readonly endpointSlices: Iterable<EndpointSlice>;
  readonly namespaces?: Iterable<string>;
  readonly addresses: readonly string[];
  readonly port?: number;
  readonly domain?: string;
  readonly upstreams: readonly string[];
  readonly stubDomains?: readonly StubDomain[];
}

export function buildDnsTable(input: TableInput): DnsTable {
  const slices = new Map<string, EndpointSlice[]>();
  for (const slice of input.endpointSlices) {
    const service = slice.metadata.labels?.[serviceNameLabel];
    if (!service || slice.addressType === 'FQDN') continue;
    const key = `${slice.metadata.namespace}/${service}`;
    const known = slices.get(key);
    if (known) known.push(slice);
    else slices.set(key, [slice]);
  }
  const namespaces = new Set(input.namespaces);
  const services: DnsService[] = [];
  for (const service of input.services) {
    const { name, namespace = '' } = service.metadata;
    const { spec } = service;
    if (!spec) continue;
    namespaces.add(namespace);
    if (spec.type === 'ExternalName') {
      services.push({ namespace, name, addresses: [], ports: [], externalName: spec.externalName ?? '' });
      continue;
    }
    const addresses = (spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP ?? '']).filter((address) => address !== '' && address !== 'None');
    const ports = (spec.ports ?? []).map((port) => dnsPort(port.name, port.protocol, port.port));
    services.push({ namespace, name, addresses, ports, subsets: subsetsOf(slices.get(`${namespace}/${name}`) ?? [], spec.publishNotReadyAddresses === true) });
  }
  services.sort((a, b) => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1));
  return {
    addresses: input.addresses, port: input.port ?? 53, domain: input.domain ?? 'cluster.local', upstreams: input.upstreams,
    ...(input.stubDomains?.length ? { stubDomains: input.stubDomains } : {}), namespaces: [...namespaces].sort(), services,
  };
}

function subsetsOf(slices: readonly EndpointSlice[], publishNotReady: boolean): DnsSubset[] {
  return slices.flatMap((slice) => {
    const hosts = (slice.endpoints ?? []).filter((endpoint) => (endpoint.conditions?.ready ?? true) || publishNotReady)
      .flatMap(({ addresses, hostname }) => addresses.map((address): DnsHost => ({ address, ...(hostname ? { hostname } : {}) })))
      .sort((a, b) => (a.address < b.address ? -1 : 1));
    const ports = (slice.ports ?? []).flatMap((port) => (port.port ? [dnsPort(port.name, port.protocol, port.port)] : []));
    return hosts.length > 0 ? [{ ports, hosts }] : [];
  });
}

function dnsPort(name: string | null | undefined, protocol: string | null | undefined, port: number): DnsPort {
  return { name: name ?? '', protocol: (protocol ?? 'TCP').toLowerCase() as DnsPort['protocol'], port };
}
