// Takes a Pod's DisruptionTarget condition back when nobody has deleted the Pod for two minutes.
// upstream: pkg/controller/disruption/disruption.go (syncStalePodDisruption)
import { isPodTerminal } from '../../../src/api/core/pod-conditions.ts';
import { findCondition, setCondition } from '../../../src/apimachinery/conditions.ts';
import { Pods, type Pod } from '../../../src/api/core/pod.ts';
import type { Draft } from '../../../src/client/client.ts';
import type { Controller } from '../../../src/controller/controller.ts';
import { timestamp } from '../../../src/util/clock.ts';

const staleAfterMs = 120_000;

/** Milliseconds until the condition is stale; undefined when there is none, or it is the kubelet's, which may take its time. */
export function staleIn(pod: Pod, now: number): number | undefined {
  const condition = findCondition(pod.status?.conditions, 'DisruptionTarget');
  if (condition?.status !== 'True' || condition.reason === 'TerminationByKubelet' || pod.metadata.deletionTimestamp || isPodTerminal(pod)) return undefined;
  return Math.max(0, Date.parse(condition.lastTransitionTime ?? '') + staleAfterMs - now);
}

export const staleDisruptionController: Controller = {
  name: 'disruption-controller',
  for: Pods,
  async reconcile({ cached, client, clock }, key) {
    const pod = cached(Pods).get(key);
    const left = pod && staleIn(pod, clock.now());
    if (left === undefined) return undefined;
    if (left > 0) return { requeueAfter: left };
    const conditions = setCondition(pod!.status!.conditions, { type: 'DisruptionTarget', status: 'False' }, timestamp(clock.now()));
    await client.updateStatus(Pods, { ...pod!, status: { ...pod!.status, conditions } } as Draft<Pod>);
    return undefined;
  },
};
