// What of a value a structural schema keeps: unknown fields go and are told, so do nulls where none may stand.
// upstream: apiextensions-apiserver pkg/apiserver/schema/pruning/algorithm.go, schema/defaulting/prunenulls.go
import { cloneJson } from '../../util/json.ts';
import { additionalOf, allowsAdditional, headFields, isEmbedded, isMap, itemsOf, preserves, propertyOf, setMember, type StructuralSchema } from './structural-schema.ts';

export interface Pruning {
  /** Tells the path of a field no schema names. */
  unknown(path: string): void;
  /** Reads the metadata of an object inside an object. @throws DecodeError */
  metadata(value: unknown, path: string): unknown;
}

/** A pruned copy. `schema` undefined: nothing is known, so maps lose everything. */
export function prune(schema: StructuralSchema | undefined, value: unknown, path: string, pruning: Pruning): unknown {
  return schema && preserves(schema) ? preserve(schema, value, path, pruning) : pruneValue(schema, value, path, pruning);
}

function pruneValue(schema: StructuralSchema | undefined, value: unknown, path: string, pruning: Pruning): unknown {
  if (Array.isArray(value)) return value.map((item, i) => prune(schema && itemsOf(schema), item, `${path}[${i}]`, pruning));
  if (!isMap(value)) return value;
  return members(schema, value, path, pruning, (name) => { pruning.unknown(join(path, name)); return false; });
}

/** Below a schema that keeps unknown fields those that are named are pruned all the same. */
function preserve(schema: StructuralSchema | undefined, value: unknown, path: string, pruning: Pruning): unknown {
  if (!schema) return cloneJson(value);
  if (Array.isArray(value)) return value.map((item, i) => preserve(itemsOf(schema), item, `${path}[${i}]`, pruning));
  if (!isMap(value)) return value;
  return members(schema, value, path, pruning, () => true);
}

function members(schema: StructuralSchema | undefined, value: Record<string, unknown>, path: string, pruning: Pruning, keepUnknown: (name: string) => boolean): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const name of Object.keys(value).sort()) {
    const member = value[name];
    if (member === undefined) continue;
    if (schema && isEmbedded(schema) && headFields.has(name)) {
      setMember(result, name, name === 'metadata' ? embeddedMetadata(member, join(path, name), pruning) : member);
      continue;
    }
    const property = schema && propertyOf(schema, name);
    const additional = schema && !property ? additionalOf(schema) : undefined;
    if (!property && !(schema && allowsAdditional(schema))) {
      if (keepUnknown(name)) setMember(result, name, cloneJson(member));
      continue;
    }
    // A null that a default replaces stays for it, where the member must be there to be defaulted.
    if (member === null && (property ? !property.nullable : additional && !additional.nullable && additional.default === undefined)) continue;
    setMember(result, name, prune(property ?? additional, member, join(path, name), pruning));
  }
  return result;
}

function embeddedMetadata(value: unknown, path: string, pruning: Pruning): unknown {
  if (!isMap(value)) return value;
  const metadata = pruning.metadata(value, path) as Record<string, unknown>;
  if (metadata['creationTimestamp'] === null) delete metadata['creationTimestamp'];
  return metadata;
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);
