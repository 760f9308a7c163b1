// The Deployment controller: brings ReplicaSets in line with the template and size wanted, one kind of write per pass.
// upstream: pkg/controller/deployment/deployment_controller.go, sync.go
import { controllerOf } from '../../../src/apimachinery/owners.ts';
import { selectorFromObject } from '../../../src/apimachinery/selectors.ts';
import { isAlreadyExists, isNotFound } from '../../../src/apimachinery/status-error.ts';
import { Deployments, type Deployment, type DeploymentStatus } from '../../../src/api/apps/deployment.ts';
import { ReplicaSets, type ReplicaSet } from '../../../src/api/apps/replica-set.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { keyOf, splitKey, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';
import { claim, planClaims } from '../claims.ts';
import { isEndingNamespace } from '../pod-control.ts';
import { currentSetAnnotations, revisionAnnotation, sameAnnotations, sizeAnnotations } from './annotations.ts';
import { boundsOf, isRollingUpdate } from './bounds.ts';
import { oldPodsRunning, planOldSetsForRecreate } from './recreate.ts';
import { asSize, isScalingEvent, newReplicaSet, nextRevision, sortReplicaSets, surplusHistory, type ReplicaSetsOf } from './replica-sets.ts';
import { planRolling, type Scaling } from './rolling.ts';
import { planScaling } from './scaling.ts';
import { countStatus, deadlineOf, isComplete, pausedCondition, progressCheckAfter, rolloutStatus, withCondition } from './status.ts';
import { equalIgnoringHash } from './template.ts';
import { equalJson } from '../../../src/util/json.ts';

export const deploymentController: Controller = {
  name: 'deployment-controller',
  for: Deployments,
  owns: [ReplicaSets],
  watches: [
    { resource: ReplicaSets, map: (set: ReplicaSet, context) => (controllerOf(set) ? [] : deploymentsSelecting(set, context)) },
    { resource: Pods, map: (pod: Pod, context) => recreatedDeployment(pod, context) },
  ],
  reconcile: (context, key) => reconcile(context, key),
};

/** An orphan may be adopted by any Deployment that selects it. */
const deploymentsSelecting = (set: ReplicaSet, { cached }: Pick<ControllerContext, 'cached'>): string[] =>
  cached(Deployments).list(set.metadata.namespace).filter((d) => selectorFromObject(d.spec.selector).matches(set.metadata.labels)).map(keyOf);

/** Recreate waits for the last old Pod, which no ReplicaSet counts while it ends. */
function recreatedDeployment(pod: Pod, { cached }: Pick<ControllerContext, 'cached'>): string[] {
  const owner = controllerOf(pod);
  if (owner?.kind !== ReplicaSets.kind) return [];
  const set = cached(ReplicaSets).get(`${pod.metadata.namespace}/${owner.name}`);
  const deployment = set && controllerOf(set);
  const key = deployment && `${pod.metadata.namespace}/${deployment.name}`;
  return key && cached(Deployments).get(key)?.spec.strategy.type === 'Recreate' ? [key] : [];
}

async function reconcile(context: ControllerContext, key: string): Promise<ReconcileResult | void> {
  const deployment = context.cached(Deployments).get(key);
  if (!deployment) return undefined;
  if (selectorFromObject(deployment.spec.selector).empty) return refuseEmptySelector(context, deployment);
  const sets = sortReplicaSets(deployment, await ownReplicaSets(context, deployment));
  const now = context.clock.now();
  const counted = (): DeploymentStatus => countStatus(deployment, sets.all, sets.current, now);
  if (deployment.metadata.deletionTimestamp) return writeStatus(context, deployment, counted());

  const paused = pausedCondition(deployment);
  if (paused) return writeStatus(context, deployment, { ...deployment.status, conditions: withCondition(deployment.status?.conditions ?? [], paused, now) });
  if (await syncRevision(context, deployment, sets)) return undefined;

  if (deployment.spec.paused || isScalingEvent(deployment, sets)) {
    const { spec } = deployment;
    const plan = planScaling({
      wanted: spec.replicas, bounds: boundsOf(spec), rolling: isRollingUpdate(spec), statusReplicas: deployment.status?.replicas ?? 0,
      newSet: sets.current && asSize(sets.current), oldSets: sets.old.map(asSize),
    });
    if (!(await scale(context, deployment, sets, plan)) && spec.paused) await cleanUp(context, deployment, sets);
    return writeStatus(context, deployment, counted());
  }
  const changed = await rollOut(context, deployment, sets);
  if (changed === 'created') return undefined;
  const status = rolloutStatus(deployment, sets.all, sets.current, now);
  if (!changed && deployment.status && isComplete(deployment, deployment.status)) await cleanUp(context, deployment, sets);
  await writeStatus(context, deployment, status);
  const requeueAfter = progressCheckAfter(deployment, status, now);
  return requeueAfter === undefined ? undefined : { requeueAfter };
}

