// The disruption controller: tells for each PodDisruptionBudget how many of its Pods may be evicted now.
// upstream: pkg/controller/disruption/disruption.go
import { controllerOf, type OwnerRef } from '../../../src/apimachinery/owners.ts';
import { selectorFromObject } from '../../../src/apimachinery/selectors.ts';
import { isConflict } from '../../../src/apimachinery/status-error.ts';
import { Deployments } from '../../../src/api/apps/deployment.ts';
import { ReplicaSets, type ReplicaSet } from '../../../src/api/apps/replica-set.ts';
import { StatefulSets } from '../../../src/api/apps/stateful-set.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { ReplicationControllers } from '../../../src/api/core/replication-controller.ts';
import { withSyncFailed } from '../../../src/api/policy/disruption-allowed.ts';
import { PodDisruptionBudgets, type PodDisruptionBudget, type PodDisruptionBudgetStatus } from '../../../src/api/policy/pod-disruption-budget.ts';
import { keyOf, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';
import type { ObjectHead, ResourceDefinition } from '../../../src/schema/resource.ts';
import type { ServedResources } from '../../../src/schema/resource-set.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { equalJson } from '../../../src/util/json.ts';
import { planBudget, type Scale } from './plan.ts';

/** Kinds that keep a number of Pods. */
const scalable: readonly ResourceDefinition[] = [ReplicaSets, Deployments, StatefulSets, ReplicationControllers];

/** `served`: everything the API serves, to name those of them that keep no number. */
export const createDisruptionController = (served: ServedResources): Controller => ({
  name: 'disruption-controller',
  for: PodDisruptionBudgets,
  watches: [
    { resource: Pods, map: (pod: Pod, context, old?: Pod) => budgetsOf(pod, context, old) },
    // A change of size is seen in the Pods too, but later.
    ...scalable.map((resource) => ({ resource, map: (object: ObjectHead, { cached }: Pick<ControllerContext, 'cached'>, old?: ObjectHead) => (sizeOf(object) === (old && sizeOf(old)) ? [] : cached(PodDisruptionBudgets).list(object.metadata.namespace).map(keyOf)) })),
  ],
  reconcile: (context, key) => reconcile(context, key, served.current),
});

const sizeOf = (object: ObjectHead): number => (object as ObjectHead & { spec: { replicas?: number } }).spec.replicas ?? 1;

function budgetsOf(pod: Pod, { cached }: Pick<ControllerContext, 'cached'>, old: Pod | undefined): string[] {
  return cached(PodDisruptionBudgets).list(pod.metadata.namespace)
    .filter(({ spec }) => [pod, old].some((p) => p && selectorFromObject(spec.selector).matches(p.metadata.labels))).map(keyOf);
}

async function reconcile(context: ControllerContext, key: string, resources: readonly ResourceDefinition[]): Promise<ReconcileResult | void> {
  const budget = context.cached(PodDisruptionBudgets).get(key);
  if (!budget) return undefined;
  const { events } = context;
  const selector = selectorFromObject(budget.spec.selector);
  const pods = context.cached(Pods).list(budget.metadata.namespace).filter((pod) => selector.matches(pod.metadata.labels));
  const now = context.clock.now();
  if (pods.length === 0) events.normal(budget, 'NoPods', 'No matching pods found');
  try {
    const plan = planBudget(budget, pods, (owner, pod) => scaleOf(context, pod, owner, resources), now);
    for (const pod of plan.notDeleted) events.warning(pod, 'NotDeleted', `Pod was expected by PDB ${budget.metadata.namespace}/${budget.metadata.name} to be deleted but it wasn't`);
    if (plan.unmanaged.length > 0) {
      events.warning(budget, 'UnmanagedPods', `Pods selected by this PodDisruptionBudget (selector: ${JSON.stringify(budget.spec.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`);
    }
    await writeStatus(context, budget, plan.status);
    return plan.requeueAfter === undefined ? undefined : { requeueAfter: plan.requeueAfter };
  } catch (error) {
    if (isConflict(error) || !(error instanceof NoScale)) throw error;
    events.warning(budget, 'CalculateExpectedPodCountFailed', `Failed to calculate the number of expected pods: ${error.message}`);
    return writeStatus(context, budget, withSyncFailed({ ...zero, ...budget.status }, error.message, timestamp(now)));
  }
}

const zero = { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, disruptionsAllowed: 0 };

/** The controller of a Pod keeps no number of Pods that could be known. */
class NoScale extends Error {}

/** A ReplicaSet of a Deployment has the Deployment's size: during an update there are two. */
function scaleOf(context: ControllerContext, pod: Pod, owner: OwnerRef, resources: readonly ResourceDefinition[]): Scale {
  const [group, version] = owner.apiVersion.includes('/') ? owner.apiVersion.split('/') as [string, string] : ['', owner.apiVersion];
  const resource = scalable.find((r) => r.kind === owner.kind && r.group === group);
  if (!resource) {
    const known = resources.find((r) => r.kind === owner.kind && r.group === group);
    throw new NoScale(known ? `${known.plural}${group ? `.${group}` : ''} does not implement the scale subresource` : `no matches for kind ${JSON.stringify(owner.kind)} in version ${JSON.stringify(`${group ? `${group}/` : ''}${version}`)}`);
  }
  const object = context.cached(resource).get(`${pod.metadata.namespace}/${owner.name}`) as ObjectHead | undefined;
  if (object?.metadata.uid !== owner.uid) throw new NoScale(`found no controllers for pod ${JSON.stringify(pod.metadata.name)}`);
  const above = resource === ReplicaSets ? controllerOf(object as ReplicaSet) : undefined;
  if (above && above.kind === Deployments.kind) return scaleOf(context, pod, above, resources);
  return { uid: owner.uid, replicas: sizeOf(object) };
}

async function writeStatus({ client }: ControllerContext, budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus): Promise<void> {
  const normalised = (s: PodDisruptionBudgetStatus | undefined): object => Object.fromEntries(Object.entries(s ?? {}).filter(([, value]) => value !== 0 && value !== undefined));
  if (equalJson(normalised(budget.status), normalised(status))) return;
  await client.updateStatus(PodDisruptionBudgets, { ...budget, status } as Draft<PodDisruptionBudget>);
}
