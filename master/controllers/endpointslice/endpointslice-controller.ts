// The EndpointSlice controller: publishes the Pods behind each Service in slices of at most 100.
// upstream: pkg/controller/endpointslice/endpointslice_controller.go
import { controlledBy } from '../../../src/apimachinery/owners.ts';
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import { Nodes } from '../../../src/api/core/node.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { Services } from '../../../src/api/core/service.ts';
import { EndpointSlices, managedByLabel, type EndpointSlice } from '../../../src/api/discovery/endpoint-slice.ts';
import type { Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import { hasOwnEndpoints, podsOfService, servicesOfPod } from '../service-pods.ts';
import { managedBy, planSlices } from './plan.ts';

export const endpointSliceController: Controller = {
  name: 'endpointslice-controller',
  for: Services,
  owns: [EndpointSlices],
  watches: [{ resource: Pods, map: (pod: Pod, context, old?: Pod) => servicesOfPod(pod, context, old) }],
  reads: [Nodes],
  reconcile,
};

async function reconcile(context: ControllerContext, key: string): Promise<void> {
  const service = context.cached(Services).get(key);
  // Slices of a Service that is gone are collected through their owner reference.
  if (!service || service.metadata.deletionTimestamp || !hasOwnEndpoints(service)) return;
  const existing = context.cached(EndpointSlices).byIndex('owner', service.metadata.uid)
    .filter((slice) => controlledBy(slice, service) && slice.metadata.labels?.[managedByLabel] === managedBy);
  const plan = planSlices(service, podsOfService(service, context), (name) => context.cached(Nodes).get(name), existing);
  const { client } = context;
  await Promise.all([
    ...plan.create.map((slice) => client.create(EndpointSlices, slice)),
    ...plan.update.map((slice) => client.update(EndpointSlices, slice as Draft<EndpointSlice>)),
    ...plan.remove.map(({ metadata: { name, namespace, uid } }) => client.delete(EndpointSlices, { name, namespace }, { preconditions: { uid } })
      .catch((error: unknown) => { if (!isNotFound(error)) throw error; })),
  ]);
}
