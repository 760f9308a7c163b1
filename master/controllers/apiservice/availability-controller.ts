// Tells of each APIService whether it is available: whether its Service has endpoints, and whether one of them answers. Requests go
// only to those that are. upstream: kube-aggregator pkg/controllers/status/remote/remote_available_controller.go
import { APIServices, type APIService } from '../../../src/api/apiregistration/api-service.ts';
import { Endpoints } from '../../../src/api/core/endpoints.ts';
import { Services } from '../../../src/api/core/service.ts';
import { findCondition, setCondition } from '../../../src/apimachinery/conditions.ts';
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import { keyOf, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';
import type { ObjectHead } from '../../../src/schema/resource.ts';
import { Backoff } from '../../../src/util/backoff.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { failedDiscovery, judge, passed, type Verdict } from './availability.ts';

/** A server may go away without any object telling. */
const againMs = 30_000;
const [retryMs, longestRetryMs] = [200, 10_000];
const byService = 'service';
const serviceOf = ({ spec: { service } }: APIService): string[] => (service ? [`${service.namespace}/${service.name}`] : []);

/** `check`: undefined when the server answers, else why not; absent: nobody can ask. */
export function createAvailabilityController(check?: (apiService: APIService) => Promise<string | undefined>): Controller {
  const backoff = new Backoff(retryMs, longestRetryMs);
  const concerned = (object: ObjectHead, { cached }: Pick<ControllerContext, 'cached'>): string[] => {
    const keys = cached(APIServices).byIndex(byService, keyOf(object)).map((apiService) => apiService.metadata.name);
    for (const key of keys) backoff.forget(key);
    return keys;
  };
  return {
    name: 'apiservice-availability-controller',
    for: APIServices,
    indexes: [{ resource: APIServices, name: byService, of: serviceOf }],
    watches: [{ resource: Services, map: concerned }, { resource: Endpoints, map: concerned }],
    async reconcile(context: ControllerContext, name: string): Promise<ReconcileResult | void> {
      const apiService = context.cached(APIServices).get(name);
      if (!apiService) return backoff.forget(name);
      const [key] = serviceOf(apiService);
      const seen = judge(apiService, key ? context.cached(Services).get(key) : undefined, key ? context.cached(Endpoints).get(key) : undefined);
      const fault = seen ? undefined : await check?.(apiService);
      await tell(context, apiService, seen ?? (fault === undefined ? passed : failedDiscovery(fault)));
      if (!key) return undefined;
      if (fault !== undefined) return { requeueAfter: backoff.next(name) };
      backoff.forget(name);
      return seen ? undefined : { requeueAfter: againMs };
    },
  };
}

async function tell({ client, clock }: ControllerContext, apiService: APIService, { status, reason, message }: Verdict): Promise<void> {
  const old = findCondition(apiService.status?.conditions, 'Available');
  if (old?.status === status && old.reason === reason && old.message === message) return;
  const conditions = setCondition(apiService.status?.conditions, { type: 'Available', status, reason, message }, timestamp(clock.now()));
  await client.updateStatus(APIServices, { ...apiService, status: { ...apiService.status, conditions } } as Draft<APIService>).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
}
