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
import { isEndingNamespace } from '../pod-control.ts';
import { hasOwnEndpoints, podsOfService, servicesOfPod } from '../service-pods.ts';
import { TriggerTimes, withTriggerTime } from '../trigger-times.ts';
import { managedBy, planSlices } from './plan.ts';

export function createEndpointSliceController(): Controller {
  const times = new TriggerTimes();
  return {
    name: 'endpointslice-controller',
    for: Services,
    owns: [EndpointSlices],
    watches: [{ resource: Pods, map: (pod: Pod, context, old?: Pod) => servicesOfPod(pod, context, old) }],
    reads: [Nodes],
    reconcile: (context, key) => reconcile(context, key, times),
  };
}

async function reconcile(context: ControllerContext, key: string, times: TriggerTimes): Promise<void> {
  const service = context.cached(Services).get(key);
  if (!service) times.forget(key);
  // Slices of a Service that is gone are collected through their owner reference.
  if (!service || service.metadata.deletionTimestamp || !hasOwnEndpoints(service)) return;
  const existing = context.cached(EndpointSlices).byIndex('owner', service.metadata.uid)
    .filter((slice) => controlledBy(slice, service) && slice.metadata.labels?.[managedByLabel] === managedBy);
  const pods = podsOfService(service, context);
  const changedAt = times.changed(key, service, pods);
  const plan = planSlices(service, pods, (name) => context.cached(Nodes).get(name), existing);
  const { client, events } = context;
  const timed = <T extends Draft<EndpointSlice>>(slice: T): Draft<EndpointSlice> => ({ ...slice, metadata: { ...slice.metadata, annotations: withTriggerTime(slice.metadata?.annotations as Record<string, string> | undefined, changedAt) } });
  try {
    await Promise.all([
      ...plan.create.map((slice) => client.create(EndpointSlices, timed(slice))),
      ...plan.update.map((slice) => client.update(EndpointSlices, timed(slice as Draft<EndpointSlice>))),
      ...plan.remove.map(({ metadata: { name, namespace, uid } }) => client.delete(EndpointSlices, { name, namespace }, { preconditions: { uid } })
        .catch((error: unknown) => { if (!isNotFound(error)) throw error; })),
    ]);
  } catch (error) {
    if (isEndingNamespace(error)) return;
    events.warning(service, 'FailedToUpdateEndpointSlices', `Error updating Endpoint Slices for Service ${key}: ${(error as Error).message}`);
    throw error;
  }
}
