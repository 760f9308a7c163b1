// Regular expressions as Go has them (RE2): the same syntax is accepted and refused, in the same words, and no text keeps one busy for
// longer than it is long. JavaScript's own would take what nobody else takes, and some of them for hours.
import { RE2JS } from 're2js';

export interface GoPattern {
  /** Whether it is found anywhere in the text. */
  test(text: string): boolean;
  /** The leftmost text that it matches; empty when there is none, as Go says it. */
  find(text: string): string;
  /** All of them that do not overlap, or the first of them. */
  findAll(text: string, limit?: number): string[];
}

/** Those of definitions and rules, which are used again and again: what objects bring is as much as anybody likes. */
const kept = new Map<string, GoPattern>();
const keptAtMost = 1000;

/** @throws SyntaxError in Go's words */
export function compileGoPattern(pattern: string): GoPattern { return kept.get(pattern) ?? compile(pattern); }

/** The same for a pattern that somebody who may define things has written. @throws SyntaxError in Go's words */
export function keepGoPattern(pattern: string): GoPattern {
  const compiled = compileGoPattern(pattern);
  if (kept.has(pattern)) return compiled;
  if (kept.size >= keptAtMost) kept.delete(kept.keys().next().value!);
  kept.set(pattern, compiled);
  return compiled;
}

function compile(pattern: string): GoPattern {
  try {
    const engine = RE2JS.compile(pattern).re2() as Engine;
    return { test: (text) => engine.match(text), find: (text) => engine.find(text), findAll: (text, limit = -1) => engine.findAll(text, limit) ?? [] };
  } catch (error) {
    throw new SyntaxError((error as Error).message, { cause: error });
  }
}

/** As far as it is used here: the package gives no types to what it answers. */
interface Engine { match(text: string): boolean; find(text: string): string; findAll(text: string, limit: number): string[] | null }
