// Rules of the schemas of custom resources: only what can be pruned, defaulted and merged field by field, so that each field
// says its type where it stands. upstream: apiextensions-apiserver pkg/apis/apiextensions/validation/validation.go, pkg/apiserver/schema/validation.go
import { child, forbidden, index, invalid, key, notSupported, required, type Fault } from '../../apimachinery/fault.ts';
import { expressionFault, namesOld } from '../../schema/structural/rules.ts';
import type { StructuralSchema } from '../../schema/structural/structural-schema.ts';
import { compileGoPattern } from '../../apimachinery/go-pattern.ts';
import { equalJson } from '../../util/json.ts';
import { defaultFaults } from './default-faults.ts';
import type { JSONSchemaProps, ValidationRule } from './json-schema-props.ts';
import { followFieldPath } from './field-path.ts';

const typeNames = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const listTypes = ['atomic', 'set', 'map'];
const mapTypes = ['atomic', 'granular'];
const maxDepth = 200;

type Level = 'root' | 'item' | 'field';
const missingType: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root', item: 'must not be empty for specified array items', field: 'must not be empty for specified object fields',
};

const isSchema = (value: unknown): value is JSONSchemaProps => typeof value === 'object' && value !== null && !Array.isArray(value);
const has = (map: object | undefined): boolean => map !== undefined && Object.keys(map).length > 0;

type Child = { readonly schema: JSONSchemaProps; readonly path: string; readonly name: 'additionalProperties' | 'properties' | 'not' | 'allOf' | 'oneOf' | 'anyOf' | 'items'; readonly member?: string };
/** The schemas right below one, each with its path, in the order they are judged. */
function children(schema: JSONSchemaProps, path: string): Child[] {
  const { items, properties = {}, additionalProperties: additional, not } = schema;
  const lists = (['allOf', 'oneOf', 'anyOf'] as const).flatMap((name) => (schema[name] ?? []).map((inner, i): Child => ({ schema: inner, path: index(child(path, name), i), name })));
  return [
    ...(isSchema(additional) ? [{ schema: additional, path: child(path, 'additionalProperties'), name: 'additionalProperties' } as const] : []),
    ...Object.entries(properties).map(([member, inner]): Child => ({ schema: inner, path: key(child(path, 'properties'), member), name: 'properties', member })),
    ...(not ? [{ schema: not, path: child(path, 'not'), name: 'not' } as const] : []),
    ...lists,
    ...(isSchema(items) ? [{ schema: items, path: child(path, 'items'), name: 'items' } as const] : []),
  ];
}

/** What surrounds a schema: whether it is the root, describes a head of an object, may have defaults, and from where on no old value can be told. */
interface Place { readonly root: boolean; readonly inHead: boolean; readonly noDefaults?: string; readonly uncorrelated?: string; readonly logical: boolean }

/** Faults of schemas, and those of their rules: these are told after all others. */
interface Judged { readonly schema: Fault[]; readonly rules: Fault[] }

