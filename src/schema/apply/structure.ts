// How a type is divided among owners, derived once from its definition: what is one leaf, what has fields or keys of its own,
// what identifies the items of a list. (upstream: kube-openapi pkg/schemaconv, structured-merge-diff schema/elements.go)
import { resolveType, toldDefault, type FieldOptions, type JsonValue, type ObjectType, type ScalarKind, type Type } from '../schema.ts';
import { objectMeta } from '../object-meta.ts';
import { deduced, structuralStructure } from '../structural/structure.ts';
import { additionalOf, allowsAdditional, preserves, type StructuralSchema } from '../structural/structural-schema.ts';
import { fieldElement, keyElement, valueElement, type PathElement } from './path-element.ts';

export interface ScalarStructure { readonly kind: 'scalar'; readonly scalar: ScalarKind }
export interface StructStructure {
  readonly kind: 'struct'; readonly atomic: boolean; readonly fields: ReadonlyMap<string, StructField>;
  /** Of members that are no fields; absent: there are none. */
  readonly others?: Structure;
}
/** `deduced`: the value itself tells whether it is a map; when it is not, it is a leaf. */
export interface MapStructure { readonly kind: 'map'; readonly atomic: boolean; readonly values: Structure; readonly deduced?: true }
export interface ListStructure {
  readonly kind: 'list';
  readonly atomic: boolean;
  readonly items: Structure;
  /** What identifies an item; none: the item is its own identity. */
  readonly keys: readonly { readonly name: string; readonly initial: JsonValue | undefined }[];
}
export type Structure = ScalarStructure | StructStructure | MapStructure | ListStructure;
export interface StructField { readonly element: PathElement; readonly structure: Structure }

const structs = new WeakMap<ObjectType, StructStructure>();

export function structureOf(type: Type, options: FieldOptions<any> = {}): Structure {
  const t = resolveType(type);
  switch (t.kind) {
    case 'scalar': return t;
    case 'structural': return structuralStructure(t.schema, metadataStructure);
    case 'map': return { kind: 'map', atomic: options.mapType === 'atomic', values: structureOf(t.values) };
    case 'array': {
      const items = structureOf(t.items);
      // Without a declared list type the strategic merge key speaks for it.
      const merges = options.listType === undefined && (options.patchStrategy ?? '').includes('merge');
      if (options.listType === 'set' || (merges && !options.patchMergeKey)) return { kind: 'list', atomic: false, items, keys: [] };
      if (options.listType !== 'map' && !merges) return { kind: 'list', atomic: true, items, keys: [] };
      const names = options.keys ?? (options.patchMergeKey ? [options.patchMergeKey] : []);
      const fields = resolveType(t.items);
      return { kind: 'list', atomic: false, items, keys: names.map((name) => ({ name, initial: fields.kind === 'object' && fields.fields[name] ? toldDefault(fields.fields[name].type, fields.fields[name].options) : undefined })) };
    }
    case 'object': {
      const struct = structOf(t);
      return options.mapType === 'atomic' && !struct.atomic ? { kind: 'struct', atomic: true, get fields() { return struct.fields; } } : struct;
    }
  }
}

function structOf(type: ObjectType): StructStructure {
  let struct = structs.get(type);
  if (!struct) {
    const fields = new Map<string, StructField>();
    const others = type.root && othersOf(type.root);
    struct = { kind: 'struct', atomic: type.atomic === true, fields, ...(others ? { others } : {}) };
    // Known before its fields are: types may contain themselves.
    structs.set(type, struct);
    for (const [name, field] of Object.entries(type.fields)) fields.set(name, { element: fieldElement(name), structure: structureOf(field.type, field.options) });
  }
  return struct;
}

const metadataStructure = (): Structure => structureOf(objectMeta);
const othersOf = (root: StructuralSchema): Structure | undefined => {
  const additional = additionalOf(root);
  return additional ? structuralStructure(additional, metadataStructure) : preserves(root) || allowsAdditional(root) ? deduced : undefined;
};

/** Values with nothing to descend into: so an empty map differs from none. */
export function isLeaf(structure: Structure, a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (structure.kind === 'scalar' || structure.atomic || (isBare(a) && isBare(b))) return true;
  return structure.kind === 'map' && structure.deduced === true && !(isMapOrAbsent(a) && isMapOrAbsent(b));
}
const isMapOrAbsent = (value: JsonValue | undefined): boolean => value === undefined || value === null || membersOf(value) !== undefined;

/** A value that has no path in its list; the message is upstream's. */
export class ElementError extends Error {}

/** The path element of an item of a list that is not atomic. @throws ElementError */
export function itemElement(list: ListStructure, item: JsonValue): PathElement {
  if (list.keys.length === 0) {
    if (item === null) throw new ElementError("associative list without keys has an element that's an explicit null");
    if (Array.isArray(item)) throw new ElementError('not supported: associative list with lists as elements');
    if (typeof item === 'object') throw new ElementError("associative list without keys has an element that's a map type");
    return valueElement(item);
  }
  if (item === null) throw new ElementError('associative list with keys may not have a null element');
  if (typeof item !== 'object' || Array.isArray(item)) throw new ElementError('associative list with keys may not have non-map elements');
  const fields = list.keys.map(({ name, initial }): [string, JsonValue] => {
    const value = Object.hasOwn(item, name) ? item[name] : initial;
    if (value === undefined) throw new ElementError(`associative list with keys has an element that omits key field ${JSON.stringify(name)} (and doesn't have default value)`);
    return [name, value];
  });
  return keyElement(fields);
}

/** A map's or struct's member: its path element and structure; undefined when a struct has no such field. */
export function memberOf(structure: StructStructure | MapStructure, name: string): StructField | undefined {
  if (structure.kind === 'map') return { element: fieldElement(name), structure: structure.values };
  const field = structure.fields.get(name);
  return field ?? (structure.others && { element: fieldElement(name), structure: structure.others });
}

export type Members = { readonly [name: string]: JsonValue };
export const membersOf = (value: JsonValue | undefined): Members | undefined => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined);
export const itemsOf = (value: JsonValue | undefined): readonly JsonValue[] | undefined => (Array.isArray(value) ? value : undefined);
export const isBare = (value: JsonValue | undefined): boolean => {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value) return false;
  return true;
};
