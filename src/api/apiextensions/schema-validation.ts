// Rules of the schemas of custom resources: only what can be pruned, defaulted and merged field by field, so that each field
// says its type where it stands. upstream: apiextensions-apiserver pkg/apis/apiextensions/validation/validation.go, pkg/apiserver/schema/validation.go
import { child, forbidden, index, invalid, key, notSupported, required, type Fault } from '../../apimachinery/fault.ts';
import type { StructuralSchema } from '../../schema/structural/structural-schema.ts';
import { expressionFault } from '../../schema/structural/rules.ts';
import { compileGoPattern } from '../../apimachinery/go-pattern.ts';
import { defaultFaults } from './default-faults.ts';
import type { JSONSchemaProps } from './json-schema-props.ts';

const typeNames = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const listTypes = ['atomic', 'map', 'set'];
const mapTypes = ['atomic', 'granular'];
const maxDepth = 200;

type Level = 'root' | 'item' | 'field';
const missingType: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root', item: 'must not be empty for specified array items', field: 'must not be empty for specified object fields',
};

const isSchema = (value: unknown): value is JSONSchemaProps => typeof value === 'object' && value !== null && !Array.isArray(value);
const has = (map: object | undefined): boolean => map !== undefined && Object.keys(map).length > 0;

/** The schemas right below one, each with its path; `logical` ones only judge values. */
function* children(schema: JSONSchemaProps, path: string): Generator<{ schema: JSONSchemaProps; path: string; level: Level; logical: boolean }> {
  const { items, properties = {}, additionalProperties: additional, not } = schema;
  if (isSchema(items)) yield { schema: items, path: child(path, 'items'), level: 'item', logical: false };
  if (isSchema(additional)) yield { schema: additional, path: child(path, 'additionalProperties'), level: 'field', logical: false };
  for (const [name, property] of Object.entries(properties)) yield { schema: property, path: key(child(path, 'properties'), name), level: 'field', logical: false };
  for (const list of ['allOf', 'oneOf', 'anyOf'] as const) {
    for (const [i, inner] of (schema[list] ?? []).entries()) yield { schema: inner, path: index(child(path, list), i), level: 'field', logical: true };
  }
  if (not) yield { schema: not, path: child(path, 'not'), level: 'field', logical: true };
}

