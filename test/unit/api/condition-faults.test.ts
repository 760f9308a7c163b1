// What conditions of a status must be like.
import { conditionFaults } from '../../../src/api/condition-faults.ts';
import { PodDisruptionBudgets, type PodDisruptionBudget } from '../../../src/api/policy/pod-disruption-budget.ts';

const right = { type: 'Ready', status: 'True', lastTransitionTime: '2030-01-01T00:00:00Z', reason: 'AllRight', message: '' };
const nameWords = "name part must be non-empty";
const qualified = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const reasonWords = "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')";

it.each<[string, object[], string[]]>([
  ['nothing', [], []],
  ['right ones', [right, { ...right, type: 'a.b/c', status: 'Unknown' }], []],
  ['one with nothing', [{}], [
    `c[0].type: Invalid value: "": ${nameWords}`, `c[0].type: Invalid value: "": ${qualified}`, 'c[0].status: Unsupported value: "": supported values: "False", "True", "Unknown"',
    'c[0].lastTransitionTime: Required value: must be set', 'c[0].reason: Required value: must be set']],
  ['a repeated one of before', [right, { ...right, observedGeneration: -1 }], ['c[1].type: Duplicate value: "Ready"', 'c[1].observedGeneration: Invalid value: -1: must be greater than or equal to zero']],
  ['a reason of words', [{ ...right, reason: 'all right' }], [`c[0].reason: Invalid value: "all right": ${reasonWords}`]],
  ['long texts', [{ ...right, reason: 'a'.repeat(1025), message: 'a'.repeat(32769) }], ['c[0].reason: Too long: may not be more than 1024 bytes', 'c[0].message: Too long: may not be more than 32768 bytes']],
])('conditions: %s', (_what, conditions, expected) => {
  expect(conditionFaults(conditions, 'c').map(({ field, message }) => `${field}: ${message}`)).toEqual(expected);
});

it('a budget tells of its conditions before its counts', () => {
  const budget = { metadata: {}, spec: {}, status: { conditions: [{ ...right, reason: '' }], disruptionsAllowed: -1 } } as unknown as PodDisruptionBudget;
  expect(PodDisruptionBudgets.validateStatus!(budget, budget).map(({ field }) => field)).toEqual(['status.conditions[0].reason', 'status.disruptionsAllowed']);
  expect(conditionFaults(undefined, 'c')).toEqual([]);
});
