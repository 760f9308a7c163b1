// YAML from clients and for them, as Go reads and writes it. Reading takes up to a second for 100 KB: see `yaml-reader.ts`.
import { Composer, isMap, isNode, isScalar, isSeq, Lexer, LineCounter, Parser, stringify, visit, type CST, type Document } from 'yaml';
import { checkKeysAndMerges, goYaml } from '../../src/apimachinery/go-yaml.ts';
import { maxUnknown } from '../../src/schema/decode.ts';
import { isDeeperThan, maxJsonDepth } from '../../src/util/json.ts';
import type { ParsedBody } from './negotiation.ts';

/** Paths of keys that stand twice, as many as anybody is told of. @throws SyntaxError for numbers JSON has not */
function duplicatesIn(document: Document.Parsed): string[] {
  const found = new Set<string>();
  visit(document, {
    Scalar(_key, { value }) {
      if (typeof value === 'number' && !Number.isFinite(value)) throw new SyntaxError(`json: unsupported value: ${Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'}`);
    },
    Map(_key, node, path) {
      const seen = new Set<string>();
      for (const pair of node.items) {
        const name = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
        if (seen.has(name) && found.size < maxUnknown) found.add(pathText([...path, node], name));
        seen.add(name);
      }
    },
  });
  return [...found];
}

/** What Go's reader says of keys that stand twice: with the line of the later value, those inside a value before those beside it. (upstream: goyaml.v2 decode.go, setMapIndex) */
function repeatsIn(document: Document.Parsed, text: string): string[] {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) lines.addNewLine(end + 1);
  const lineOf = (node: unknown): number => lines.linePos((node as { range: readonly number[] }).range[0]!).line;
  const found: string[] = [];
  const look = (node: unknown): void => {
    if (isSeq(node)) node.items.forEach(look);
    else if (isMap(node)) {
      const seen = new Set<unknown>();
      for (const { key, value } of node.items) {
        look(value);
        const name = isScalar(key) ? key.value : String(key);
        if (seen.has(name) && found.length < maxUnknown) found.push(`line ${lineOf(isNode(value) && value.range ? value : key)}: key ${typeof name === 'string' ? JSON.stringify(name) : String(name)} already set in map`);
        seen.add(name);
      }
    }
  };
  look(document.contents);
  return found;
}

function pathText(path: readonly unknown[], name: string): string {
  let text = '';
  for (let i = 0; i < path.length; i++) {
    const node = path[i];
    const next = path[i + 1];
    if (isSeq(node)) text += `[${node.items.indexOf(next)}]`;
    else if (typeof node === 'object' && node !== null && 'key' in node && isScalar(node.key) && !isMap(node)) text += `${text ? '.' : ''}${String(node.key.value)}`;
  }
  return text ? `${text}.${name}` : name;
}

/** @throws SyntaxError */
export function parseYaml(text: string): ParsedBody {
  const [document, another] = new Composer(goYaml).compose(tokensOf(text), true, text.length);
  if (!document) return { value: null, duplicates: [] };
  if (document.errors.length) throw new SyntaxError(document.errors[0]!.message);
  if (another) throw new SyntaxError('source contains multiple documents');
  try {
    // Far more than any text says with merges, and far less than takes long.
    checkKeysAndMerges(document, 20_000 + text.length);
    const value = document.toJS({ maxAliasCount: 100 }) as unknown;
    // An alias inside of what it names has no end.
    if (isDeeperThan(value, maxJsonDepth)) throw new SyntaxError(`exceeded max depth of ${maxJsonDepth}`);
    const duplicates = duplicatesIn(document);
    return { value, duplicates, ...(duplicates.length ? { repeats: repeatsIn(document, text) } : {}) };
  } catch (error) {
    // Aliases that lead nowhere, into themselves, or multiply.
    if (error instanceof ReferenceError) throw new SyntaxError(error.message);
    throw error;
  }
}

/** The text in pieces, which are read without recursion; putting them together recurses, so depth is judged here. @throws SyntaxError */
function* tokensOf(text: string): Generator<CST.Token> {
  const parser = new Parser();
  for (const piece of new Lexer().lex(text)) {
    yield* parser.next(piece);
    if (parser.stack.length > maxJsonDepth) throw new SyntaxError(`exceeded max depth of ${maxJsonDepth}`);
  }
  yield* parser.end();
}

/** As Go writes it: keys sorted, lists not indented, no anchors. */
export const toYaml = (value: unknown): string => stringify(value, { ...goYaml, aliasDuplicateObjects: false, lineWidth: 0, sortMapEntries: true, indentSeq: false });
