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

const kept = 1000;
const patterns = new Map<string, GoPattern | SyntaxError>();

/** @throws SyntaxError in Go's words */
export function compileGoPattern(pattern: string): GoPattern {
  let compiled = patterns.get(pattern);
  if (!compiled) {
    compiled = compile(pattern);
    if (patterns.size >= kept) patterns.delete(patterns.keys().next().value!);
    patterns.set(pattern, compiled);
  }
  if (compiled instanceof SyntaxError) throw compiled;
  return compiled;
}

function compile(pattern: string): GoPattern | SyntaxError {
  try {
    const engine = RE2JS.compile(pattern).re2() as Engine;
    return { test: (text) => engine.match(text), find: (text) => engine.find(text), findAll: (text, limit = -1) => engine.findAll(text, limit) ?? [] };
  } catch (error) {
    return new SyntaxError((error as Error).message);
  }
}

/** As far as it is used here: the package gives no types to what it answers. */
interface Engine { match(text: string): boolean; find(text: string): string; findAll(text: string, limit: number): string[] | null }
