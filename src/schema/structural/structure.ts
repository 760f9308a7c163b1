// How the values of a structural schema are divided among owners. (upstream: kube-openapi pkg/schemaconv/openapi.go)
import type { MapStructure, StructField, Structure } from '../apply/structure.ts';
import { fieldElement } from '../apply/path-element.ts';
import { additionalOf, allowsAdditional, isEmbedded, isIntOrString, itemsOf, preserves, type StructuralSchema } from './structural-schema.ts';

/** Values nobody describes: maps are shared by their members, all else is one leaf. */
export const deduced: MapStructure = { kind: 'map', atomic: false, deduced: true, get values() { return deduced; } };

const scalars = { string: 'string', integer: 'int64', number: 'double', boolean: 'boolean' } as const;

/** `metadata`: that of an object inside an object. `keeps`: a schema around this one keeps fields nobody names. */
export function structuralStructure(schema: StructuralSchema, metadata: () => Structure, keeps = false): Structure {
  const { type = '' } = schema;
  const open = keeps || preserves(schema);
  if (isIntOrString(schema)) return { kind: 'scalar', scalar: 'intOrString' };
  if (Object.hasOwn(scalars, type)) return { kind: 'scalar', scalar: scalars[type as keyof typeof scalars] };
  if (type === 'array') return listStructure(schema, metadata, open);
  if (type !== 'object') return deduced;
  const atomic = schema['x-kubernetes-map-type'] === 'atomic';
  const additional = additionalOf(schema);
  const names = Object.keys(schema.properties ?? {});
  if (names.length === 0 && !isEmbedded(schema)) {
    if (additional) return { kind: 'map', atomic, values: structuralStructure(additional, metadata, open) };
    return atomic ? { kind: 'map', atomic, values: deduced } : deduced;
  }
  const fields = new Map<string, StructField>(names.map((name) => [name, { element: fieldElement(name), structure: structuralStructure(schema.properties![name]!, metadata, open) }]));
  if (isEmbedded(schema)) {
    for (const name of ['apiVersion', 'kind']) fields.set(name, { element: fieldElement(name), structure: { kind: 'scalar', scalar: 'string' } });
    fields.set('metadata', { element: fieldElement('metadata'), structure: metadata() });
  }
  const others = additional ? structuralStructure(additional, metadata, open) : open || allowsAdditional(schema) ? deduced : undefined;
  return { kind: 'struct', atomic, fields, ...(others ? { others } : {}) };
}

function listStructure(schema: StructuralSchema, metadata: () => Structure, open: boolean): Structure {
  const items = itemsOf(schema);
  const listType = schema['x-kubernetes-list-type'];
  const keys = (schema['x-kubernetes-list-map-keys'] ?? []).map((name) => ({ name, initial: items?.properties?.[name]?.default }));
  return { kind: 'list', atomic: listType !== 'set' && listType !== 'map', items: items ? structuralStructure(items, metadata, open) : deduced, keys: listType === 'map' ? keys : [] };
}
