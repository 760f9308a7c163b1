// The subsets of a Service's Endpoints: Pods that share the same ports share a subset.
// upstream: pkg/controller/endpoint/endpoints_controller.go, pkg/api/v1/endpoints/util.go (RepackSubsets)
import type { EndpointAddress as Address, EndpointSubset } from '../../../src/api/core/endpoints.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import type { Service } from '../../../src/api/core/service.ts';
import { isPodReady } from '../pod-state.ts';
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
  const ordered = included.map((pod) => ({ pod, ready: publishAll || isPodReady(pod) })).sort((a, b) => Number(b.ready) - Number(a.ready));
  for (const { pod, ready } of ordered.slice(0, capacity)) {
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
  const subsets = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { ports, ready, notReady }]) => ({
    ...(ready.length ? { addresses: ready.sort(byIp) } : {}), ...(notReady.length ? { notReadyAddresses: notReady.sort(byIp) } : {}), ...(ports.length ? { ports } : {}),
  })) as EndpointSubset[];
  return { subsets, truncated: ordered.length > capacity };
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
