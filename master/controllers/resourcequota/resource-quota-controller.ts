// The quota controller: carries a quota's bounds into its status and counts again what is used when something went away.
// What is created is charged by admission, so that additions wake nobody: counting between a charge and the object's
// appearance would lose the charge. (upstream: pkg/controller/resourcequota)
import { equalLists, pick, type Quantities } from '../../../src/apimachinery/resource-list.ts';
import { quotaEvaluatorOf, usageOf, type QuotaEvaluator } from '../../../src/api/core/quota-usage.ts';
import { ResourceQuotas, type ResourceQuota } from '../../../src/api/core/resource-quota.ts';
import { keyOf, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult, WatchRule } from '../../../src/controller/controller.ts';
import type { ApiObject, ResourceDefinition } from '../../../src/schema/resource.ts';
import { distinctResources, type ServedResources } from '../../../src/schema/resource-set.ts';

/** Everything is counted again this often, for what was charged and never came. */
const resyncMs = 300_000;
/** After a write it is counted once more: an object may have been on its way between its charge and the store. */
const againMs = 1_000;
const verbs = ['create', 'list', 'watch', 'delete'] as const;

interface Counted { readonly resource: ResourceDefinition; readonly evaluator: QuotaEvaluator }

const countedOf = (resources: readonly ResourceDefinition[]): Counted[] =>
  distinctResources(resources).filter((r) => verbs.every((verb) => r.verbs.includes(verb))).flatMap((resource) => {
    const evaluator = quotaEvaluatorOf(resource);
    return evaluator ? [{ resource, evaluator }] : [];
  });

/** `served` is everything the API serves. */
export function createResourceQuotaController(served: ServedResources): Controller {
  return {
    name: 'resourcequota-controller',
    watches: [
      { resource: ResourceQuotas, map: (quota: ResourceQuota, _context, old?: ResourceQuota) => (old && equalLists(old.spec.hard, quota.spec.hard) ? [] : [keyOf(quota)]) },
    ],
    watchesServed: { served, rules: (resources) => countedOf(resources).map(freed) },
    reconcile: (context, key) => reconcile(context, key, countedOf(served.current)),
  };
}

/** Wakes the quotas that count a kind when one of its objects is gone or counts differently. */
function freed({ resource, evaluator }: Counted): WatchRule<ApiObject> {
  return {
    resource, ...(evaluator.countsOnly ? { metadataOnly: true } : {}),
    map(object, { cached }, old) {
      const { namespace } = object.metadata;
      if (!namespace || (!old && cached(resource).get(keyOf(object)))) return [];
      const quotas = cached(ResourceQuotas).list(namespace).filter(({ spec }) => evaluator.matching(Object.keys(spec.hard ?? {})).length > 0);
      // The clock of a change is the change's own: a Pod's end is told by its phase.
      if (!quotas.length || (old && equalLists(evaluator.usage(old, 0), evaluator.usage(object, 0)))) return [];
      return quotas.map(keyOf);
    },
  };
}

/** The status the quota should have. `used` of kinds nobody here counts stays what it was. */
function quotaStatus(quota: ResourceQuota, counts: Quantities): { hard: Quantities; used: Quantities } {
  const hard = quota.spec.hard ?? {};
  return { hard, used: pick({ ...quota.status.used, ...counts }, Object.keys(hard)) };
}

async function reconcile({ client, cached, clock }: ControllerContext, key: string, counted: readonly Counted[]): Promise<ReconcileResult | void> {
  const quota = cached(ResourceQuotas).get(key);
  if (!quota) return undefined;
  const now = clock.now();
  const counts: Record<string, string> = {};
  for (const { resource, evaluator } of counted) {
    if (!evaluator.matching(Object.keys(quota.spec.hard ?? {})).length) continue;
    Object.assign(counts, usageOf(quota, evaluator, cached(resource).list(quota.metadata.namespace) as ApiObject[], now));
  }
  const status = quotaStatus(quota, counts);
  if (equalLists(status.hard, quota.status.hard) && equalLists(status.used, quota.status.used)) return { requeueAfter: resyncMs };
  await client.updateStatus(ResourceQuotas, { ...quota, status } as Draft<ResourceQuota>);
  return { requeueAfter: againMs };
}
