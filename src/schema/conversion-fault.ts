// Why a merged object does not fit its type: a strategic merge is converted field by field and not read from JSON text, and its
// refusals have words of their own. (upstream: apimachinery pkg/runtime/converter.go, fromUnstructured)
import { goKind } from '../apimachinery/go-text.ts';
import { base64Fault } from './decode.ts';
import { isObject } from './patch.ts';
import { resolveType, type JsonValue, type Type } from './schema.ts';

/** The first fault, in the order of the fields; undefined for what only a type that reads itself (a quantity, a time) could tell. */
export function conversionFault(type: Type, value: JsonValue | undefined): string | undefined {
  if (value === null || value === undefined) return undefined;
  const t = resolveType(type);
  switch (t.kind) {
    case 'object':
      if (!isObject(value)) return `cannot restore struct from: ${goKind(value)}`;
      return firstOf(Object.entries(t.fields), ([name, field]) => (Object.hasOwn(value, name) ? conversionFault(field.type, value[name]) : undefined));
    case 'map': return isObject(value) ? firstOf(Object.values(value), (item) => conversionFault(t.values, item)) : `cannot restore map from ${goKind(value)}`;
    case 'array': return Array.isArray(value) ? firstOf(value, (item) => conversionFault(t.items, item)) : `cannot restore slice from ${goKind(value)}`;
    case 'structural': return undefined;
    case 'scalar':
      switch (t.scalar) {
        // Numbers could be made texts in Go, which JSON must not be.
        case 'string': return typeof value === 'string' ? undefined : goKind(value) === 'int64' ? 'cannot convert int64 to string' : 'unrecognized type: string';
        case 'boolean': return typeof value === 'boolean' ? undefined : 'unrecognized type: bool';
        case 'double': return typeof value === 'number' ? undefined : 'unrecognized type: float64';
        case 'int32': case 'int64':
          if (typeof value !== 'number') return `unrecognized type: ${t.scalar}`;
          return Number.isInteger(value) ? undefined : `cannot convert float64 to ${t.scalar}`;
        case 'bytes': return typeof value === 'string' ? decodingFault(value) : `cannot restore slice from ${goKind(value)}`;
        default: return undefined;
      }
  }
}

function firstOf<T>(items: readonly T[], fault: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = fault(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function decodingFault(text: string): string | undefined {
  const fault = base64Fault(text);
  return fault && `error decoding from json: ${fault}`;
}
