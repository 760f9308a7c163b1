// What the cluster's name server knows, as one plain value that travels with the proxy rules.

export interface DnsPort { readonly name: string; readonly protocol: 'tcp' | 'udp' | 'sctp'; readonly port: number }

/** One reachable host behind a Service. */
export interface DnsHost {
  readonly address: string;
  /** The endpoint's hostname; without one the name is the address with dashes. */
  readonly hostname?: string;
}
/** Hosts with the same ports, as an EndpointSlice has them. */
export interface DnsSubset { readonly ports: readonly DnsPort[]; readonly hosts: readonly DnsHost[] }

export interface DnsService {
  readonly namespace: string;
  readonly name: string;
  /** Cluster addresses; empty for headless and ExternalName Services. */
  readonly addresses: readonly string[];
  readonly ports: readonly DnsPort[];
  /** Ready endpoints: a headless Service's own addresses, and of every Service the names of its hosts. */
  readonly subsets?: readonly DnsSubset[];
  /** Only of ExternalName Services: the name it stands for. */
  readonly externalName?: string;
}

/** Names of `domain` and below are asked of other resolvers than all others. */
export interface StubDomain { readonly domain: string; readonly upstreams: readonly string[] }

export interface DnsTable {
  /** Where the name server listens. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** `cluster.local`, without a final dot. */
  readonly domain: string;
  /** Resolvers that answer every other name: `address` or `address:port`. */
  readonly upstreams: readonly string[];
  readonly stubDomains?: readonly StubDomain[];
  readonly namespaces: readonly string[];
  readonly services: readonly DnsService[];
}
