// When a Job counts failures of Pods, and when it counts as done before all its Pods are.
// upstream: pkg/apis/batch/validation/validation.go (validatePodFailurePolicy, validateSuccessPolicy)
import { child, duplicate, index, invalid, notSupported, required, tooLong, tooMany, type Fault } from '../../apimachinery/fault.ts';
import { isQualifiedName } from '../../apimachinery/names.ts';
import { array, field, int32, object, string, types, type FieldsValue } from '../../schema/schema.ts';
import { atLeastZero, messages, valueless } from '../value-faults.ts';

const batch = 'io.k8s.api.batch.v1';
const maxRules = 20;
const maxExitCodes = 255;
const maxPatterns = 20;
const maxIndexesBytes = 64 * 1024;
const operators = ['In', 'NotIn'];
const statuses = ['False', 'True', 'Unknown'];
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];

const oneOf = (value: string, known: readonly string[], path: string): Fault[] => {
  if (value === '') return [required(path, `valid values: [${known.map((item) => JSON.stringify(item)).join(' ')}]`)];
  return known.includes(value) ? [] : [notSupported(path, value, known)];
};

export const podFailurePolicyOnExitCodesRequirement = object('PodFailurePolicyOnExitCodesRequirement', {
  containerName: string(1, { pointer: true, doc: 'Container whose exit code counts; any when absent.' }),
  operator: string(2, { required: true, unchecked: true, doc: 'In or NotIn.' }),
  values: array(3, types.int32, { required: true, unchecked: true, listType: 'set', doc: 'Exit codes, in growing order.' }),
}, { package: batch, doc: 'A condition on exit codes.' });

export const podFailurePolicyOnPodConditionsPattern = object('PodFailurePolicyOnPodConditionsPattern', {
  type: string(1, { required: true, unchecked: true, doc: 'Type of the Pod\'s condition.' }),
  status: string(2, { required: true, unchecked: true, default: 'True', doc: 'Status the condition must have.' }),
}, { package: batch, doc: 'A condition of a Pod.' });

export const podFailurePolicyRule = object('PodFailurePolicyRule', {
  action: string(1, { required: true, unchecked: true, doc: 'What a match does: FailJob, FailIndex, Ignore or Count.' }),
  onExitCodes: field(2, podFailurePolicyOnExitCodesRequirement, { doc: 'Matches by exit code.' }),
  onPodConditions: array(3, podFailurePolicyOnPodConditionsPattern, { listType: 'atomic', doc: 'Matches by condition; one is enough.' }),
}, { package: batch, doc: 'What a kind of failure does.' });
type Rule = FieldsValue<typeof podFailurePolicyRule.fields>;

export const podFailurePolicy = object('PodFailurePolicy', {
  rules: array(1, podFailurePolicyRule, { required: true, unchecked: true, listType: 'atomic', doc: 'Rules in order; the first match decides.' }),
}, { package: batch, doc: 'What failures of Pods mean.' });
export interface PodFailurePolicy extends FieldsValue<typeof podFailurePolicy.fields> {}

export const successPolicyRule = object('SuccessPolicyRule', {
  succeededIndexes: string(1, { pointer: true, doc: 'Indexes that must have succeeded, for example 1,3-5.' }),
  succeededCount: int32(2, { pointer: true, doc: 'How many of them must have succeeded; all when absent.' }),
}, { package: batch, doc: 'When a Job counts as done; all that is given must hold.' });

export const successPolicy = object('SuccessPolicy', {
  rules: array(1, successPolicyRule, { required: true, unchecked: true, listType: 'atomic', doc: 'Rules; one is enough.' }),
}, { package: batch, doc: 'When a Job is done before all its Pods are.' });
export interface SuccessPolicy extends FieldsValue<typeof successPolicy.fields> {}

function exitCodeFaults({ containerName, operator, values }: NonNullable<Rule['onExitCodes']>, path: string, containers: ReadonlySet<string>): Fault[] {
  const faults = oneOf(operator, operators, child(path, 'operator'));
  if (containerName !== undefined && !containers.has(containerName)) faults.push(invalid(child(path, 'containerName'), containerName, 'must be one of the container or initContainer names in the pod template'));
  const at = child(path, 'values');
  const codes = values ?? [];
  if (codes.length === 0) faults.push(invalid(at, codes, 'at least one value is required'));
  else if (codes.length > maxExitCodes) faults.push(tooMany(at, codes.length, maxExitCodes));
  codes.forEach((code, i) => {
    if (code === 0 && operator === 'In') faults.push(invalid(index(at, i), code, 'must not be 0 for the In operator'));
    if (codes.indexOf(code) < i) faults.push(duplicate(index(at, i), code));
  });
  if (codes.some((code, i) => i > 0 && code < codes[i - 1]!)) faults.push(invalid(at, codes, 'must be ordered'));
  return faults;
}

