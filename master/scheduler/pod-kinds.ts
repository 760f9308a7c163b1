// Pods that are alike for whoever counts Pods: of one namespace, with the same labels and the same wishes about others. A selector
// is asked once for all of them, so that ten thousand Pods of one Deployment cost as much as one.
import type { Pod } from '../../src/api/core/pod.ts';

export interface PodKind {
  /** Stands for all of its kind: only namespace, labels, affinity and whether it is being deleted may be looked at. */
  readonly pod: Pod;
  readonly terminating: boolean;
}

/** How many kinds are kept in mind; two objects for one kind cost time and nothing else. */
const remembered = 20_000;
const byContent = new Map<string, PodKind>();
const known = new WeakMap<Pod, PodKind>();

export function kindOf(pod: Pod): PodKind {
  let kind = known.get(pod);
  if (kind) return kind;
  const { namespace, labels, deletionTimestamp } = pod.metadata;
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  const content = JSON.stringify([namespace, labels, podAffinity, podAntiAffinity, Boolean(deletionTimestamp)]);
  kind = byContent.get(content);
  if (!kind) {
    if (byContent.size >= remembered) byContent.clear();
    byContent.set(content, (kind = { pod, terminating: Boolean(deletionTimestamp) }));
  }
  known.set(pod, kind);
  return kind;
}

/** Answers for a kind once and remembers it. */
export function perKind<T>(answer: (kind: PodKind) => T): (kind: PodKind) => T {
  const answers = new Map<PodKind, T>();
  return (kind) => {
    let found = answers.get(kind);
    if (found === undefined) answers.set(kind, (found = answer(kind)));
    return found;
  };
}
