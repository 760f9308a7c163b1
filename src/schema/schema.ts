// The small language resource definitions are written in: types, fields and objects. Everything the API server knows of a
// field (defaults, validation, patches, OpenAPI, protobuf) is derived from the values built here.
import type { Fault } from '../apimachinery/fault.ts';
import type { StructuralSchema } from './structural/structural-schema.ts';

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/**
 * Scalar kinds and their JSON form: `bytes` base64 text, `time` RFC 3339 in whole seconds, `microTime` RFC 3339 with six
 * digits, `duration` Go duration text, `quantity` text (numbers are read too), `any` arbitrary JSON (runtime.RawExtension),
 * `fieldsV1` the field set of a managedFields entry.
 */
export type ScalarKind =
  | 'string' | 'int32' | 'int64' | 'double' | 'boolean' | 'bytes' | 'time' | 'microTime' | 'duration' | 'quantity'
  | 'intOrString' | 'any' | 'fieldsV1';

export interface ScalarType {
  readonly kind: 'scalar';
  readonly scalar: ScalarKind;
  /** Of an `any` that is a Go type with a JSON form of its own. */
  readonly form?: JsonForm;
}
/** JSON that is either an object of a type or something else, as Go's `JSONSchemaPropsOrBool`; without `object` it is arbitrary JSON. */
export interface JsonForm {
  /** Name in OpenAPI, which says nothing else of it. */
  readonly name: string;
  readonly package: string;
  readonly doc: string;
  readonly object?: () => ObjectType;
  /** What stands there when no object does: a list of such objects, true or false, or a list of texts. */
  readonly or?: 'objects' | 'boolean' | 'strings';
}
export interface ArrayType { readonly kind: 'array'; readonly items: Type }
export interface MapType { readonly kind: 'map'; readonly values: Type }
/** Values a structural schema describes at run time; `structural/` holds its walkers. */
export interface StructuralType { readonly kind: 'structural'; readonly schema: StructuralSchema }
export interface LazyType { readonly kind: 'lazy'; readonly resolve: () => Type }
export interface ObjectType<F extends Fields = Fields> {
  readonly kind: 'object';
  /** Go type name, as OpenAPI names it: `Container`; with `package` it makes `io.k8s.api.core.v1.Container`. */
  readonly name: string;
  readonly package: string;
  readonly doc: string;
  readonly fields: F;
  /** `structType=atomic`: one manager owns the whole value. */
  readonly atomic?: boolean;
  /** Of a custom resource: the schema of the whole object, whose properties are the fields. */
  readonly root?: StructuralSchema;
  /** Fills defaults that depend on other fields of the same object; runs after the fields' own defaults. */
  readonly defaults?: (value: Record<string, any>) => void;
  /** Takes out what only a feature reads that is off by default in Kubernetes 1.33, unless `old` has it. Not asked of objects in lists and maps. */
  readonly dropOff?: (value: any, old: any) => void;
  /** Faults that span fields of this object. `path` is the object's own path. */
  readonly validate?: (value: any, path: string) => Fault[];
}
export type Type = ScalarType | ArrayType | MapType | LazyType | ObjectType | StructuralType;

/** Names of string formats; `src/schema/formats.ts` holds the check and Kubernetes' words for each. */
export type Format =
  | 'dns1123Label' | 'dns1123Subdomain' | 'dns1035Label' | 'qualifiedName' | 'labelValue' | 'pathSegment' | 'ip' | 'cidr'
  | 'envVarName' | 'configMapKey' | 'portName' | 'absolutePath';

export interface FieldOptions<T = unknown> {
  /** One line in our own words; `kubectl explain` prints it. */
  readonly doc?: string;
  /** Required by OpenAPI, always written (zero value when absent), and an empty string, list, map or absent value is the fault `Required value`. */
  readonly required?: boolean;
  /** Always written, the zero value when absent, never a fault (Go: no `omitempty`, not a pointer). */
  readonly written?: boolean;
  /** With `required`: emptiness is not a fault (only OpenAPI and the written zero value). */
  readonly unchecked?: boolean;
  /** What the value holds is stored without looking for faults in it. */
  readonly unjudged?: boolean;
  /** A Go pointer: an explicit zero value (0, false, "") differs from absence and is kept; with `required` or `written` its absence is written as null. */
  readonly pointer?: boolean;
  readonly default?: T;
  /** OpenAPI tells the default, or that the zero value is it; most defaults are told nowhere. */
  readonly tellsDefault?: true;
  /** An update that changes it is the fault `field is immutable`. */
  readonly immutable?: boolean;
  /** In the order upstream lists what it supports; OpenAPI sorts them. */
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly format?: Format;
  /** Further faults of the value alone; not called when the value is absent or empty. */
  readonly validate?: (value: T, path: string) => Fault[];
  /** Server-side apply: atomic (default), set or map with `keys`. */
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly keys?: readonly string[];
  readonly mapType?: 'atomic' | 'granular';
  /** Strategic merge patch; absent means replace. */
  readonly patchStrategy?: 'merge' | 'replace' | 'retainKeys' | 'merge,retainKeys';
  readonly patchMergeKey?: string;
}