function ruleFaults(rule: Rule, path: string, containers: ReadonlySet<string>, perIndex: boolean): Fault[] {
  const faults: Fault[] = [];
  const { action, onExitCodes, onPodConditions = [] } = rule;
  faults.push(...oneOf(action, actions, child(path, 'action')));
  if (action === 'FailIndex' && !perIndex) faults.push(invalid(child(path, 'action'), action, 'requires the backoffLimitPerIndex to be set'));
  if (onExitCodes) faults.push(...exitCodeFaults(onExitCodes, child(path, 'onExitCodes'), containers));
  const at = child(path, 'onPodConditions');
  if (onPodConditions.length > maxPatterns) faults.push(tooMany(at, onPodConditions.length, maxPatterns));
  onPodConditions.forEach(({ type, status }, i) => {
    faults.push(...messages(child(index(at, i), 'type'), type, isQualifiedName(type)), ...oneOf(status, statuses, child(index(at, i), 'status')));
  });
  if (onExitCodes && onPodConditions.length > 0) faults.push(valueless(path, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  if (!onExitCodes && onPodConditions.length === 0) faults.push(valueless(path, 'specifying one of OnExitCodes and OnPodConditions is required'));
  return faults;
}

/** `containers`: names a rule may mention; `perIndex`: the Job limits failures by index. */
export function podFailurePolicyFaults({ rules }: PodFailurePolicy, path: string, containers: ReadonlySet<string>, perIndex: boolean): Fault[] {
  const at = child(path, 'rules');
  const given = rules ?? [];
  return [...(given.length > maxRules ? [tooMany(at, given.length, maxRules)] : []), ...given.flatMap((rule, i) => ruleFaults(rule, index(at, i), containers, perIndex))];
}

/** How many indexes `1,3-5` names; throws an Error with upstream's words. */
export function countIndexes(text: string, completions: number): number {
  let last = -1;
  let total = 0;
  const parse = (part: string): number => {
    if (!/^\d+$/.test(part)) throw new Error(`cannot convert string to integer for index: ${JSON.stringify(part)}`);
    return Number(part);
  };
  for (const interval of text.split(',')) {
    const limits = interval.split('-');
    if (limits.length > 2) throw new Error(`the fragment ${JSON.stringify(interval)} violates the requirement that an index interval can have at most two parts separated by '-'`);
    const first = parse(limits[0]!);
    if (first >= completions) throw new Error(`too large index: ${JSON.stringify(limits[0])}`);
    if (first <= last) throw new Error(`non-increasing order, previous: ${last}, current: ${first}`);
    last = first;
    if (limits.length === 2) {
      const end = parse(limits[1]!);
      if (end >= completions) throw new Error(`too large index: ${JSON.stringify(limits[1])}`);
      if (end <= first) throw new Error(`non-increasing order, previous: ${first}, current: ${end}`);
      total += end - first;
      last = end;
    }
    total++;
  }
  return total;
}

function successRuleFaults({ succeededIndexes, succeededCount }: FieldsValue<typeof successPolicyRule.fields>, path: string, completions: number): Fault[] {
  if (succeededIndexes === undefined && succeededCount === undefined) return [required(path, 'at least one of succeededCount or succeededIndexes must be specified')];
  const faults: Fault[] = [];
  let total: number | undefined;
  if (succeededIndexes !== undefined) {
    const at = child(path, 'succeededIndexes');
    if (Buffer.byteLength(succeededIndexes) > maxIndexesBytes) faults.push(tooLong(at, succeededIndexes, maxIndexesBytes));
    try {
      total = countIndexes(succeededIndexes, completions);
    } catch (error) {
      faults.push(invalid(at, succeededIndexes, `error parsing succeededIndexes: ${(error as Error).message}`));
    }
  }
  if (succeededCount === undefined) return faults;
  const at = child(path, 'succeededCount');
  faults.push(...atLeastZero(succeededCount, at));
  if (succeededCount > completions) faults.push(invalid(at, succeededCount, `must be less than or equal to ${completions} (the number of specified completions)`));
  if (total !== undefined && succeededCount > total) faults.push(invalid(at, succeededCount, `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`));
  return faults;
}

export function successPolicyFaults({ rules }: SuccessPolicy, path: string, completions: number): Fault[] {
  const at = child(path, 'rules');
  const given = rules ?? [];
  return [
    ...(given.length === 0 ? [required(at, 'at least one rules must be specified when the successPolicy is specified')] : []),
    ...(given.length > maxRules ? [tooMany(at, given.length, maxRules)] : []),
    ...given.flatMap((rule, i) => successRuleFaults(rule, index(at, i), completions)),
  ];
}
