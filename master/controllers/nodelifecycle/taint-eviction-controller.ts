// Taint eviction: deletes Pods whose node has taints they do not tolerate, or no longer. Time counts from when this process first
// saw the Pod under the taints, monotonically, never from the stored `timeAdded`: a clock that is set evicts nobody, and a master
// that was down gives everyone their full time again.
// upstream: pkg/controller/tainteviction/taint_eviction.go
import { setCondition } from '../../../src/apimachinery/conditions.ts';
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import { Nodes, type Node } from '../../../src/api/core/node.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { keyOf, splitKey, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { nodeIndex } from './node-lifecycle-controller.ts';
import { toleratedMs } from './taints.ts';
import { equalJson } from '../../../src/util/json.ts';

const evicting = (node: Node | undefined): unknown[] => (node?.spec.taints ?? []).filter((t) => t.effect === 'NoExecute');

/** Pods that have to leave later, by key: since when they stay under their taints (monotonic). */
type Scheduled = Map<string, { readonly uid: string; readonly since: number }>;

export function createTaintEvictionController(): Controller {
  const scheduled: Scheduled = new Map();
  return {
    name: 'taint-eviction-controller',
    for: Pods,
    watches: [{
      resource: Nodes,
      map: (node: Node, { cached }, old?: Node) => (equalJson(evicting(node), evicting(old)) ? [] : cached(Pods).byIndex(nodeIndex.name, node.metadata.name).map(keyOf)),
    }],
    indexes: [nodeIndex],
    reconcile: (context, key) => reconcile(scheduled, context, key),
  };
}

async function reconcile(scheduled: Scheduled, context: ControllerContext, key: string): Promise<ReconcileResult | void> {
  const pod = context.cached(Pods).get(key);
  const known = scheduled.get(key);
  if (!pod?.spec.nodeName || pod.metadata.deletionTimestamp || known && known.uid !== pod.metadata.uid) scheduled.delete(key);
  if (!pod?.spec.nodeName || pod.metadata.deletionTimestamp) return undefined;
  const allowed = toleratedMs(context.cached(Nodes).get(pod.spec.nodeName)?.spec.taints ?? [], pod.spec.tolerations ?? []);
  if (allowed === undefined || allowed === Infinity) {
    if (scheduled.delete(key)) context.events.normal(pod, 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`);
    return undefined;
  }
  const now = context.clock.monotonic();
  const { since } = scheduled.get(key) ?? { since: now };
  if (since + allowed > now) {
    scheduled.set(key, { uid: pod.metadata.uid, since });
    return { requeueAfter: since + allowed - now };
  }
  context.events.normal(pod, 'TaintManagerEviction', `Marking for deletion Pod ${key}`);
  const conditions = setCondition(pod.status?.conditions, { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint' }, timestamp(context.clock.now()));
  try {
    await context.client.updateStatus(Pods, { ...pod, status: { ...pod.status, conditions } } as Draft<Pod>);
    await context.client.delete(Pods, splitKey(key), { preconditions: { uid: pod.metadata.uid } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return undefined;
}
