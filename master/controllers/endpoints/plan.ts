// The subsets of a Service's Endpoints: Pods that share the same ports share a subset.
// upstream: pkg/controller/endpoint/endpoints_controller.go, pkg/api/v1/endpoints/util.go (RepackSubsets)
import type { EndpointAddress as Address, EndpointSubset } from '../../../src/api/core/endpoints.ts';
import { isPodReady } from '../../../src/api/core/pod-conditions.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import type { Service } from '../../../src/api/core/service.ts';
import { addressesOf, headlessLabel, hostnameOf, lacksClusterIP, targetPortIn } from '../service-pods.ts';

export const managedByLabel = 'endpoints.kubernetes.io/managed-by';
export const managedBy = 'endpoint-controller';
export const overCapacityAnnotation = 'endpoints.kubernetes.io/over-capacity';
/** Addresses beyond this many are left out; EndpointSlices carry them all. */
const capacity = 1000;

export function planSubsets(service: Service, pods: readonly Pod[]): { subsets: EndpointSubset[]; truncated: boolean } {
  const groups = new Map<string, { ports: object[]; ready: Address[]; notReady: Address[] }>();
  const publishAll = Boolean(service.spec.publishNotReadyAddresses);
  const included = pods.filter((pod) => publishAll || !pod.metadata.deletionTimestamp);
  for (const pod of included) {
    const ready = publishAll || isPodReady(pod);
    const ports = (service.spec.ports ?? []).flatMap((port) => {
      const number = targetPortIn(pod, port);
      return number === undefined ? [] : [{ ...(port.name ? { name: port.name } : {}), port: number, protocol: port.protocol ?? 'TCP', ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }) }];
    });
    if (!ports.length && (service.spec.ports ?? []).length) continue;
    const key = JSON.stringify(ports);
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { ports, ready: [], notReady: [] }));
    (ready ? group.ready : group.notReady).push(addressFor(service, pod));
  }
  const byIp = (a: Address, b: Address): number => (a.ip < b.ip ? -1 : 1);
  const ordered = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { ports, ready, notReady }]) => ({ ports, ready: ready.sort(byIp), notReady: notReady.sort(byIp) }));
  const kept = truncate(ordered);
  const subsets = (kept ?? ordered).map(({ ports, ready, notReady }) => ({
    ...(ready.length ? { addresses: ready } : {}), ...(notReady.length ? { notReadyAddresses: notReady } : {}), ...(ports.length ? { ports } : {}),
  })) as EndpointSubset[];
  return { subsets, truncated: kept !== undefined };
}

interface Subset { readonly ports: object[]; readonly ready: Address[]; readonly notReady: Address[] }

/** Ready addresses go before others, and each subset keeps its share, rounded up as long as there is room; undefined when all have room. (truncateEndpoints) */
function truncate(subsets: readonly Subset[]): Subset[] | undefined {
  const count = (of: 'ready' | 'notReady'): number => subsets.reduce((sum, subset) => sum + subset[of].length, 0);
  const [ready, notReady] = [count('ready'), count('notReady')];
  if (ready + notReady <= capacity) return undefined;
  const [cut, total, room] = ready > capacity ? ['ready' as const, ready, capacity] : ['notReady' as const, notReady, capacity - ready];
  let left = room;
  return subsets.map((subset) => {
    const kept = subset[cut].slice(0, Math.min(left, Math.ceil((subset[cut].length / total) * room)));
    left -= kept.length;
    return { ...subset, ...(cut === 'ready' ? { notReady: [] } : {}), [cut]: kept };
  });
}

function addressFor(service: Service, pod: Pod): Address {
  const hostname = hostnameOf(pod, service);
  return {
    ip: addressesOf(pod)[0]!, ...(hostname ? { hostname } : {}), ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid },
  } as Address;
}

export function labelsFor(service: Service): Record<string, string> {
  const { [headlessLabel]: _, ...own } = service.metadata.labels ?? {};
  return { ...own, [managedByLabel]: managedBy, ...(lacksClusterIP(service) ? { [headlessLabel]: '' } : {}) };
}
