// Tolerations of node taints, scheduling gates and readiness gates of a Pod.
// upstream: pkg/apis/core/validation/validation.go, ValidateTolerations
import { child, invalid, type Fault } from '../../apimachinery/fault.ts';
import { isQualifiedName, isValidLabelValue } from '../../apimachinery/names.ts';
import { int64, object, string, type FieldsValue } from '../../schema/schema.ts';

export const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const;

interface TolerationValue { key?: string; operator?: string; value?: string; effect?: string; tolerationSeconds?: number }
function tolerationFaults({ key = '', operator = '', value = '', effect = '', tolerationSeconds }: TolerationValue, path: string): Fault[] {
  const faults: Fault[] = [];
  const fault = (name: string, actual: unknown, problems: readonly string[]): void => {
    faults.push(...problems.map((problem) => invalid(child(path, name), actual, problem)));
  };
  if (key !== '') fault('key', key, isQualifiedName(key));
  else if (operator !== 'Exists') fault('operator', operator, ['operator must be Exists when `key` is empty, which means "match all values and all keys"']);
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') fault('effect', effect, ["effect must be 'NoExecute' when `tolerationSeconds` is set"]);
  if (operator === '' || operator === 'Equal') {
    const problems = isValidLabelValue(value);
    if (problems.length > 0) fault('operator', value, [problems.join(';')]);
  } else if (operator === 'Exists' && value !== '') fault('operator', value, ["value must be empty when `operator` is 'Exists'"]);
  return faults;
}

export const toleration = object('Toleration', {
  key: string(1, { doc: 'Taint key; empty with operator Exists matches every taint.' }),
  operator: string(2, { enum: ['Equal', 'Exists'], doc: 'Exists or Equal (the meaning of empty).' }),
  value: string(3, { doc: 'Taint value for Equal.' }),
  effect: string(4, { enum: taintEffects, doc: 'NoSchedule, PreferNoSchedule or NoExecute; empty matches all.' }),
  tolerationSeconds: int64(5, { pointer: true, doc: 'How long a NoExecute taint is borne; absent is for ever, zero and less not at all.' }),
}, { doc: 'Lets the Pod run on nodes with matching taints.', validate: tolerationFaults });
export interface Toleration extends FieldsValue<typeof toleration.fields> {}

/** Two tolerations of the same taints, whatever their seconds. */
export const sameTolerationTarget = (a: Toleration, b: Toleration): boolean =>
  (a.key ?? '') === (b.key ?? '') && (a.operator ?? '') === (b.operator ?? '') && (a.value ?? '') === (b.value ?? '') && (a.effect ?? '') === (b.effect ?? '');

export const podReadinessGate = object('PodReadinessGate', {
  conditionType: string(1, { required: true, unchecked: true, doc: 'Type of a condition in the status that must be True.' }),
}, { doc: 'A further condition a Pod needs to be ready.', validate: ({ conditionType: type }, path) => isQualifiedName(type).map((problem) => invalid(child(path, 'conditionType'), type, problem)) });

export const podSchedulingGate = object('PodSchedulingGate', {
  name: string(1, { required: true, unchecked: true, doc: 'Name of the gate, unique in the list.' }),
}, {
  doc: 'Keeps a Pod from being scheduled until it is removed.',
  validate: ({ name }, path) => isQualifiedName(name).map((problem) => invalid(path, name, problem)),
});
