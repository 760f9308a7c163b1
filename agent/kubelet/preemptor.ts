// Makes room for a critical Pod that its node lacks something for, by ending others. upstream: pkg/kubelet/preemption/preemption.go
import type { Node } from '../../src/api/core/node.ts';
import type { Log } from '../../src/util/log.ts';
import { shortages } from './admission.ts';
import type { ContainerEvents } from './images.ts';
import { formatPod, isCriticalPod, type Pod } from './pod.ts';
import { preemptingReason, type PodFailure } from './pod-status.ts';
import { choosePreempted, gap, stillMissing } from './preemption.ts';

export interface PreemptorOptions {
  readonly log: Log;
  readonly events: ContainerEvents;
  readonly node: () => Node | undefined;
  /** Those that are to run here, with what is set aside for them. */
  readonly claims: () => readonly Pod[];
  /** Ends a Pod in the time it has for that; resolves when nothing of it runs. */
  readonly fail: (pod: Pod, failure: PodFailure) => Promise<void>;
}

/** Resolves when there is room as far as others can make it: with why the Pod may not begin where they cannot. Their places count as free at once. */
export async function makeRoom(pod: Pod, { log, events, node, claims, fail }: PreemptorOptions): Promise<PodFailure | undefined> {
  const known = node();
  if (!known || !isCriticalPod(pod)) return undefined;
  const others = claims().filter((other) => other.metadata.uid !== pod.metadata.uid);
  const missing = gap(shortages(pod, known, others));
  const chosen = choosePreempted(pod, others, missing);
  if (!chosen) {
    const list = [...stillMissing(pod, others, missing)].map(([name, amount]) => `(res: ${name}, q: ${amount}), `).join('');
    return { reason: 'UnexpectedAdmissionError', message: `Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: [${list}]` };
  }
  await Promise.all(chosen.map((other) => {
    const failure: PodFailure = { reason: preemptingReason, message: 'Preempted in order to admit critical pod', disrupted: true };
    events.warning(other, undefined, failure.reason, failure.message);
    log.info({ pod: formatPod(other), for: formatPod(pod) }, 'a Pod is ended to make room for a critical one');
    return fail(other, failure);
  }));
  return undefined;
}
