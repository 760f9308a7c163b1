// What the proxy is to do, as one plain value: built by a pure function from Services and EndpointSlices, carried to the
// workers as JSON, and read by every back end.

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
  /** How bytes are moved: per request (http) or per connection (relay). */
  readonly mode: 'http' | 'relay';
  /** Addresses the service namespace listens on: cluster IP (and external IPs). */
  readonly clusterIPs: readonly string[];
  readonly port: number;
  /** 0 when the Service has none. */
  readonly nodePort: number;
  /** Ports of a LoadBalancer Service are opened on the node at `port` too. */
  readonly loadBalancer: boolean;
  /** Seconds a client sticks to a Pod; 0 for none (sessionAffinity ClientIP). */
  readonly affinitySeconds: number;
  /** Traffic from inside the cluster, and from outside (they differ under traffic policies). */
  readonly internal: readonly Backend[];
  readonly external: readonly Backend[];
}

export interface ProxyRules {
  /** resourceVersion of the newest EndpointSlice or Service the rules include: what an acknowledgement names. */
  readonly revision: number;
  readonly ports: readonly ServicePortRule[];
}
