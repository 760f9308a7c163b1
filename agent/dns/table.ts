// What the cluster's name server knows, as one plain value that travels with the proxy rules.

/** One reachable host behind a headless Service. */
export interface DnsEndpoint {
  /** The endpoint's hostname, or its address with dashes. */
  readonly host: string;
  readonly address: string;
  readonly ports: readonly DnsPort[];
}
export interface DnsPort { readonly name: string; readonly protocol: 'tcp' | 'udp' | 'sctp'; readonly port: number }

export interface DnsService {
  readonly namespace: string;
  readonly name: string;
  /** Cluster addresses; empty for headless and ExternalName Services. */
  readonly addresses: readonly string[];
  readonly ports: readonly DnsPort[];
  /** Only of headless Services. */
  readonly endpoints?: readonly DnsEndpoint[];
  /** Only of ExternalName Services: the name it stands for. */
  readonly externalName?: string;
}

export interface DnsTable {
  /** Where the name server listens. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** `cluster.local`, without a final dot. */
  readonly domain: string;
  /** Resolvers that answer every other name: `address` or `address:port`. */
  readonly upstreams: readonly string[];
  readonly namespaces: readonly string[];
  readonly services: readonly DnsService[];
}
