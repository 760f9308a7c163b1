// What the proxy is to do, as one plain value: built by a pure function from Services and EndpointSlices, carried to the
// workers as JSON, and read by every back end.
import { containsAddress, mustParseCIDR, parseIPv4 } from '../../src/util/cidr.ts';
import type { DnsTable } from '../dns/table.ts';

export interface Backend {
  readonly address: string;
  readonly port: number;
  /** `namespace/name` of the Pod, '' when the endpoint is no Pod. */
  readonly pod: string;
  readonly nodeName: string;
}

export interface ServicePortRule {
  /** `namespace/name:port`, unique; the port name may be empty. */
  readonly id: string;
  readonly protocol: 'TCP' | 'UDP';
  /**
   * How bytes are moved: per request (http), or per connection, by the worker (relay) or by the kernel (nftables). Workers relay what
   * the kernel does not take: loopback, and everything while its tables are being repaired.
   */
  readonly mode: 'http' | 'relay' | 'nftables';
  /** Cluster addresses the service namespace listens on; they lead to `internal`. */
  readonly clusterIPs: readonly string[];
  /** External addresses the service namespace listens on; they lead to `external`. */
  readonly externalIPs: readonly string[];
  readonly port: number;
  /** 0 when the Service has none. */
  readonly nodePort: number;
  /** Ports of a LoadBalancer Service are opened on the node at `port` too. */
  readonly loadBalancer: boolean;
  /** Who may come by the load balancer's port, as IPv4 ranges; anybody where there are none. Never empty. */
  readonly sourceRanges?: readonly string[];
  /** Seconds a client sticks to a Pod; 0 for none (sessionAffinity ClientIP). */
  readonly affinitySeconds: number;
  /** Traffic from inside the cluster, and from outside (they differ under traffic policies). */
  readonly internal: readonly Backend[];
  readonly external: readonly Backend[];
}

/** Values do not change: what differs between two sets of rules is found by the identity of their parts. */
export interface ProxyRules {
  /** resourceVersion of the newest EndpointSlice or Service the rules include: what an acknowledgement names. */
  readonly revision: number;
  /** In order of their ids. */
  readonly ports: readonly ServicePortRule[];
  /** What the name server in the service namespace answers; absent where none is to run. */
  readonly dns?: DnsTable;
}

export const idOf = (rule: ServicePortRule): string => rule.id;

/** A port the worker could not open, in words for an Event on the Service. */
export interface ListenError {
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly message: string;
}

/** `service` listens inside the service network namespace, `node` in the host's. */
export type WorkerRole = 'service' | 'node';

export interface Listen {
  readonly protocol: 'TCP' | 'UDP';
  readonly address: string;
  readonly port: number;
  readonly side: 'internal' | 'external';
}

/** On every address of the node. */
export const anyAddress = '0.0.0.0';

/** The ranges clients of this place have to be of. Node ports are open to anybody. (upstream: pkg/proxy/nftables/proxier.go, its firewall chains) */
export const sourceRangesOf = (rule: ServicePortRule, { address, port }: Pick<Listen, 'address' | 'port'>): readonly string[] | undefined =>
  (address === anyAddress && rule.loadBalancer && port === rule.port ? rule.sourceRanges : undefined);

/** Whether a client with this address may use the place. */
export function admits(rule: ServicePortRule, listen: Listen, client: string): boolean {
  const ranges = sourceRangesOf(rule, listen);
  const address = ranges && parseIPv4(client);
  return !ranges || (address !== undefined && ranges.some((range) => containsAddress(mustParseCIDR(range), address)));
}

/** Where a worker of this role listens for a rule. */
export function listensOf(rule: ServicePortRule, role: WorkerRole): Listen[] {
  const { protocol } = rule;
  if (role === 'service') {
    return [
      ...rule.clusterIPs.map((address): Listen => ({ protocol, address, port: rule.port, side: 'internal' })),
      ...rule.externalIPs.map((address): Listen => ({ protocol, address, port: rule.port, side: 'external' })),
    ];
  }
  const ports = [...(rule.nodePort ? [rule.nodePort] : []), ...(rule.loadBalancer && rule.port !== rule.nodePort ? [rule.port] : [])];
  return ports.map((port): Listen => ({ protocol, address: anyAddress, port, side: 'external' }));
}
