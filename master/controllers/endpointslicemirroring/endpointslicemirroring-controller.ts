// The EndpointSlice mirroring controller: Endpoints that somebody wrote for a Service without a selector become slices, which is what
// traffic goes by. (upstream: pkg/controller/endpointslicemirroring/endpointslicemirroring_controller.go)
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import { Endpoints } from '../../../src/api/core/endpoints.ts';
import { Services, type Service } from '../../../src/api/core/service.ts';
import { EndpointSlices, managedByLabel, serviceNameLabel, type EndpointSlice } from '../../../src/api/discovery/endpoint-slice.ts';
import { keyOf, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import { isMirrored, managedBy, maxAddresses, planMirror } from './plan.ts';

/** Mirrored slices by the key of their Endpoints. */
const mirrorIndex = { resource: EndpointSlices, name: 'mirrored', of: (slice: EndpointSlice): string[] => mirrorsOf(slice) };
function mirrorsOf({ metadata: { namespace, labels } }: EndpointSlice): string[] {
  const name = labels?.[serviceNameLabel];
  return name && labels?.[managedByLabel] === managedBy ? [`${namespace}/${name}`] : [];
}
const hasSelector = (service: Service | undefined): boolean => service?.spec.selector !== undefined && Object.keys(service.spec.selector).length > 0;

export const endpointSliceMirroringController: Controller = {
  name: 'endpointslicemirroring-controller',
  component: 'endpoint-slice-mirroring-controller',
  for: Endpoints,
  watches: [
    { resource: Services, map: (service: Service, _, old?: Service) => (!hasSelector(service) || (old !== undefined && !hasSelector(old)) ? [keyOf(service)] : []) },
    { resource: EndpointSlices, map: (slice: EndpointSlice, _, old?: EndpointSlice) => [...mirrorsOf(slice), ...(old ? mirrorsOf(old) : [])] },
  ],
  indexes: [mirrorIndex],
  reconcile,
};

async function reconcile({ cached, client, events }: ControllerContext, key: string): Promise<void> {
  const existing = cached(EndpointSlices).byIndex(mirrorIndex.name, key).filter(({ metadata }) => !metadata.deletionTimestamp);
  const endpoints = cached(Endpoints).get(key);
  const service = cached(Services).get(key);
  const remove = (slices: readonly EndpointSlice[]): Promise<unknown>[] => slices.map(({ metadata: { name, namespace, uid } }) =>
    client.delete(EndpointSlices, { name, namespace }, { preconditions: { uid } }).catch((error: unknown) => { if (!isNotFound(error)) throw error; }));
  if (!endpoints || !isMirrored(endpoints) || !service || hasSelector(service)) {
    await Promise.all(remove(existing));
    return;
  }
  const plan = planMirror(endpoints, existing);
  const writes = [...plan.create.map((slice) => client.create(EndpointSlices, slice)), ...plan.update.map((slice) => client.update(EndpointSlices, slice as Draft<EndpointSlice>)), ...remove(plan.remove)];
  if (writes.length && plan.invalid) events.warning(endpoints, 'InvalidIPAddress', `Skipped ${plan.invalid} invalid IP addresses when mirroring to EndpointSlices`);
  if (writes.length && plan.skipped > plan.invalid) events.warning(endpoints, 'TooManyAddressesToMirror', `A max of ${maxAddresses} addresses can be mirrored to EndpointSlices per Endpoints subset. ${plan.skipped} addresses were skipped`);
  await Promise.all(writes);
}
