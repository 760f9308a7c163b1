// Conditions on requests in CEL (matchConditions of webhooks): `object`, `oldObject` and `request` are known to them, of no certain type,
// and the `authorizer`.
// upstream: apiserver pkg/admission/plugin/cel/compile.go, condition.go, webhook/matchconditions/matcher.go
import type { Authorizer } from './cel-authorizer.ts';
import { CostExceeded, perCallLimit } from './cel-cost.ts';
import { compileExpression, compileFault } from './cel.ts';

/** Of all conditions of one webhook. (upstream: RuntimeCELCostBudgetMatchConditions) */
const budget = 2_500_000;

export const outOfBudget = 'validation failed due to running out of cost budget, no further validation rules will be run';

/** What is wrong with a condition before it has seen a request, in CEL's words. */
export const conditionFault = (expression: string): string | undefined => expressionFault(expression, 'request', ['bool']);

/** What is wrong with an expression that is to come to one of the types, where any are named. */
export function expressionFault(expression: string, variables: 'request' | 'policy', types: readonly string[] | undefined): string | undefined {
  try {
    const { type } = compileExpression(expression, variables);
    return types === undefined || type === 'dyn' || types.includes(type) ? undefined : `must evaluate to ${types.join(' or ')}`;
  } catch (error) {
    if (error instanceof SyntaxError) return compileFault(error);
    throw error;
  }
}

export interface RequestVariables { readonly object: unknown; readonly oldObject: unknown; readonly request: unknown; readonly authorizer: Authorizer }
/** `errors` of those that have come to nothing; one that is false decides, whatever the others say. */
export function judgeConditions(conditions: readonly { readonly expression: string }[], variables: RequestVariables): { readonly holds: boolean; readonly errors: readonly string[] } {
  const known = { object: celValue(variables.object), oldObject: celValue(variables.oldObject), request: celValue(variables.request), authorizer: variables.authorizer };
  const errors: string[] = [];
  let left = budget;
  for (const { expression } of conditions) {
    const { cost, value, error } = compileExpression(expression, 'request').evaluate(known, Math.min(perCallLimit, left));
    left -= cost;
    if (left < 0 || error instanceof CostExceeded) return { holds: false, errors: [outOfBudget] };
    if (error) errors.push(wentWrong(expression, error));
    else if (value !== true) return { holds: false, errors: [] };
  }
  return { holds: errors.length === 0, errors };
}

export const wentWrong = (expression: string, error: Error): string => `expression '${expression}' resulted in error: ${error.message.split('\n')[0]!.replace(/^No such key/, 'no such key')}`;

/** Whole numbers are ints; what is not there is null. */
export function celValue(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(celValue);
  return typeof value === 'object' ? Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined).map(([name, member]) => [name, celValue(member)])) : value;
}