declare const valueType: unique symbol;
/** One field: its protobuf number, its type and its rules. `T` is the TypeScript value, `P` whether it is always present. */
export interface Field<T = any, P extends boolean = boolean> {
  readonly number: number;
  readonly type: Type;
  readonly options: FieldOptions<any>;
  /** Set by `embed`: the protobuf message this field is nested in, although JSON shows it flat. */
  readonly embeddedIn?: { readonly number: number; readonly type: ObjectType };
  readonly [valueType]?: [T, P];
}
export type Fields = Readonly<Record<string, Field>>;

type Present<O> = O extends { required: true } | { written: true } ? true : O extends { default: {} } ? true : false;
type Flatten<T> = { [K in keyof T]: T[K] } & {};
type ValueOf<F> = F extends Field<infer T, boolean> ? T : never;
type PresentKeys<F> = { [K in keyof F]: F[K] extends Field<any, true> ? K : never }[keyof F];
/** The TypeScript value a set of fields describes: always-written and defaulted ones are present, the others optional. */
export type FieldsValue<F> = Flatten<
  { [K in PresentKeys<F>]: ValueOf<F[K]> } & { [K in Exclude<keyof F, PresentKeys<F>>]?: ValueOf<F[K]> }
>;
/** The TypeScript value of a type or a type builder's result. */
export type TypeValue<T> = T extends { readonly [typed]: infer V } ? V : T extends ObjectType<infer F> ? FieldsValue<F> : JsonValue;

declare const typed: unique symbol;
/** A type that carries its TypeScript value, for items of arrays and maps. */
export type TypedType<V> = Exclude<Type, ObjectType | StructuralType> & { readonly [typed]: V };

const scalar = <V>(kind: ScalarKind): TypedType<V> => ({ kind: 'scalar', scalar: kind }) as unknown as TypedType<V>;

/** Scalar types for array items and map values. */
export const types = {
  string: scalar<string>('string'), int32: scalar<number>('int32'), int64: scalar<number>('int64'), double: scalar<number>('double'),
  boolean: scalar<boolean>('boolean'), bytes: scalar<string>('bytes'), time: scalar<string | null>('time'), microTime: scalar<string | null>('microTime'),
  duration: scalar<string>('duration'), quantity: scalar<string>('quantity'), intOrString: scalar<number | string>('intOrString'),
  any: scalar<any>('any'), fieldsV1: scalar<Record<string, any>>('fieldsV1'),
};

function scalarField<V>(type: TypedType<V>) {
  return <const O extends FieldOptions<V>>(number: number, options?: O): Field<V, Present<O>> =>
    ({ number, type, options: options ?? {} }) as Field<V, Present<O>>;
}

/** `string(1, { required: true, doc: '…' })`: a string field with protobuf number 1. */
export const string = scalarField(types.string);
export const int32 = scalarField(types.int32);
export const int64 = scalarField(types.int64);
export const double = scalarField(types.double);
export const boolean = scalarField(types.boolean);
export const bytes = scalarField(types.bytes);
export const time = scalarField(types.time);
export const microTime = scalarField(types.microTime);
export const duration = scalarField(types.duration);
export const quantity = scalarField(types.quantity);
export const intOrString = scalarField(types.intOrString);
export const any = scalarField(types.any);
export const fieldsV1 = scalarField(types.fieldsV1);

/** A field holding any type (usually an object): absent unless given. Pass `written: true` for Go structs that are always written. */
export function field<T extends Type, const O extends FieldOptions<TypeValue<T>>>(number: number, type: T, options?: O): Field<TypeValue<T>, Present<O>> {
  return { number, type, options: options ?? {} } as Field<TypeValue<T>, Present<O>>;
}

/** A required field of any type. */
export function required<T extends Type, const O extends FieldOptions<TypeValue<T>>>(number: number, type: T, options?: O): Field<TypeValue<T>, true> {
  return { number, type, options: { ...options, required: true } } as Field<TypeValue<T>, true>;
}

