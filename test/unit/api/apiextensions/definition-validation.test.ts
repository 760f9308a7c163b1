// What is wrong with definitions and their schemas, in Kubernetes' words and order.
import { definitionFaults, definitionStatusFaults } from '../../../../src/api/apiextensions/definition-validation.ts';
import { followFieldPath } from '../../../../src/api/apiextensions/field-path.ts';
import type { JSONSchemaProps } from '../../../../src/api/apiextensions/json-schema-props.ts';
import { schemaFaults } from '../../../../src/api/apiextensions/schema-validation.ts';

type Definition = Parameters<typeof definitionFaults>[0];
const text = ({ field, message }: { field: string; message: string }): string => `${field}: ${message}`;
const root = (properties: Record<string, JSONSchemaProps>, more: JSONSchemaProps = {}): JSONSchemaProps => ({ type: 'object', properties, ...more });
const pair = (k: JSONSchemaProps, more: JSONSchemaProps = {}): JSONSchemaProps => ({ type: 'object', properties: { k }, ...more });
const mapOf = (items: JSONSchemaProps | undefined, keys = ['k']): JSONSchemaProps => ({ 'type': 'array', ...(items ? { items } : {}), 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys });
const rules = (...list: object[]): JSONSchemaProps => ({ 'type': 'string', 'x-kubernetes-validations': list as never });

const allowedAtRoot = 'Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations';
const notRequired = 'Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property';