/** What no schema may use, and what a list or map needs. */
function ownFaults(schema: JSONSchemaProps, path: string): Fault[] {
  const faults: Fault[] = [];
  const { type = '', additionalProperties: additional } = schema;
  const ban = (name: keyof JSONSchemaProps, given: boolean): void => { if (given) faults.push(forbidden(child(path, name), `${name} is not supported`)); };
  if (type === 'null') faults.push(forbidden(child(path, 'type'), 'type cannot be set to null, use nullable as an alternative'));
  else if (type !== '' && !typeNames.includes(type)) faults.push(notSupported(child(path, 'type'), type, typeNames));
  ban('$ref', schema.$ref !== undefined);
  ban('definitions', has(schema.definitions));
  ban('dependencies', has(schema.dependencies));
  ban('patternProperties', has(schema.patternProperties));
  ban('additionalItems', schema.additionalItems !== undefined);
  if (Array.isArray(schema.items)) faults.push(forbidden(child(path, 'items'), 'items must be a schema object and not an array'));
  if (schema.uniqueItems) faults.push(forbidden(child(path, 'uniqueItems'), 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'));
  if (additional === false) faults.push(forbidden(child(path, 'additionalProperties'), 'additionalProperties cannot be set to false'));
  if (isSchema(additional) && has(schema.properties)) faults.push(forbidden(child(path, 'additionalProperties'), 'additionalProperties and properties are mutual exclusive'));
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) faults.push(invalid(child(path, 'x-kubernetes-preserve-unknown-fields'), false, 'must be true or undefined'));
  return [...faults, ...patternFaults(schema, path), ...listFaults(schema, path), ...mapFaults(schema, path), ...ruleFaults(schema, path)];
}

function patternFaults({ pattern }: JSONSchemaProps, path: string): Fault[] {
  if (!pattern) return [];
  try {
    compileGoPattern(pattern);
    return [];
  } catch (error) {
    return [invalid(child(path, 'pattern'), pattern, `must be a valid regular expression, but isn't: ${(error as Error).message}`)];
  }
}

function listFaults(schema: JSONSchemaProps, path: string): Fault[] {
  const faults: Fault[] = [];
  const listType = schema['x-kubernetes-list-type'];
  const mapKeys = schema['x-kubernetes-list-map-keys'] ?? [];
  const [listPath, keysPath] = [child(path, 'x-kubernetes-list-type'), child(path, 'x-kubernetes-list-map-keys')];
  const { type = '' } = schema;
  if (listType !== undefined) {
    const words = 'must be array if x-kubernetes-list-type is specified';
    if (type !== 'array') faults.push(type === '' ? required(child(path, 'type'), words) : invalid(child(path, 'type'), type, words));
    if (!listTypes.includes(listType)) faults.push(notSupported(listPath, listType, listTypes));
    if (listType === 'map' && mapKeys.length === 0) faults.push(required(keysPath, 'must not be empty if x-kubernetes-list-type is map'));
  }
  if (mapKeys.length === 0) return faults;
  if (listType === undefined) faults.push(required(listPath, 'must be map if x-kubernetes-list-map-keys is non-empty'));
  else if (listType !== 'map') faults.push(invalid(listPath, listType, 'must be map if x-kubernetes-list-map-keys is non-empty'));
  const { items } = schema;
  if (!isSchema(items)) return [...faults, required(child(path, 'items'), 'must have a schema if x-kubernetes-list-map-keys is non-empty')];
  if (items.type !== 'object') faults.push(invalid(child(path, 'items.type'), items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map"));
  mapKeys.forEach((name, i) => {
    const property = items.properties?.[name];
    if (!property) faults.push(invalid(index(keysPath, i), name, 'entries must all be names of item properties'));
    else {
      if (property.default === undefined && !items.required?.includes(name)) faults.push(required(child(key(child(path, 'items.properties'), name), 'default'), 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'));
      if (property.type === 'array' || property.type === 'object') faults.push(invalid(child(key(child(path, 'items.properties'), name), 'type'), property.type, 'must be a scalar type if parent array\'s x-kubernetes-list-type is map'));
    }
    if (mapKeys.indexOf(name) < i) faults.push(invalid(keysPath, mapKeys, 'must not contain duplicate entries'));
  });
  return faults;
}

function mapFaults(schema: JSONSchemaProps, path: string): Fault[] {
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return [];
  const { type = '' } = schema;
  const words = 'must be object if x-kubernetes-map-type is specified';
  return [
    ...(type === 'object' ? [] : [type === '' ? required(child(path, 'type'), words) : invalid(child(path, 'type'), type, words)]),
    ...(mapTypes.includes(mapType) ? [] : [notSupported(child(path, 'x-kubernetes-map-type'), mapType, mapTypes)]),
  ];
}

function ruleFaults(schema: JSONSchemaProps, path: string): Fault[] {
  return (schema['x-kubernetes-validations'] ?? []).flatMap(({ rule, message, messageExpression, optionalOldSelf }, i) => {
    const at = index(child(path, 'x-kubernetes-validations'), i);
    const faults: Fault[] = [];
    const ruleFault = rule.trim() === '' ? undefined : expressionFault(rule, 'bool', optionalOldSelf);
    const messageFault = messageExpression ? expressionFault(messageExpression, 'string', optionalOldSelf) : undefined;
    if (rule.trim() === '') faults.push(required(child(at, 'rule'), 'rule is not specified'));
    if (ruleFault) faults.push(invalid(child(at, 'rule'), rule, ruleFault));
    if (messageFault) faults.push(invalid(child(at, 'messageExpression'), messageExpression, messageFault));
    if (message !== undefined && message.trim() === '') faults.push(invalid(child(at, 'message'), message, 'message must be non-empty if specified'));
    else if (message?.includes('\n')) faults.push(invalid(child(at, 'message'), message, 'message must not contain line breaks'));
    else if (message === undefined && rule.includes('\n')) faults.push(required(child(at, 'message'), 'message must be specified if rule contains line breaks'));
    return faults;
  });
}

/** Every place says its type, and whole objects keep what all objects have. */
function structuralFaults(schema: JSONSchemaProps, path: string, level: Level): Fault[] {
  const faults: Fault[] = [];
  const { type = '', properties = {} } = schema;
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (type === 'array' && schema.items === undefined) faults.push(required(child(path, 'items'), 'must be specified'));
  if (embedded && type !== 'object') {
    const words = 'must be object if x-kubernetes-embedded-resource is true';
    faults.push(type === '' ? required(child(path, 'type'), words) : invalid(child(path, 'type'), type, words));
  } else if (type === '' && !schema['x-kubernetes-int-or-string'] && !preserves) faults.push(required(child(path, 'type'), missingType[level]));
  if (embedded && schema.additionalProperties !== undefined) faults.push(forbidden(child(path, 'additionalProperties'), 'must not be used if x-kubernetes-embedded-resource is set'));
  if (embedded && !preserves && !has(properties)) faults.push(required(child(path, 'properties'), 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'));
  if (schema['x-kubernetes-int-or-string'] && type !== '') faults.push(forbidden(child(path, 'type'), 'must be empty if x-kubernetes-int-or-string is true'));
  if (level === 'root' && type !== '' && type !== 'object') faults.push(invalid(child(path, 'type'), type, 'must be object at the root'));
  if (level === 'root' || embedded) faults.push(...objectHeadFaults(properties, path));
  return faults;
}

function objectHeadFaults(properties: Readonly<Record<string, JSONSchemaProps>>, path: string): Fault[] {
  const expected = { kind: 'string', apiVersion: 'string', metadata: 'object' } as const;
  const faults = Object.entries(expected).flatMap(([name, type]) => {
    const property = properties[name];
    return property && property.type !== type ? [invalid(child(key(child(path, 'properties'), name), 'type'), property.type ?? '', `must be ${type}`)] : [];
  });
  const others = Object.keys(properties['metadata']?.properties ?? {}).filter((name) => name !== 'name' && name !== 'generateName');
  if (others.length > 0) faults.push(forbidden(key(child(path, 'properties'), 'metadata'), 'must not specify anything other than name and generateName, but metadata is implicitly specified'));
  return faults;
}

const onlyOutside = ['additionalProperties', 'type', 'title', 'description', 'default', 'nullable', 'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource', 'x-kubernetes-int-or-string'] as const;

/** Below allOf, anyOf, oneOf and not values are judged only: what a field is must be said outside. */
function logicalFaults(schema: JSONSchemaProps, outside: JSONSchemaProps | undefined, path: string, outsidePath: string, mayType: boolean, depth: number): Fault[] {
  if (depth > maxDepth) return [];
  const faults: Fault[] = [];
  for (const name of onlyOutside) {
    if (schema[name] !== undefined && schema[name] !== false && !(name === 'type' && mayType)) faults.push(forbidden(child(path, name), 'must be empty to be structural'));
  }
  for (const inner of children(schema, path)) {
    const below = inner.path.slice(path.length + 1);
    if (inner.logical) faults.push(...logicalFaults(inner.schema, outside, inner.path, outsidePath, mayType, depth + 1));
    else {
      const counterpart = counterpartOf(schema, inner.schema, outside);
      const counterpartPath = child(outsidePath, below);
      if (!counterpart) faults.push(required(counterpartPath, `because it is defined in ${inner.path}`));
      faults.push(...logicalFaults(inner.schema, counterpart, inner.path, counterpartPath, counterpart?.['x-kubernetes-int-or-string'] === true, depth + 1));
    }
  }
  return faults;
}

/** The schema outside that stands where `inner` stands in `schema`. */
function counterpartOf(schema: JSONSchemaProps, inner: JSONSchemaProps, outside: JSONSchemaProps | undefined): JSONSchemaProps | undefined {
  if (inner === schema.items) return isSchema(outside?.items) ? outside.items : undefined;
  const name = Object.entries(schema.properties ?? {}).find(([, property]) => property === inner)?.[0];
  return name === undefined ? undefined : outside?.properties?.[name];
}

/** Every fault of a schema, in the order it is read. */
export function schemaFaults(root: JSONSchemaProps, rootPath: string): Fault[] {
  const own: Fault[] = [];
  const structural: Fault[] = [];
  const walk = (schema: JSONSchemaProps, path: string, level: Level, logical: boolean, depth: number): void => {
    own.push(...ownFaults(schema, path));
    if (!logical) structural.push(...structuralFaults(schema, path, level));
    if (depth > maxDepth) return;
    for (const inner of children(schema, path)) {
      walk(inner.schema, inner.path, inner.level, logical || inner.logical, depth + 1);
      if (!logical && inner.logical) structural.push(...logicalFaults(inner.schema, schema, inner.path, path, schema['x-kubernetes-int-or-string'] === true, depth));
    }
  };
  walk(root, rootPath, 'root', false, 0);
  if (structural.length > 0) return [...own, ...structural];
  return own.length > 0 ? own : defaultFaults(root as StructuralSchema, rootPath);
}
