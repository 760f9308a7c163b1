// The disruption controller: tells for each PodDisruptionBudget how many of its Pods may be evicted now.
// upstream: pkg/controller/disruption/disruption.go
import { controllerOf, type OwnerRef } from '../../../src/apimachinery/owners.ts';
import { selectorFromObject } from '../../../src/apimachinery/selectors.ts';
import { isConflict, isNotFound, StatusError } from '../../../src/apimachinery/status-error.ts';
import { Deployments } from '../../../src/api/apps/deployment.ts';
import { ReplicaSets, type ReplicaSet } from '../../../src/api/apps/replica-set.ts';
import { StatefulSets } from '../../../src/api/apps/stateful-set.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { ReplicationControllers } from '../../../src/api/core/replication-controller.ts';
import { withSyncFailed } from '../../../src/api/policy/disruption-allowed.ts';
import { PodDisruptionBudgets, type PodDisruptionBudget, type PodDisruptionBudgetStatus } from '../../../src/api/policy/pod-disruption-budget.ts';
import { keyOf, resourcePath, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';
import type { ApiObject, ObjectHead, ResourceDefinition } from '../../../src/schema/resource.ts';
import type { ServedResources } from '../../../src/schema/resource-set.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { equalJson } from '../../../src/util/json.ts';
import { needsScale, planBudget, type Scale } from './plan.ts';

/** Kinds that keep a number of Pods and are followed; others are asked for their scale, if they have one. */
const scalable: readonly ResourceDefinition[] = [ReplicaSets, Deployments, StatefulSets, ReplicationControllers];

/** `served`: everything the API serves, to ask other kinds for their scale, and name those that have none. */
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
    const asked = await askedScales(context, budget, pods, resources);
    const plan = planBudget(budget, pods, (owner, pod) => {
      const scale = asked.has(owner.uid) ? asked.get(owner.uid) : cachedScale(context, pod, owner);
      if (!scale) throw new NoScale(`found no controllers for pod ${JSON.stringify(pod.metadata.name)}`);
      return scale;
    }, now);
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

const groupOf = ({ apiVersion }: OwnerRef): string => (apiVersion.includes('/') ? apiVersion.split('/')[0]! : '');
const followed = (owner: OwnerRef): ResourceDefinition | undefined => scalable.find((r) => r.kind === owner.kind && r.group === groupOf(owner));

/** A ReplicaSet of a Deployment has the Deployment's size: during an update there are two. */
function cachedScale(context: Pick<ControllerContext, 'cached'>, pod: Pod, owner: OwnerRef): Scale | undefined {
  const resource = followed(owner);
  const object = resource && context.cached(resource).get(`${pod.metadata.namespace}/${owner.name}`) as ObjectHead | undefined;
  if (object?.metadata.uid !== owner.uid) return undefined;
  const above = resource === ReplicaSets ? controllerOf(object as ReplicaSet) : undefined;
  return above?.kind === Deployments.kind ? cachedScale(context, pod, above) : { uid: owner.uid, replicas: sizeOf(object) };
}

/** The scales of controllers of other kinds, by uid; undefined where the controller is gone. @throws NoScale for kinds without one */
async function askedScales({ client }: ControllerContext, { spec }: PodDisruptionBudget, pods: readonly Pod[], resources: readonly ResourceDefinition[]): Promise<Map<string, Scale | undefined>> {
  const scales = new Map<string, Scale | undefined>();
  if (!needsScale(spec)) return scales;
  for (const pod of pods) {
    const owner = controllerOf(pod);
    if (!owner || scales.has(owner.uid) || followed(owner)) continue;
    const resource = resources.find((r) => r.kind === owner.kind && r.group === groupOf(owner));
    if (!resource) throw new NoScale(`no matches for kind ${JSON.stringify(owner.kind)} in version ${JSON.stringify(owner.apiVersion)}`);
    if (!resource.subresources.scale) throw new NoScale(`${resource.plural}${resource.group ? `.${resource.group}` : ''} does not implement the scale subresource`);
    const path = resourcePath(resource, { namespace: pod.metadata.namespace, name: owner.name }, 'scale');
    const scale = await client.transport.request({ method: 'GET', path }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error instanceof StatusError ? new NoScale(error.message) : error;
    }) as ApiObject | undefined;
    scales.set(owner.uid, scale?.metadata.uid === owner.uid ? { uid: owner.uid, replicas: scale['spec'].replicas ?? 0 } : undefined);
  }
  return scales;
}

async function writeStatus({ client }: ControllerContext, budget: PodDisruptionBudget, status: PodDisruptionBudgetStatus): Promise<void> {
  const normalised = (s: PodDisruptionBudgetStatus | undefined): object => Object.fromEntries(Object.entries(s ?? {}).filter(([, value]) => value !== 0 && value !== undefined));
  if (equalJson(normalised(budget.status), normalised(status))) return;
  await client.updateStatus(PodDisruptionBudgets, { ...budget, status } as Draft<PodDisruptionBudget>);
}