export function array<T extends Type, const O extends FieldOptions<TypeValue<T>[]>>(number: number, items: T, options?: O): Field<TypeValue<T>[], Present<O>> {
  return { number, type: { kind: 'array', items }, options: options ?? {} } as unknown as Field<TypeValue<T>[], Present<O>>;
}

export function map<T extends Type, const O extends FieldOptions<Record<string, TypeValue<T>>>>(number: number, values: T, options?: O): Field<Record<string, TypeValue<T>>, Present<O>> {
  return { number, type: { kind: 'map', values }, options: options ?? {} } as unknown as Field<Record<string, TypeValue<T>>, Present<O>>;
}

/** Types of arrays and maps used inside other arrays and maps. */
export const arrayOf = <T extends Type>(items: T): TypedType<TypeValue<T>[]> => ({ kind: 'array', items }) as unknown as TypedType<TypeValue<T>[]>;
export const mapOf = <T extends Type>(values: T): TypedType<Record<string, TypeValue<T>>> => ({ kind: 'map', values }) as unknown as TypedType<Record<string, TypeValue<T>>>;

/** `any` with a name and form of its own. */
export const jsonForm = <V>(form: JsonForm): TypedType<V> => ({ kind: 'scalar', scalar: 'any', form }) as unknown as TypedType<V>;

/** Breaks a cycle between types; the value type must be named by hand. */
export function lazy<V>(resolve: () => Type): TypedType<V> {
  return { kind: 'lazy', resolve } as unknown as TypedType<V>;
}

/** Spreads the fields of a Go embedded struct: flat in JSON, a nested message with this number in protobuf. */
export function embed<F extends Fields>(number: number, type: ObjectType<F>): F {
  return Object.fromEntries(Object.entries(type.fields).map(([name, f]) => [name, { ...f, embeddedIn: { number, type } }])) as unknown as F;
}

/** `old` is what an update replaces, if it is there at all. */
type DropOff<T> = (value: T, old: T | undefined) => void;

/** `object('Container', { name: string(1, …), … }, { doc: '…' })`; the package defaults to core/v1's. */
export function object<F extends Fields>(
  name: string,
  fields: F,
  options: { doc?: string; package?: string; atomic?: boolean; root?: StructuralSchema; defaults?: (value: Record<string, any>) => void; dropOff?: DropOff<FieldsValue<F>>; validate?: (value: FieldsValue<F>, path: string) => Fault[] } = {},
): ObjectType<F> {
  return { kind: 'object', name, fields, package: 'io.k8s.api.core.v1', doc: '', ...options } as ObjectType<F>;
}

/** Follows `lazy` to the type behind it. */
export function resolveType(type: Type): Exclude<Type, LazyType> {
  let current = type;
  while (current.kind === 'lazy') current = current.resolve();
  return current;
}

/** The value Go writes for an absent field that is always written. */
export function zeroValue(type: Type): JsonValue {
  const t = resolveType(type);
  switch (t.kind) {
    case 'array': return null;
    case 'map': case 'structural': return null;
    case 'object': return {};
    case 'scalar':
      switch (t.scalar) {
        case 'string': case 'bytes': return '';
        case 'int32': case 'int64': case 'double': case 'intOrString': return 0;
        case 'boolean': return false;
        case 'quantity': return '0';
        case 'duration': return '0s';
        default: return null;
      }
  }
}

/**
 * The default of a field as OpenAPI tells it: the zero value of what is always written, and the few that upstream marks.
 * Items of lists that name no key have it, too. (upstream: kube-openapi pkg/generators/openapi.go, generateDefault)
 */
export function toldDefault(type: Type, { default: initial, tellsDefault, required, written, pointer }: FieldOptions<any>): JsonValue | undefined {
  if (tellsDefault) return (initial as JsonValue | undefined) ?? zeroOfItem(type);
  return (required || written) && !pointer ? zeroOfItem(type) : undefined;
}

/** The zero value of what Go holds itself; undefined where absence is null, and of types that write themselves. */
export function zeroOfItem(type: Type): JsonValue | undefined {
  const t = resolveType(type);
  if (t.kind === 'object') return {};
  return t.kind === 'scalar' && plain.has(t.scalar) ? zeroValue(t) : undefined;
}
const plain: ReadonlySet<ScalarKind> = new Set(['string', 'int32', 'int64', 'double', 'boolean']);