it.each<[string, JSONSchemaProps, string[]]>([
  ['an empty root', {}, ['s.type: Required value: must not be empty at the root']],
  ['additionalProperties at the root', { type: 'object', additionalProperties: true }, ['s.additionalProperties: Forbidden: must not be used at the root']],
  ['a root that may be null', { type: 'object', nullable: true }, ['s.nullable: Forbidden: nullable cannot be true at the root']],
  ['faults of the structure, sorted, before the others', root({ b: { type: 'string', uniqueItems: true }, z: {}, a: { type: 'array' } }), [
    's.properties[a].items: Required value: must be specified', 's.properties[z].type: Required value: must not be empty for specified object fields',
    's.properties[b].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic']],
  ['null as a type', root({ a: { type: 'null' } }), [
    's.properties[a].type: Unsupported value: "null": supported values: "array", "boolean", "integer", "number", "object", "string"',
    's.properties[a].type: Forbidden: type cannot be set to null, use nullable as an alternative']],
  ['what cannot be read is judged no further', root({ a: { $ref: 'x' } }), ['s.properties[a].$ref: Forbidden: $ref is not supported']],
  ['a number or text that says more', root({ a: { 'x-kubernetes-int-or-string': true, 'x-kubernetes-preserve-unknown-fields': true } }), ['s.properties[a].x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true']],
  ['a number or text that says its types', root({ a: { 'x-kubernetes-int-or-string': true, 'anyOf': [{ type: 'integer' }, { type: 'string' }] } }), []],
  ['types inside of anyOf', root({ a: { type: 'string', anyOf: [{ type: 'string', nullable: true, default: 1 }] } }), [
    's.properties[a].anyOf[0].default: Forbidden: must be undefined to be structural', 's.properties[a].anyOf[0].nullable: Forbidden: must be false to be structural',
    's.properties[a].anyOf[0].type: Forbidden: must be empty to be structural']],
  ['what is named only inside of not', root({ a: { type: 'object', not: { properties: { x: { properties: { y: {} } } } } } }), ['s.properties[a].properties[x]: Required value: because it is defined in s.properties[a].not.properties[x]']],
  ['metadata with words of its own', root({ metadata: { type: 'object', description: 'x', properties: { name: { type: 'string' } } } }), ['s.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified']],
  ['defaults of the head', root({ kind: { type: 'string', default: 'x' }, metadata: { type: 'object', properties: { name: { type: 'string', default: 'x' } } } }), [
    's.properties[kind].default: Forbidden: must not be set in top-level kind', 's.properties[metadata].properties[name].default: Forbidden: must not be set in top-level metadata']],
  ['an unknown type of list', root({ a: { 'type': 'array', 'items': { type: 'string' }, 'x-kubernetes-list-type': 'x' } }), ['s.properties[a].x-kubernetes-list-type: Unsupported value: "x": supported values: "atomic", "set", "map"']],
  ['a set of objects that are merged', root({ a: { 'type': 'array', 'items': { type: 'object' }, 'x-kubernetes-list-type': 'set' } }), ['s.properties[a].items.x-kubernetes-map-type: Invalid value: "null": must be atomic as item of a list with x-kubernetes-list-type=set']],
  ['a set of sets', root({ a: { 'type': 'array', 'items': { 'type': 'array', 'items': { type: 'string' }, 'x-kubernetes-list-type': 'set' }, 'x-kubernetes-list-type': 'set' } }), ['s.properties[a].items.x-kubernetes-list-type: Invalid value: "set": must be atomic as item of a list with x-kubernetes-list-type=set']],
  ['a set of atomic objects', root({ a: { 'type': 'array', 'items': { 'type': 'object', 'x-kubernetes-map-type': 'atomic' }, 'x-kubernetes-list-type': 'set' } }), []],
  ['keys without a map', root({ a: { 'type': 'array', 'items': pair({ type: 'string' }), 'x-kubernetes-list-map-keys': ['k'] } }), ['s.properties[a].x-kubernetes-list-type: Required value: must be map if x-kubernetes-list-map-keys is non-empty']],
  ['a map of texts', root({ a: mapOf({ type: 'string' }) }), ['s.properties[a].items.type: Invalid value: "string": must be object if parent array\'s x-kubernetes-list-type is map']],
  ['a key that may be missing or null', root({ a: mapOf(pair({ type: 'string', nullable: true }, { nullable: true })) }), [
    's.properties[a].items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is map', `s.properties[a].items.properties[k].default: ${notRequired}`,
    's.properties[a].items.properties[k].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable']],
  ['keys that repeat, are unknown or no scalars', root({ a: mapOf({ type: 'object', required: ['k'], properties: { k: { type: 'object' } } }, ['k', 'k', 'x']) }), [
    's.properties[a].items.properties[k].type: Invalid value: "object": must be a scalar type if parent array\'s x-kubernetes-list-type is map',
    's.properties[a].items.properties[k].type: Invalid value: "object": must be a scalar type if parent array\'s x-kubernetes-list-type is map',
    's.properties[a].x-kubernetes-list-map-keys: Invalid value: ["k","k","x"]: must not contain duplicate entries',
    's.properties[a].x-kubernetes-list-map-keys: Invalid value: ["k","k","x"]: entries must all be names of item properties']],
  ['a map without items', root({ a: mapOf(undefined) }), ['s.properties[a].items: Required value: must be specified', 's.properties[a].items: Required value: must have a schema if x-kubernetes-list-type is map']],
  ['rules before they are read', root({ a: rules({ rule: ' ', message: 'a\nb' }, { rule: 'self', message: ' ', messageExpression: ' ' }, { rule: 'self ==\n""' }, { rule: 'self +', message: 'a\nb', reason: 'X', fieldPath: '.x' }) }), [
    's.properties[a].x-kubernetes-validations[0].rule: Required value: rule is not specified',
    's.properties[a].x-kubernetes-validations[1].message: Invalid value: " ": message must be non-empty if specified',
    's.properties[a].x-kubernetes-validations[1].messageExpression: Required value: messageExpression must be non-empty if specified',
    's.properties[a].x-kubernetes-validations[2].message: Required value: message must be specified if rule contains line breaks',
    's.properties[a].x-kubernetes-validations[3].message: Invalid value: "a\\nb": message must not contain line breaks',
    's.properties[a].x-kubernetes-validations[3].reason: Unsupported value: "X": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"',
    's.properties[a].x-kubernetes-validations[3].fieldPath: Invalid value: ".x": fieldPath must be a valid path']],
  ['old values that cannot be told', root({ l: { type: 'array', items: rules({ rule: 'self == oldSelf' }) }, m: rules({ rule: 'self == "a"', optionalOldSelf: true }) }), [
    's.properties[l].items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within s.properties[l]',
    's.properties[m].x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule']],
])('a schema with %s', (_what, schema, expected) => {
  expect(schemaFaults(schema, 's').map(text)).toEqual(expected);
});