async function refuseEmptySelector(context: ControllerContext, deployment: Deployment): Promise<void> {
  context.events.warning(deployment, 'SelectingAll', 'This deployment is selecting all pods. A non-empty selector is required.');
  if ((deployment.status?.observedGeneration ?? 0) < (deployment.metadata.generation ?? 0)) {
    await writeStatus(context, deployment, { ...deployment.status, observedGeneration: deployment.metadata.generation! });
  }
}

function ownReplicaSets(context: ControllerContext, deployment: Deployment): Promise<ReplicaSet[]> {
  const candidates = context.cached(ReplicaSets).list(deployment.metadata.namespace);
  return claim(context, deployment, Deployments, ReplicaSets, planClaims(deployment, selectorFromObject(deployment.spec.selector), candidates));
}

/** Brings the current set's annotations and the Deployment's revision up to date; true when something was written. */
async function syncRevision(context: ControllerContext, deployment: Deployment, sets: ReplicaSetsOf): Promise<boolean> {
  const { current } = sets;
  if (!current) return false;
  const annotations = currentSetAnnotations(deployment, current.metadata.annotations, nextRevision(sets));
  if (!sameAnnotations(current.metadata.annotations, annotations) || (current.spec.minReadySeconds ?? 0) !== (deployment.spec.minReadySeconds ?? 0)) {
    const spec = { ...current.spec, minReadySeconds: deployment.spec.minReadySeconds };
    await context.client.update(ReplicaSets, { ...current, metadata: { ...current.metadata, annotations }, spec } as Draft<ReplicaSet>);
    return true;
  }
  const revision = annotations[revisionAnnotation]!;
  if (deployment.metadata.annotations?.[revisionAnnotation] !== revision) {
    const { name, namespace, resourceVersion } = deployment.metadata;
    await context.client.patch(Deployments, { name, namespace }, { metadata: { resourceVersion, annotations: { [revisionAnnotation]: revision } } }, { subresource: 'status' });
    return true;
  }
  if (deadlineOf(deployment) !== undefined && !deployment.status?.conditions?.some((c) => c.type === 'Progressing')) {
    const found = { type: 'Progressing', status: 'True', reason: 'FoundNewReplicaSet', message: `Found new replica set "${current.metadata.name}"` };
    await writeStatus(context, deployment, { ...deployment.status, conditions: withCondition(deployment.status?.conditions ?? [], found, context.clock.now()) });
    return true;
  }
  return false;
}

/** One step of the strategy. False when there is nothing to do now. */
async function rollOut(context: ControllerContext, deployment: Deployment, sets: ReplicaSetsOf): Promise<'created' | boolean> {
  const { spec } = deployment;
  if (isRollingUpdate(spec)) {
    if (!sets.current) return createReplicaSet(context, deployment, sets);
    return scale(context, deployment, sets, planRolling(spec.replicas, boundsOf(spec), asSize(sets.current), sets.old.map(asSize)));
  }
  const down = planOldSetsForRecreate(sets.old.map(asSize));
  if (down.length) return scale(context, deployment, sets, down);
  if (oldPodsRunning(sets, (set) => context.cached(Pods).byIndex('owner', set.metadata.uid))) return false;
  if (!sets.current) return createReplicaSet(context, deployment, sets);
  return scale(context, deployment, sets, [{ name: sets.current.metadata.name, replicas: spec.replicas }]);
}

