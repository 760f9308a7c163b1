// How long a Job waits before it replaces Pods that failed: 10 s, 20 s, 40 s, up to ten minutes, counted anew after a success.
// upstream: pkg/controller/job/backoff_utils.go
import { findCondition } from '../../../src/apimachinery/conditions.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import { allFailures } from './job-pods.ts';

const firstMs = 10_000;
const longestMs = 600_000;

/** Failures since the last success, and when the last of them was (ms). */
export interface BackoffRecord { readonly failures: number; readonly lastFailure?: number }
export const noFailures: BackoffRecord = { failures: 0 };

const time = (text: string | null | undefined): number | undefined => (text ? Date.parse(text) : undefined);

/** When a Pod ended: by its containers, by its Ready condition, by its deletion, else its creation. */
export function finishedAt(pod: Pod): number {
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name));
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name))];
  const ends = statuses.map(({ state }) => time(state?.terminated?.finishedAt));
  if (ends.length > 0 && ends.every((end) => end !== undefined)) return Math.max(...ends);
  const ready = findCondition(pod.status?.conditions, 'Ready');
  const deleted = time(pod.metadata.deletionTimestamp);
  return (ready?.status === 'False' ? time(ready.lastTransitionTime) : undefined)
    ?? (deleted === undefined ? undefined : deleted - (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000)
    ?? time(pod.metadata.creationTimestamp) ?? 0;
}

/** The record after Pods that ended and were not counted before. */
export function nextBackoff(record: BackoffRecord, succeeded: readonly Pod[], failed: readonly Pod[]): BackoffRecord {
  const failures = failed.map(finishedAt);
  if (succeeded.length === 0) return failures.length ? { failures: record.failures + failures.length, lastFailure: Math.max(...failures) } : record;
  const lastSuccess = Math.max(...succeeded.map(finishedAt));
  const later = failures.filter((end) => end > lastSuccess);
  return later.length ? { failures: later.length, lastFailure: Math.max(...later) } : noFailures;
}

/** Milliseconds until the next Pod may be made. */
export function remainingBackoff({ failures, lastFailure }: BackoffRecord, now: number): number {
  if (failures === 0 || lastFailure === undefined) return 0;
  return Math.max(0, lastFailure + Math.min(longestMs, firstMs * 2 ** (failures - 1)) - now);
}

/** The same for one index, whose last failed Pod knows how many there were before it. */
export const remainingIndexBackoff = (replaced: Pod | undefined, now: number): number =>
  (replaced ? remainingBackoff({ failures: allFailures(replaced) + 1, lastFailure: finishedAt(replaced) }, now) : 0);
