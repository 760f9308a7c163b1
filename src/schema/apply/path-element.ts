// One step of a path in a field set, in the text form fieldsV1 uses: `f:` a field or map key, `k:` a list item by its keys,
// `v:` a set item by its value, `i:` an index. (upstream: structured-merge-diff fieldpath/element.go, serialize-pe.go)
import type { JsonValue } from '../schema.ts';

export type PathElement = string;

/** A field set or path element that cannot be read. */
export class FieldSetError extends Error {}

export const fieldElement = (name: string): PathElement => `f:${name}`;
export const valueElement = (value: JsonValue): PathElement => `v:${goJson(value)}`;

/** `fields` need not be sorted. */
export function keyElement(fields: readonly (readonly [string, JsonValue])[]): PathElement {
  const sorted = fields.length > 1 ? [...fields].sort(([a], [b]) => compareText(a, b)) : fields;
  return `k:{${sorted.map(([name, value]) => `${JSON.stringify(name)}:${goJson(value)}`).join(',')}}`;
}

/** JSON as Go's encoder writes it: characters of HTML are escaped, members are sorted. */
export function goJson(value: JsonValue): string {
  if (typeof value === 'string') {
    const text = JSON.stringify(value);
    return /[<>&\u2028\u2029]/.test(text) ? text.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`) : text;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`;
  return `{${Object.keys(value).sort(compareText).map((name) => `${goJson(name)}:${goJson(value[name]!)}`).join(',')}}`;
}

/** The canonical form of an element from outside; undefined for a kind this version does not know. @throws FieldSetError */
export function readElement(text: string): PathElement | undefined {
  if (text.length < 2) throw new FieldSetError('key must be 2 characters long:');
  if (text[1] !== ':') throw new FieldSetError(`missing colon: ${text}`);
  switch (text[0]) {
    case 'f': return text;
    case 'i':
      if (!/^[+-]?\d+$/.test(text.slice(2))) throw new FieldSetError(`strconv.Atoi: parsing ${JSON.stringify(text.slice(2))}: invalid syntax`);
      return `i:${Number(text.slice(2))}`;
    case 'v': return valueElement(readJson(text.slice(2)));
    case 'k': {
      const fields = readJson(text.slice(2));
      if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) throw new FieldSetError(`expected an object after k: in ${text}`);
      return keyElement(Object.entries(fields));
    }
    default: return undefined;
  }
}

function readJson(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw new FieldSetError(`invalid JSON in path element: ${text}`);
  }
}

/** As people read it: `.spec`, `[name="web"]`, `[="a"]`, `[0]`. */
export function showElement(element: PathElement): string {
  const rest = element.slice(2);
  switch (element[0]) {
    case 'f': return `.${rest}`;
    case 'k': return `[${Object.entries(JSON.parse(rest) as Record<string, JsonValue>).map(([name, value]) => `${name}=${showValue(value)}`).join(',')}]`;
    case 'v': return `[=${showValue(JSON.parse(rest) as JsonValue)}]`;
    default: return `[${rest}]`;
  }
}
export const showPath = (path: readonly PathElement[]): string => path.map(showElement).join('');

function showValue(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(showValue).join(',')}]`;
  if (typeof value === 'object' && value !== null) return Object.entries(value).map(([name, member]) => `${name}=${showValue(member)}`).join('');
  return JSON.stringify(value);
}

const kinds = 'fkvi';
/** Go's order: fields, keyed items, values, indexes; each among themselves. */
export function compareElements(a: PathElement, b: PathElement): number {
  if (a === b) return 0;
  const kind = a[0]!;
  if (kind !== b[0]) return kinds.indexOf(kind) - kinds.indexOf(b[0]!);
  if (kind === 'f') return compareText(a, b);
  if (kind === 'i') return Number(a.slice(2)) - Number(b.slice(2));
  const left = JSON.parse(a.slice(2)) as JsonValue;
  const right = JSON.parse(b.slice(2)) as JsonValue;
  return kind === 'v' ? compareValues(left, right) : compareMembers(left as Record<string, JsonValue>, right as Record<string, JsonValue>);
}

function compareMembers(a: Record<string, JsonValue>, b: Record<string, JsonValue>): number {
  const left = Object.keys(a).sort(compareText);
  const right = Object.keys(b).sort(compareText);
  for (let i = 0; i < left.length && i < right.length; i++) {
    const order = compareText(left[i]!, right[i]!) || compareValues(a[left[i]!]!, b[right[i]!]!);
    if (order) return order;
  }
  return left.length - right.length;
}

const typeRank = (value: JsonValue): number => (value === null ? 5 : Array.isArray(value) ? 3 : { number: 0, string: 1, boolean: 2, object: 4 }[typeof value as 'number' | 'string' | 'boolean' | 'object']);

function compareValues(a: JsonValue, b: JsonValue): number {
  const rank = typeRank(a) - typeRank(b);
  if (rank) return rank;
  if (typeof a === 'string') return compareText(a, b as string);
  if (Array.isArray(a)) {
    const other = b as JsonValue[];
    for (let i = 0; i < a.length && i < other.length; i++) {
      const order = compareValues(a[i]!, other[i]!);
      if (order) return order;
    }
    return a.length - other.length;
  }
  if (typeof a === 'object' && a !== null) return compareMembers(a, b as Record<string, JsonValue>);
  return Number(a) - Number(b);
}

/** Byte order of UTF-8: that of UTF-16 units, but for surrogates, which come last. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return rankOf(left) - rankOf(right);
  }
  return a.length - b.length;
}
const rankOf = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x2800 : unit);
