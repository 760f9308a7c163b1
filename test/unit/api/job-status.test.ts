// Which statuses of a Job are believed, in Kubernetes' words and order.
import type { JobSpec } from '../../../src/api/batch/job-spec.ts';
import { jobStatusFaults, type JobStatus } from '../../../src/api/batch/job-status.ts';

type Given = { is?: string[]; [name: string]: unknown };
const spec = (more: object = {}): JobSpec => ({ parallelism: 1, completions: 3, completionMode: 'NonIndexed', ...more }) as unknown as JobSpec;
const status = ({ is = [], ...more }: Given = {}): JobStatus => ({ ...(is.length ? { conditions: is.map((type) => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: null })) } : {}), ...more }) as unknown as JobStatus;
const [early, late] = ['2030-01-01T00:00:00Z', '2030-01-01T01:00:00Z'];
const indexed = spec({ completionMode: 'Indexed', backoffLimitPerIndex: 1 });

it.each<[string, JobSpec, Given, Given, string[]]>([
  ['counts below zero', spec(), { active: -1, ready: 0, terminating: -1, succeeded: -1, failed: -1 }, {}, [
    'status.active: Invalid value: -1: must be greater than or equal to 0', 'status.succeeded: Invalid value: -1: must be greater than or equal to 0', 'status.failed: Invalid value: -1: must be greater than or equal to 0',
    'status.terminating: Invalid value: -1: must be greater than or equal to 0', 'status.ready: Invalid value: 0: cannot set more ready pods than active',
    'status.failed: Invalid value: -1: cannot decrease the failed counter', 'status.succeeded: Invalid value: -1: cannot decrease the succeeded counter']],
  ['Pods that are named twice', spec(), { uncountedTerminatedPods: { succeeded: ['a', 'a', ''], failed: ['a'] } }, {}, [
    'status.uncountedTerminatedPods.succeeded[1]: Duplicate value: "a"', 'status.uncountedTerminatedPods.succeeded[2]: Invalid value: "": must not be empty', 'status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"']],
  ['an end nobody announced', spec(), { is: ['Complete'] }, {}, [
    'status.completionTime: Required value: completionTime is required for Complete jobs', 'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
    'status.startTime: Required value: startTime is required for finished job']],
  ['a failure nobody announced', spec(), { is: ['Failed'], startTime: early, active: 1, terminating: 1, uncountedTerminatedPods: { failed: ['a'] } }, {}, [
    'status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition', 'status.active: Invalid value: 1: active>0 is invalid for finished job',
    'status.uncountedTerminatedPods: Invalid value: {"failed":["a"]}: uncountedTerminatedPods needs to be empty for finished job', 'status.terminating: Invalid value: 1: terminating>0 is invalid for finished job']],
  ['an announced end', spec(), { is: ['SuccessCriteriaMet', 'Complete'], startTime: early, completionTime: late, succeeded: 3 }, { is: ['SuccessCriteriaMet'], startTime: early }, []],
  ['both ends', spec(), { is: ['Complete', 'Failed', 'FailureTarget', 'SuccessCriteriaMet'], startTime: early, completionTime: late }, {}, [
    'status.conditions: Invalid value: cannot set Complete=True and Failed=true conditions', 'status.conditions: Invalid value: cannot set Complete=True and FailureTarget=true conditions',
    'status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and Failed=true conditions', 'status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and FailureTarget=true conditions']],
  ['an end before its start', spec(), { startTime: late, completionTime: early }, {}, [
    `status.completionTime: Invalid value: "${early}": cannot set completionTime when there is no Complete=True condition`, `status.completionTime: Invalid value: "${early}": completionTime cannot be set before startTime`]],
  ['an end that is taken back', spec(), {}, { is: ['Failed', 'FailureTarget'] }, [
    'status.conditions: Invalid value: cannot disable the terminal Failed=True condition', 'status.conditions: Invalid value: cannot disable the terminal FailureTarget=True condition']],
  ['success that is taken back', spec(), {}, { is: ['SuccessCriteriaMet'] }, ['status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition']],
  ['success after the end', spec(), { is: ['Complete', 'SuccessCriteriaMet'], startTime: early, completionTime: late }, { is: ['Complete'], startTime: early, completionTime: late }, ['status.conditions: Invalid value: cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions']],
  ['times that move', spec(), { is: ['Complete'], startTime: late, completionTime: late }, { is: ['Complete'], startTime: early, completionTime: early }, [
    `status.completionTime: Invalid value: "${late}": completionTime cannot be mutated`, 'status.startTime: Required value: startTime cannot be removed for unsuspended job']],
  ['a suspended Job starts anew', spec({ suspend: true }), {}, { startTime: early }, []],
  ['and so does one that goes on', spec(), { startTime: late }, { is: ['Suspended'], startTime: early }, []],
  ['but not without a time', spec(), {}, { is: ['Suspended'], startTime: early }, ['status.startTime: Required value: startTime cannot be removed for unsuspended job']],
  ['indexes of a Job without', spec(), { completedIndexes: '0-', failedIndexes: '1' }, {}, [
    'status.completedIndexes: Invalid value: "0-": error parsing completedIndexes: cannot convert string to integer for index: ""', 'status.completedIndexes: Invalid value: "0-": cannot set non-empty completedIndexes when non-indexed completion mode',
    'status.failedIndexes: Invalid value: "1": cannot set non-null failedIndexes when backoffLimitPerIndex is null']],
  ['indexes that are too large or both', indexed, { completedIndexes: '0,2', failedIndexes: '1-2,3' }, {}, [
    'status.failedIndexes: Invalid value: "1-2,3": error parsing failedIndexes: too large index: "3"', 'status.failedIndexes: Invalid value: "1-2,3": failedIndexes and completedIndexes overlap at index: 2']],
  ['indexes that are right', indexed, { completedIndexes: '0,2', failedIndexes: '1' }, {}, []],
  ['what was wrong before', spec(), { is: ['Complete', 'Failed'], completedIndexes: 'x', ready: 5 }, { is: ['Complete', 'Failed'], completedIndexes: 'x', ready: 5 }, []],
  ['fewer successes of a smaller Job', spec({ completionMode: 'Indexed', completions: 1 }), { succeeded: 1 }, { succeeded: 3 }, []],
  ['fewer successes', indexed, { succeeded: 1 }, { succeeded: 3 }, ['status.succeeded: Invalid value: 1: cannot decrease the succeeded counter']],
  ['a policy that was not met', spec({ successPolicy: {} }), { is: ['Complete'], startTime: early, completionTime: late }, { is: ['Complete'], startTime: early, completionTime: late }, ['status.conditions: Invalid value: cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True']],
])('a status with %s', (_what, of, next, old, expected) => {
  expect(jobStatusFaults(of, status(next), status(old)).map(({ field, message }) => `${field}: ${message}`)).toEqual(expected);
});
