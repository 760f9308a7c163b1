// Which Pods a node ends so that a critical one finds room: as few as can be, of those that were promised least. Pure.
// upstream: pkg/kubelet/preemption/preemption.go
import { podQosClass, type QosClass } from '../../src/api/core/pod-qos.ts';
import { requestsOf, type Shortage } from './admission.ts';
import { isCriticalPod, type Pod } from './pod.ts';

/** How much is missing, by resource; nothing else is listed. */
export type Missing = ReadonlyMap<string, number>;
interface Candidate { readonly pod: Pod; readonly gives: (name: string) => number }

export const gap = (shortages: readonly Shortage[]): Missing => new Map(shortages.map(({ name, requested, used, capacity }) => [name, requested - (capacity - used)]));

/** upstream: pkg/kubelet/types/pod_update.go (Preemptable) */
function isPreemptable(by: Pod, pod: Pod): boolean {
  if (isCriticalPod(by) && !isCriticalPod(pod)) return true;
  return by.spec.priority !== undefined && pod.spec.priority !== undefined && by.spec.priority > pod.spec.priority;
}
const candidates = (by: Pod, others: readonly Pod[]): Candidate[] => others.filter((pod) => isPreemptable(by, pod)).map((pod) => {
  const requests = requestsOf(pod);
  return { pod, gives: (name) => (name === 'pods' ? 1 : requests[name] ?? 0) };
});

const without = (missing: Missing, going: readonly Candidate[]): Missing =>
  new Map([...missing].map(([name, amount]): [string, number] => [name, going.reduce((left, { gives }) => left - gives(name), amount)]).filter(([, left]) => left > 0));

/** How far from enough a Pod alone is: of each resource the part that would be missing still. */
const distance = (missing: Missing, { gives }: Candidate): number => [...missing].reduce((sum, [name, amount]) => sum + (Math.max(0, amount - gives(name)) / amount) ** 2, 0);

/** Which of two that are equally far from enough goes; the later one of equals. */
function isSmaller(a: Candidate, b: Candidate): boolean {
  const name = ['memory', 'cpu'].find((n) => a.gives(n) !== b.gives(n));
  return name === undefined || a.gives(name) < b.gives(name);
}

/** Those that come nearest, one after another until nothing is missing; undefined when all of them are not enough. */
function nearest(from: readonly Candidate[], wanted: Missing): Candidate[] | undefined {
  const chosen: Candidate[] = [];
  for (let missing = wanted; missing.size > 0; missing = without(missing, chosen.slice(-1))) {
    const [first, ...rest] = from.filter((c) => !chosen.includes(c)).map((c) => ({ c, far: distance(missing, c) }));
    if (!first) return undefined;
    chosen.push(rest.reduce((best, next) => (next.far < best.far || (next.far === best.far && isSmaller(next.c, best.c)) ? next : best), first).c);
  }
  return chosen;
}

/** The Pods to end for this one; undefined when ending all that may be ended is not enough. */
export function choosePreempted(pod: Pod, others: readonly Pod[], missing: Missing): Pod[] | undefined {
  const all = candidates(pod, others);
  const of = (qos: QosClass): Candidate[] => all.filter((c) => podQosClass(c.pod.spec as Parameters<typeof podQosClass>[0]) === qos);
  const [bestEffort, burstable] = [of('BestEffort'), of('Burstable')];
  // A class goes as far as all lesser ones would not be enough; and of a lesser one nobody goes whose place the better ones that go leave anyhow.
  const best = nearest(of('Guaranteed'), without(missing, [...bestEffort, ...burstable]));
  const middle = best && nearest(burstable, without(missing, [...bestEffort, ...best]));
  const least = middle && nearest(bestEffort, without(missing, [...middle, ...best]));
  return least && [...least, ...middle, ...best].map((c) => c.pod);
}

/** What would be missing when all had gone that may be ended for the Pod. */
export const stillMissing = (pod: Pod, others: readonly Pod[], missing: Missing): Missing => without(missing, candidates(pod, others));
