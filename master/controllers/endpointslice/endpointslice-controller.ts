// The EndpointSlice controller: publishes the Pods behind each Service in slices of at most 100.
// upstream: pkg/controller/endpointslice/endpointslice_controller.go
import { findCondition } from '../../../src/apimachinery/conditions.ts';
import { controlledBy } from '../../../src/apimachinery/owners.ts';
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import { Nodes, zoneLabel, type Node } from '../../../src/api/core/node.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { Services } from '../../../src/api/core/service.ts';
import { EndpointSlices, managedByLabel, type EndpointSlice } from '../../../src/api/discovery/endpoint-slice.ts';
import { keyOf, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import { equalJson } from '../../../src/util/json.ts';
import { isEndingNamespace } from '../pod-control.ts';
import { hasOwnEndpoints, podsOfService, servicesOfPod } from '../service-pods.ts';
import { TriggerTimes, withTriggerTime } from '../trigger-times.ts';
import { managedBy, planSlices } from './plan.ts';
import { wantsTopologyHints, zoneRatios } from './topology-hints.ts';

/** What is remembered of Services by their keys: when they changed, and whether they have topology-aware hints, so that taking the annotation away is told. */
interface Memory { readonly times: TriggerTimes; readonly hints: Map<string, boolean> }

export function createEndpointSliceController(): Controller {
  const memory: Memory = { times: new TriggerTimes(), hints: new Map() };
  return {
    name: 'endpointslice-controller',
    for: Services,
    owns: [EndpointSlices],
    watches: [
      { resource: Pods, map: (pod: Pod, context, old?: Pod) => servicesOfPod(pod, context, old) },
      // Whose hints go by the zones' processors.
      { resource: Nodes, map: (node: Node, context, old?: Node) => (old && equalJson(weight(old), weight(node)) ? [] : context.cached(Services).list().filter(wantsTopologyHints).map(keyOf)) },
    ],
    reconcile: (context, key) => reconcile(context, key, memory),
  };
}

const weight = ({ metadata: { labels }, status }: Node): unknown => [labels?.[zoneLabel] ?? '', (status?.allocatable as Record<string, string> | undefined)?.['cpu'] ?? '', findCondition(status?.conditions as never, 'Ready')?.status ?? ''];

async function reconcile(context: ControllerContext, key: string, { times, hints }: Memory): Promise<void> {
  const service = context.cached(Services).get(key);
  if (!service) {
    times.forget(key);
    hints.delete(key);
  }
  // Slices of a Service that is gone are collected through their owner reference.
  if (!service || service.metadata.deletionTimestamp || !hasOwnEndpoints(service)) return;
  const existing = context.cached(EndpointSlices).byIndex('owner', service.metadata.uid)
    .filter((slice) => controlledBy(slice, service) && slice.metadata.labels?.[managedByLabel] === managedBy);
  const pods = podsOfService(service, context);
  const changedAt = times.changed(key, service, pods);
  const plan = planSlices(service, pods, (name) => context.cached(Nodes).get(name), existing, () => zoneRatios(context.cached(Nodes).list()), hints.get(key));
  const { client, events } = context;
  const timed = <T extends Draft<EndpointSlice>>(slice: T): Draft<EndpointSlice> => ({ ...slice, metadata: { ...slice.metadata, annotations: withTriggerTime(slice.metadata?.annotations as Record<string, string> | undefined, changedAt) } });
  try {
    await Promise.all([
      ...plan.create.map((slice) => client.create(EndpointSlices, timed(slice))),
      ...plan.update.map((slice) => client.update(EndpointSlices, timed(slice as Draft<EndpointSlice>))),
      ...plan.remove.map(({ metadata: { name, namespace, uid } }) => client.delete(EndpointSlices, { name, namespace }, { preconditions: { uid } })
        .catch((error: unknown) => { if (!isNotFound(error)) throw error; })),
    ]);
    hints.set(key, plan.hints);
    for (const { type, reason, message } of plan.events) events[type === 'Normal' ? 'normal' : 'warning'](service, reason, message);
  } catch (error) {
    if (isEndingNamespace(error)) return;
    events.warning(service, 'FailedToUpdateEndpointSlices', `Error updating Endpoint Slices for Service ${key}: ${(error as Error).message}`);
    throw error;
  }
}
