// What an agent has to know of its cluster and cannot choose itself: the ranges, and where names are resolved. The master
// publishes it as a ConfigMap.
import { ConfigMaps } from '../../src/api/core/config-map.ts';
import type { Client } from '../../src/client/client.ts';
import { addressAt, mustParseCIDR } from '../../src/util/cidr.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';

export interface ClusterInfo {
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  readonly clusterDomain: string;
  readonly clusterDNS: string;
  /** UDP port between nodes that share no subnet. */
  readonly vxlanPort: number;
  /** `30000-32767`. */
  readonly nodePortRange: string;
}

export const clusterInfoKey = { namespace: 'kube-system', name: 'dray-cluster' } as const;
/** Of a master that does not say. */
const defaultVxlanPort = 8472;
const defaultNodePortRange = '30000-32767';
/** The tenth address of the Service range is the name server's, as upstream's installers choose it. */
const dnsOffset = 10;
const retryMs = 500;

/** Tries until the master answers or the signal aborts. */
export async function clusterInfo(client: Client, clock: Clock, log: Log, signal: AbortSignal): Promise<ClusterInfo> {
  for (;;) {
    try {
      const { data = {} } = await client.get(ConfigMaps, clusterInfoKey);
      const { podCIDR = '', serviceCIDR = '', clusterDomain = 'cluster.local' } = data;
      return { podCIDR, serviceCIDR, clusterDomain, clusterDNS: data['clusterDNS'] ?? addressAt(mustParseCIDR(serviceCIDR), dnsOffset), vxlanPort: Number(data['vxlanPort'] ?? defaultVxlanPort), nodePortRange: data['nodePortRange'] ?? defaultNodePortRange };
    } catch (error) {
      signal.throwIfAborted();
      log.warn({ error: (error as Error).message }, 'the cluster cannot be asked for its ranges yet; trying again');
      await clock.sleep(retryMs, signal);
    }
  }
}
