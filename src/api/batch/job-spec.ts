// What a Job runs; CronJobs carry the same specification in a template.
// upstream: pkg/apis/batch/validation/validation.go (validateJobSpec), pkg/apis/batch/v1/defaults.go
import { child, invalid, notSupported, required as requiredFault, tooLong, type Fault } from '../../apimachinery/fault.ts';
import { labelSelector } from '../../schema/object-meta.ts';
import { boolean, field, int32, int64, object, required, string, type FieldsValue } from '../../schema/schema.ts';
import { podTemplateSpec } from '../core/pod-template.ts';
import { podTemplateWarnings } from '../core/pod-warnings.ts';
import { judgedTemplate } from '../core/replica-workload.ts';
import { domainPrefixedPathFaults } from '../value-faults.ts';
import { podFailurePolicy, podFailurePolicyFaults, successPolicy, successPolicyFaults } from './job-policies.ts';

const longestManager = 63;
const maxIndexedParallelism = 100_000;
const maxFailedIndexes = 100_000;
/** Beyond so many completions the other numbers have lower bounds, as the status must not outgrow the store. */
const manyCompletions = 100_000;
const lowParallelism = 10_000;
const lowFailedIndexes = 10_000;

export const jobSpec = object('JobSpec', {
  parallelism: int32(1, { pointer: true, minimum: 0, doc: 'Most Pods that run at a time.' }),
  completions: int32(2, { pointer: true, minimum: 0, doc: 'Pods that must succeed; absent with a parallelism: one is enough.' }),
  activeDeadlineSeconds: int64(3, { pointer: true, minimum: 0, doc: 'Seconds after which the Job is failed.' }),
  podFailurePolicy: field(11, podFailurePolicy, { doc: 'What failures of Pods mean.' }),
  successPolicy: field(16, successPolicy, { doc: 'When the Job is done before all its Pods are.' }),
  backoffLimit: int32(7, { pointer: true, minimum: 0, doc: 'Failures after which the Job is failed.' }),
  backoffLimitPerIndex: int32(12, { pointer: true, minimum: 0, doc: 'Failures of one index after which the index is failed.' }),
  maxFailedIndexes: int32(13, { pointer: true, minimum: 0, doc: 'Failed indexes after which the Job is failed.' }),
  selector: field(4, labelSelector, { doc: 'Which Pods are this Job\'s; made by the server unless manualSelector is true.' }),
  manualSelector: boolean(5, { pointer: true, doc: 'True leaves selector and labels to the client.' }),
  template: required(6, podTemplateSpec, { doc: 'The Pods to make; restartPolicy is Never or OnFailure.' }),
  ttlSecondsAfterFinished: int32(8, { pointer: true, minimum: 0, doc: 'Seconds after its end at which the Job is deleted; never when absent.' }),
  completionMode: string(9, { pointer: true, enum: ['NonIndexed', 'Indexed'], doc: 'NonIndexed counts successes; Indexed gives each Pod a number and wants each number once.' }),
  suspend: boolean(10, { pointer: true, doc: 'True ends running Pods and makes none.' }),
  podReplacementPolicy: string(14, { pointer: true, doc: 'When a Pod is replaced: TerminatingOrFailed, or only when Failed.' }),
  managedBy: string(15, { pointer: true, doc: 'Controller that takes care of the Job; kubernetes.io/job-controller when absent.' }),
}, { package: 'io.k8s.api.batch.v1', doc: 'The Job as it is wanted.' });
export interface JobSpec extends FieldsValue<typeof jobSpec.fields> {}

function indexedFaults({ completions, parallelism, maxFailedIndexes: failed, backoffLimitPerIndex }: JobSpec, path: string): Fault[] {
  const faults: Fault[] = [];
  const [completionsPath, parallelismPath, failedPath] = [child(path, 'completions'), child(path, 'parallelism'), child(path, 'maxFailedIndexes')];
  if (completions === undefined) faults.push(requiredFault(completionsPath, 'when completion mode is Indexed'));
  if ((parallelism ?? 0) > maxIndexedParallelism) faults.push(invalid(parallelismPath, parallelism, `must be less than or equal to ${maxIndexedParallelism} when completion mode is Indexed`));
  if (completions !== undefined && failed !== undefined && failed > completions) faults.push(invalid(failedPath, failed, 'must be less than or equal to completions'));
  if ((failed ?? 0) > maxFailedIndexes) faults.push(invalid(failedPath, failed, `must be less than or equal to ${maxFailedIndexes}`));
  if ((completions ?? 0) > manyCompletions && backoffLimitPerIndex !== undefined) {
    const when = `when completions are above ${manyCompletions} and used with backoff limit per index`;
    if (failed === undefined) faults.push(requiredFault(failedPath, `must be specified when completions is above ${manyCompletions}`));
    if ((parallelism ?? 0) > lowParallelism) faults.push(invalid(parallelismPath, parallelism, `must be less than or equal to ${lowParallelism} ${when}`));
    if ((failed ?? 0) > lowFailedIndexes) faults.push(invalid(failedPath, failed, `must be less than or equal to ${lowFailedIndexes} ${when}`));
  }
  return faults;
}

