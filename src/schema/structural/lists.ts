// Lists of type set and map hold nothing twice. (upstream: apiextensions-apiserver pkg/apiserver/schema/listtype/validation.go)
import { child, duplicate, index, invalid, key, type Fault } from '../../apimachinery/fault.ts';
import { additionalOf, isMap, itemsOf, propertyOf, type StructuralSchema } from './structural-schema.ts';

export function listTypeFaults(schema: StructuralSchema, value: unknown, path = ''): Fault[] {
  if (Array.isArray(value)) {
    const own = schema['x-kubernetes-list-type'] === 'set' ? setFaults(value, path) : schema['x-kubernetes-list-type'] === 'map' ? mapFaults(schema, value, path) : [];
    const items = itemsOf(schema);
    return items ? [...own, ...value.flatMap((item, i) => listTypeFaults(items, item, index(path, i)))] : own;
  }
  if (!isMap(value)) return [];
  const additional = additionalOf(schema);
  return Object.entries(value).flatMap(([name, member]) => {
    const property = propertyOf(schema, name);
    return property ? listTypeFaults(property, member, child(path, name)) : additional ? listTypeFaults(additional, member, key(path, name)) : [];
  });
}

/** Where a value stands for the second time; further repetitions are not told. */
function repeated(texts: readonly string[]): number[] {
  const seen = new Map<string, number>();
  const found: number[] = [];
  texts.forEach((text, i) => {
    const times = seen.get(text) ?? 0;
    if (times === 1) found.push(i);
    seen.set(text, times + 1);
  });
  return found;
}
const sorted = (value: unknown): unknown => (Array.isArray(value) ? value.map(sorted) : isMap(value) ? Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])])) : value);
const textOf = (value: unknown): string => JSON.stringify(sorted(value));

const setFaults = (value: readonly unknown[], path: string): Fault[] => repeated(value.map(textOf)).map((i) => duplicate(index(path, i), value[i]));

function mapFaults(schema: StructuralSchema, value: readonly unknown[], path: string): Fault[] {
  const wrong = value.findIndex((item) => item !== null && !isMap(item));
  if (wrong >= 0) return [invalid(index(path, wrong), value[wrong], 'must be an object for an array of list-type map')];
  const keys = value.map((item) => Object.fromEntries((schema['x-kubernetes-list-map-keys'] ?? []).filter((name) => isMap(item) && Object.hasOwn(item, name)).map((name) => [name, (item as Record<string, unknown>)[name]])));
  return repeated(keys.map(textOf)).map((i) => duplicate(index(path, i), keys[i]));
}
