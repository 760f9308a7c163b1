// The Docker network Pods join: made once, left alone while it fits, made anew when nobody is attached to one that does not. Its MTU is
// that of all who are on it: another one waits until nobody is.
import type { Run } from '../../src/util/run.ts';
import type { DockerNetworks } from './docker-networks.ts';
import { showLink } from './links.ts';
import type { NetworkIdentity, NetworkNames } from './names.ts';

/** Whether it had to be made, and the MTU it has. @throws when one of that name is in use and does not fit. */
export async function ensureEngineNetwork(run: Run, docker: DockerNetworks, identity: NetworkIdentity, names: NetworkNames, mtu: number): Promise<{ made: boolean; mtu: number }> {
  const present = await docker.inspect(names.network);
  if (present) {
    const wrong = present.subnet !== identity.podCIDR ? `has the subnet ${present.subnet} instead of ${identity.podCIDR}`
      : present.bridge !== names.bridge ? `is on the bridge ${present.bridge} instead of ${names.bridge}`
        : (await showLink(run, names.bridge)) ? undefined : `has lost its bridge ${names.bridge}`;
    if (wrong === undefined && (present.mtu === mtu || present.containers > 0)) return { made: false, mtu: present.mtu };
    if (wrong !== undefined && present.containers > 0) throw new Error(`the Docker network ${names.network} ${wrong}, and ${present.containers} containers use it`);
    await docker.remove(names.network);
  }
  await docker.create({
    name: names.network, bridge: names.bridge, subnet: identity.podCIDR, gateway: names.gateway, reserved: names.serviceAddress, mtu,
    labels: { 'dray.io/cluster': identity.clusterId },
  });
  return { made: true, mtu };
}
