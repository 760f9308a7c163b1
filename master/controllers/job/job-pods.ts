// What the Job controller reads from its Pods, and how it makes one: the tracking finalizer, indexes, and counts of failures.
// upstream: pkg/controller/job/indexed_job_utils.go, job_controller.go
import { newControllerRef } from '../../../src/apimachinery/owners.ts';
import { Jobs, type Job } from '../../../src/api/batch/job.ts';
import type { Pod } from '../../../src/api/core/pod.ts';
import type { Draft } from '../../../src/client/client.ts';
import { judgeFailure } from './policies.ts';

/** A Pod that carries it has not been counted yet, so it must not go. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
/** Annotation, and label, of the Pods of an Indexed Job. */
export const completionIndexKey = 'batch.kubernetes.io/job-completion-index';
export const failureCountAnnotation = 'batch.kubernetes.io/job-index-failure-count';
const ignoredFailureCountAnnotation = 'batch.kubernetes.io/job-index-ignored-failure-count';
/** A generated name has five characters more, and must be a host name. */
const longestPrefix = 58;

export const isIndexed = ({ spec }: Job): boolean => spec.completionMode === 'Indexed';
export const isTracked = (pod: Pod): boolean => pod.metadata.finalizers?.includes(trackingFinalizer) ?? false;
export const isSucceeded = (pod: Pod): boolean => pod.status?.phase === 'Succeeded';
/** Only Pods that have ended are replaced, not those that are ending. */
export const replacesOnlyFailed = ({ spec }: Job): boolean => spec.podReplacementPolicy === 'Failed' || spec.podFailurePolicy !== undefined;

export function isFailed(pod: Pod, job: Job): boolean {
  if (pod.status?.phase === 'Failed') return true;
  // A deleted Pod may never come to say that it failed.
  return !replacesOnlyFailed(job) && Boolean(pod.metadata.deletionTimestamp) && !isSucceeded(pod);
}

export function completionIndex(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[completionIndexKey];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
/** Pods of other indexes than the Job has count for nothing. */
export function hasValidIndex(pod: Pod, job: Job): boolean {
  const index = completionIndex(pod);
  return !isIndexed(job) || (index !== undefined && index < job.spec.completions!);
}

function count(pod: Pod, annotation: string): number {
  const text = pod.metadata.annotations?.[annotation];
  return text !== undefined && /^\d+$/.test(text) && Number(text) < 2 ** 31 ? Number(text) : 0;
}
export const failureCount = (pod: Pod): number => count(pod, failureCountAnnotation);
export const allFailures = (pod: Pod): number => failureCount(pod) + count(pod, ignoredFailureCountAnnotation);

/** The failures of an index after those of `replaced`, as annotations of its next Pod. */
function failureAnnotations(job: Job, replaced: Pod | undefined): Record<string, string> {
  if (job.spec.backoffLimitPerIndex === undefined) return {};
  const counted = replaced === undefined ? undefined : judgeFailure(job.spec.podFailurePolicy, replaced).counted;
  const ignored = replaced ? count(replaced, ignoredFailureCountAnnotation) + (counted ? 0 : 1) : 0;
  const failures = replaced ? failureCount(replaced) + (counted ? 1 : 0) : 0;
  return { [failureCountAnnotation]: String(failures), ...(ignored > 0 ? { [ignoredFailureCountAnnotation]: String(ignored) } : {}) };
}

type PodSpec = NonNullable<Job['spec']['template']['spec']>;
const indexVariable = { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath: `metadata.labels['${completionIndexKey}']` } } };
const withIndexVariable = <C extends { readonly env?: readonly { readonly name: string }[] }>(container: C): C =>
  (container.env?.some(({ name }) => name === indexVariable.name) ? container : { ...container, env: [...(container.env ?? []), indexVariable] });

/** `replaced`: the failed Pod of the same index whose failures go on to be counted. */
export function newJobPod(job: Job, index: number | undefined, replaced: Pod | undefined): Draft<Pod> {
  const { metadata = {}, spec } = job.spec.template as { metadata?: Draft<Pod>['metadata']; spec?: PodSpec };
  const finalizers = [...new Set([...(metadata?.finalizers ?? []), trackingFinalizer])];
  const common = { namespace: job.metadata.namespace, finalizers, ownerReferences: [newControllerRef(job, Jobs)] };
  if (index === undefined) return { metadata: { ...common, generateName: `${job.metadata.name}-`, labels: metadata?.labels, annotations: metadata?.annotations }, spec } as Draft<Pod>;
  const suffix = `-${index}-`;
  return {
    metadata: {
      ...common, generateName: `${job.metadata.name.slice(0, longestPrefix - suffix.length)}${suffix}`, labels: { ...metadata?.labels, [completionIndexKey]: String(index) },
      annotations: { ...metadata?.annotations, [completionIndexKey]: String(index), ...failureAnnotations(job, replaced) },
    },
    spec: {
      ...spec, hostname: `${job.metadata.name}-${index}`, containers: spec?.containers?.map(withIndexVariable),
      ...(spec?.initContainers ? { initContainers: spec.initContainers.map(withIndexVariable) } : {}),
    },
  } as Draft<Pod>;
}
