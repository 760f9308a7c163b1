// How far a Job is, and which changes of that are believable.
// upstream: pkg/apis/batch/validation/validation.go (ValidateJobUpdateStatus), pkg/registry/batch/job/strategy.go (getStatusValidationOptions)
import { duplicate, invalid, required, type Fault } from '../../apimachinery/fault.ts';
import { array, field, int32, object, string, time, types, type FieldsValue } from '../../schema/schema.ts';
import { equalJson } from '../../util/json.ts';
import { atLeastZero, valueless } from '../value-faults.ts';
import { countIndexes } from './job-policies.ts';
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

function uncountedFaults({ uncountedTerminatedPods: uncounted }: JobStatus): Fault[] {
  const seen = new Set<string>();
  return (['succeeded', 'failed'] as const).flatMap((list) => (uncounted?.[list] ?? []).flatMap((uid, i) => {
    const path = `status.uncountedTerminatedPods.${list}[${i}]`;
    if (uid === '') return [invalid(path, uid, 'must not be empty')];
    if (seen.has(uid)) return [duplicate(path, uid)];
    seen.add(uid);
    return [];
  }));
}

/** What is new of a status: the rest is let be. */
function changesOf(status: JobStatus, old: JobStatus): (...names: readonly (keyof JobStatus | 'Complete' | 'Failed' | 'FailureTarget' | 'SuccessCriteriaMet' | 'finished')[]) => boolean {
  return (...names) => names.some((name) => {
    if (name === 'finished') return isFinished(status) !== isFinished(old);
    if (name === 'Complete' || name === 'Failed' || name === 'FailureTarget' || name === 'SuccessCriteriaMet') return isJobCondition(status, name) !== isJobCondition(old, name);
    return !equalJson(status[name] ?? null, old[name] ?? null);
  });
}

