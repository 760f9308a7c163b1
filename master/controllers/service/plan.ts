// Where traffic from outside enters a Service of type LoadBalancer: every node opens its ports, so every node that can be used is
// an entrance. upstream: staging/src/k8s.io/cloud-provider/controllers/service/controller.go; addresses as k3s' servicelb gives them
import { isConditionTrue } from '../../../src/apimachinery/conditions.ts';
import type { Node } from '../../../src/api/core/node.ts';
import type { LoadBalancerIngress, Service } from '../../../src/api/core/service.ts';
import type { EndpointSlice } from '../../../src/api/discovery/endpoint-slice.ts';

const excludeLabel = 'node.kubernetes.io/exclude-from-external-load-balancers';
const toBeDeletedTaint = 'ToBeDeletedByClusterAutoscaler';

/** Services of another load balancer's class are that one's to serve. */
export const wantsLoadBalancer = ({ spec }: Service): boolean => spec.type === 'LoadBalancer' && spec.loadBalancerClass === undefined;
export const onlyLocalTraffic = ({ spec }: Service): boolean => spec.externalTrafficPolicy === 'Local';

/** Addresses traffic can be sent to; none while the node is not ready, leaves, or shall be kept out. */
export function entrancesOf({ metadata, spec, status }: Node): string[] {
  const usable = isConditionTrue(status?.conditions, 'Ready') && metadata.deletionTimestamp === undefined
    && metadata.labels?.[excludeLabel] === undefined && !(spec.taints ?? []).some((t) => t.key === toBeDeletedTaint);
  return usable ? (status?.addresses ?? []).filter((a) => a.type === 'InternalIP').map((a) => a.address) : [];
}

/** Names of the nodes that have a ready Pod of the Service: the only ones that answer when traffic stays where it arrives. */
function nodesWithEndpoints(slices: readonly EndpointSlice[]): Set<string> {
  const ready = slices.flatMap((slice) => slice.endpoints ?? []).filter((e) => e.conditions?.ready === true && e.targetRef?.kind === 'Pod');
  return new Set(ready.flatMap((e) => (e.nodeName ? [e.nodeName] : [])));
}

const octets = (address: string): string => address.split('.').map((part) => part.padStart(3, '0')).join('.');

/**
 * The ingress of a Service, in the order of the addresses. A wish in `spec.loadBalancerIP` counts where an entrance has that address.
 * Mode Proxy: connections end at the node's own address, so that nodes must not take packets for it as packets for the Service.
 */
export function planIngress(service: Service, nodes: readonly Node[], slices: readonly EndpointSlice[]): LoadBalancerIngress[] {
  const answering = onlyLocalTraffic(service) ? nodesWithEndpoints(slices) : undefined;
  const entrances = new Set(nodes.filter((node) => answering?.has(node.metadata.name) ?? true).flatMap(entrancesOf));
  const wish = service.spec.loadBalancerIP;
  const chosen = wish && entrances.has(wish) ? [wish] : [...entrances].sort((a, b) => (octets(a) < octets(b) ? -1 : 1));
  return chosen.map((ip) => ({ ip, ipMode: 'Proxy' }));
}
