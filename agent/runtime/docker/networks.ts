// The Docker network of a node's Pods, through the Engine API.
import type Docker from 'dockerode';
import type { DockerNetworks, PodNetworkSpec, PodNetworkState } from '../../network/docker-networks.ts';
import type { Connection } from './dockerode.ts';
import { engineCall, engineMessage, statusOf, translate } from './errors.ts';

export interface NetworkSubnets { readonly name: string; readonly subnets: readonly string[] }
interface Inspected {
  readonly Id: string;
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string }[] | null };
  readonly Options?: Readonly<Record<string, string>> | null;
  readonly Containers?: Readonly<Record<string, unknown>> | null;
}

const bridgeName = 'com.docker.network.bridge.name';

/** From Engine 28 on, packets routed to a container are dropped unless the network says otherwise. */
export const gatewayMode = (engineVersion: string): Record<string, string> =>
  (Number(/^\d+/.exec(engineVersion)?.[0] ?? 0) >= 28 ? { 'com.docker.network.bridge.gateway_mode_ipv4': 'nat-unprotected' } : {});

export function createOptions(spec: PodNetworkSpec, engineVersion: string): Docker.NetworkCreateOptions {
  return {
    Name: spec.name, Driver: 'bridge', CheckDuplicate: true, Internal: false, Attachable: false, EnableIPv6: false,
    IPAM: { Driver: 'default', Config: [{ Subnet: spec.subnet, Gateway: spec.gateway, AuxiliaryAddresses: { services: spec.reserved } as never }] },
    Options: {
      [bridgeName]: spec.bridge, 'com.docker.network.bridge.enable_ip_masquerade': 'false', 'com.docker.network.bridge.enable_icc': 'true',
      'com.docker.network.driver.mtu': String(spec.mtu), ...gatewayMode(engineVersion),
    },
    Labels: { ...spec.labels },
  };
}

export function createDockerNetworks({ docker, engine }: Connection): DockerNetworks & { subnets(): Promise<NetworkSubnets[]> } {
  const inspect = async (name: string): Promise<PodNetworkState | undefined> => {
    try {
      const found = await docker.getNetwork(name).inspect() as Inspected;
      return { id: found.Id, subnet: found.IPAM?.Config?.[0]?.Subnet ?? '', bridge: found.Options?.[bridgeName] ?? '', containers: Object.keys(found.Containers ?? {}).length };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw translate(error);
    }
  };
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
      try {
        await docker.getNetwork(name).remove();
      } catch (error) {
        if (statusOf(error) !== 404) throw translate(error);
      }
    },
    /** Subnets of every network of the engine. */
    async subnets() {
      const all = await engineCall(() => docker.listNetworks());
      return all.map((network) => ({ name: network.Name, subnets: (network.IPAM?.Config ?? []).flatMap((c) => (c.Subnet === undefined ? [] : [c.Subnet])) }));
    },
  };
}
