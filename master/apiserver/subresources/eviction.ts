// Eviction of Pods: a delete that PodDisruptionBudgets may refuse. A granted one is taken from the budget before the Pod goes.
// upstream: pkg/registry/core/pod/storage/eviction.go
import { isPodTerminal } from '../../../src/api/core/pod-conditions.ts';
import { findCondition, isConditionTrue, setCondition } from '../../../src/apimachinery/conditions.ts';
import { selectorFromObject } from '../../../src/apimachinery/selectors.ts';
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { disruptionAllowed, syncFailed, withDisruptionAllowed } from '../../../src/api/policy/disruption-allowed.ts';
import { evictionType } from '../../../src/api/policy/eviction.ts';
import { PodDisruptionBudgets, type PodDisruptionBudget } from '../../../src/api/policy/pod-disruption-budget.ts';
import type { ApiObject } from '../../../src/schema/resource.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { cloneJson } from '../../../src/util/json.ts';
import type { DeleteOptions, RequestContext } from '../../registry/request-context.ts';
import { objectAnswer, type AdmittedRequest, type Answer } from '../request.ts';
import { decodeObject, readBody } from '../handlers/body.ts';
import type { ResourceHandlerContext } from '../handlers/objects.ts';
import { writeContext } from '../handlers/options.ts';

const evictionKind = { type: evictionType, kind: 'Eviction', apiVersion: 'policy/v1', group: 'policy', version: 'v1' };
interface Eviction extends ApiObject { deleteOptions?: DeleteOptions }

const refusal = "Cannot evict pod as it would violate the pod's disruption budget.";
/** More granted evictions than this that nobody has seen come true are a sign that something is wrong. */
const mostPending = 2000;

/** POST pods/{name}/eviction. */
export async function evict(request: AdmittedRequest, context: ResourceHandlerContext): Promise<Answer> {
  const { store } = context;
  const { info } = request;
  const given = writeContext(request, 'CreateOptions');
  const raw = await readBody(request, 'Eviction', context.typeOf);
  // The older version says the same.
  const value = (raw.value as { apiVersion?: unknown }).apiVersion === 'policy/v1beta1' ? { ...(raw.value as object), apiVersion: evictionKind.apiVersion } : raw.value;
  const eviction = decodeObject(evictionKind, { ...raw, value }, given) as Eviction;
  if (eviction.metadata.name && eviction.metadata.name !== info.name) throw errors.badRequest('name in URL does not match name in Eviction object');
  const { namespace } = info;
  await store.admit({ operation: 'CREATE', subresource: 'eviction', namespace, name: info.name, object: eviction, body: evictionKind, context: dryRunOf(eviction.deleteOptions, given) }, 'concernsAll');
  const options = eviction.deleteOptions ?? {};
  const write: RequestContext = { ...dryRunOf(options, given), withinAdmitted: true };
  const pod = store.get(info.namespace, info.name).object as unknown as Pod;
  const { name } = pod.metadata;

  const { locked, budget } = ungranted(pod) ?? grant(pod, budgetsOf(context, pod));
  if (budget && !locked) await take(context, budget, name, write);
  // Pods that count for nothing may be evicted as they are, and only so.
  const precise = locked && options.preconditions?.resourceVersion === undefined;
  try {
    await remove(context, pod, precise ? { ...options, preconditions: { ...options.preconditions, resourceVersion: pod.metadata.resourceVersion! } } : options, write);
  } catch (error) {
    if (precise && budget && errors.isConflict(error)) throw stillProcessed(budget.metadata.name);
    throw error;
  }
  return objectAnswer({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }, 201);
}

const dryRunOf = (options: DeleteOptions | undefined, write: RequestContext): RequestContext => (options?.dryRun?.length ? { ...write, dryRun: true } : write);

interface Grant { readonly budget?: PodDisruptionBudget; readonly locked: boolean }

/** A Pod that has ended, is ending or has not begun disrupts nobody. */
function ungranted(pod: Pod): Grant | undefined {
  if (pod.metadata.deletionTimestamp || isPodTerminal(pod)) return { locked: false };
  return pod.status?.phase === 'Pending' ? { locked: true } : undefined;
}

function budgetsOf({ registry }: ResourceHandlerContext, { metadata }: Pod): PodDisruptionBudget[] {
  const { prefix } = registry.of(PodDisruptionBudgets);
  return [...registry.cache.list(`${prefix}${metadata.namespace}/`)].map((stored) => stored.object as unknown as PodDisruptionBudget)
    .filter(({ spec }) => selectorFromObject(spec.selector).matches(metadata.labels));
}

