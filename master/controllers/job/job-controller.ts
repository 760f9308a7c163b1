// The Job controller: runs Pods until enough have succeeded or too many failed, and counts each that ended exactly once.
// upstream: pkg/controller/job/job_controller.go
import { isPodReady } from '../../../src/api/core/pod-conditions.ts';
import { controllerOf } from '../../../src/apimachinery/owners.ts';
import { selectorFromObject } from '../../../src/apimachinery/selectors.ts';
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import { jobNameLabel, Jobs, type Job, type JobStatus } from '../../../src/api/batch/job.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { keyOf, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';
import { equalJson } from '../../../src/util/json.ts';
import { claim, planClaims } from '../claims.ts';
import { createPods, deletePod } from '../pod-control.ts';
import { orphanIndex } from '../replicaset/replicas-controller.ts';
import { all } from '../settled.ts';
import { noFailures, type BackoffRecord } from './backoff.ts';
import { jobFacts } from './facts.ts';
import { isTracked, newJobPod, trackingFinalizer } from './job-pods.ts';
import { isJobFinished, planJob, type JobPlan } from './plan.ts';

/** The value of `managedBy` that means this controller. */
const ownName = 'kubernetes.io/job-controller';

/** The key of the Job a tracked Pod belongs to, by its reference or, once that is gone, by its label. */
const jobKeyOf = (pod: Pod): string => `${pod.metadata.namespace}/${controllerOf(pod)?.name ?? pod.metadata.labels?.[jobNameLabel] ?? ''}`;
const isOfJob = (pod: Pod): boolean => (controllerOf(pod)?.kind ?? Jobs.kind) === Jobs.kind;
const trackedIndex = { resource: Pods, name: 'jobTracked', of: (pod: Pod) => (isTracked(pod) && isOfJob(pod) ? [jobKeyOf(pod)] : []) };

export function createJobController(): Controller {
  const records = new Map<string, BackoffRecord>();
  return {
    name: 'job-controller',
    for: Jobs,
    owns: [Pods],
    watches: [{ resource: Pods, map: (pod: Pod, context) => (controllerOf(pod) ? [] : [...(isTracked(pod) ? [jobKeyOf(pod)] : []), ...jobsSelecting(pod, context)]) }],
    indexes: [orphanIndex, trackedIndex],
    reconcile: (context, key) => reconcile(context, key, records),
  };
}

const jobsSelecting = (pod: Pod, { cached }: Pick<ControllerContext, 'cached'>): string[] =>
  cached(Jobs).list(pod.metadata.namespace).filter((job) => job.spec.selector && selectorFromObject(job.spec.selector).matches(pod.metadata.labels)).map(keyOf);

async function reconcile(context: ControllerContext, key: string, records: Map<string, BackoffRecord>): Promise<ReconcileResult | void> {
  const job = context.cached(Jobs).get(key);
  await untrack(context, context.cached(Pods).byIndex(trackedIndex.name, key).filter((pod) => isLeftBehind(pod, job)));
  if (!job || isJobFinished(job)) {
    records.delete(key);
    return undefined;
  }
  if ((job.spec.managedBy ?? ownName) !== ownName) return undefined;

  const pods = await ownPods(context, job);
  const now = context.clock.now();
  const facts = jobFacts(job, pods, records.get(key) ?? noFailures);
  const plan = planJob(facts, now);
  const { status, failure } = await changePods(context, job, plan);
  const result = plan.requeueAfter === undefined ? undefined : { requeueAfter: plan.requeueAfter };
  if (!equalJson(normalised(job.status), normalised(status))) {
    await context.client.updateStatus(Jobs, { ...job, status } as Draft<Job>);
    records.set(key, facts.backoff);
    for (const { type, reason, message } of plan.events) context.events[type === 'Normal' ? 'normal' : 'warning'](job, reason, message);
  } else {
    await untrack(context, plan.untrack);
  }
  if (failure) throw failure;
  return result;
}

/** Its Job is gone, and no other of the name will count it. */
function isLeftBehind(pod: Pod, job: Job | undefined): boolean {
  if (!job) return true;
  const owner = controllerOf(pod);
  if (owner) return owner.uid !== job.metadata.uid;
  return !selectorFromObject(job.spec.selector!).matches(pod.metadata.labels);
}

function ownPods(context: ControllerContext, job: Job): Promise<Pod[]> {
  const cache = context.cached(Pods);
  const candidates = [...cache.byIndex('owner', job.metadata.uid), ...cache.byIndex(orphanIndex.name, job.metadata.namespace ?? '')];
  return claim(context, job, Jobs, Pods, planClaims(job, selectorFromObject(job.spec.selector!), candidates), [trackingFinalizer]);
}

/** Makes and removes what the plan says; the status tells what came of it. */
async function changePods(context: ControllerContext, job: Job, plan: JobPlan): Promise<{ status: JobStatus; failure?: Error }> {
  const { create, remove, status } = plan;
  const removed = new Set<Pod>();
  try {
    await createPods(context, job, create.map(({ index, replaced }) => newJobPod(job, index, replaced)));
    await all(remove.map(async (pod) => {
      // What is not wanted any more is no failure: without the finalizer it is not counted.
      if (!plan.keepTracking) await untrack(context, [pod]);
      await deletePod(context, job, pod);
      removed.add(pod);
    }));
    return { status };
  } catch (error) {
    const kept = remove.filter((pod) => !removed.has(pod));
    const active = (status.active ?? 0) - create.length + kept.length;
    return { status: { ...status, active, ready: (status.ready ?? 0) + kept.filter(isPodReady).length, terminating: (status.terminating ?? 0) - kept.length }, failure: error as Error };
  }
}

async function untrack({ client }: ControllerContext, pods: readonly Pod[]): Promise<void> {
  await all(pods.filter(isTracked).map(async ({ metadata: { name, namespace, uid } }) => {
    const patch = { metadata: { uid, '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] } };
    await client.patch(Pods, { name, namespace }, patch, { type: 'strategic' }).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
  }));
}

/** A count of 0 and an absent one are the same, but where clients see the difference. */
const normalised = (status: JobStatus | undefined): object =>
  Object.fromEntries(Object.entries(status ?? {}).filter(([name, value]) => value !== undefined && value !== '' && (value !== 0 || name === 'ready' || name === 'terminating') && !(Array.isArray(value) && value.length === 0)));
