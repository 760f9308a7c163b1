// Fills the defaults of a structural schema, outer ones first. (upstream: apiextensions-apiserver pkg/apiserver/schema/defaulting/algorithm.go)
import { cloneJson } from '../../util/json.ts';
import { additionalOf, isMap, itemsOf, propertyOf, setMember, type StructuralSchema } from './structural-schema.ts';

/** Changes `value`. */
export function fillDefaults(schema: StructuralSchema | undefined, value: unknown): void {
  if (!schema || !canDefault(schema)) return;
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    if (!items) return;
    for (let i = 0; i < value.length; i++) {
      if (value[i] === null && !items.nullable && items.default !== undefined) value[i] = cloneJson(items.default);
      fillDefaults(items, value[i]);
    }
    return;
  }
  if (!isMap(value)) return;
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (property.default === undefined || property.default === null) continue;
    const absent = !Object.hasOwn(value, name) || value[name] === undefined;
    if (absent || (value[name] === null && !property.nullable)) setMember(value, name, cloneJson(property.default));
  }
  const additional = additionalOf(schema);
  for (const name of Object.keys(value)) {
    const property = propertyOf(schema, name);
    if (!property && additional && value[name] === null && !additional.nullable && additional.default !== undefined) setMember(value, name, cloneJson(additional.default));
    fillDefaults(property ?? additional, value[name]);
  }
}

const known = new WeakMap<StructuralSchema, boolean>();
/** Whether anything below a schema has a default, so that large objects are not walked in vain. */
export function canDefault(schema: StructuralSchema): boolean {
  let answer = known.get(schema);
  if (answer === undefined) {
    const inner = [itemsOf(schema), additionalOf(schema), ...Object.values(schema.properties ?? {})];
    answer = inner.some((s) => s && (s.default !== undefined || canDefault(s)));
    known.set(schema, answer);
  }
  return answer;
}
