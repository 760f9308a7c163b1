// A JSON value as Go's %v prints it: `map[a:1 b:[x y]]`. Some messages clients know have it in them.
export function goText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (typeof value !== 'object') return String(value as string | number | boolean);
  return `map[${Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([key, member]) => `${key}:${goText(member)}`).join(' ')}]`;
}

/** How Go's decoder of JSON calls what a value is. */
export function jsonKind(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
}
