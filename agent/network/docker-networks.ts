// What the node's network asks of the engine; the runtime's Docker folder implements it.

export interface PodNetworkSpec {
  readonly name: string;
  readonly bridge: string;
  readonly subnet: string;
  readonly gateway: string;
  /** Address Docker must give to no container by itself. */
  readonly reserved: string;
  readonly mtu: number;
  readonly labels: Readonly<Record<string, string>>;
}
export interface PodNetworkState { readonly id: string; readonly subnet: string; readonly bridge: string; /** What containers get. */ readonly mtu: number; /** Containers attached now. */ readonly containers: number }

export interface DockerNetworks {
  /** A bridge network whose traffic Docker neither masquerades nor refuses when routed to it. */
  create(spec: PodNetworkSpec): Promise<void>;
  /** Undefined when there is none of that name. */
  inspect(name: string): Promise<PodNetworkState | undefined>;
  /** Idempotent. @throws when containers are attached, or the engine counts endpoints that are none. */
  remove(name: string): Promise<void>;
}
