// What the strategic merge knows of a member: its type, how its lists and objects are merged, by which key. Types are named as
// the Go types they stand for, since refusals name those. (upstream: apimachinery util/strategicpatch/meta.go,
// third_party/forked/golang/json/fields.go)
import { goText } from '../apimachinery/go-text.ts';
import { ownMember, PatchError, type JsonObject } from './patch.ts';
import { resolveType, type Field, type JsonValue, type Type } from './schema.ts';

export type Resolved = ReturnType<typeof resolveType>;
export interface PatchMeta { readonly type: Resolved; readonly strategy: 'merge' | 'replace' | ''; readonly mergeKey: string }

/** Go's kind of a type. */
export function kindOf(type: Resolved): string {
  switch (type.kind) {
    case 'array': return 'slice';
    case 'map': return 'map';
    case 'object': return 'struct';
    case 'structural': return 'interface';
    case 'scalar':
      switch (type.scalar) {
        case 'string': case 'int32': case 'int64': return type.scalar;
        case 'boolean': return 'bool';
        case 'double': return 'float64';
        case 'bytes': return 'slice';
        default: return 'struct';
      }
  }
}

const namesOfScalars: Readonly<Record<string, string>> = { time: 'Time', microTime: 'MicroTime', duration: 'Duration', quantity: 'Quantity', intOrString: 'IntOrString', any: 'RawExtension', fieldsV1: 'FieldsV1' };
function structName(type: Resolved): string {
  if (type.kind === 'object') return type.name;
  return type.kind === 'scalar' ? (type.form?.name ?? namesOfScalars[type.scalar] ?? '') : '';
}

/** Go's decoder of JSON takes names in any case, and so does the look-up. */
function fieldOf(fields: Readonly<Record<string, Field>>, name: string): Field | undefined {
  if (Object.hasOwn(fields, name)) return fields[name];
  const folded = name.toLowerCase();
  return Object.entries(fields).find(([its]) => its.toLowerCase() === folded)?.[1];
}

/** @throws PatchError 500 */
export function metaOf(type: Resolved, name: string): PatchMeta {
  if (kindOf(type) !== 'struct') throw new PatchError(`merging an object in json but data type is not struct, instead is: ${kindOf(type)}`, 500);
  const field = type.kind === 'object' ? fieldOf(type.fields, name) : undefined;
  if (!field) throw new PatchError(`unable to find api field in struct ${structName(type)} for the json field ${JSON.stringify(name)}`, 500);
  const { patchStrategy = '', patchMergeKey = '' } = field.options;
  return { type: resolveType(field.type), strategy: patchStrategy === 'merge,retainKeys' ? 'merge' : patchStrategy === 'retainKeys' ? '' : patchStrategy, mergeKey: patchMergeKey };
}

/** Of a list: the type is that of its items. @throws PatchError 500 */
export function metaOfList(type: Resolved, name: string): PatchMeta {
  const meta = metaOf(type, name);
  if (meta.type.kind === 'array') return { ...meta, type: itemsOf(meta.type) };
  if (meta.type.kind !== 'object') throw new PatchError(`expected slice or array type, but got: ${kindOf(type)}`, 500);
  return meta;
}
function itemsOf({ items }: { readonly items: Type }): Resolved {
  const type = resolveType(items);
  if (kindOf(type) === 'slice') throw new PatchError('unexpected slice of slice', 500);
  return type;
}

/** An item's merge key. @throws PatchError 500 */
export function mergeValueOf(item: JsonObject, mergeKey: string): JsonValue {
  const value = ownMember(item, mergeKey);
  if (value === undefined) throw new PatchError(`map: ${goText(item)} does not contain declared merge key: ${mergeKey}`, 500);
  return value;
}
