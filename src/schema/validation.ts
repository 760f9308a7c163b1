// Judges an object whole: every fault at once, in Kubernetes' words. Rules of single fields come from their options, rules
// that span fields from `validate` of types and resources. (upstream: pkg/apis/*/validation)
import { child, index, invalid, key, notSupported, required, type Fault } from '../apimachinery/fault.ts';
import { checkFormat } from './formats.ts';
import { validateMetadata, validateMetadataUpdate } from './metadata-validation.ts';
import type { ApiObject, ResourceDefinition } from './resource.ts';
import { resolveType, zeroValue, type Field, type ObjectType, type Type } from './schema.ts';
import { equalJson } from '../util/json.ts';

/** Every fault of an object to be created, or updated when `old` is given. `status` is judged only by `validateStatus`. */
export function validateObject(resource: ResourceDefinition, object: ApiObject, old?: ApiObject): Fault[] {
  const faults = old ? validateMetadataTwice(resource, object, old) : validateMetadata(resource, object.metadata);
  for (const [name, field] of Object.entries(resource.type.fields)) {
    if (name === 'metadata' || name === 'apiVersion' || name === 'kind' || (name === 'status' && resource.subresources.status)) continue;
    validateField(field, object[name], old?.[name], name, faults, old !== undefined);
  }
  faults.push(...(resource.validate?.(object, old) ?? []));
  return resource.judged && faults.length > 1 ? inOrder(faults, resource.judged) : faults;
}

/** Faults in the order of `paths`; what may not change is looked at when the rest has been. */
function inOrder(faults: readonly Fault[], paths: readonly string[]): Fault[] {
  const rank = ({ field, message }: Fault): number => {
    const fitting = paths.filter((path) => field === path || (field.startsWith(path) && /^[.[]/.test(field.slice(path.length))));
    if (fitting.length === 0 && field.startsWith('metadata.')) return -1;
    if (fitting.length === 0 || message.endsWith(': field is immutable')) return paths.length;
    return paths.indexOf(fitting.reduce((one, other) => (other.length > one.length ? other : one)));
  };
  return faults.map((fault) => ({ fault, at: rank(fault) })).sort((one, other) => one.at - other.at).map(({ fault }) => fault);
}

/** Faults of a write to /status. */
export function validateStatusUpdate(resource: ResourceDefinition, object: ApiObject, old: ApiObject): Fault[] {
  return [...validateMetadataTwice(resource, object, old), ...(resource.validateStatus?.(object, old) ?? [])];
}

/** On updates both upstream's generic registry and each built-in kind's strategy judge metadata: clients see each such cause twice. */
export function validateMetadataTwice(resource: ResourceDefinition, object: ApiObject, old: ApiObject): Fault[] {
  const faults = [...validateMetadata(resource, object.metadata), ...validateMetadataUpdate(object.metadata, old.metadata)];
  return resource.custom ? faults : [...faults, ...faults];
}

/** Faults of a value of any type. */
export function validateValue(type: Type, value: unknown, path: string): Fault[] {
  const faults: Fault[] = [];
  validate(resolveType(type), value, undefined, path, faults, false);
  return faults;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return false;
}

function validateField(field: Field, value: unknown, old: unknown, path: string, faults: Fault[], updating: boolean): void {
  const { options } = field;
  const type = resolveType(field.type);
  if (isEmpty(value) || (type.kind === 'map' && Object.keys(value as object).length === 0)) {
    if (options.required && !options.unchecked) faults.push(required(path));
    if (updating && options.immutable && !isEmpty(old)) faults.push(invalid(path, value ?? (options.pointer ? null : zeroValue(type)), 'field is immutable'));
    return;
  }
  if (options.enum && !options.unjudged && !options.enum.includes(value as string)) faults.push(notSupported(path, value, options.enum, 'given'));
  if (options.format) for (const message of checkFormat(options.format, value as string)) faults.push(invalid(path, value, message));
  if (typeof value === 'number') {
    if (options.minimum !== undefined && options.maximum !== undefined && (value < options.minimum || value > options.maximum)) faults.push(invalid(path, value, `must be between ${options.minimum} and ${options.maximum}, inclusive`));
    else if (options.minimum !== undefined && value < options.minimum) faults.push(invalid(path, value, options.minimum === 1 ? 'must be greater than zero' : `must be greater than or equal to ${options.minimum}`));
    else if (options.maximum !== undefined && value > options.maximum) faults.push(invalid(path, value, `must be less than or equal to ${options.maximum}`));
  }
  if (updating && options.immutable && !equalJson(value, old)) faults.push(invalid(path, value, 'field is immutable'));
  if (options.validate) faults.push(...options.validate(value, path));
  if (!options.unjudged) validate(type, value, old, path, faults, updating);
}

function validate(type: Exclude<Type, { kind: 'lazy' }>, value: unknown, old: unknown, path: string, faults: Fault[], updating: boolean): void {
  switch (type.kind) {
    // Structural values are judged whole, from the root of the resource.
    case 'scalar': case 'structural': return;
    case 'array': {
      const items = resolveType(type.items);
      if (items.kind !== 'scalar') (value as unknown[]).forEach((item, i) => validate(items, item, undefined, index(path, i), faults, false));
      return;
    }
    case 'map': {
      const values = resolveType(type.values);
      if (values.kind !== 'scalar') for (const [k, item] of Object.entries(value as object)) validate(values, item, undefined, key(path, k), faults, false);
      return;
    }
    case 'object': validateFields(type, value as Record<string, unknown>, old as Record<string, unknown> | undefined, path, faults, updating);
  }
}

function validateFields(type: ObjectType, value: Record<string, unknown>, old: Record<string, unknown> | undefined, path: string, faults: Fault[], updating: boolean): void {
  const start = faults.length;
  for (const [name, field] of Object.entries(type.fields)) {
    if (value[name] === undefined && !field.options.required && !(updating && field.options.immutable)) continue;
    validateField(field, value[name], old?.[name], child(path, name), faults, updating && old !== undefined);
  }
  if (!type.validate) return;
  const across = type.validate(value as never, path);
  // A field that may not be there at all is not looked into.
  const forbidden = across.filter((f) => f.type === 'Forbidden' && f.field !== path).map((f) => f.field);
  if (forbidden.length && faults.length > start) faults.push(...faults.splice(start).filter((f) => !forbidden.some((p) => f.field.startsWith(p) && /^[.[]/.test(f.field.slice(p.length)))));
  faults.push(...across);
}
