// How far a Job is, and which changes of that are believable.
// upstream: pkg/apis/batch/validation/validation.go (ValidateJobUpdateStatus), pkg/registry/batch/job/strategy.go (getStatusValidationOptions)
import { invalid, required, type Fault } from '../../apimachinery/fault.ts';
import { array, field, int32, object, string, time, types, type FieldsValue } from '../../schema/schema.ts';
import { atLeastZero, valueless } from '../value-faults.ts';
import type { JobSpec } from './job-spec.ts';

const batch = 'io.k8s.api.batch.v1';

export const jobCondition = object('JobCondition', {
  type: string(1, { required: true, unchecked: true, doc: 'Complete, Failed, Suspended, FailureTarget or SuccessCriteriaMet.' }),
  status: string(2, { required: true, unchecked: true, doc: 'True, False or Unknown.' }),
  lastProbeTime: time(3, { written: true, doc: 'When it was last looked at.' }),
  lastTransitionTime: time(4, { written: true, doc: 'When status last changed.' }),
  reason: string(5, { doc: 'One CamelCase word for the last change.' }),
  message: string(6, { doc: 'Text for people about the last change.' }),
}, { package: batch, doc: 'One observed aspect of a Job.' });

export const uncountedTerminatedPods = object('UncountedTerminatedPods', {
  succeeded: array(1, types.string, { listType: 'set', doc: 'UIDs of Pods that succeeded.' }),
  failed: array(2, types.string, { listType: 'set', doc: 'UIDs of Pods that failed.' }),
}, { package: batch, doc: 'Pods that have ended and are not in the counts yet.' });

export const jobStatus = object('JobStatus', {
  conditions: array(1, jobCondition, { listType: 'atomic', patchStrategy: 'merge', patchMergeKey: 'type', doc: 'Observed aspects of the Job; one of type Complete or Failed ends it.' }),
  startTime: time(2, { pointer: true, doc: 'When the Job was first acted on; again when it is resumed.' }),
  completionTime: time(3, { pointer: true, doc: 'When it completed; only for success.' }),
  active: int32(4, { doc: 'Pods that are pending or running and not ending.' }),
  succeeded: int32(5, { doc: 'Pods that succeeded.' }),
  failed: int32(6, { doc: 'Pods that failed.' }),
  terminating: int32(11, { pointer: true, doc: 'Pods that are pending or running and ending.' }),
  completedIndexes: string(7, { doc: 'Indexes that succeeded, for example 1,3-5.' }),
  failedIndexes: string(10, { pointer: true, doc: 'Indexes that failed.' }),
  uncountedTerminatedPods: field(8, uncountedTerminatedPods, { doc: 'Pods that have ended and are not in the counts yet.' }),
  ready: int32(9, { pointer: true, doc: 'Active Pods that are ready.' }),
}, { package: batch, doc: 'How far the Job is.' });
export interface JobStatus extends FieldsValue<typeof jobStatus.fields> {}

export const isJobCondition = ({ conditions }: JobStatus, type: string): boolean => (conditions ?? []).some((item) => item.type === type && item.status === 'True');
const isFinished = (status: JobStatus): boolean => isJobCondition(status, 'Complete') || isJobCondition(status, 'Failed');

function countFaults(status: JobStatus): Fault[] {
  const { uncountedTerminatedPods: uncounted, ready, active = 0 } = status;
  const faults = (['active', 'succeeded', 'failed', 'ready', 'terminating'] as const).flatMap((name) => atLeastZero(status[name], `status.${name}`));
  if (ready !== undefined && ready > active) faults.push(invalid('status.ready', ready, 'cannot set more ready pods than active'));
  const seen = new Set<string>();
  for (const list of ['succeeded', 'failed'] as const) {
    (uncounted?.[list] ?? []).forEach((uid, i) => {
      const path = `status.uncountedTerminatedPods.${list}[${i}]`;
      if (uid === '') faults.push(invalid(path, uid, 'must not be empty'));
      else if (seen.has(uid)) faults.push({ type: 'Duplicate', field: path, message: `Duplicate value: ${JSON.stringify(uid)}` });
      seen.add(uid);
    });
  }
  return faults;
}

/** What an ended Job cannot have. */
function finishedFaults(status: JobStatus): Fault[] {
  const faults: Fault[] = [];
  if ((status.active ?? 0) > 0) faults.push(invalid('status.active', status.active, 'active>0 is invalid for finished job'));
  if ((status.terminating ?? 0) > 0) faults.push(invalid('status.terminating', status.terminating, 'terminating>0 is invalid for finished job'));
  if (!status.startTime) faults.push(required('status.startTime', 'startTime is required for finished job'));
  const uncounted = status.uncountedTerminatedPods;
  if ((uncounted?.succeeded?.length ?? 0) + (uncounted?.failed?.length ?? 0) > 0) faults.push(invalid('status.uncountedTerminatedPods', uncounted, 'uncountedTerminatedPods needs to be empty for finished job'));
  return faults;
}

const terminalTypes = ['Complete', 'Failed', 'FailureTarget', 'SuccessCriteriaMet'] as const;

function transitionFaults(spec: JobSpec, status: JobStatus, old: JobStatus): Fault[] {
  const faults: Fault[] = [];
  for (const name of ['failed', 'succeeded'] as const) {
    // An Indexed Job may be scaled down, and then has fewer successes.
    const shrunk = name === 'succeeded' && spec.completionMode === 'Indexed';
    if (!shrunk && (status[name] ?? 0) < (old[name] ?? 0)) faults.push(invalid(`status.${name}`, status[name] ?? 0, `cannot decrease the ${name} counter`));
  }
  for (const type of terminalTypes) {
    if (isJobCondition(old, type) && !isJobCondition(status, type)) faults.push(valueless('status.conditions', `cannot disable the terminal ${type}=True condition`));
  }
  if (old.startTime && !status.startTime && !spec.suspend) faults.push(required('status.startTime', 'startTime cannot be removed for unsuspended job'));
  if (old.completionTime && (status.completionTime ?? null) !== old.completionTime) faults.push(invalid('status.completionTime', status.completionTime ?? null, 'completionTime cannot be mutated'));
  return faults;
}

/** Faults of a new status; what already was so is let be. */
export function jobStatusFaults(spec: JobSpec, status: JobStatus, old: JobStatus): Fault[] {
  const faults = [...countFaults(status), ...transitionFaults(spec, status, old)];
  const complete = isJobCondition(status, 'Complete');
  if (isFinished(status) && !isFinished(old)) faults.push(...finishedFaults(status));
  if (complete && isJobCondition(status, 'Failed')) faults.push(valueless('status.conditions', 'cannot set Complete=True and Failed=true conditions'));
  if (complete && isJobCondition(status, 'FailureTarget')) faults.push(valueless('status.conditions', 'cannot set Complete=True and FailureTarget=true conditions'));
  if (complete && !status.completionTime) faults.push(required('status.completionTime', 'completionTime is required for Complete jobs'));
  if (!complete && status.completionTime) faults.push(invalid('status.completionTime', status.completionTime, 'cannot set completionTime when there is no Complete=True condition'));
  if (status.startTime && status.completionTime && status.completionTime < status.startTime) faults.push(invalid('status.completionTime', status.completionTime, 'completionTime cannot be set before startTime'));
  if (spec.completionMode !== 'Indexed' && status.completedIndexes) faults.push(invalid('status.completedIndexes', status.completedIndexes, 'cannot set non-empty completedIndexes when non-indexed completion mode'));
  return faults;
}
