// JSON values as Go prints them. Some messages clients know have them in them.

/** Go's %v: `map[a:1 b:[x y]]`. */
export const goText = (value: unknown): string => printed(value, (scalar) => (scalar === null || scalar === undefined ? '<nil>' : String(scalar as string | number | boolean)));

/** Go's %s, which texts alone have a form for: `%!s(int64=1)`. */
export const goString = (value: unknown): string => printed(value, (scalar) => {
  if (typeof scalar === 'string') return scalar;
  return scalar === null || scalar === undefined ? '%!s(<nil>)' : `%!s(${goTypeOf(scalar)}=${String(scalar as number | boolean)})`;
});

function printed(value: unknown, scalar: (value: unknown) => string): string {
  if (Array.isArray(value)) return `[${value.map((item) => printed(item, scalar)).join(' ')}]`;
  if (typeof value !== 'object' || value === null) return scalar(value);
  return `map[${Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([key, member]) => `${key}:${printed(member, scalar)}`).join(' ')}]`;
}

/** How Go's decoder of JSON calls what a value is. */
export function jsonKind(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
}

/** The Go type that a JSON value has once it is read without a type of its own; undefined of null. */
export function goTypeOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return '[]interface {}';
  switch (typeof value) {
    case 'object': return 'map[string]interface {}';
    case 'boolean': return 'bool';
    case 'number': return Number.isInteger(value) ? 'int64' : 'float64';
    default: return 'string';
  }
}

/** What Go's reflection calls the kind of such a value. */
export function goKind(value: unknown): string {
  const type = goTypeOf(value) ?? 'invalid';
  return type.startsWith('[') ? 'slice' : type.startsWith('map') ? 'map' : type;
}

const named: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\u0007': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v' };
/** Letters, marks, numbers, punctuation, symbols, and of the blanks the plain one. upstream: Go's strconv.IsPrint */
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** A text as Go's %q prints it. JSON writes other escapes, and fewer. */
export function goQuoted(text: string): string {
  if (/^[ !#-[\]-~]*$/.test(text)) return `"${text}"`;
  const escaped = (char: string): string => {
    const known = named[char];
    if (known !== undefined) return known;
    if (printable.test(char)) return char;
    const code = char.codePointAt(0)!;
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
  };
  return `"${[...text].map(escaped).join('')}"`;
}
