// Conditions as the API conventions have them. upstream: apimachinery pkg/apis/meta/v1/validation/validation.go (ValidateConditions)
import { child, duplicate, index, invalid, notSupported, required, tooLong, type Fault } from '../apimachinery/fault.ts';
import { isQualifiedName, regexError } from '../apimachinery/names.ts';
import { messages } from './value-faults.ts';

const statuses = ['False', 'True', 'Unknown'];
const reasonForm = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';
const reasonPattern = new RegExp(`^${reasonForm}$`);
const reasonWords = "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'";
const longestReason = 1024;
const longestMessage = 32 * 1024;

interface ConditionValue { readonly type?: string; readonly status?: string; readonly observedGeneration?: number; readonly lastTransitionTime?: string | null; readonly reason?: string; readonly message?: string }

export const conditionFaults = (conditions: readonly ConditionValue[] | null | undefined, path: string): Fault[] => (conditions ?? []).flatMap((condition, i, all) => {
  const { type = '', status = '', observedGeneration = 0, lastTransitionTime, reason = '', message = '' } = condition;
  const at = index(path, i);
  return [
    ...(all.findIndex((other) => (other.type ?? '') === type) < i ? [duplicate(child(at, 'type'), type)] : []),
    ...messages(child(at, 'type'), type, isQualifiedName(type)),
    ...(statuses.includes(status) ? [] : [notSupported(child(at, 'status'), status, statuses)]),
    ...(observedGeneration < 0 ? [invalid(child(at, 'observedGeneration'), observedGeneration, 'must be greater than or equal to zero')] : []),
    ...(lastTransitionTime ? [] : [required(child(at, 'lastTransitionTime'), 'must be set')]),
    ...(reason === '' ? [required(child(at, 'reason'), 'must be set')] : reasonPattern.test(reason) ? [] : [invalid(child(at, 'reason'), reason, regexError(reasonWords, reasonForm, 'my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB'))]),
    ...(Buffer.byteLength(reason) > longestReason ? [tooLong(child(at, 'reason'), reason, longestReason)] : []),
    ...(Buffer.byteLength(message) > longestMessage ? [tooLong(child(at, 'message'), message, longestMessage)] : []),
  ];
});