/** What is wrong with texts of indexes. */
function indexFaults(spec: JobSpec, status: JobStatus, old: JobStatus): Fault[] {
  const { completedIndexes = '', failedIndexes } = status;
  const { completions, completionMode, backoffLimitPerIndex } = spec;
  const changed = changesOf(status, old);
  const faults: Fault[] = [];
  const parse = (name: 'completedIndexes' | 'failedIndexes', text: string): void => {
    try {
      if (completions !== undefined && text !== '') countIndexes(text, completions);
    } catch (error) {
      faults.push(invalid(`status.${name}`, text, `error parsing ${name}: ${(error as Error).message}`));
    }
  };
  if (changed('completedIndexes')) parse('completedIndexes', completedIndexes);
  if (changed('failedIndexes') && backoffLimitPerIndex !== undefined && failedIndexes !== undefined) parse('failedIndexes', failedIndexes);
  if (changed('completedIndexes') && completedIndexes !== '' && completionMode !== 'Indexed') faults.push(invalid('status.completedIndexes', completedIndexes, 'cannot set non-empty completedIndexes when non-indexed completion mode'));
  if (failedIndexes === undefined) return faults;
  if (changed('failedIndexes') && backoffLimitPerIndex === undefined) faults.push(invalid('status.failedIndexes', failedIndexes, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'));
  const both = changed('completedIndexes', 'failedIndexes') && completions !== undefined ? commonIndex(completedIndexes, failedIndexes, completions) : undefined;
  if (both !== undefined) faults.push(invalid('status.failedIndexes', failedIndexes, `failedIndexes and completedIndexes overlap at index: ${both}`));
  return faults;
}

/** The first index both name; what cannot be read names none. */
function commonIndex(one: string, other: string, completions: number): number | undefined {
  const intervals = (text: string): [number, number][] => text.split(',').flatMap((part): [number, number][] => {
    try {
      countIndexes(part, completions);
    } catch {
      return [];
    }
    const [first, last = first] = part.split('-').map(Number);
    return [[first!, last!]];
  });
  const others = intervals(other);
  const common = intervals(one).flatMap(([first, last]) => others.filter(([start, end]) => first <= end && start <= last).map(([start]) => Math.max(first, start)));
  return common.length ? Math.min(...common) : undefined;
}

const told = (detail: string): Fault => valueless('status.conditions', detail);

/** Faults of a new status; what already was so is let be. */
export function jobStatusFaults(spec: JobSpec, status: JobStatus, old: JobStatus): Fault[] {
  const changed = changesOf(status, old);
  const is = (type: string): boolean => isJobCondition(status, type);
  const was = (type: string): boolean => isJobCondition(old, type);
  const { startTime, completionTime, active = 0, terminating = 0, ready, uncountedTerminatedPods: uncounted } = status;
  const finished = isFinished(status);
  const faults = (['active', 'succeeded', 'failed', 'ready', 'terminating'] as const).flatMap((name) => atLeastZero(status[name], `status.${name}`));
  faults.push(...uncountedFaults(status));
  const check = (holds: boolean, fault: () => Fault): void => { if (holds) faults.push(fault()); };
  check(changed('Complete', 'Failed') && is('Complete') && is('Failed'), () => told('cannot set Complete=True and Failed=true conditions'));
  check(changed('Complete', 'FailureTarget') && is('Complete') && is('FailureTarget'), () => told('cannot set Complete=True and FailureTarget=true conditions'));
  const completionChanged = changed('Complete', 'completionTime');
  check(completionChanged && Boolean(completionTime) && !is('Complete'), () => invalid('status.completionTime', completionTime, 'cannot set completionTime when there is no Complete=True condition'));
  check(completionChanged && !completionTime && is('Complete'), () => required('status.completionTime', 'completionTime is required for Complete jobs'));
  check(changed('startTime', 'completionTime') && Boolean(startTime && completionTime) && completionTime! < startTime!, () => invalid('status.completionTime', completionTime, 'completionTime cannot be set before startTime'));
  check(changed('Failed', 'FailureTarget') && is('Failed') && !is('FailureTarget'), () => told('cannot set Failed=True condition without the FailureTarget=true condition'));
  check(changed('Complete', 'SuccessCriteriaMet') && is('Complete') && !is('SuccessCriteriaMet'), () => told('cannot set Complete=True condition without the SuccessCriteriaMet=true condition'));
  check(changed('finished', 'active') && finished && active > 0, () => invalid('status.active', active, 'active>0 is invalid for finished job'));
  check(changed('finished', 'startTime') && finished && !startTime, () => required('status.startTime', 'startTime is required for finished job'));
  check(changed('finished', 'uncountedTerminatedPods') && finished && (uncounted?.succeeded?.length ?? 0) + (uncounted?.failed?.length ?? 0) > 0, () => invalid('status.uncountedTerminatedPods', uncounted, 'uncountedTerminatedPods needs to be empty for finished job'));
  faults.push(...indexFaults(spec, status, old));
  check(changed('finished', 'terminating') && finished && terminating > 0, () => invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job'));
  check(changed('ready', 'active') && ready !== undefined && ready > active, () => invalid('status.ready', ready, 'cannot set more ready pods than active'));
  check(is('SuccessCriteriaMet') && is('Failed'), () => told('cannot set SuccessCriteriaMet=True and Failed=true conditions'));
  check(is('SuccessCriteriaMet') && is('FailureTarget'), () => told('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'));
  check(spec.successPolicy !== undefined && !is('SuccessCriteriaMet') && is('Complete'), () => told('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True'));
  for (const type of ['Failed', 'Complete', 'FailureTarget']) check(was(type) && !is(type), () => told(`cannot disable the terminal ${type}=True condition`));
  // An Indexed Job may be scaled down, and then has fewer successes.
  const mayShrink = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  for (const name of ['failed', 'succeeded'] as const) check(!(name === 'succeeded' && mayShrink) && (status[name] ?? 0) < (old[name] ?? 0), () => invalid(`status.${name}`, status[name] ?? 0, `cannot decrease the ${name} counter`));
  check(Boolean(completionTime && old.completionTime) && completionTime !== old.completionTime, () => invalid('status.completionTime', completionTime, 'completionTime cannot be mutated'));
  // One that goes on after a pause starts anew. (upstream refused that until 1.33.6: kubernetes#134521)
  const resumes = was('Suspended') && !is('Suspended') && Boolean(status.startTime);
  check(Boolean(old.startTime) && changed('startTime') && !spec.suspend && !resumes, () => required('status.startTime', 'startTime cannot be removed for unsuspended job'));
  check(was('SuccessCriteriaMet') && !is('SuccessCriteriaMet'), () => told('cannot disable the SuccessCriteriaMet=True condition'));
  check(was('Complete') && !was('SuccessCriteriaMet') && is('SuccessCriteriaMet'), () => told('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions'));
  return faults;
}