async function createReplicaSet(context: ControllerContext, deployment: Deployment, sets: ReplicaSetsOf): Promise<'created'> {
  const draft = newReplicaSet(deployment, sets);
  const name = draft.metadata!.name!;
  const conditions = deployment.status?.conditions ?? [];
  const now = context.clock.now();
  try {
    await context.client.create(ReplicaSets, draft);
  } catch (error) {
    if (isAlreadyExists(error)) return resolveCollision(context, deployment, name, error);
    const message = `Failed to create new replica set "${name}": ${(error as Error).message}`;
    if (isEndingNamespace(error)) throw error;
    context.events.warning(deployment, 'ReplicaSetCreateError', message);
    if (deadlineOf(deployment) !== undefined) {
      await writeStatus(context, deployment, { ...deployment.status, conditions: withCondition(conditions, { type: 'Progressing', status: 'False', reason: 'ReplicaSetCreateError', message }, now) });
    }
    throw error;
  }
  if (draft.spec!.replicas! > 0) context.events.normal(deployment, 'ScalingReplicaSet', `Scaled up replica set ${name} from 0 to ${draft.spec!.replicas}`);
  if (deadlineOf(deployment) !== undefined) {
    await writeStatus(context, deployment, { ...deployment.status, conditions: withCondition(conditions, { type: 'Progressing', status: 'True', reason: 'NewReplicaSetCreated', message: `Created new replica set "${name}"` }, now) });
  }
  return 'created';
}

/** The name is taken: by our own set the cache has not shown yet, or by another template with the same hash. */
async function resolveCollision(context: ControllerContext, deployment: Deployment, name: string, error: unknown): Promise<'created'> {
  const taken = await context.client.get(ReplicaSets, { name, namespace: deployment.metadata.namespace });
  if (controllerOf(taken)?.uid === deployment.metadata.uid && equalIgnoringHash(taken.spec.template ?? {}, deployment.spec.template)) return 'created';
  await writeStatus(context, deployment, { ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 });
  throw error;
}

/** Sets the sizes of the plan; true when something was written. */
async function scale(context: ControllerContext, deployment: Deployment, sets: ReplicaSetsOf, plan: readonly Scaling[]): Promise<boolean> {
  const { maxSurge } = boundsOf(deployment.spec);
  let written = false;
  for (const { name, replicas } of plan) {
    const set = sets.all.find((s) => s.metadata.name === name)!;
    const annotations = { ...set.metadata.annotations, ...sizeAnnotations(deployment.spec.replicas, maxSurge) };
    if (set.spec.replicas === replicas && sameAnnotations(set.metadata.annotations, annotations)) continue;
    await context.client.update(ReplicaSets, { ...set, metadata: { ...set.metadata, annotations }, spec: { ...set.spec, replicas } } as Draft<ReplicaSet>);
    written = true;
    if (set.spec.replicas === replicas) continue;
    context.events.normal(deployment, 'ScalingReplicaSet', `Scaled ${replicas > set.spec.replicas ? 'up' : 'down'} replica set ${name} from ${set.spec.replicas} to ${replicas}`);
  }
  return written;
}

async function cleanUp({ client }: ControllerContext, deployment: Deployment, sets: ReplicaSetsOf): Promise<void> {
  for (const set of surplusHistory(deployment.spec.revisionHistoryLimit, sets.old)) {
    await client.delete(ReplicaSets, splitKey(keyOf(set)), { preconditions: { uid: set.metadata.uid } }).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
  }
}

async function writeStatus({ client }: ControllerContext, deployment: Deployment, status: DeploymentStatus): Promise<void> {
  if (equalJson(normalised(deployment.status), normalised(status))) return;
  await client.updateStatus(Deployments, { ...deployment, status } as Draft<Deployment>);
}

/** A count of 0 and an absent one are the same to clients. */
const normalised = (status: DeploymentStatus | undefined): object => Object.fromEntries(Object.entries(status ?? {}).filter(([, value]) => value !== 0 && value !== undefined && !(Array.isArray(value) && value.length === 0)));
