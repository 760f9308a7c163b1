// What an expression in CEL may cost: a step for each node that is evaluated, and for long texts and lists what they are long, so
// that no rule holds up everybody else. cel-js evaluates every node but the first through one function of its evaluator,
// which is counted here. (upstream: apiserver pkg/apis/cel/config.go; cel-go interpreter/runtimecost.go)
import type { Environment, ParseResult } from '@marcbachmann/cel-js';

/** Of one evaluation of one expression. (upstream: PerCallLimit) */
export const perCallLimit = 1_000_000;
/** Of all rules over one object. (upstream: RuntimeCELCostBudget) */
export const perObjectBudget = 10_000_000;

export class CostExceeded extends Error {
  constructor() { super('operation cancelled: actual cost limit exceeded'); }
}

interface Node { readonly op: string; readonly args: unknown; evaluate(evaluator: Evaluator, node: Node, context: unknown): unknown }
interface Evaluator { run(node: Node, context: unknown): unknown }

const literal = 0;
const costs: ReadonlyMap<string, number> = new Map([['value', literal], ['accuValue', literal], ['list', 10], ['map', 30]]);
/** What looks at all of a text or list it is given. */
const sized: ReadonlySet<string> = new Set(['in', '==', '!=', '<', '<=', '>', '>=', '+', 'call', 'rcall']);
const perCharacter = 0.1;
const sizeOf = (value: unknown): number => (typeof value === 'string' ? value.length * perCharacter : Array.isArray(value) ? value.length : 0);
const looksAtAll = ({ op, args }: Node): boolean => sized.has(op) && !(Array.isArray(args) && args[0] === 'size');

let spent = 0;
let limit = Infinity;
/** The size of what the parts of the node under way have come to. */
let operands = 0;

/** For functions that do more than look once at what they are given. @throws CostExceeded */
export function spend(cost: number): void {
  spent += cost;
  if (spent > limit) throw new CostExceeded();
}

/** Counts what expressions of the environment cost; once for each environment. */
export function meter(environment: Environment): void {
  const probe = environment.parse('true');
  let evaluator: Evaluator | undefined;
  (probe.ast as unknown as { evaluate: Node['evaluate'] }).evaluate = (given) => { evaluator = given; return true; };
  probe({});
  if (typeof evaluator?.run !== 'function') throw new Error('this version of cel-js evaluates otherwise than its cost is counted');
  const counted = evaluator;
  counted.run = (node, context) => {
    spend(costs.get(node.op) ?? 1);
    const outer = operands;
    operands = 0;
    try {
      const value = node.evaluate(counted, node, context);
      if (looksAtAll(node)) spend(Math.ceil(operands));
      operands = outer + sizeOf(value);
      return value;
    } catch (error) {
      operands = outer;
      throw error;
    }
  };
}

export interface Evaluation { readonly cost: number; readonly value?: unknown; readonly error?: Error }

/** Evaluates within `most`; what goes wrong is part of the result. */
export function evaluateCounted(parsed: ParseResult, variables: Record<string, unknown>, most = perCallLimit): Evaluation {
  const root = parsed.ast as unknown as Node;
  spent = costs.get(root.op) ?? 1;
  operands = 0;
  limit = most;
  try {
    const value = parsed(variables) as unknown;
    if (looksAtAll(root)) spent += Math.ceil(operands);
    // Operators that pass over errors of one side pass over this one, too.
    return spent > limit ? { cost: spent, error: new CostExceeded() } : { cost: spent, value };
  } catch (error) {
    return { cost: spent, error: spent > limit ? new CostExceeded() : (error as Error) };
  } finally {
    limit = Infinity;
  }
}
