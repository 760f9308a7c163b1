// The TTL-after-finished controller: deletes Jobs so many seconds after their end, with all that depends on them.
// upstream: pkg/controller/ttlafterfinished/ttlafterfinished_controller.go
import { isNotFound } from '../../../src/apimachinery/status-error.ts';
import { Jobs, type Job } from '../../../src/api/batch/job.ts';
import { splitKey } from '../../../src/client/client.ts';
import type { Controller, ControllerContext, ReconcileResult } from '../../../src/controller/controller.ts';

/** Milliseconds until the Job is to go; undefined when it does not go by itself. */
export function timeLeft({ metadata, spec, status }: Job, now: number): number | undefined {
  const end = status?.conditions?.find(({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True');
  if (!end || metadata.deletionTimestamp || spec.ttlSecondsAfterFinished === undefined) return undefined;
  return Date.parse(end.lastTransitionTime ?? '') + spec.ttlSecondsAfterFinished * 1000 - now;
}

export const ttlAfterFinishedController: Controller = {
  name: 'ttl-after-finished-controller',
  for: Jobs,
  reconcile: (context, key) => reconcile(context, key),
};

async function reconcile({ cached, client, clock }: ControllerContext, key: string): Promise<ReconcileResult | void> {
  const job = cached(Jobs).get(key);
  const left = job && timeLeft(job, clock.now());
  if (left === undefined) return undefined;
  if (left > 0) return { requeueAfter: left };
  // The time may have been made longer a moment ago, which the cache need not know yet.
  const fresh = await client.get<Job>(Jobs, splitKey(key)).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
  if (!fresh || fresh.metadata.uid !== job!.metadata.uid || (timeLeft(fresh, clock.now()) ?? 1) > 0) return undefined;
  const preconditions = { uid: fresh.metadata.uid, resourceVersion: fresh.metadata.resourceVersion! };
  await client.delete(Jobs, splitKey(key), { propagationPolicy: 'Foreground', preconditions }).catch((error: unknown) => { if (!isNotFound(error)) throw error; });
  return undefined;
}
