// The Pod garbage collector: removes Pods no kubelet will ever report on again.
// upstream: pkg/controller/podgc/gc_controller.go
import { isPodTerminal } from '../../../src/api/core/pod-conditions.ts';
import { setCondition } from '../../../src/apimachinery/conditions.ts';
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import { Nodes, type Node } from '../../../src/api/core/node.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import { keyOf, splitKey, type Draft } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';
import { timestamp } from '../../../src/util/clock.ts';
import { nodeIndex } from '../nodelifecycle/node-lifecycle-controller.ts';
import { fateOf, isOutOfService, quarantineMs, surplusFinished } from './plan.ts';

const finishedIndex = { resource: Pods, name: 'finished', of: (pod: Pod) => (isPodTerminal(pod) && !pod.metadata.deletionTimestamp ? ['true'] : []) };

export function createPodGarbageCollector(terminatedPodThreshold = 12_500): Controller {
  const missingSince = new Map<string, number>();
  return {
    name: 'pod-garbage-collector',
    for: Pods,
    watches: [{ resource: Nodes, map: (node: Node, { cached }, old?: Node) => (old && isOutOfService(node) === isOutOfService(old) ? [] : cached(Pods).byIndex(nodeIndex.name, node.metadata.name).map(keyOf)) }],
    indexes: [nodeIndex, finishedIndex],
    reconcile: (context, key) => reconcile(context, key, missingSince, terminatedPodThreshold),
  };
}

async function reconcile(context: ControllerContext, key: string, missingSince: Map<string, number>, threshold: number): Promise<ReconcileResult | void> {
  const pod = context.cached(Pods).get(key);
  if (!pod) return undefined;
  if (isPodTerminal(pod)) for (const surplus of surplusFinished(context.cached(Pods).byIndex(finishedIndex.name, 'true'), threshold)) await remove(context, surplus);
  const name = pod.spec.nodeName ?? '';
  const fate = fateOf(pod, context.cached(Nodes).get(name));
  if (fate !== 'nodeMissing') {
    missingSince.delete(name);
    if (fate !== 'keep') await remove(context, pod);
    return undefined;
  }
  const now = context.clock.now();
  const since = missingSince.get(name) ?? now;
  missingSince.set(name, since);
  if (now - since < quarantineMs) return { requeueAfter: since + quarantineMs - now };
  if (await context.client.get(Nodes, { name }).catch((error: unknown) => { if (!isNotFound(error)) throw error; })) return undefined;
  await remove(context, pod, 'PodGC: node no longer exists');
  return undefined;
}

/** No kubelet will say how it ended, so it is marked failed first, then removed at once. */
async function remove({ client, clock }: ControllerContext, pod: Pod, disruption?: string): Promise<void> {
  try {
    if (!isPodTerminal(pod)) {
      const conditions = disruption
        ? setCondition(pod.status?.conditions, { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC', message: disruption }, timestamp(clock.now()))
        : pod.status?.conditions;
      await client.updateStatus(Pods, { ...pod, status: { ...pod.status, phase: 'Failed', conditions } } as Draft<Pod>);
    }
    await client.delete(Pods, splitKey(keyOf(pod)), { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
