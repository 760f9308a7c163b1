// The Endpoints controller: one Endpoints object per Service with a selector, for clients of the older API.
// upstream: pkg/controller/endpoint/endpoints_controller.go
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import { Endpoints } from '../../../src/api/core/endpoints.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { Services } from '../../../src/api/core/service.ts';
import { keyOf, splitKey, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import { equalJson } from '../../../src/util/json.ts';
import { isEndingNamespace } from '../pod-control.ts';
import { hasOwnEndpoints, podsOfService, servicesOfPod } from '../service-pods.ts';
import { TriggerTimes, withTriggerTime } from '../trigger-times.ts';
import { labelsFor, managedBy, managedByLabel, overCapacityAnnotation, planSubsets } from './plan.ts';

const isOurs = (endpoints: Endpoints): boolean => endpoints.metadata.labels?.[managedByLabel] === managedBy;

export function createEndpointsController(): Controller {
  const times = new TriggerTimes();
  return {
    name: 'endpoint-controller',
    for: Services,
    watches: [
      { resource: Pods, map: (pod: Pod, context, old?: Pod) => servicesOfPod(pod, context, old) },
      { resource: Endpoints, map: (endpoints: Endpoints) => (isOurs(endpoints) ? [keyOf(endpoints)] : []) },
    ],
    reconcile: (context, key) => reconcile(context, key, times),
  };
}

async function reconcile(context: ControllerContext, key: string, times: TriggerTimes): Promise<void> {
  const { client, events } = context;
  const service = context.cached(Services).get(key);
  const existing = context.cached(Endpoints).get(key);
  if (!service) {
    times.forget(key);
    // As it goes, so do they, also those that somebody else wrote.
    if (existing) await client.delete(Endpoints, splitKey(key), { preconditions: { uid: existing.metadata.uid } }).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
    return;
  }
  if (service.metadata.deletionTimestamp || !hasOwnEndpoints(service)) return;
  const pods = podsOfService(service, context);
  const changedAt = times.changed(key, service, pods);
  const { subsets, truncated } = planSubsets(service, pods);
  const labels = labelsFor(service);
  const { [overCapacityAnnotation]: _, ...kept } = existing?.metadata.annotations ?? {};
  const annotations = truncated ? { ...kept, [overCapacityAnnotation]: 'truncated' } : kept;
  // The time alone is no reason to write.
  if (existing && equalJson(existing.subsets ?? [], subsets) && equalJson({ ...existing.metadata.labels }, labels) && equalJson({ ...existing.metadata.annotations }, annotations)) return;
  const timed = withTriggerTime(annotations, changedAt);
  try {
    if (existing) await client.update(Endpoints, { ...existing, metadata: { ...existing.metadata, labels, annotations: timed }, subsets } as Draft<Endpoints>);
    else await client.create(Endpoints, { metadata: { ...splitKey(key), labels, annotations: timed }, subsets } as Draft<Endpoints>);
  } catch (error) {
    if (isEndingNamespace(error)) return;
    const target = existing ?? { apiVersion: Endpoints.apiVersion, kind: Endpoints.kind, metadata: splitKey(key) };
    if (existing) events.warning(target, 'FailedToUpdateEndpoint', `Failed to update endpoint ${key}: ${(error as Error).message}`);
    else events.warning(target, 'FailedToCreateEndpoint', `Failed to create endpoint for service ${key}: ${(error as Error).message}`);
    throw error;
  }
}
