// The service controller: tells in the status of a Service of type LoadBalancer where traffic for it enters the cluster.
// upstream: staging/src/k8s.io/cloud-provider/controllers/service/controller.go
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import { Nodes, type Node } from '../../../src/api/core/node.ts';
import { Services, type LoadBalancerIngress, type Service } from '../../../src/api/core/service.ts';
import { EndpointSlices, type EndpointSlice } from '../../../src/api/discovery/endpoint-slice.ts';
import { keyOf, splitKey } from '../../../src/client/client.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import { equalJson } from '../../../src/util/json.ts';
import { entrancesOf, onlyLocalTraffic, planIngress, wantsLoadBalancer } from './plan.ts';

const serviceNameLabel = 'kubernetes.io/service-name';
const serviceOf = (slice: EndpointSlice): string[] => {
  const name = slice.metadata.labels?.[serviceNameLabel];
  return name === undefined ? [] : [`${slice.metadata.namespace}/${name}`];
};

export const serviceController: Controller = {
  name: 'service-controller',
  for: Services,
  watches: [
    {
      resource: Nodes,
      map: (node: Node, { cached }, old?: Node) => (old && equalJson(entrancesOf(node), entrancesOf(old)) ? [] : cached(Services).list().filter(wantsLoadBalancer).map(keyOf)),
    },
    {
      resource: EndpointSlices,
      map: (slice: EndpointSlice, { cached }) => serviceOf(slice).filter((key) => {
        const service = cached(Services).get(key);
        return service !== undefined && wantsLoadBalancer(service) && onlyLocalTraffic(service);
      }),
    },
  ],
  indexes: [{ resource: EndpointSlices, name: 'service', of: serviceOf }],
  reconcile,
};

async function reconcile(context: ControllerContext, key: string): Promise<void> {
  const service = context.cached(Services).get(key);
  if (!service || service.metadata.deletionTimestamp) return;
  const before = service.status?.loadBalancer?.ingress ?? [];
  if (!wantsLoadBalancer(service)) {
    // What a load balancer of another class wrote stays; a Service of another type has no load balancer at all.
    if (service.spec.type === 'LoadBalancer' || !before.length) return;
    context.events.normal(service, 'DeletingLoadBalancer', 'Deleting load balancer');
    await write(context, service, []);
    context.events.normal(service, 'DeletedLoadBalancer', 'Deleted load balancer');
    return;
  }
  const ingress = planIngress(service, context.cached(Nodes).list(), context.cached(EndpointSlices).byIndex('service', key));
  if (equalJson(before, ingress)) return;
  if (!before.length) context.events.normal(service, 'EnsuringLoadBalancer', 'Ensuring load balancer');
  await write(context, service, ingress);
  if (!ingress.length) context.events.warning(service, 'UnAvailableLoadBalancer', 'There are no available nodes for LoadBalancer');
  else if (before.length) context.events.normal(service, 'UpdatedLoadBalancer', 'Updated load balancer with new hosts');
  else context.events.normal(service, 'EnsuredLoadBalancer', 'Ensured load balancer');
}

async function write({ client }: ControllerContext, service: Service, ingress: readonly LoadBalancerIngress[]): Promise<void> {
  try {
    await client.patch(Services, splitKey(keyOf(service)), { metadata: { uid: service.metadata.uid }, status: { loadBalancer: { ingress: ingress.length ? ingress : null } } }, { subresource: 'status' });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
