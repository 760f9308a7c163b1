// Whether a Job is to end now, and why: it has failed by one of its limits, or met its policy of success.
// upstream: pkg/controller/job/job_controller.go (syncJob, pastBackoffLimitOnFailure, pastActiveDeadline)
import { findCondition } from '../../../src/apimachinery/conditions.ts';
import type { JobFacts } from './facts.ts';
import { total } from './indexes.ts';
import { isFailed, isIndexed } from './job-pods.ts';
import { judgeFailure, metSuccessRule } from './policies.ts';

/** `stored`: the status says so already, and the end may be carried out. */
export interface JobEnd { readonly type: 'FailureTarget' | 'SuccessCriteriaMet'; readonly reason: string; readonly message: string; readonly stored: boolean }

const failure = (reason: string, message: string): JobEnd => ({ type: 'FailureTarget', reason, message, stored: false });

export function jobEnd(facts: JobFacts, now: number): JobEnd | undefined {
  const { job, pods, counted, completed, failedIndexes, succeeded } = facts;
  for (const type of ['SuccessCriteriaMet', 'FailureTarget'] as const) {
    const condition = findCondition(counted.conditions, type);
    if (condition?.status === 'True') return { type, reason: condition.reason ?? '', message: condition.message ?? '', stored: true };
  }
  const policy = job.spec.podFailurePolicy;
  const fatal = policy && pods.filter((pod) => isFailed(pod, job)).map((pod) => judgeFailure(policy, pod).message).find((message) => message !== undefined);
  if (fatal !== undefined) return failure('PodFailurePolicy', fatal);
  if (facts.failed > job.spec.backoffLimit! || tooManyRestarts(facts)) return failure('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  if (isPastDeadline(facts, now)) return failure('DeadlineExceeded', 'Job was active longer than specified deadline');
  if (!isIndexed(job)) return undefined;
  const { completions = 0, backoffLimitPerIndex, maxFailedIndexes, successPolicy } = job.spec;
  if (backoffLimitPerIndex !== undefined) {
    const failed = total(failedIndexes);
    if (maxFailedIndexes !== undefined && failed > maxFailedIndexes) return failure('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
    if (failed > 0 && failed + succeeded >= completions) return failure('FailedIndexes', 'Job has failed indexes');
  }
  const met = metSuccessRule(successPolicy, completed, completions);
  return met === undefined ? undefined : { type: 'SuccessCriteriaMet', reason: 'SuccessPolicy', message: met, stored: false };
}

/** Containers that start again in their Pods (OnFailure) count as failures. */
function tooManyRestarts({ job: { spec }, pods }: JobFacts): boolean {
  if (spec.template.spec?.restartPolicy !== 'OnFailure') return false;
  const restarts = pods.filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending')
    .flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]).reduce((sum, { restartCount }) => sum + restartCount, 0);
  return spec.backoffLimit === 0 ? restarts > 0 : restarts >= spec.backoffLimit!;
}

function isPastDeadline({ job: { spec }, counted }: JobFacts, now: number): boolean {
  if (spec.activeDeadlineSeconds === undefined || !counted.startTime || spec.suspend) return false;
  return now - Date.parse(counted.startTime) >= spec.activeDeadlineSeconds * 1000;
}
