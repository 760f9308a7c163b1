// What plain words of YAML mean to Kubernetes, whose YAML is that of 1.1 as Go reads it: `0644` is octal, `yes` is true, `<<` merges.
// Given to the YAML package as its schema, for reading and for what must be quoted when writing. (upstream: sigs.k8s.io/yaml goyaml.v2/resolve.go)
import { isAlias, isMap, isNode, isScalar, isSeq, Scalar, type Document, type Node, type ScalarTag, type Tags } from 'yaml';

const core = 'tag:yaml.org,2002:';
const falses = new Set(['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']);

const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const integer = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+))$/;

/** What a plain word that begins like a number is; the word itself when it is none. */
function goNumber(text: string): number | string {
  const named = /^([-+]?)\.(?:(inf|Inf|INF)|nan|NaN|NAN)$/.exec(text);
  if (named?.[2]) return named[1] === '-' ? -Infinity : Infinity;
  if (named && named[1] === '') return NaN;
  const plain = text.startsWith('.') ? text : text.replaceAll('_', '');
  const parts = integer.exec(plain);
  if (parts) {
    const [, sign, hex, binary, octal] = parts;
    const value = hex ? Number.parseInt(hex, 16) : binary ? Number.parseInt(binary, 2) : Number.parseInt(octal!, 8);
    return sign === '-' && value !== 0 ? -value : value;
  }
  if (!float.test(plain)) return text;
  const value = Number(plain);
  // Go tells no negative zero of whole numbers.
  return value === 0 ? 0 : value;
}

const number = (name: 'int' | 'float'): ScalarTag => ({
  tag: `${core}${name}`, default: true, identify: (value) => typeof value === 'number',
  test: /^(?:[-+]?[0-9][0-9a-fA-FxXoO_.+-]*|[-+.][0-9a-zA-Z_.+-]+)$/, resolve: goNumber, stringify: ({ value }) => String(value),
});
const nil: ScalarTag = { tag: `${core}null`, default: true, identify: (value) => value === null, createNode: () => new Scalar(null), test: /^(?:~|null|Null|NULL)?$/, resolve: () => new Scalar(null), stringify: () => 'null' };
const bool: ScalarTag = {
  tag: `${core}bool`, default: true, identify: (value) => typeof value === 'boolean', test: /^(?:[yYnN]|yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
  resolve: (text) => new Scalar(!falses.has(text)), stringify: ({ value }) => String(value),
};
const binary: ScalarTag = { tag: `${core}binary`, identify: () => false, resolve: (text) => Buffer.from(text, 'base64').toString() };

/** Options of the YAML package. */
export const goYaml: { readonly schema: 'failsafe'; readonly customTags: Tags; readonly uniqueKeys: false } = { schema: 'failsafe', customTags: [nil, bool, number('int'), number('float'), binary, 'merge'], uniqueKeys: false };

/**
 * Refuses keys that are no scalars, and merges that lead into themselves or grow without measure, which the package would follow.
 * @throws SyntaxError in Go's words
 */
export function checkKeysAndMerges(document: Document.Parsed, most: number): void {
  const weights = new Map<Node, number>();
  const under = new Set<Node>();
  const resolved = (node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node);
  function weigh(node: unknown): number {
    if (!isNode(node)) return 1;
    const known = weights.get(node);
    if (known !== undefined) return known;
    if (!isMap(node) && !isSeq(node)) return 1;
    if (under.has(node)) throw new SyntaxError(`anchor '${node.anchor ?? ''}' value contains itself`);
    under.add(node);
    let weight = 1;
    if (isSeq(node)) for (const item of node.items) weight += weigh(item);
    else {
      for (const { key, value } of node.items) {
        const name = resolved(key);
        if (isMap(name) || isSeq(name)) throw new SyntaxError(`invalid map key: ${goSyntax(name.toJS(document, { maxAliasCount: 100 }))}`);
        weight += isMerge(key) ? merged(resolved(value)) : weigh(value);
      }
    }
    under.delete(node);
    if (weight > most) throw new SyntaxError('document contains excessive aliasing');
    weights.set(node, weight);
    return weight;
  }
  function merged(source: unknown): number {
    const sources = isSeq(source) ? source.items.map(resolved) : [source];
    if (!sources.every((one) => isMap(one))) throw new SyntaxError('map merge requires map or sequence of maps as the value');
    return sources.reduce((sum: number, one) => sum + weigh(one), 0);
  }
  weigh(document.contents);
}

const isMerge = (key: unknown): boolean => isScalar(key) && (key.type === undefined || key.type === Scalar.PLAIN) && typeof key.value === 'symbol' && key.value.description === '<<';

/** Go's `%#v`. */
function goSyntax(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (typeof value === 'object' && value !== null) return `map[interface {}]interface {}{${Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${goSyntax(member)}`).join(', ')}}`;
  return value === null ? 'interface {}(nil)' : JSON.stringify(value);
}
