// The StatefulSet controller: Pods with lasting names and claims, made, updated and ended in order.
// upstream: pkg/controller/statefulset/stateful_set.go, stateful_set_control.go, stateful_pod_control.go
import { isPodTerminal } from '../../../src/api/core/pod-conditions.ts';
import { controllerOf } from '../../../src/apimachinery/owners.ts';
import { selectorFromObject } from '../../../src/apimachinery/selectors.ts';
import { isAlreadyExists, isNotFound } from '../../../src/apimachinery/status-error.ts';
import { ControllerRevisions } from '../../../src/api/apps/controller-revision.ts';
import { StatefulSets, type StatefulSet, type StatefulSetStatus } from '../../../src/api/apps/stateful-set.ts';
import { PersistentVolumeClaims, type PersistentVolumeClaim } from '../../../src/api/core/persistent-volume-claim.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { keyOf, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';
import { equalJson } from '../../../src/util/json.ts';
import { claim, planClaims } from '../claims.ts';
import { FailedPods } from '../failed-pods.ts';
import { templateOf } from '../history/revisions.ts';
import { syncHistory, truncateHistory } from '../history/sync-revisions.ts';
import { isEndingNamespace } from '../pod-control.ts';
import { nextAvailability } from '../replicaset/plan.ts';
import { orphanIndex } from '../replicaset/replicas-controller.ts';
import { all } from '../settled.ts';
import { hasStaleClaim, planClaimOwners, type ClaimFix } from './claims.ts';
import { claimsOf, newPod, ordinalOf, podName, podRevision } from './identity.ts';
import { isRunningAndReady, planStatefulSet, type Step } from './plan.ts';
import { statefulSetStatus } from './status.ts';

const hashLabel = 'controller.kubernetes.io/hash';

export function createStatefulSetController(): Controller {
  // Upstream makes a Pod that its node refuses anew as fast as it can.
  const failed = new FailedPods(1_000, 60_000);
  return {
    name: 'statefulset-controller',
    for: StatefulSets,
    owns: [Pods],
    watches: [
      { resource: Pods, map: (pod: Pod, context) => (controllerOf(pod) ? [] : setsSelecting(pod, context)) },
      // One that goes may be what a new Pod of its name waits for; one whose owners are right now may be what the set waits for.
      { resource: PersistentVolumeClaims, map: (claim: PersistentVolumeClaim, context, old?: PersistentVolumeClaim) => (old && equalJson(old.metadata.ownerReferences, claim.metadata.ownerReferences) ? [] : setsClaiming(claim, context)) },
    ],
    reads: [ControllerRevisions],
    indexes: [orphanIndex],
    reconcile: (context, key) => reconcile(context, key, failed),
  };
}

const setsSelecting = (pod: Pod, { cached }: Pick<ControllerContext, 'cached'>): string[] =>
  cached(StatefulSets).list(pod.metadata.namespace).filter((set) => selectorFromObject(set.spec.selector).matches(pod.metadata.labels)).map(keyOf);

/** `data-web-0` is of `web`, or of another set whose name ends the same. */
const setsClaiming = (claim: PersistentVolumeClaim, { cached }: Pick<ControllerContext, 'cached'>): string[] =>
  cached(StatefulSets).list(claim.metadata.namespace).filter((set) => set.spec.volumeClaimTemplates?.length && claim.metadata.name.replace(/-\d+$/, '').endsWith(`-${set.metadata.name}`)).map(keyOf);

async function reconcile(context: ControllerContext, key: string, failed: FailedPods): Promise<ReconcileResult | void> {
  const set = context.cached(StatefulSets).get(key);
  if (!set) {
    failed.forget(key);
    return undefined;
  }
  if (set.metadata.deletionTimestamp) return countDown(context, set);
  const selector = selectorFromObject(set.spec.selector);
  const history = await syncHistory(context, set, { resource: StatefulSets, selector, hashLabel, collisions: set.status?.collisionCount ?? 0 });
  const pods = await ownPods(context, set);
  const { update } = history;
  const current = history.revisions.find((revision) => revision.metadata.name === set.status?.currentRevision) ?? update;
  const revisions = { current: current.metadata.name, update: update.metadata.name };
  const now = context.clock.now();
  // A changed template starts anew.
  const place = (pod: Pod): string => `${key}/${set.metadata.generation}/${ordinalOf(set, pod)}`;
  const wait = (pod: Pod): number => failed.wait(place(pod), now);
  for (const pod of pods) if (isRunningAndReady(pod)) failed.recovered(place(pod));
  const waiting = pods.filter((pod) => isPodTerminal(pod) && wait(pod) > 0).map(wait);

  let failure: Error | undefined;
  try {
    const lookup = (name: string): PersistentVolumeClaim | undefined => context.cached(PersistentVolumeClaims).get(`${set.metadata.namespace}/${name}`);
    const fixes = planClaimOwners(set, pods, lookup);
    if (fixes.length) await fixClaims(context, fixes);
    else {
      const templates = { current: templateOf(current), update: templateOf(update) };
      const steps = planStatefulSet(set, pods, revisions, now, wait);
      for (const step of steps) if (step.action === 'delete' && isPodTerminal(step.pod)) failed.removed(place(step.pod), now);
      await all(steps.map((step) => act(context, set, step, { revisions, templates, lookup })));
    }
  } catch (error) {
    failure = error as Error;
  }
  await writeStatus(context, set, statefulSetStatus(set, pods, revisions, history.collisions, now));
  if (failure) throw failure;
  await truncateHistory(context, set, history, new Set([revisions.current, revisions.update, ...pods.map((pod) => podRevision(pod) ?? '')]));
  const times = [...waiting, nextAvailability(pods, set.spec.minReadySeconds, now)].filter((ms) => ms !== undefined);
  return times.length ? { requeueAfter: Math.min(...times) } : undefined;
}

