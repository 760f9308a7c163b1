// The Endpoints controller: one Endpoints object per Service with a selector, for clients of the older API.
// upstream: pkg/controller/endpoint/endpoints_controller.go
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import { Endpoints } from '../../../src/api/core/endpoints.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { Services } from '../../../src/api/core/service.ts';
import { keyOf, splitKey, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import { hasOwnEndpoints, podsOfService, servicesOfPod } from '../service-pods.ts';
import { labelsFor, managedBy, managedByLabel, overCapacityAnnotation, planSubsets } from './plan.ts';
import { equalJson } from '../../../src/util/json.ts';

const isOurs = (endpoints: Endpoints): boolean => endpoints.metadata.labels?.[managedByLabel] === managedBy;

export const endpointsController: Controller = {
  name: 'endpoint-controller',
  for: Services,
  watches: [
    { resource: Pods, map: (pod: Pod, context, old?: Pod) => servicesOfPod(pod, context, old) },
    { resource: Endpoints, map: (endpoints: Endpoints) => (isOurs(endpoints) ? [keyOf(endpoints)] : []) },
  ],
  reconcile,
};

async function reconcile(context: ControllerContext, key: string): Promise<void> {
  const { client } = context;
  const service = context.cached(Services).get(key);
  const existing = context.cached(Endpoints).get(key);
  if (!service) {
    // As it goes, so do they, also those that somebody else wrote.
    if (existing) await client.delete(Endpoints, splitKey(key), { preconditions: { uid: existing.metadata.uid } }).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
    return;
  }
  if (service.metadata.deletionTimestamp || !hasOwnEndpoints(service)) return;
  const { subsets, truncated } = planSubsets(service, podsOfService(service, context));
  const labels = labelsFor(service);
  const { [overCapacityAnnotation]: _, ...kept } = existing?.metadata.annotations ?? {};
  const annotations = truncated ? { ...kept, [overCapacityAnnotation]: 'truncated' } : kept;
  if (!existing) {
    await client.create(Endpoints, { metadata: { ...splitKey(key), labels, annotations }, subsets } as Draft<Endpoints>);
  } else if (!equalJson(existing.subsets ?? [], subsets) || !equalJson({ ...existing.metadata.labels }, labels) || !equalJson({ ...existing.metadata.annotations }, annotations)) {
    await client.update(Endpoints, { ...existing, metadata: { ...existing.metadata, labels, annotations }, subsets } as Draft<Endpoints>);
  }
}
