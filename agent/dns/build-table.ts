// From Services and EndpointSlices to the name server's table. Pure.
import type { Service } from '../../src/api/core/service.ts';
import { serviceNameLabel, type EndpointSlice } from '../../src/api/discovery/endpoint-slice.ts';
import type { DnsEndpoint, DnsPort, DnsService, DnsTable } from './table.ts';

export interface TableInput {
  readonly services: Iterable<Service>;
  readonly endpointSlices: Iterable<EndpointSlice>;
  readonly namespaces?: Iterable<string>;
  readonly addresses: readonly string[];
  readonly port?: number;
  readonly domain?: string;
  readonly upstreams: readonly string[];
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
    const addresses = (spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP ?? '']).filter((address) => address !== '' && address !== 'None');
    const ports = (spec.ports ?? []).map((port) => dnsPort(port.name, port.protocol, port.port));
    if (spec.type === 'ExternalName') services.push({ namespace, name, addresses: [], ports: [], externalName: spec.externalName ?? '' });
    else if (addresses.length > 0) services.push({ namespace, name, addresses, ports });
    else services.push({ namespace, name, addresses, ports, endpoints: endpointsOf(slices.get(`${namespace}/${name}`) ?? [], spec.publishNotReadyAddresses === true) });
  }
  services.sort((a, b) => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1));
  return {
    addresses: input.addresses, port: input.port ?? 53, domain: input.domain ?? 'cluster.local', upstreams: input.upstreams,
    namespaces: [...namespaces].sort(), services,
  };
}

function endpointsOf(slices: readonly EndpointSlice[], publishNotReady: boolean): DnsEndpoint[] {
  const found = new Map<string, DnsEndpoint>();
  for (const slice of slices) {
    const ports = (slice.ports ?? []).flatMap((port) => (port.port ? [dnsPort(port.name, port.protocol, port.port)] : []));
    for (const endpoint of slice.endpoints ?? []) {
      if (!(endpoint.conditions?.ready ?? true) && !publishNotReady) continue;
      for (const address of endpoint.addresses) {
        const known = found.get(address);
        found.set(address, { host: endpoint.hostname || address.replaceAll(/[.:]/g, '-'), address, ports: known ? [...known.ports, ...ports] : ports });
      }
    }
  }
  return [...found.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
}

function dnsPort(name: string | null | undefined, protocol: string | null | undefined, port: number): DnsPort {
  return { name: name ?? '', protocol: (protocol ?? 'TCP').toLowerCase() as DnsPort['protocol'], port };
}