it('a schema whose resource has a status says little at its root', () => {
  const faults = (schema: JSONSchemaProps): string[] => schemaFaults(schema, 's', true).map(text);
  expect(faults(root({}, { required: ['spec'], description: 'x' }))).toEqual([]);
  expect(faults(root({}, { maxProperties: 1 }))).toEqual([`s: Invalid value: {"type":"object","properties":{},"maxProperties":1}: only [${allowedAtRoot}] fields are allowed at the root of the schema if the status subresource is enabled`]);
  expect(faults({ type: 'string' })[0]).toBe('s.type: Invalid value: "string": only "object" is allowed as the type at the root of the schema if the status subresource is enabled');
});

const names = { plural: 'ws', singular: 'w', kind: 'W', listKind: 'WList' };
const version = (more: object = {}): object => ({ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } }, ...more });
const definition = (spec: object = {}, more: object = {}): Definition => ({ metadata: { name: 'ws.a.b' }, spec: { group: 'a.b', scope: 'Namespaced', names, versions: [version()], ...spec }, status: { acceptedNames: names, storedVersions: ['v1'] }, ...more }) as unknown as Definition;
const selecting = (...paths: string[]): object => definition({ versions: [version({ schema: { openAPIV3Schema: root({ spec: root({ a: { type: 'string' }, o: { type: 'object' } }), metadata: root({ name: { type: 'string' } }) }) }, selectableFields: paths.map((jsonPath) => ({ jsonPath })) })] });