/** A Pod that is not healthy is none of those a budget counts on, and goes when the policy says so. */
function grant(pod: Pod, budgets: readonly PodDisruptionBudget[]): Grant {
  if (budgets.length > 1) throw errors.bare('This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.');
  const [budget] = budgets;
  if (!budget) return { locked: false };
  if (isConditionTrue(pod.status?.conditions, 'Ready')) return { budget, locked: false };
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  return { budget, locked: budget.spec.unhealthyPodEvictionPolicy === 'AlwaysAllow' || (currentHealthy >= desiredHealthy && desiredHealthy > 0) };
}

function tooMany(cause: string, retryAfterSeconds?: number): errors.StatusError {
  return new errors.StatusError(429, 'TooManyRequests', refusal, { ...(retryAfterSeconds ? { retryAfterSeconds } : {}), causes: [{ reason: 'DisruptionBudget', message: cause }] });
}
const stillProcessed = (budget: string): errors.StatusError => tooMany(`The disruption budget ${budget} is still being processed by the server.`, 10);

/** @throws StatusError when the budget allows no disruption now */
function check({ metadata, status }: PodDisruptionBudget): void {
  const { name } = metadata;
  const { observedGeneration = 0, disruptionsAllowed = 0, disruptedPods = {}, desiredHealthy = 0, currentHealthy = 0 } = status ?? {};
  if (observedGeneration < (metadata.generation ?? 0)) throw stillProcessed(name);
  const resource = { group: 'policy', resource: 'poddisruptionbudget' };
  if (disruptionsAllowed < 0) throw errors.forbidden(resource, name, 'pdb disruptions allowed is negative');
  if (Object.keys(disruptedPods).length > mostPending) throw errors.forbidden(resource, name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  if (disruptionsAllowed > 0) return;
  const condition = findCondition(status?.conditions, disruptionAllowed);
  if (condition?.status === 'False' && condition.reason === syncFailed) throw tooMany(`The disruption budget ${name} does not allow evicting pods currently because it failed sync: ${condition.message}`);
  throw tooMany(`The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`);
}

/** The revision read is no lock of the client's: a lost race is tried again. */
function unlocked(object: ApiObject): ApiObject {
  const copy = cloneJson(object);
  delete (copy.metadata as { resourceVersion?: string }).resourceVersion;
  return copy;
}

/** Takes one disruption from the budget; a lost race is checked anew. */
async function take({ registry }: ResourceHandlerContext, budget: PodDisruptionBudget, pod: string, write: RequestContext): Promise<void> {
  const { namespace, name } = budget.metadata;
  const now = timestamp(registry.clock.now());
  await registry.of(PodDisruptionBudgets).update(namespace, name, (old) => {
    const next = unlocked(old!) as unknown as PodDisruptionBudget;
    check(next);
    const status = { ...next.status, disruptionsAllowed: next.status.disruptionsAllowed - 1, disruptedPods: { ...next.status.disruptedPods, [pod]: now } };
    return { ...next, status: status.disruptionsAllowed === 0 ? withDisruptionAllowed(status, now) : status } as unknown as ApiObject;
  }, { subresource: 'status' }, { ...write, fieldManager: 'kube-apiserver' });
}

/** Marks the Pod as disrupted, so that whoever made it knows why it went, and deletes it. */
async function remove({ store, registry }: ResourceHandlerContext, pod: Pod, options: DeleteOptions, write: RequestContext): Promise<void> {
  const { namespace, name } = pod.metadata;
  let { preconditions } = options;
  if (!write.dryRun) {
    const { stored } = await store.update(namespace, name, (old) => {
      const { uid, resourceVersion } = old!.metadata;
      const refuse = (why: string): never => { throw errors.conflict({ group: '', resource: 'Pod' }, name, why); };
      if (preconditions?.uid !== undefined && preconditions.uid !== uid) refuse(`the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`);
      if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) refuse(`the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`);
      const next = unlocked(old!) as unknown as Pod;
      const conditions = setCondition(next.status?.conditions, { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting' }, timestamp(registry.clock.now()));
      return { ...next, status: { ...next.status, conditions } } as unknown as ApiObject;
    }, { subresource: 'status', internal: true }, write);
    if (preconditions?.resourceVersion !== undefined) preconditions = { ...preconditions, resourceVersion: String(stored.revision) };
  }
  await store.delete(namespace, name, { ...options, ...(preconditions ? { preconditions } : {}) }, write);
}
