// A structural schema as OpenAPI publishes it; version 2.0 leaves out what its clients would misread.
// upstream: apiextensions-apiserver pkg/controller/openapi/builder/builder.go, pkg/controller/openapi/v2/conversion.go
import type { JsonValue } from '../schema.ts';
import { additionalOf, isEmbedded, isIntOrString, itemsOf, preserves, type StructuralSchema } from './structural-schema.ts';

type Json = { [key: string]: JsonValue };
/** The reference an object's metadata has in the document being made. */
export type MetadataReference = () => Json;

const withoutForm = ['items', 'properties', 'additionalProperties', 'type', 'nullable', 'required'] as const;
const alternatives = ['allOf', 'anyOf', 'oneOf', 'not'] as const;

export function structuralOpenApi(schema: StructuralSchema, dialect: 'v2' | 'v3', metadata: MetadataReference): Json {
  const json = { ...schema } as { [key: string]: unknown };
  if (dialect === 'v2') {
    for (const name of alternatives) delete json[name];
    // Upstream prunes the defaults of the whole document.
    delete json['default'];
    if (schema.nullable || preserves(schema)) {
      for (const name of withoutForm) delete json[name];
      return json as Json;
    }
  } else if (isIntOrString(schema) && !schema.anyOf && !schema.allOf) json['anyOf'] = [{ type: 'integer' }, { type: 'string' }];
  const inner = (s: StructuralSchema): Json => structuralOpenApi(s, dialect, metadata);
  const items = itemsOf(schema);
  if (items) json['items'] = inner(items);
  const additional = additionalOf(schema);
  if (additional) json['additionalProperties'] = inner(additional);
  if (schema.properties) json['properties'] = Object.fromEntries(Object.keys(schema.properties).sort().map((name) => [name, inner(schema.properties![name]!)]));
  if (isEmbedded(schema)) {
    json['properties'] = {
      ...(json['properties'] as Json | undefined),
      apiVersion: { type: 'string', description: 'APIVersion defines group and version of this object, for example apps/v1.' }, kind: { type: 'string', description: 'Name of the REST resource this object represents.' },
      metadata: metadata(),
    };
    json['required'] = [...new Set([...(schema.required ?? []), 'kind', 'apiVersion'])];
  }
  return json as Json;
}