it.each<[string, object, string[]]>([
  ['nothing wrong', definition(), []],
  ['a warning that is too long and cannot be printed', definition({ versions: [version({ deprecated: true, deprecationWarning: `é\u0007${'a'.repeat(256)}` })] }), [
    `spec.versions[0].deprecationWarning: Invalid value: ${JSON.stringify(`é\u0007${'a'.repeat(256)}`)}: must be <= 256 characters long`,
    `spec.versions[0].deprecationWarning: Invalid value: ${JSON.stringify(`é\u0007${'a'.repeat(256)}`)}: must only contain printable UTF-8 characters; non-printable character found at index 2`]],
  ['an empty warning', definition({ versions: [version({ deprecated: true, deprecationWarning: '' })] }), ['spec.versions[0].deprecationWarning: Invalid value: "": must not be an empty string']],
  ['a column whose path has no dot', definition({ versions: [version({ additionalPrinterColumns: [{ name: 'a', type: 'string', jsonPath: 'spec' }] })] }), ['spec.additionalPrinterColumns[0].JSONPath: Invalid value: "spec": must be a simple json path starting with .']],
  ['a scale beside the spec', definition({ versions: [version({ subresources: { scale: { specReplicasPath: '.x', statusReplicasPath: 'status.x', labelSelectorPath: '.x' } } })] }), [
    'spec.subresources.scale.specReplicasPath: Invalid value: ".x": should be a json path under .spec', 'spec.subresources.scale.statusReplicasPath: Invalid value: "status.x": must be a simple json path starting with .',
    'spec.subresources.scale.labelSelectorPath: Invalid value: ".x": should be a json path under either .spec or .status']],
  ['fields nothing can be selected by', selecting('.spec.a', '.spec.a', '.spec.x', 'spec', '.spec.o', '.metadata.name', ".spec['a']", ''), [
    'spec.selectableFields[1].jsonPath: Duplicate value: ".spec.a"', 'spec.selectableFields[2].jsonPath: Invalid value: ".spec.x": is an invalid path: does not refer to a valid field',
    'spec.selectableFields[3].jsonPath: Invalid value: "spec": is an invalid path: expected [ or . but got: spec',
    'spec.selectableFields[4].jsonPath: Invalid value: ".spec.o": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
    'spec.selectableFields[5].jsonPath: Invalid value: ".metadata.name": must not point to fields in metadata', 'spec.selectableFields[6].jsonPath: Invalid value: ".spec[\'a\']": is an invalid path: array notation is not allowed',
    'spec.selectableFields[7].jsonPath: Required value']],
  ['versions that differ, each for itself, before the names', definition({ names: { ...names, kind: '' }, versions: [version(), version({ name: 'v2', storage: false, schema: { openAPIV3Schema: {} } })] }), [
    'spec.versions[1].schema.openAPIV3Schema.type: Required value: must not be empty at the root', 'spec.names.kind: Required value']],
  ['a conversion no webhook does', definition({ conversion: { strategy: '', webhook: { conversionReviewVersions: ['v1'] } } }), ['spec.conversion.strategy: Required value', 'spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook']],
  ['review versions that repeat', definition({ conversion: { strategy: 'Webhook', webhook: { clientConfig: { url: 'https://a' }, conversionReviewVersions: ['v9', 'v9'] } } }), [
    'spec.conversion.conversionReviewVersions[1]: Invalid value: "v9": duplicate version', 'spec.conversion.conversionReviewVersions: Invalid value: ["v9","v9"]: must include at least one of v1, v1beta1']],
  ['unknown fields that are kept', definition({ preserveUnknownFields: true, versions: [version({ schema: { openAPIV3Schema: root({ a: { type: 'string', default: 'x' } }) } })], conversion: { strategy: 'Webhook', webhook: { clientConfig: { url: 'https://a' }, conversionReviewVersions: ['v1'] } } }), [
    'spec.preserveUnknownFields: Invalid value: true: must be false in order to use defaults in the schema', 'spec.conversion.strategy: Invalid value: "Webhook": must be None if spec.preserveUnknownFields is true', 'spec.preserveUnknownFields: Invalid value: true: must be false']],
])('a definition with %s', (_what, value, expected) => {
  expect(definitionFaults(value as Definition, undefined).map(text)).toEqual(expected);
});

it('an established definition keeps its names; its status is judged by the accepted ones alone', () => {
  const old = definition({}, { status: { acceptedNames: names, storedVersions: ['v1'], conditions: [{ type: 'Established', status: 'True' }] } });
  expect(definitionFaults(definition({ scope: 'Cluster', group: 'x.y', names: { ...names, kind: 'X' } }), old).map(text)).toEqual([
    'spec.scope: Invalid value: "Cluster": field is immutable', 'spec.names.kind: Invalid value: "X": field is immutable', 'spec.group: Invalid value: "x.y": field is immutable']);
  expect(definitionStatusFaults(definition({}, { status: { acceptedNames: { plural: '', kind: 'W', listKind: 'W' }, storedVersions: [] } })).map(text)).toEqual(['status.acceptedNames.listKind: Invalid value: "W": kind and listKind may not be the same']);
  expect(definitionStatusFaults(definition({}, { status: undefined }))).toEqual([]);
});

it.each([
  ['.a', { path: 'a' }], [".m['x.y']", { path: 'm[x.y]' }], ["['a']", { path: 'a' }], ['.m.z', { path: 'm[z]' }],
  ['.', 'unexpected end of JSON path'], ['.m[', 'unexpected end of JSON path'], ['.m[0]', 'expected single quoted string but got 0'], [".m['x'", 'unexpected end of JSON path'], [".m['x'.", 'expected ] but got .'],
  ['.a.b', 'does not refer to a valid field'], ["['b']", 'does not refer to a valid field'],
])('the path %s leads somewhere, or says why not', (path, expected) => {
  const followed = followFieldPath(path, root({ a: { type: 'string' }, m: { type: 'object', additionalProperties: { type: 'string' } } }));
  expect('fault' in followed ? followed.fault : { path: followed.path }).toEqual(expected);
});
