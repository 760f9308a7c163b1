// Structural schemas: how custom resources say what their objects look like. Walkers of this folder read them directly: they
// prune, default, judge, divide among owners and publish. (upstream: apiextensions-apiserver pkg/apiserver/schema/structural.go)
import type { JsonValue } from '../schema.ts';

/** The part of JSONSchemaProps that is read at run time; what stands below allOf, anyOf, oneOf and not only judges values. */
export interface StructuralSchema {
  readonly description?: string; readonly type?: string; readonly format?: string; readonly title?: string; readonly default?: JsonValue; readonly nullable?: boolean;
  readonly maximum?: number; readonly exclusiveMaximum?: boolean; readonly minimum?: number; readonly exclusiveMinimum?: boolean; readonly multipleOf?: number;
  readonly maxLength?: number; readonly minLength?: number; readonly pattern?: string; readonly maxItems?: number; readonly minItems?: number;
  readonly maxProperties?: number; readonly minProperties?: number; readonly enum?: readonly JsonValue[]; readonly required?: readonly string[];
  readonly items?: StructuralSchema | readonly StructuralSchema[]; readonly properties?: Readonly<Record<string, StructuralSchema>>; readonly additionalProperties?: boolean | StructuralSchema;
  readonly allOf?: readonly StructuralSchema[]; readonly oneOf?: readonly StructuralSchema[]; readonly anyOf?: readonly StructuralSchema[]; readonly not?: StructuralSchema;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean; readonly 'x-kubernetes-embedded-resource'?: boolean; readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]; readonly 'x-kubernetes-list-type'?: string; readonly 'x-kubernetes-map-type'?: string;
  readonly 'x-kubernetes-validations'?: readonly StructuralRule[];
}
export interface StructuralRule {
  readonly rule: string; readonly message?: string; readonly messageExpression?: string; readonly reason?: string; readonly fieldPath?: string; readonly optionalOldSelf?: boolean;
}

export const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The schema of a list's items; tuples are not structural. */
export const itemsOf = ({ items }: StructuralSchema): StructuralSchema | undefined => (Array.isArray(items) ? undefined : (items as StructuralSchema | undefined));

export function propertyOf({ properties }: StructuralSchema, name: string): StructuralSchema | undefined {
  return properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
}
/** What holds for members no property names; undefined when nothing is said of them. */
export const additionalOf = ({ additionalProperties }: StructuralSchema): StructuralSchema | undefined => (typeof additionalProperties === 'object' ? additionalProperties : undefined);
export const allowsAdditional = ({ additionalProperties }: StructuralSchema): boolean => additionalProperties !== undefined && additionalProperties !== false;

export const preserves = (schema: StructuralSchema): boolean => schema['x-kubernetes-preserve-unknown-fields'] === true;
export const isEmbedded = (schema: StructuralSchema): boolean => schema['x-kubernetes-embedded-resource'] === true;
export const isIntOrString = (schema: StructuralSchema): boolean => schema['x-kubernetes-int-or-string'] === true;

/** Every whole object has these, whatever its schema says. */
export const headFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/** Plain assignment of `__proto__` would set the prototype. */
export function setMember(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  else target[name] = value;
}
