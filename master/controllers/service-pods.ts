// What the Endpoints and EndpointSlice controllers share: the Pods of a Service, and the port a Service port means in a Pod.
// upstream: staging/src/k8s.io/endpointslice/util/controller_utils.go, pkg/api/v1/pod/util.go (FindPort)
import { isPodTerminal } from '../../src/api/core/pod-conditions.ts';
import { selectorFromSet } from '../../src/apimachinery/selectors.ts';
import { Pods, type Pod } from '../../src/api/core/pod.ts';
import { Services, type Service, type ServicePort } from '../../src/api/core/service.ts';
import { keyOf } from '../../src/client/client.ts';
import type { ControllerContext } from '../../src/controller/controller.ts';

export const headlessLabel = 'service.kubernetes.io/headless';

/** Services whose endpoints this API finds itself: those with a selector, names of other hosts aside. */
export const hasOwnEndpoints = ({ spec }: Service): boolean => spec.type !== 'ExternalName' && Object.keys(spec.selector ?? {}).length > 0;
/** No cluster address, so clients go to the Pods themselves. */
export const lacksClusterIP = ({ spec }: Service): boolean => spec.clusterIP === 'None' || !spec.clusterIP;

/** Keys of the Services that select a Pod now, or did before its labels changed. */
export function servicesOfPod(pod: Pod, { cached }: Pick<ControllerContext, 'cached'>, old?: Pod): string[] {
  return cached(Services).list(pod.metadata.namespace).filter((service) => {
    if (!hasOwnEndpoints(service)) return false;
    const selector = selectorFromSet(service.spec.selector);
    return selector.matches(pod.metadata.labels) || (old !== undefined && selector.matches(old.metadata.labels));
  }).map(keyOf);
}

/** Pods of the Service that have an address and have not finished. */
export function podsOfService(service: Service, { cached }: Pick<ControllerContext, 'cached'>): Pod[] {
  const selector = selectorFromSet(service.spec.selector);
  return cached(Pods).list(service.metadata.namespace).filter((pod) => selector.matches(pod.metadata.labels) && !isPodTerminal(pod) && addressesOf(pod).length > 0);
}

export const addressesOf = ({ status }: Pod): string[] => {
  const all = (status?.podIPs ?? []).map(({ ip }) => ip).filter((ip) => ip !== undefined && ip !== '') as string[];
  return all.length ? all : status?.podIP ? [status.podIP] : [];
};

/** The number a Service port leads to in this Pod; undefined when the Pod has no port of that name. */
export function targetPortIn(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort || port.port;
  if (typeof target === 'number') return target;
  const restartable = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always');
  for (const container of [...pod.spec.containers, ...restartable]) {
    const found = container.ports?.find((p) => p.name === target && (p.protocol ?? 'TCP') === (port.protocol ?? 'TCP'));
    if (found) return found.containerPort;
  }
  return undefined;
}

/** The Pod's own DNS name exists only under the Service its subdomain names. */
export const hostnameOf = (pod: Pod, service: Service): string | undefined =>
  (pod.spec.hostname && pod.spec.subdomain === service.metadata.name ? pod.spec.hostname : undefined);
