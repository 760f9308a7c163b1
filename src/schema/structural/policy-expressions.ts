// The expressions of an admission policy over one request: beside what conditions know they know `params`, `namespaceObject` and the
// policy's own `variables`. upstream: apiserver pkg/admission/plugin/policy/validating/validator.go, plugin/cel/composition.go
import { CostExceeded, perCallLimit, perObjectBudget } from './cel-cost.ts';
import { compileExpression } from './cel.ts';
import { celValue, outOfBudget, wentWrong, type RequestVariables } from './request-conditions.ts';

const longestMessage = 5 * 1024;

interface Validation { readonly expression: string; readonly message?: string; readonly messageExpression?: string; readonly reason?: string }
export interface PolicyExpressions { readonly variables?: readonly { readonly name: string; readonly expression: string }[]; readonly validations?: readonly Validation[]; readonly failurePolicy?: string }
export interface PolicyVariables extends RequestVariables { readonly params: unknown; readonly namespaceObject: unknown }
/** What a policy has against a request. */
export interface Objection { readonly message: string; readonly reason: string }

/** An expression that comes to an error objects, unless the policy's failurePolicy is Ignore. */
export function judgePolicy({ variables = [], validations = [], failurePolicy }: PolicyExpressions, given: PolicyVariables): Objection[] {
  const own: Record<string, unknown> = {};
  const known = {
    object: celValue(given.object), oldObject: celValue(given.oldObject), request: celValue(given.request), authorizer: given.authorizer,
    params: celValue(given.params), namespaceObject: celValue(given.namespaceObject), variables: own,
  };
  let left = perObjectBudget;
  /** @throws Error in CEL's words */
  const evaluate = (expression: string): unknown => {
    const { cost, value, error } = compileExpression(expression, 'policy').evaluate(known, Math.min(perCallLimit, left));
    left -= cost;
    if (left < 0 || error instanceof CostExceeded) throw new CostExceeded();
    if (error) throw error;
    return value;
  };
  // Each knows those before it. One that comes to an error is an error for who asks for it.
  for (const { name, expression } of variables) {
    try {
      own[name] = evaluate(expression);
    } catch (error) {
      const message = `composited variable ${JSON.stringify(name)} fails to evaluate: ${(error as Error).message.split('\n')[0]!}`;
      Object.defineProperty(own, name, { enumerable: true, get: () => { throw new Error(message); } });
    }
  }
  const objections: Objection[] = [];
  for (const validation of validations) {
    const { expression, reason = 'Invalid' } = validation;
    try {
      if (evaluate(expression) !== true) objections.push({ message: messageOf(validation, evaluate), reason });
    } catch (error) {
      const message = error instanceof CostExceeded ? outOfBudget : wentWrong(expression, error as Error);
      if (failurePolicy !== 'Ignore') objections.push({ message, reason: '' });
      if (left < 0) break;
    }
  }
  return objections;
}

/** The message that was made, else the one that is given, else the expression. */
function messageOf({ expression, message, messageExpression }: Validation, evaluate: (expression: string) => unknown): string {
  const made = messageExpression === undefined ? '' : textOf(messageExpression, evaluate).trim();
  if (made !== '' && made.length <= longestMessage && !made.includes('\n')) return made;
  return message?.trim() || `failed expression: ${expression.trim()}`;
}
/** Nothing for what comes to no text: a message is no reason to fail otherwise. */
function textOf(expression: string, evaluate: (expression: string) => unknown): string {
  try {
    const value = evaluate(expression);
    return typeof value === 'string' ? value : '';
  } catch (error) {
    if (error instanceof CostExceeded) throw error;
    return '';
  }
}
