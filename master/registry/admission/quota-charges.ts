// What writes that wait together would use of a namespace's quotas, as a pure plan: who is refused, and what is charged where.
// upstream: apiserver/pkg/admission/plugin/resourcequota/controller.go (CheckRequest)
import { addLists, exceeding, listText, pick, subtractLists, withoutZeros, type Quantities } from '../../../src/apimachinery/resource-list.ts';
import { countsToward, quotaEvaluatorOf, type QuotaEvaluator } from '../../../src/api/core/quota-usage.ts';
import type { ResourceQuota } from '../../../src/api/core/resource-quota.ts';
import type { AdmissionRequest } from './admission.ts';

/** Name of a quota and what is used of it. */
export interface Charge { readonly quota: string; readonly amount: Quantities }
export type Decision = { readonly refused: string } | { readonly charges: readonly Charge[] };

/** The evaluator when this write can change what is used of any quota. */
export function evaluatorFor({ resource, operation, subresource, object, old }: AdmissionRequest): QuotaEvaluator | undefined {
  const evaluator = object && quotaEvaluatorOf(resource);
  return operation !== 'CONNECT' && evaluator?.handles(operation, subresource, object!, old) ? evaluator : undefined;
}

/** Decides in order; what one write takes is gone for the next. `now` in ms since the epoch. */
export function planCharges(quotas: readonly ResourceQuota[], requests: readonly AdmissionRequest[], now: number): Decision[] {
  const used = new Map(quotas.map((quota) => [quota.metadata.name, quota.status.used ?? {}]));
  return requests.map((request) => {
    const decision = decide(quotas, used, request, now);
    if ('charges' in decision && !request.context.dryRun) for (const { quota, amount } of decision.charges) used.set(quota, addLists(used.get(quota), amount));
    return decision;
  });
}

function decide(quotas: readonly ResourceQuota[], usedOf: ReadonlyMap<string, Quantities>, request: AdmissionRequest, now: number): Decision {
  const { object, old, operation, subresource } = request;
  const evaluator = evaluatorFor(request);
  if (!evaluator || !object) return { charges: [] };
  const pertinent = quotas.filter((quota) => countsToward(quota, evaluator, object, Object.keys(quota.status.hard ?? {})));
  for (const quota of pertinent) {
    const { name } = quota.metadata;
    const bounds = evaluator.matching(Object.keys(quota.status.hard ?? {}).sort());
    const missing = evaluator.missing?.(bounds, object);
    if (missing) return { refused: `failed quota: ${name}: ${missing}` };
    if (bounds.some((bound) => quota.status.used?.[bound] === undefined)) return { refused: `status unknown for quota: ${name}, resources: ${bounds.join(',')}` };
  }
  const usage = evaluator.usage(object, now);
  const charges: Charge[] = [];
  for (const quota of pertinent) {
    const { name } = quota.metadata;
    const hard = quota.status.hard ?? {};
    // An object that counted before is charged with the difference.
    const before = operation === 'UPDATE' && old && countsToward(quota, evaluator, old, Object.keys(hard)) ? evaluator.usage(old, now) : {};
    const amount = pick(withoutZeros(subtractLists(usage, before)), Object.keys(hard));
    if (!Object.keys(amount).length) continue;
    const used = usedOf.get(name) ?? {};
    const over = subresource === 'status' ? [] : exceeding(pick(addLists(used, amount), Object.keys(amount)), hard);
    if (over.length) return { refused: `exceeded quota: ${name}, requested: ${listText(pick(amount, over))}, used: ${listText(pick(used, over))}, limited: ${listText(pick(hard, over))}` };
    charges.push({ quota: name, amount });
  }
  return { charges };
}