/** A set that ends makes nothing, no revision either: the collector takes what it owns, and the status follows. */
async function countDown(context: ControllerContext, set: StatefulSet): Promise<void> {
  const { currentRevision = '', updateRevision = '', collisionCount = 0 } = set.status ?? {};
  await writeStatus(context, set, statefulSetStatus(set, await ownPods(context, set), { current: currentRevision, update: updateRevision }, collisionCount, context.clock.now()));
}

/** Only Pods that are named as this set's are its own, whatever they are labelled. */
function ownPods(context: ControllerContext, set: StatefulSet): Promise<Pod[]> {
  const cache = context.cached(Pods);
  const candidates = [...cache.byIndex('owner', set.metadata.uid), ...cache.byIndex(orphanIndex.name, set.metadata.namespace ?? '')].filter((pod) => ordinalOf(set, pod) !== undefined);
  return claim(context, set, StatefulSets, Pods, planClaims(set, selectorFromObject(set.spec.selector), candidates));
}

interface Means {
  readonly revisions: Readonly<Record<'current' | 'update', string>>;
  readonly templates: Readonly<Record<'current' | 'update', StatefulSet['spec']['template']>>;
  readonly lookup: (name: string) => PersistentVolumeClaim | undefined;
}

async function act(context: ControllerContext, set: StatefulSet, step: Step, means: Means): Promise<void> {
  const { client } = context;
  const name = step.action === 'create' ? podName(set, step.ordinal) : step.pod.metadata.name;
  const key = { namespace: set.metadata.namespace, name };
  switch (step.action) {
    case 'create': {
      // The collector takes the claims of the Pod before, and their end wakes this set again.
      if (hasStaleClaim(set, step.ordinal, means.lookup)) return undefined;
      return told(context, set, 'create', name, async () => {
        await makeClaims(context, set, step.ordinal, name, means);
        await client.create(Pods, newPod(set, step.ordinal, means.templates[step.revision], means.revisions[step.revision]));
      });
    }
    case 'claims': return makeClaims(context, set, ordinalOf(set, step.pod)!, name, means);
    case 'relabel': return told(context, set, 'update', name, async () => { await client.patch(Pods, key, { metadata: { uid: step.pod.metadata.uid, labels: step.labels } }); });
    case 'delete': return told(context, set, 'delete', name, async () => {
      await client.delete(Pods, key, { preconditions: { uid: step.pod.metadata.uid } }).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
    });
  }
}

const capital = (verb: string): string => verb[0]!.toUpperCase() + verb.slice(1);

async function told({ events }: ControllerContext, set: StatefulSet, verb: 'create' | 'update' | 'delete', pod: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
    events.normal(set, `Successful${capital(verb)}`, `${verb} Pod ${pod} in StatefulSet ${set.metadata.name} successful`);
  } catch (error) {
    // A name that is taken is the cache's lag, or a Pod of somebody else's that has to go first.
    if (!isAlreadyExists(error) && !isEndingNamespace(error)) events.warning(set, `Failed${capital(verb)}`, `${verb} Pod ${pod} in StatefulSet ${set.metadata.name} failed error: ${(error as Error).message}`);
    throw error;
  }
}

async function makeClaims({ client, events }: ControllerContext, set: StatefulSet, ordinal: number, pod: string, { lookup }: Means): Promise<void> {
  for (const draft of claimsOf(set, ordinal)) {
    const name = draft.metadata!.name!;
    const existing = lookup(name);
    if (existing?.metadata.deletionTimestamp) throw new Error(`pvc ${name} is being deleted`);
    if (existing) continue;
    try {
      await client.create(PersistentVolumeClaims, draft);
      events.normal(set, 'SuccessfulCreate', `create Claim ${name} Pod ${pod} in StatefulSet ${set.metadata.name} success`);
    } catch (error) {
      if (isAlreadyExists(error)) continue;
      events.warning(set, 'FailedCreate', `create Claim ${name} for Pod ${pod} in StatefulSet ${set.metadata.name} failed error: ${(error as Error).message}`);
      throw error;
    }
  }
}

async function fixClaims({ client }: ControllerContext, fixes: readonly ClaimFix[]): Promise<void> {
  await all(fixes.map(({ claim: existing, ownerReferences }) =>
    client.update(PersistentVolumeClaims, { ...existing, metadata: { ...existing.metadata, ownerReferences } } as Draft<PersistentVolumeClaim>)));
}

async function writeStatus({ client }: ControllerContext, set: StatefulSet, status: StatefulSetStatus): Promise<void> {
  if (equalJson(normalised(set.status), normalised(status))) return;
  await client.updateStatus(StatefulSets, { ...set, status } as Draft<StatefulSet>);
}

/** A count of 0 and an absent one are the same to clients, but for the collision count. */
const normalised = (status: StatefulSetStatus | undefined): object => Object.fromEntries(Object.entries(status ?? {}).filter(([name, value]) => (value !== 0 || name === 'collisionCount') && value !== undefined));
