// Content types: which form a client can read, and what form a body has. (upstream: apiserver endpoints/handlers/negotiation)
import { Composer, isMap, isScalar, isSeq, Lexer, Parser, stringify, visit, type CST, type Document } from 'yaml';
import * as errors from '../../src/apimachinery/status-error.ts';
import { isDeeperThan, maxJsonDepth, nestsDeeperThan } from '../../src/util/json.ts';
import { duplicateKeys } from './json-keys.ts';

export interface MediaType { readonly type: 'json' | 'yaml' | 'protobuf'; readonly as: '' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'; readonly pretty: boolean }

const names: Readonly<Record<string, MediaType['type']>> = {
  'application/json': 'json', 'application/yaml': 'yaml', 'application/vnd.kubernetes.protobuf': 'protobuf', '*/*': 'json', 'application/*': 'json',
};

/** `protobuf: 'metadata'`: only for objects reduced to their metadata. */
export interface Acceptance { readonly protobuf: boolean | 'metadata'; readonly transforms: boolean }

/** The first form of `Accept` this answer can take. @throws StatusError 406 */
export function negotiate(accept: string | undefined, can: Acceptance): MediaType {
  if (!accept?.trim()) return { type: 'json', as: '', pretty: false };
  // Judged as upstream's router does, by names alone, before anything else is.
  if (!accept.split(',').some((clause) => { const name = clause.split(';')[0]!.trim().toLowerCase(); return name === '*/*' || bodyTypes.includes(name); })) throw errors.noSuchProduct();
  const clauses = accept.split(',').map((clause) => {
    const [name = '', ...parameters] = clause.split(';').map((p) => p.trim());
    const values = Object.fromEntries(parameters.map((p) => { const [k = '', v = ''] = p.split('='); return [k.toLowerCase(), v]; })) as Record<string, string>;
    return { name: name.toLowerCase(), values, q: values['q'] === undefined ? 1 : Number(values['q']) };
  });
  // Equal weights keep the client's order: its first wish comes first.
  clauses.sort((a, b) => b.q - a.q);
  for (const { name, values } of clauses) {
    const type = Object.hasOwn(names, name) ? names[name] : undefined;
    if (type === undefined || (type === 'protobuf' && !can.protobuf)) continue;
    const as = values['as'] ?? '';
    if (type === 'protobuf' && can.protobuf === 'metadata' && as === '') continue;
    if (as !== '') {
      if (!can.transforms || (values['g'] ?? 'meta.k8s.io') !== 'meta.k8s.io' || (values['v'] !== 'v1' && values['v'] !== 'v1beta1')) continue;
      if (as !== 'Table' && as !== 'PartialObjectMetadata' && as !== 'PartialObjectMetadataList') continue;
      // Tables have no protobuf form.
      if (type === 'protobuf' && as === 'Table') continue;
      return { type, as, pretty: values['pretty'] === '1' };
    }
    return { type, as: '', pretty: values['pretty'] === '1' };
  }
  throw errors.notAcceptable(['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']);
}

const bodyTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** @throws StatusError 415 */
export function bodyType(contentType: string | undefined): MediaType['type'] {
  const name = (contentType ?? '').split(';')[0]!.trim().toLowerCase();
  if (name === '') return 'json';
  const type = Object.hasOwn(names, name) ? names[name] : undefined;
  if (!type || name.includes('*')) throw errors.unsupportedMediaType(bodyTypes);
  return type;
}

/** A parsed body, with the paths of keys that stood twice in one object. */
export interface ParsedBody { readonly value: unknown; readonly duplicates: readonly string[] }

/** @throws SyntaxError */
export function parseJson(text: string): ParsedBody {
  if (nestsDeeperThan(text, maxJsonDepth)) throw new SyntaxError('exceeded max depth');
  const value: unknown = JSON.parse(text);
  return { value, duplicates: mayHaveDuplicates(text, value) ? duplicateKeys(text) : [] };
}

/** Cheap test first: as many keys in the text as in the value means no key stood twice. */
function mayHaveDuplicates(text: string, value: unknown): boolean {
  return (text.match(/"\s*:/g)?.length ?? 0) > countKeys(value);
}
function countKeys(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((n: number, v) => n + countKeys(v), 0);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((n: number, v) => n + 1 + countKeys(v), 0);
}

function duplicatesIn(document: Document.Parsed): string[] {
  const found: string[] = [];
  visit(document, {
    Map(_key, node, path) {
      const seen = new Set<string>();
      for (const pair of node.items) {
        const name = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
        if (seen.has(name)) found.push(pathText([...path, node], name));
        seen.add(name);
      }
    },
  });
  return [...new Set(found)];
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
  const [document, another] = new Composer({ uniqueKeys: false }).compose(tokensOf(text), true, text.length);
  if (!document) return { value: null, duplicates: [] };
  if (document.errors.length) throw new SyntaxError(document.errors[0]!.message);
  if (another) throw new SyntaxError('source contains multiple documents');
  try {
    const value = document.toJS({ maxAliasCount: 100 }) as unknown;
    // An alias inside of what it names has no end.
    if (isDeeperThan(value, maxJsonDepth)) throw new SyntaxError(`exceeded max depth of ${maxJsonDepth}`);
    return { value, duplicates: duplicatesIn(document) };
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
export const toYaml = (value: unknown): string => stringify(value, { aliasDuplicateObjects: false, lineWidth: 0, sortMapEntries: true, indentSeq: false });
