// The DaemonSet controller: one Pod on each node that fits, replaced node by node when the template changes.
// upstream: pkg/controller/daemon/daemon_controller.go, update.go
import { controllerOf } from '../../../src/apimachinery/owners.ts';
import { selectorFromObject } from '../../../src/apimachinery/selectors.ts';
import { ControllerRevisions } from '../../../src/api/apps/controller-revision.ts';
import { DaemonSets, type DaemonSet, type DaemonSetStatus } from '../../../src/api/apps/daemon-set.ts';
import { Nodes, type Node } from '../../../src/api/core/node.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { keyOf, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';
import { equalJson } from '../../../src/util/json.ts';
import { claim, planClaims } from '../claims.ts';
import { FailedPods } from '../failed-pods.ts';
import { revisionHashLabel } from '../history/revisions.ts';
import { syncHistory, truncateHistory } from '../history/sync-revisions.ts';
import { createPods, deletePod } from '../pod-control.ts';
import { nextAvailability } from '../replicaset/plan.ts';
import { orphanIndex } from '../replicaset/replicas-controller.ts';
import { all } from '../settled.ts';
import { newDaemonPod, targetNode, wants } from './daemon-pods.ts';
import { planDaemonSet, type DaemonState } from './plan.ts';
import { daemonSetStatus } from './status.ts';

export function createDaemonSetController(): Controller {
  const failed = new FailedPods(1_000, 15 * 60_000);
  return {
    name: 'daemon-set-controller',
    for: DaemonSets,
    owns: [Pods],
    watches: [
      { resource: Pods, map: (pod: Pod, context) => (controllerOf(pod) ? [] : setsSelecting(pod, context)) },
      { resource: Nodes, map: (node: Node, context, old?: Node) => setsConcerned(node, context, old) },
    ],
    reads: [ControllerRevisions],
    indexes: [orphanIndex],
    reconcile: (context, key) => reconcile(context, key, failed),
  };
}

const setsSelecting = (pod: Pod, { cached }: Pick<ControllerContext, 'cached'>): string[] =>
  cached(DaemonSets).list(pod.metadata.namespace).filter((set) => selectorFromObject(set.spec.selector).matches(pod.metadata.labels)).map(keyOf);

/** A node tells of itself every few seconds; only what a set looks at matters. */
function setsConcerned(node: Node, { cached }: Pick<ControllerContext, 'cached'>, old: Node | undefined): string[] {
  if (old && equalJson(node.metadata.labels, old.metadata.labels) && equalJson(node.spec.taints, old.spec.taints)) return [];
  return cached(DaemonSets).list().filter((set) => !old || !equalJson(wants(set, node), wants(set, old))).map(keyOf);
}

async function reconcile(context: ControllerContext, key: string, failed: FailedPods): Promise<ReconcileResult | void> {
  const set = context.cached(DaemonSets).get(key);
  if (!set) {
    failed.forget(key);
    return undefined;
  }
  const selector = selectorFromObject(set.spec.selector);
  if (selector.empty) {
    context.events.warning(set, 'SelectingAll', 'This daemon set is selecting all pods. A non-empty selector is required.');
    return undefined;
  }
  if (set.metadata.deletionTimestamp) return undefined;

  const history = await syncHistory(context, set, { resource: DaemonSets, selector, hashLabel: revisionHashLabel, collisions: set.status?.collisionCount ?? 0 });
  const hash = history.update.metadata.labels?.[revisionHashLabel] ?? history.update.metadata.name;
  const pods = await ownPods(context, set);
  const now = context.clock.now();
  const state: DaemonState = { set, nodes: context.cached(Nodes).list(), pods, hash, now };
  // A changed template starts anew.
  const failedKey = (node: string): string => `${key}/${set.metadata.generation}/${node}`;
  const plan = planDaemonSet(state, (node) => failed.wait(failedKey(node), now));

  let failure: Error | undefined;
  try {
    for (const pod of plan.remove) tellEnded(context, set, pod, () => failed.removed(failedKey(targetNode(pod)!), now));
    await all(plan.remove.map((pod) => deletePod(context, set, pod)));
    await createPods(context, set, plan.create.map((node) => newDaemonPod(set, node, hash)));
  } catch (error) {
    failure = error as Error;
  }
  await writeStatus(context, set, daemonSetStatus(state, history.collisions));
  if (failure) throw failure;
  const live = new Set(pods.map((pod) => pod.metadata.labels?.[revisionHashLabel]));
  await truncateHistory(context, set, history, new Set(history.revisions.filter((r) => r === history.update || live.has(r.metadata.labels?.[revisionHashLabel])).map((r) => r.metadata.name)));
  const times = [plan.requeueAfter, nextAvailability(pods, set.spec.minReadySeconds, now)].filter((ms) => ms !== undefined);
  return times.length ? { requeueAfter: Math.min(...times) } : undefined;
}

function ownPods(context: ControllerContext, set: DaemonSet): Promise<Pod[]> {
  const cache = context.cached(Pods);
  const candidates = [...cache.byIndex('owner', set.metadata.uid), ...cache.byIndex(orphanIndex.name, set.metadata.namespace ?? '')];
  return claim(context, set, DaemonSets, Pods, planClaims(set, selectorFromObject(set.spec.selector), candidates));
}

/** A daemon that has ended is worth an Event, as it should run for ever. */
function tellEnded({ events }: ControllerContext, set: DaemonSet, pod: Pod, isFailed: () => void): void {
  const name = `daemon pod ${pod.metadata.namespace}/${pod.metadata.name} on node ${targetNode(pod)}`;
  if (pod.status?.phase === 'Failed') {
    events.warning(set, 'FailedDaemonPod', `Found failed ${name}, will try to kill it`);
    isFailed();
  } else if (pod.status?.phase === 'Succeeded') events.normal(set, 'SucceededDaemonPod', `Found succeeded ${name}, will try to delete it`);
}

async function writeStatus({ client }: ControllerContext, set: DaemonSet, status: DaemonSetStatus): Promise<void> {
  const normalised = (s: DaemonSetStatus | undefined): object => Object.fromEntries(Object.entries(s ?? {}).filter(([, value]) => value !== 0 && value !== undefined));
  // A set that was never looked at gets its zeros too.
  if (set.status?.observedGeneration && equalJson(normalised(set.status), normalised(status))) return;
  await client.updateStatus(DaemonSets, { ...set, status } as Draft<DaemonSet>);
}
