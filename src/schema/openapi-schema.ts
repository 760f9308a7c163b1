// Schemas of OpenAPI documents, from the types of definitions: one named definition per object type, in the form of OpenAPI
// 2.0 (swagger) or 3.0. (upstream: kube-openapi pkg/builder, pkg/builder3)
import { objectMeta } from './object-meta.ts';
import { structuralOpenApi } from './structural/openapi.ts';
import { isEmbedded, preserves, type StructuralSchema } from './structural/structural-schema.ts';
import type { FieldOptions, JsonValue, ObjectType, ScalarKind, ScalarType, Type } from './schema.ts';
import { resolveType, toldDefault, zeroOfItem } from './schema.ts';

export type Dialect = 'v2' | 'v3';
export type Json = { [key: string]: JsonValue };
export interface GroupVersionKind { readonly group: string; readonly version: string; readonly kind: string }

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const refPrefix: Readonly<Record<Dialect, string>> = { v2: '#/definitions/', v3: '#/components/schemas/' };
export const reference = (name: string, dialect: Dialect): Json => ({ $ref: refPrefix[dialect] + name });
export const typeName = (type: ObjectType): string => `${type.package}.${type.name}`;

const inline: Partial<Record<ScalarKind, Json>> = {
  string: { type: 'string' }, boolean: { type: 'boolean' }, bytes: { type: 'string', format: 'byte' },
  int32: { type: 'integer', format: 'int32' }, int64: { type: 'integer', format: 'int64' }, double: { type: 'number', format: 'double' },
};