function restartPolicyFaults({ template, podFailurePolicy: policy }: JobSpec, path: string): Fault[] {
  const at = child(path, 'template.spec.restartPolicy');
  const restartPolicy = template.spec?.restartPolicy;
  // Always is what a template gets that says nothing.
  if (!restartPolicy || restartPolicy === 'Always') return [requiredFault(at, 'valid values: "OnFailure", "Never"')];
  if (restartPolicy !== 'OnFailure' && restartPolicy !== 'Never') return [notSupported(at, restartPolicy, ['OnFailure', 'Never'], 'given')];
  return policy && restartPolicy !== 'Never' ? [invalid(at, restartPolicy, 'only "Never" is supported when podFailurePolicy is specified')] : [];
}

/** Faults of a Job's spec that no field can tell alone; the selector is judged by who has it. */
export function jobSpecFaults(spec: JobSpec, path: string): Fault[] {
  const faults: Fault[] = [];
  const { template, managedBy, podReplacementPolicy: replacement } = spec;
  const requiresIndexes = 'requires indexed completion mode';
  const indexed = spec.completionMode === 'Indexed';
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) faults.push(requiredFault(child(path, 'backoffLimitPerIndex'), 'when maxFailedIndexes is specified'));
  if (managedBy !== undefined) {
    faults.push(...domainPrefixedPathFaults(managedBy, child(path, 'managedBy')));
    if (managedBy.length > longestManager) faults.push(tooLong(child(path, 'managedBy'), managedBy, longestManager));
  }
  if (indexed) faults.push(...indexedFaults(spec, path));
  else {
    for (const name of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) if (spec[name] !== undefined) faults.push(invalid(child(path, name), spec[name], requiresIndexes));
  }
  if (spec.podFailurePolicy) {
    const containers = new Set([...(template.spec?.containers ?? []), ...(template.spec?.initContainers ?? [])].map(({ name }) => name));
    faults.push(...podFailurePolicyFaults(spec.podFailurePolicy, child(path, 'podFailurePolicy'), containers, spec.backoffLimitPerIndex !== undefined));
  }
  if (spec.successPolicy) {
    if (indexed) faults.push(...successPolicyFaults(spec.successPolicy, child(path, 'successPolicy'), spec.completions ?? 0));
    else faults.push(invalid(child(path, 'successPolicy'), spec.successPolicy, requiresIndexes));
  }
  if (replacement !== undefined) {
    // With a policy for failures, a Pod that is still ending has not failed yet.
    const supported = spec.podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
    if (!supported.includes(replacement)) faults.push(notSupported(child(path, 'podReplacementPolicy'), replacement, supported));
  }
  return [...faults, ...restartPolicyFaults(spec, path)];
}

/** The parts of a Job's specification in the order in which they are judged. */
export const judgedJobSpec = (path: string): string[] => [
  ...[
    'parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished', 'backoffLimitPerIndex', 'maxFailedIndexes', 'managedBy', 'completionMode',
    'podFailurePolicy', 'successPolicy', 'podReplacementPolicy',
  ].map((name) => child(path, name)),
  ...judgedTemplate(child(path, 'template')).slice(1), child(path, 'selector'), child(path, 'template.metadata'),
];

/** Defaults of Jobs; the Job in a CronJob gets them when it is made. */
export function jobSpecDefaults(spec: JobSpec): void {
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 2147483647;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
}

/** Warnings about the specification of a Job, or of those a CronJob makes. (upstream: pkg/api/job/warnings.go) */
export const jobSpecWarnings = ({ completionMode, completions = 0, parallelism = 0, template }: JobSpec, path: string): string[] => [
  ...(completionMode === 'Indexed' && completions > manyCompletions && parallelism > lowParallelism
    ? [`${path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`] : []),
  ...podTemplateWarnings(template, child(path, 'template')),
];
