// Patterns in expressions are those of Go. What cel-js makes of `matches` are JavaScript's, and what an environment has once cannot be
// declared anew: the calls are given the name of a function of our own after they are checked. Patterns that are written out are judged
// with the expression. upstream: cel-go cel/validator.go (ValidateRegexLiterals), apiserver pkg/cel/library/regex.go
import type { Environment } from '@marcbachmann/cel-js';
import { compileGoPattern, keepGoPattern, type GoPattern } from '../../apimachinery/go-pattern.ts';
import { spend } from './cel-cost.ts';
import { frame } from './cel-frame.ts';

const ownName = 'matchesGoPattern';
const searches: ReadonlySet<string> = new Set(['matches', 'find', 'findAll']);

/** An expression that is one, and cannot be carried out. */
export class InstantiationError extends SyntaxError {}

export function addPatterns(environment: Environment): Environment {
  return environment
    .registerFunction(`string.${ownName}(string): bool`, (text: string, pattern: string) => paid(text, pattern).test(text))
    .registerFunction('string.find(string): string', (text: string, pattern: string) => paid(text, pattern).find(text))
    .registerFunction('string.findAll(string): list<string>', (text: string, pattern: string) => paid(text, pattern).findAll(text))
    .registerFunction('string.findAll(string, int): list<string>', (text: string, pattern: string, limit: bigint) => paid(text, pattern).findAll(text, Number(limit)));
}

/** A search costs what the text is long for each four characters of the pattern. upstream: cel-go interpreter/runtimecost.go */
function paid(text: string, pattern: string): GoPattern {
  spend(Math.ceil((text.length + 1) * 0.1) * Math.ceil(pattern.length * 0.25));
  return compileGoPattern(pattern);
}

interface Node { readonly op: string; readonly pos: number; args: unknown }
interface Literal extends Node { readonly args: string }

/** Makes calls of `matches` calls of the function above, in an expression that was checked. @throws SyntaxError where a pattern is none, in cel-go's words */
export function useGoPatterns(expression: string, root: unknown): void {
  const seen = new Set<object>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    const node = value as Node;
    if (node.op === 'rcall' && Array.isArray(node.args) && searches.has(node.args[0] as string)) {
      const [name, receiver, parameters] = node.args as [string, Node, Node[]];
      const [pattern] = parameters;
      if (pattern && isText(pattern)) judge(expression, name, pattern);
      if (name === 'matches') node.args = [ownName, receiver, parameters];
    }
    for (const part of Object.values(node)) visit(part);
  };
  visit(root);
}

const isText = (node: Node): node is Literal => node.op === 'value' && typeof node.args === 'string';
/** Those of Kubernetes' own functions are found when the program is made of the expression. upstream: apiserver pkg/cel/library/regex.go (FindRegexOptimization) */
function judge(expression: string, name: string, { args: pattern, pos }: Literal): void {
  try {
    keepGoPattern(pattern);
  } catch (error) {
    if (name !== 'matches') throw new InstantiationError((error as Error).message, { cause: error });
    throw new SyntaxError(frame(expression, 'invalid matches argument', pos), { cause: error });
  }
}