/** Scalars that are Go types of their own, and so definitions of their own. */
interface NamedScalar { readonly name: string; readonly schema: Json; readonly v3?: Json }
const named: Partial<Record<ScalarKind, NamedScalar>> = {
  time: { name: `${meta}.Time`, schema: { description: 'A moment in RFC 3339 form, in whole seconds.', type: 'string', format: 'date-time' } },
  microTime: { name: `${meta}.MicroTime`, schema: { description: 'A moment in RFC 3339 form, in micro seconds.', type: 'string', format: 'date-time' } },
  duration: { name: `${meta}.Duration`, schema: { description: 'A duration in the form of Go, for example 1h30m.', type: 'string' } },
  quantity: {
    name: 'io.k8s.apimachinery.pkg.api.resource.Quantity', schema: { description: 'A number with an optional suffix: m, k, M, G, T, P, E, or Ki, Mi, Gi, Ti, Pi, Ei, or an exponent.', type: 'string' },
    v3: { description: 'A number with an optional suffix: m, k, M, G, T, P, E, or Ki, Mi, Gi, Ti, Pi, Ei, or an exponent.', oneOf: [{ type: 'string' }, { type: 'number' }] },
  },
  intOrString: {
    name: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString', schema: { description: 'A number, or a text such as a percentage or the name of a port.', type: 'string', format: 'int-or-string' },
    v3: { description: 'A number, or a text such as a percentage or the name of a port.', format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  },
  any: { name: 'io.k8s.apimachinery.pkg.runtime.RawExtension', schema: { description: 'Any JSON object.', type: 'object' } },
  fieldsV1: { name: `${meta}.FieldsV1`, schema: { description: 'A set of fields as a trie: f: and a field name, k: and the keys of a list item, v: and a value, i: and an index.', type: 'object' } },
};

/** A form of its own has a name and may be anything. */
const namedScalar = ({ scalar, form }: ScalarType): NamedScalar | undefined =>
  (form ? { name: `${form.package}.${form.name}`, schema: { description: form.doc } } : named[scalar]);

/** Definitions a set of types needs, gathered while schemas are made of them. */
export class Definitions {
  readonly dialect: Dialect;
  readonly #kinds: ReadonlyMap<string, readonly GroupVersionKind[]>;
  readonly #wanted = new Map<string, ObjectType | NamedScalar>();

  /** `kinds`: the kinds each type name stands for. */
  constructor(dialect: Dialect, kinds: ReadonlyMap<string, readonly GroupVersionKind[]>) {
    this.dialect = dialect;
    this.#kinds = kinds;
  }

  /** A reference to an object type, which is thereby part of the document. */
  ref(type: ObjectType): Json {
    const name = typeName(type);
    if (!this.#wanted.has(name)) {
      this.#wanted.set(name, type);
      for (const field of Object.values(type.fields)) this.#want(field.type);
    }
    return reference(name, this.dialect);
  }

  #want(type: Type): void {
    const t = resolveType(type);
    if (t.kind === 'array') this.#want(t.items);
    else if (t.kind === 'map') this.#want(t.values);
    else if (t.kind === 'object') this.ref(t);
    else if (t.kind === 'structural') {
      if (hasEmbedded(t.schema)) this.ref(objectMeta);
    } else {
      const own = namedScalar(t);
      if (own) this.#wanted.set(own.name, own);
    }
  }

  /** All definitions by name, in order; each is built when it is asked for. */
  *entries(): Generator<[name: string, schema: Json]> {
    for (const name of [...this.#wanted.keys()].sort()) {
      const wanted = this.#wanted.get(name)!;
      yield [name, 'fields' in wanted ? this.#object(wanted) : (this.dialect === 'v3' && wanted.v3) || wanted.schema];
    }
  }

  #object(type: ObjectType): Json {
    if (type.root) return this.#root(type.root, type);
    const properties: Json = {};
    for (const name of Object.keys(type.fields).sort()) properties[name] = this.#field(type.fields[name]!.type, type.fields[name]!.options);
    const required = Object.entries(type.fields).filter(([, { options }]) => options.required).map(([name]) => name);
    const kinds = this.#kinds.get(typeName(type));
    return {
      ...(type.doc ? { description: type.doc } : {}),
      ...(Object.keys(properties).length ? { properties } : {}),
      ...(required.length ? { required } : {}),
      type: 'object',
      ...(kinds ? { 'x-kubernetes-group-version-kind': kinds.map(({ group, version, kind }) => ({ group, kind, version })) } : {}),
      ...(type.atomic ? { 'x-kubernetes-map-type': 'atomic' } : {}),
    };
  }

  /** A custom resource; a client of version 2.0 that knew some fields would refuse those it does not know. */
  #root(schema: StructuralSchema, type: ObjectType): Json {
    const kinds = (this.#kinds.get(typeName(type)) ?? []).map(({ group, version, kind }) => ({ group, kind, version }));
    const closing: Json = { 'x-kubernetes-group-version-kind': kinds };
    if (this.dialect === 'v2' && preserves(schema)) return { type: 'object', ...closing };
    const properties = Object.fromEntries(Object.keys(type.fields).sort().map((name) => [name, this.#field(type.fields[name]!.type, type.fields[name]!.options)]));
    return { ...structuralOpenApi({ ...schema, properties: {} }, this.dialect, () => ({})), properties, type: 'object', ...closing };
  }

  #field(type: Type, options: FieldOptions): Json {
    const schema = this.schema(type);
    const initial = this.dialect === 'v3' ? toldDefault(type, options) : undefined;
    const extras: Json = {
      ...(options.doc ? { description: options.doc } : {}),
      ...(options.enum ? { enum: [...options.enum].sort() } : {}),
      ...(initial === undefined ? {} : { default: initial }),
      ...(options.listType ? { 'x-kubernetes-list-type': options.listType } : {}),
      ...(options.keys ? { 'x-kubernetes-list-map-keys': [...options.keys] } : {}),
      ...(options.mapType === 'atomic' ? { 'x-kubernetes-map-type': 'atomic' } : {}),
      ...(options.patchStrategy ? { 'x-kubernetes-patch-strategy': options.patchStrategy } : {}),
      ...(options.patchMergeKey ? { 'x-kubernetes-patch-merge-key': options.patchMergeKey } : {}),
    };
    if (this.dialect === 'v2' || !('$ref' in schema)) return { ...schema, ...extras };
    // In 3.0 nothing may stand beside $ref.
    return { allOf: [schema], ...extras };
  }

  /** What a list or a map holds. */
  #item(type: Type): Json {
    const schema = this.schema(type);
    const initial = this.dialect === 'v3' ? zeroOfItem(type) : undefined;
    if (initial === undefined) return schema;
    return '$ref' in schema ? { allOf: [schema], default: initial } : { ...schema, default: initial };
  }

  /** The schema of a value of any type, without what its field says. */
  schema(type: Type): Json {
    const t = resolveType(type);
    switch (t.kind) {
      case 'array': return { type: 'array', items: this.#item(t.items) };
      case 'map': return { type: 'object', additionalProperties: this.#item(t.values) };
      case 'object': return this.ref(t);
      case 'structural': return structuralOpenApi(t.schema, this.dialect, () => this.#field(objectMeta, { doc: "Standard object's metadata." }));
      case 'scalar': return inline[t.scalar] ?? reference(namedScalar(t)!.name, this.dialect);
    }
  }
}

function hasEmbedded(schema: StructuralSchema): boolean {
  const { items, additionalProperties: additional, properties = {} } = schema;
  return isEmbedded(schema) || [items, additional, ...Object.values(properties)].some((inner) => typeof inner === 'object' && !Array.isArray(inner) && hasEmbedded(inner as StructuralSchema));
}
