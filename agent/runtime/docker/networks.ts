// The Docker network of a node's Pods, through the Engine API.
import type Docker from 'dockerode';
import type { DockerNetworks, PodNetworkSpec, PodNetworkState } from '../../network/docker-networks.ts';
import type { Connection } from './dockerode.ts';
import { EndpointCountLost, engineCall, engineMessage, idempotent, statusOf, translate } from './errors.ts';

export interface NetworkSubnets { readonly name: string; readonly subnets: readonly string[] }
interface Inspected {
  readonly Id: string;
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string }[] | null };
  readonly Options?: Readonly<Record<string, string>> | null;
  /** By container id, or `ep-<id>` for an endpoint whose container is gone. */
  readonly Containers?: Readonly<Record<string, { readonly Name?: string } | null>> | null;
}

const bridgeName = 'com.docker.network.bridge.name';
const mtuOption = 'com.docker.network.driver.mtu';
/** Docker's own, where a network names none. */
const defaultMtu = 1500;

/** From Engine 28 on, packets routed to a container are dropped unless the network says otherwise. */
export const gatewayMode = (engineVersion: string): Record<string, string> =>
  (Number(/^\d+/.exec(engineVersion)?.[0] ?? 0) >= 28 ? { 'com.docker.network.bridge.gateway_mode_ipv4': 'nat-unprotected' } : {});

export function createOptions(spec: PodNetworkSpec, engineVersion: string): Docker.NetworkCreateOptions {
  return {
    Name: spec.name, Driver: 'bridge', CheckDuplicate: true, Internal: false, Attachable: false, EnableIPv6: false,
    IPAM: { Driver: 'default', Config: [{ Subnet: spec.subnet, Gateway: spec.gateway, AuxiliaryAddresses: { services: spec.reserved } as never }] },
    Options: {
      [bridgeName]: spec.bridge, 'com.docker.network.bridge.enable_ip_masquerade': 'false', 'com.docker.network.bridge.enable_icc': 'true',
      [mtuOption]: String(spec.mtu), ...gatewayMode(engineVersion),
    },
    Labels: { ...spec.labels },
  };
}

export function createDockerNetworks({ docker, engine }: Connection): DockerNetworks & { subnets(): Promise<NetworkSubnets[]> } {
  const inspect = async (name: string): Promise<PodNetworkState | undefined> => {
    try {
      const found = await docker.getNetwork(name).inspect() as Inspected;
      return {
        id: found.Id, subnet: found.IPAM?.Config?.[0]?.Subnet ?? '', bridge: found.Options?.[bridgeName] ?? '', mtu: Number(found.Options?.[mtuOption] ?? defaultMtu),
        containers: Object.keys(found.Containers ?? {}).length,
      };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw translate(error);
    }
  };
  /** False when endpoints are in the way. */
  const removed = async (name: string): Promise<boolean> => {
    try {
      await docker.getNetwork(name).remove();
    } catch (error) {
      if (/has active endpoints/.test(engineMessage(error))) return false;
      if (statusOf(error) !== 404) throw translate(error);
    }
    return true;
  };
  /** Takes endpoints away that outlived their containers. @throws when a container is attached: whose it is, is not known here */
  const cutOffDead = async (name: string): Promise<void> => {
    const network = docker.getNetwork(name);
    const { Containers } = await engineCall(() => network.inspect() as Promise<Inspected>);
    const endpoints = await Promise.all(Object.entries(Containers ?? {}).map(async ([id, endpoint]) => ({ name: endpoint?.Name ?? id, attached: !id.startsWith('ep-') && await exists(id) })));
    const attached = endpoints.filter((endpoint) => endpoint.attached).map((endpoint) => endpoint.name).sort();
    if (attached.length > 0) throw new Error(`containers that are not the cluster's use the network ${name}: ${attached.join(', ')}`);
    for (const endpoint of endpoints) await idempotent(() => network.disconnect({ Container: endpoint.name, Force: true }), [404]);
  };
  const exists = (id: string): Promise<boolean> => docker.getContainer(id).inspect().then(() => true, (error: unknown) => {
    if (statusOf(error) === 404) return false;
    throw translate(error);
  });
  return {
    inspect,
    async create(spec) {
      try {
        await docker.createNetwork(createOptions(spec, engine.version));
      } catch (error) {
        if (/overlaps with other one on this address space/.test(engineMessage(error))) throw new Error(`the pod subnet ${spec.subnet} overlaps another Docker network`, { cause: error });
        throw translate(error);
      }
    },
    async remove(name) {
      if (await removed(name)) return;
      await cutOffDead(name);
      // Engine 20.10 counts endpoints apart from its list of them, and can lose count; it counts anew when it starts.
      if (!(await removed(name))) throw new EndpointCountLost(`the engine has lost count of the endpoints of its network ${name}`);
    },
    /** Subnets of every network of the engine. */
    async subnets() {
      const all = await engineCall(() => docker.listNetworks());
      return all.map((network) => ({ name: network.Name, subnets: (network.IPAM?.Config ?? []).flatMap((c) => (c.Subnet === undefined ? [] : [c.Subnet])) }));
    },
  };
}