function judge(schema: JSONSchemaProps, path: string, place: Place, compiles: boolean, depth = 0): Judged {
  const judged: Judged = { schema: unsupportedFaults(schema, path, place), rules: [] };
  if (schema.uniqueItems) judged.schema.push(forbidden(child(path, 'uniqueItems'), 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'));
  const { additionalProperties: additional } = schema;
  if (additional !== undefined && additional !== true && has(schema.properties)) judged.schema.push(forbidden(child(path, 'additionalProperties'), 'additionalProperties and properties are mutual exclusive'));
  for (const inner of depth > maxDepth ? [] : children(schema, path)) {
    const below = judge(inner.schema, inner.path, placeOf(inner, schema, path, place), compiles, depth + 1);
    judged.schema.push(...below.schema);
    judged.rules.push(...below.rules);
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) judged.schema.push(invalid(child(path, 'x-kubernetes-preserve-unknown-fields'), false, 'must be true or undefined'));
  judged.schema.push(...mapFaults(schema, path), ...listFaults(schema, path), ...mergedListFaults(schema, path));
  const rules = schema['x-kubernetes-validations'] ?? [];
  judged.schema.push(...rules.flatMap((rule, i) => ruleFaults(rule, schema, index(child(path, 'x-kubernetes-validations'), i))));
  // A rule is read only once all it may speak of is right.
  if (compiles && !place.logical && judged.schema.length === 0) judged.rules.push(...rules.flatMap((rule, i) => expressionFaults(rule, index(child(path, 'x-kubernetes-validations'), i), place)));
  return judged;
}

const headNames = ['metadata', 'kind', 'apiVersion'];
function placeOf({ name, member }: Child, schema: JSONSchemaProps, path: string, { root, ...place }: Place): Place {
  const here: Place = { ...place, root: false };
  if (name === 'additionalProperties') return place.inHead ? { ...here, noDefaults: 'inside additionalProperties applying to object metadata' } : here;
  if (name === 'items') return schema['x-kubernetes-list-type'] === 'map' ? here : { ...here, uncorrelated: place.uncorrelated ?? path };
  if (name !== 'properties') return { ...here, logical: true };
  if (!headNames.includes(member!) || !(root || schema['x-kubernetes-embedded-resource'])) return here;
  return { ...here, inHead: true, ...(root ? { noDefaults: `in top-level ${member}` } : {}) };
}

/** What no schema may use. */
function unsupportedFaults(schema: JSONSchemaProps & { id?: string }, path: string, { inHead, noDefaults }: Place): Fault[] {
  const faults: Fault[] = [];
  const { type = '' } = schema;
  const ban = (name: string, given: boolean): void => { if (given) faults.push(forbidden(child(path, name), `${name} is not supported`)); };
  if (type !== '' && !typeNames.includes(type)) faults.push(notSupported(child(path, 'type'), type, typeNames));
  if (schema.default !== undefined && noDefaults !== undefined) faults.push(forbidden(child(path, 'default'), `must not be set ${noDefaults}`));
  ban('id', (schema.id ?? '') !== '');
  ban('additionalItems', schema.additionalItems !== undefined);
  ban('patternProperties', has(schema.patternProperties));
  ban('definitions', has(schema.definitions));
  ban('dependencies', has(schema.dependencies));
  ban('$ref', schema.$ref !== undefined);
  if (type === 'null') faults.push(forbidden(child(path, 'type'), 'type cannot be set to null, use nullable as an alternative'));
  if (Array.isArray(schema.items) && schema.items.length > 0) faults.push(forbidden(child(path, 'items'), 'items must be a schema object and not an array'));
  if (inHead && schema['x-kubernetes-embedded-resource']) faults.push(forbidden(child(path, 'x-kubernetes-embedded-resource'), 'must not be used inside of resource meta'));
  return faults;
}

function mapFaults(schema: JSONSchemaProps, path: string): Fault[] {
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return [];
  return [
    ...typeFaults(schema, path, 'object', 'must be object if x-kubernetes-map-type is specified'),
    ...(mapTypes.includes(mapType) ? [] : [notSupported(child(path, 'x-kubernetes-map-type'), mapType, mapTypes)]),
  ];
}

function typeFaults({ type = '' }: JSONSchemaProps, path: string, wanted: string, words: string): Fault[] {
  if (type === wanted) return [];
  return [type === '' ? required(child(path, 'type'), words) : invalid(child(path, 'type'), type, words)];
}

function listFaults(schema: JSONSchemaProps, path: string): Fault[] {
  const listType = schema['x-kubernetes-list-type'];
  const mapKeys = schema['x-kubernetes-list-map-keys'] ?? [];
  const [listPath, keysPath] = [child(path, 'x-kubernetes-list-type'), child(path, 'x-kubernetes-list-map-keys')];
  const faults: Fault[] = [];
  if (listType !== undefined) {
    if (schema.type !== 'array') faults.push(...typeFaults(schema, path, 'array', 'must be array if x-kubernetes-list-type is specified'));
    else if (listType === 'set' && isSchema(schema.items)) faults.push(...setFaults(schema.items, child(path, 'items')));
    if (!listTypes.includes(listType)) faults.push(notSupported(listPath, listType, listTypes, 'given'));
  }
  if (mapKeys.length > 0 && listType !== 'map') {
    const words = 'must be map if x-kubernetes-list-map-keys is non-empty';
    faults.push(listType === undefined ? required(listPath, words) : invalid(listPath, listType, words));
  }
  if (listType !== 'map') return faults;
  if (mapKeys.length === 0) faults.push(required(keysPath, 'must not be empty if x-kubernetes-list-type is map'));
  const { items } = schema;
  if (items === undefined) return [...faults, required(child(path, 'items'), 'must have a schema if x-kubernetes-list-type is map')];
  if (!isSchema(items)) return [...faults, invalid(child(path, 'items'), items, 'must only have a single schema if x-kubernetes-list-type is map')];
  if (items.type !== 'object') return [...faults, invalid(child(path, 'items.type'), items.type ?? '', "must be object if parent array's x-kubernetes-list-type is map")];
  mapKeys.forEach((name, i) => {
    const property = items.properties?.[name];
    if (!property) faults.push(invalid(keysPath, mapKeys, 'entries must all be names of item properties'));
    else if (property.type === 'array' || property.type === 'object') faults.push(invalid(child(key(child(path, 'items.properties'), name), 'type'), items.type, "must be a scalar type if parent array's x-kubernetes-list-type is map"));
    if (mapKeys.indexOf(name) < i) faults.push(invalid(keysPath, mapKeys, 'must not contain duplicate entries'));
  });
  return faults;
}

/** Items of a set are told apart as a whole. Upstream shows the list type at both places. */
function setFaults(items: JSONSchemaProps, path: string): Fault[] {
  const words = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const listType = items['x-kubernetes-list-type'];
  if (items.type === 'array' && listType !== undefined && listType !== 'atomic') return [invalid(child(path, 'x-kubernetes-list-type'), listType, words)];
  if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic') return [invalid(child(path, 'x-kubernetes-map-type'), listType, words)];
  return [];
}

/** What tells the items of a set or a map apart is always there. */
function mergedListFaults({ items, ...schema }: JSONSchemaProps, path: string): Fault[] {
  const listType = schema['x-kubernetes-list-type'];
  if (!isSchema(items) || (listType !== 'set' && listType !== 'map')) return [];
  const faults = items.nullable ? [forbidden(child(path, 'items.nullable'), `cannot be nullable when x-kubernetes-list-type is ${listType}`)] : [];
  if (listType === 'set') return faults;
  for (const name of schema['x-kubernetes-list-map-keys'] ?? []) {
    const property = items.properties?.[name];
    const at = key(child(path, 'items.properties'), name);
    if (property && property.default === undefined && !items.required?.includes(name)) faults.push(required(child(at, 'default'), 'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property'));
    if (property?.nullable) faults.push(forbidden(child(at, 'nullable'), 'this property is in x-kubernetes-list-map-keys, so it cannot be nullable'));
  }
  return faults;
}

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const hasBreaks = (text: string): boolean => /[\n\r]/.test(text);

/** What is wrong with a rule before its expression is read. */
function ruleFaults({ rule, message = '', messageExpression = '', reason, fieldPath = '' }: ValidationRule, schema: JSONSchemaProps, at: string): Fault[] {
  const faults: Fault[] = [];
  if (rule.trim() === '') faults.push(required(child(at, 'rule'), 'rule is not specified'));
  else if (message !== '' && message.trim() === '') faults.push(invalid(child(at, 'message'), message, 'message must be non-empty if specified'));
  else if (hasBreaks(message.trim())) faults.push(invalid(child(at, 'message'), message, 'message must not contain line breaks'));
  else if (hasBreaks(rule.trim()) && message.trim() === '') faults.push(required(child(at, 'message'), 'message must be specified if rule contains line breaks'));
  if (messageExpression !== '' && messageExpression.trim() === '') faults.push(required(child(at, 'messageExpression'), 'messageExpression must be non-empty if specified'));
  if (reason !== undefined && !reasons.includes(reason)) faults.push(notSupported(child(at, 'reason'), reason, reasons));
  const wrongPath = (words: string): void => { faults.push(invalid(child(at, 'fieldPath'), fieldPath, `fieldPath must ${words}`)); };
  if (fieldPath !== '' && fieldPath.trim() === '') wrongPath('be non-empty if specified');
  if (hasBreaks(fieldPath)) wrongPath('not contain line breaks');
  if (fieldPath !== '' && 'fault' in followFieldPath(fieldPath, schema)) wrongPath('be a valid path');
  return faults;
}

function expressionFaults(rule: ValidationRule, at: string, { uncorrelated }: Place): Fault[] {
  const faults: Fault[] = [];
  const ruleFault = expressionFault(rule.rule, 'bool', rule.optionalOldSelf);
  const messageFault = rule.messageExpression ? expressionFault(rule.messageExpression, 'string', rule.optionalOldSelf) : undefined;
  if (ruleFault) faults.push(invalid(child(at, 'rule'), rule, ruleFault));
  if (messageFault) faults.push(invalid(child(at, 'messageExpression'), rule, messageFault));
  if (namesOld(rule)) {
    if (uncorrelated !== undefined) faults.push(invalid(child(at, 'rule'), rule.rule, `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`));
  } else if (rule.optionalOldSelf !== undefined) faults.push(invalid(child(at, 'optionalOldSelf'), rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule'));
  return faults;
}

/** A field that is a number or a text may say so in its own anyOf. */
const numberOrText = [{ type: 'integer' }, { type: 'string' }];
const isNumberOrText = (anyOf: readonly JSONSchemaProps[] | undefined): boolean => equalJson(anyOf ?? null, numberOrText);

/** Every place says its type, and whole objects keep what all objects have. */
function structuralFaults(schema: JSONSchemaProps, path: string, level: Level, depth = 0): Fault[] {
  const { type = '', properties = {} } = schema;
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const either = schema['x-kubernetes-int-or-string'] === true;
  const faults: Fault[] = [];
  if (type === 'array' && schema.items === undefined) faults.push(required(child(path, 'items'), 'must be specified'));
  if (schema.additionalProperties !== undefined && level === 'root') faults.push(forbidden(child(path, 'additionalProperties'), 'must not be used at the root'));
  if (either && preserves) faults.push(invalid(child(path, 'x-kubernetes-preserve-unknown-fields'), true, 'must be false if x-kubernetes-int-or-string is true'));
  if (either && embedded) faults.push(invalid(child(path, 'x-kubernetes-embedded-resource'), true, 'must be false if x-kubernetes-int-or-string is true'));
  if (embedded && type !== 'object') faults.push(...typeFaults(schema, path, 'object', 'must be object if x-kubernetes-embedded-resource is true'));
  else if (!embedded && type === '' && !either && !preserves) faults.push(required(child(path, 'type'), missingType[level]));
  if (embedded && schema.additionalProperties !== undefined) faults.push(forbidden(child(path, 'additionalProperties'), 'must not be used if x-kubernetes-embedded-resource is set'));
  if (level === 'root' && type !== '' && type !== 'object') faults.push(invalid(child(path, 'type'), type, 'must be object at the root'));
  if (level === 'root' || embedded) faults.push(...headFaults(properties, path, level));
  if (embedded && !preserves && !has(properties)) faults.push(required(child(path, 'properties'), 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'));
  faults.push(...valueFaults(schema, path, isNumberOrText(schema.anyOf), isNumberOrText(schema.allOf?.[0]?.anyOf)));
  for (const inner of depth > maxDepth ? [] : children(schema, path)) {
    if (inner.name === 'items' || inner.name === 'properties' || inner.name === 'additionalProperties') faults.push(...structuralFaults(inner.schema, inner.path, inner.name === 'items' ? 'item' : 'field', depth + 1));
    else faults.push(...missingFaults(inner.schema, schema, inner.path, path));
  }
  return faults;
}

/** Upstream may say no more of metadata than what its name is like. */
function headFaults(properties: Readonly<Record<string, JSONSchemaProps>>, path: string, level: Level): Fault[] {
  const expected = { kind: 'string', apiVersion: 'string', metadata: 'object' } as const;
  const faults = Object.entries(expected).flatMap(([name, type]) => {
    const property = properties[name];
    return property && property.type !== type ? [invalid(child(key(child(path, 'properties'), name), 'type'), property.type ?? '', `must be ${type}`)] : [];
  });
  if (level !== 'root' || !properties['metadata']) return faults;
  const { type: _type, default: _default, properties: members = {}, ...rest } = properties['metadata'];
  const others = Object.keys(members).some((name) => name !== 'name' && name !== 'generateName') || Object.values(rest).some((value) => value !== undefined && value !== false && value !== '');
  return others ? [...faults, forbidden(key(child(path, 'properties'), 'metadata'), 'must not specify anything other than name and generateName, but metadata is implicitly specified')] : faults;
}

function valueFaults(schema: JSONSchemaProps, path: string, skipAnyOf = false, skipFirstAllOf = false): Fault[] {
  return [
    ...(skipAnyOf ? [] : (schema.anyOf ?? []).flatMap((inner, i) => logicalFaults(inner, index(child(path, 'anyOf'), i)))),
    ...(schema.allOf ?? []).flatMap((inner, i) => logicalFaults(inner, index(child(path, 'allOf'), i), skipFirstAllOf && i === 0)),
    ...(schema.oneOf ?? []).flatMap((inner, i) => logicalFaults(inner, index(child(path, 'oneOf'), i))),
    ...(schema.not ? logicalFaults(schema.not, child(path, 'not')) : []),
    ...patternFaults(schema, path),
  ];
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

const onlyOutside = {
  'type': 'empty', 'default': 'undefined', 'title': 'empty', 'description': 'empty', 'nullable': 'false', 'x-kubernetes-preserve-unknown-fields': 'false', 'x-kubernetes-embedded-resource': 'false',
  'x-kubernetes-int-or-string': 'false', 'x-kubernetes-list-map-keys': 'empty', 'x-kubernetes-list-type': 'undefined', 'x-kubernetes-map-type': 'undefined', 'x-kubernetes-validations': 'empty',
} as const;
const isGiven = (value: unknown): boolean => value !== undefined && value !== false && value !== '' && !(Array.isArray(value) && value.length === 0);

/** Below allOf, anyOf, oneOf and not values are judged only: what a field is must be said outside. */
function logicalFaults(schema: JSONSchemaProps, path: string, skipAnyOf = false): Fault[] {
  const faults = valueFaults(schema, path, skipAnyOf);
  if (isSchema(schema.items)) faults.push(...logicalFaults(schema.items, child(path, 'items')));
  for (const [name, property] of Object.entries(schema.properties ?? {})) faults.push(...logicalFaults(property, key(child(path, 'properties'), name)));
  if (schema.additionalProperties !== undefined) faults.push(forbidden(child(path, 'additionalProperties'), 'must be undefined to be structural'));
  for (const [name, words] of Object.entries(onlyOutside)) {
    if (isGiven(schema[name as keyof typeof onlyOutside])) faults.push(forbidden(child(path, name), `must be ${words} to be structural`));
  }
  if (schema.properties?.['metadata']) faults.push(forbidden(key(child(path, 'properties'), 'metadata'), 'must not be specified in a nested context'));
  return faults;
}

/** What is judged inside of `inner` must stand outside too. */
function missingFaults(inner: JSONSchemaProps, outside: JSONSchemaProps, path: string, outsidePath: string): Fault[] {
  return children(inner, path).flatMap((below) => {
    if (below.name === 'additionalProperties') return [];
    if (below.name !== 'items' && below.name !== 'properties') return missingFaults(below.schema, outside, below.path, outsidePath);
    const counterpart = below.name === 'items' ? (isSchema(outside.items) ? outside.items : undefined) : outside.properties?.[below.member!];
    const at = child(outsidePath, below.path.slice(path.length + 1));
    return counterpart ? missingFaults(below.schema, counterpart, below.path, at) : [required(at, `because it is defined in ${below.path}`)];
  });
}

/** What cannot be read as a structural schema is judged no further. */
function isReadable(schema: JSONSchemaProps & { id?: string; $schema?: string }, depth = 0): boolean {
  if (schema.id || schema.$schema || schema.$ref || has(schema.definitions) || has(schema.dependencies) || has(schema.patternProperties) || schema.additionalItems !== undefined || Array.isArray(schema.items)) return false;
  return depth > maxDepth || children(schema, '').every((inner) => isReadable(inner.schema, depth + 1));
}
const hasKnownTypes = (schema: JSONSchemaProps, depth = 0): boolean => (!schema.type || typeNames.includes(schema.type)) && (depth > maxDepth || children(schema, '').every((inner) => hasKnownTypes(inner.schema, depth + 1)));

export const hasDefaults = (schema: JSONSchemaProps, depth = 0): boolean => schema.default !== undefined || (depth <= maxDepth && children(schema, '').some((inner) => hasDefaults(inner.schema, depth + 1)));

const allowedAtRoot = {
  Description: 'description', Type: 'type', Format: 'format', Title: 'title', Maximum: 'maximum', ExclusiveMaximum: 'exclusiveMaximum', Minimum: 'minimum', ExclusiveMinimum: 'exclusiveMinimum',
  MaxLength: 'maxLength', MinLength: 'minLength', Pattern: 'pattern', MaxItems: 'maxItems', MinItems: 'minItems', UniqueItems: 'uniqueItems', MultipleOf: 'multipleOf', Required: 'required', Items: 'items',
  Properties: 'properties', ExternalDocs: 'externalDocs', Example: 'example', XPreserveUnknownFields: 'x-kubernetes-preserve-unknown-fields', XValidations: 'x-kubernetes-validations',
};

/** With a status of its own, the schema of status is read without what stands at the root. */
function statusFaults(root: JSONSchemaProps, path: string): Fault[] {
  if (root.type && root.type !== 'object') return [invalid(child(path, 'type'), root.type, 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled')];
  const allowed: readonly string[] = Object.values(allowedAtRoot);
  if (!Object.entries(root).some(([name, value]) => isGiven(value) && !allowed.includes(name))) return [];
  return [invalid(path, root, `only [${Object.keys(allowedAtRoot).join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`)];
}

/** Upstream sorts these, whose order would change else. */
const sorted = (faults: readonly Fault[]): Fault[] => faults.map((fault) => ({ fault, text: `${fault.field}: ${fault.message}` })).sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0)).map(({ fault }) => fault);

/** Every fault of a schema, in the order it is read; `hasStatus`: the resource has a status of its own. */
export function schemaFaults(root: JSONSchemaProps, rootPath: string, hasStatus = false): Fault[] {
  const structural = isReadable(root) ? sorted(structuralFaults(root, rootPath, 'root')) : [];
  const mayRead = structural.length === 0 && isReadable(root) && hasKnownTypes(root);
  const defaults = mayRead ? defaultFaults(root as StructuralSchema, rootPath) : [];
  const { schema, rules } = judge(root, rootPath, { root: true, inHead: false, logical: false }, mayRead && defaults.length === 0);
  return [
    ...(hasStatus ? statusFaults(root, rootPath) : []),
    ...(root.nullable ? [forbidden(child(rootPath, 'nullable'), 'nullable cannot be true at the root')] : []),
    ...structural, ...defaults, ...schema, ...rules,
  ];
}
