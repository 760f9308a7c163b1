// JSONSchemaProps: the schemas custom resources are described by, a part of JSON schema with Kubernetes' own words.
// upstream: apiextensions-apiserver pkg/apis/apiextensions/v1/types_jsonschema.go, marshal.go
import { array, boolean, double, field, int64, jsonForm, lazy, map, object, string, types, type FieldsValue, type JsonValue, type ObjectType } from '../../schema/schema.ts';

export const apiextensionsPackage = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';

/** Named by hand, as it contains itself. */
export interface JSONSchemaProps {
  $ref?: string; description?: string; type?: string; format?: string; title?: string; default?: JsonValue; maximum?: number; exclusiveMaximum?: boolean; minimum?: number; exclusiveMinimum?: boolean;
  maxLength?: number; minLength?: number; pattern?: string; maxItems?: number; minItems?: number; uniqueItems?: boolean; multipleOf?: number; enum?: JsonValue[]; maxProperties?: number;
  minProperties?: number; required?: string[]; items?: JSONSchemaProps | JSONSchemaProps[]; allOf?: JSONSchemaProps[]; oneOf?: JSONSchemaProps[]; anyOf?: JSONSchemaProps[]; not?: JSONSchemaProps;
  properties?: Record<string, JSONSchemaProps>; additionalProperties?: boolean | JSONSchemaProps; patternProperties?: Record<string, JSONSchemaProps>;
  dependencies?: Record<string, JSONSchemaProps | string[]>; additionalItems?: boolean | JSONSchemaProps; definitions?: Record<string, JSONSchemaProps>; nullable?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean; 'x-kubernetes-embedded-resource'?: boolean; 'x-kubernetes-int-or-string'?: boolean; 'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-list-type'?: string; 'x-kubernetes-map-type'?: string; 'x-kubernetes-validations'?: ValidationRule[];
}

const self = lazy<JSONSchemaProps>(() => jsonSchemaProps);
const selfObject = (): ObjectType => jsonSchemaProps;
const json = jsonForm<JsonValue>({ name: 'JSON', package: apiextensionsPackage, doc: 'Any JSON value.' });
const orArray = jsonForm<JSONSchemaProps | JSONSchemaProps[]>({ name: 'JSONSchemaPropsOrArray', package: apiextensionsPackage, doc: 'A schema, or a list of schemas.', object: selfObject, or: 'objects' });
const orBool = jsonForm<JSONSchemaProps | boolean>({ name: 'JSONSchemaPropsOrBool', package: apiextensionsPackage, doc: 'A schema, or true or false.', object: selfObject, or: 'boolean' });
const orStrings = jsonForm<JSONSchemaProps | string[]>({ name: 'JSONSchemaPropsOrStringArray', package: apiextensionsPackage, doc: 'A schema, or a list of names.', object: selfObject, or: 'strings' });

export const externalDocumentation = object('ExternalDocumentation', {
  description: string(1, { doc: 'What is to be read there.' }),
  url: string(2, { doc: 'Where it is.' }),
}, { package: apiextensionsPackage, doc: 'Where to read more.' });

export const validationRule = object('ValidationRule', {
  rule: string(1, { required: true, unchecked: true, doc: 'CEL expression that must be true of self.' }),
  message: string(2, { doc: 'What is told when it is not.' }),
  messageExpression: string(3, { doc: 'CEL expression that makes the message.' }),
  reason: string(4, { pointer: true, doc: 'Reason of the fault: FieldValueInvalid, FieldValueForbidden, FieldValueRequired or FieldValueDuplicate.' }),
  fieldPath: string(5, { doc: 'Path of the field at fault, as JSON path from here.' }),
  optionalOldSelf: boolean(6, { pointer: true, doc: 'True evaluates it without an old value too.' }),
}, { package: apiextensionsPackage, doc: 'A CEL rule.' });
export interface ValidationRule extends FieldsValue<typeof validationRule.fields> {}

export const jsonSchemaProps: ObjectType = object('JSONSchemaProps', {
  id: string(1, { doc: 'Identifier of the schema.' }),
  $schema: string(2, { doc: 'Dialect of the schema.' }),
  $ref: string(3, { pointer: true, doc: 'Not allowed.' }),
  description: string(4, { doc: 'What the value means.' }),
  type: string(5, { doc: 'array, boolean, integer, number, object or string.' }),
  format: string(6, { doc: 'Form of texts and numbers, for example date-time or int32.' }),
  title: string(7, { doc: 'Short name of the value.' }),
  default: field(8, json, { doc: 'Value where none is given.' }),
  maximum: double(9, { pointer: true, doc: 'Largest number.' }),
  exclusiveMaximum: boolean(10, { doc: 'True leaves the maximum itself out.' }),
  minimum: double(11, { pointer: true, doc: 'Smallest number.' }),
  exclusiveMinimum: boolean(12, { doc: 'True leaves the minimum itself out.' }),
  maxLength: int64(13, { pointer: true, doc: 'Most characters.' }),
  minLength: int64(14, { pointer: true, doc: 'Fewest characters.' }),
  pattern: string(15, { doc: 'Regular expression a text must match.' }),
  maxItems: int64(16, { pointer: true, doc: 'Most items.' }),
  minItems: int64(17, { pointer: true, doc: 'Fewest items.' }),
  uniqueItems: boolean(18, { doc: 'May not be true.' }),
  multipleOf: double(19, { pointer: true, doc: 'A number must be a multiple of it.' }),
  enum: array(20, json, { doc: 'The values there are.' }),
  maxProperties: int64(21, { pointer: true, doc: 'Most properties.' }),
  minProperties: int64(22, { pointer: true, doc: 'Fewest properties.' }),
  required: array(23, types.string, { doc: 'Properties that must be given.' }),
  items: field(24, orArray, { doc: 'Schema of the items.' }),
  allOf: array(25, self, { doc: 'Schemas that must all hold.' }),
  oneOf: array(26, self, { doc: 'Schemas of which exactly one must hold.' }),
  anyOf: array(27, self, { doc: 'Schemas of which one must hold.' }),
  not: field(28, self, { doc: 'Schema that must not hold.' }),
  properties: map(29, self, { doc: 'Schemas of the properties by name.' }),
  additionalProperties: field(30, orBool, { doc: 'Schema of all values of a map.' }),
  patternProperties: map(31, self, { doc: 'Not allowed.' }),
  dependencies: map(32, orStrings, { doc: 'Not allowed.' }),
  additionalItems: field(33, orBool, { doc: 'Not allowed.' }),
  definitions: map(34, self, { doc: 'Not allowed.' }),
  externalDocs: field(35, externalDocumentation, { doc: 'Where to read more.' }),
  example: field(36, json, { doc: 'An example.' }),
  nullable: boolean(37, { doc: 'True allows null.' }),
  'x-kubernetes-preserve-unknown-fields': boolean(38, { pointer: true, doc: 'True keeps fields no schema names.' }),
  'x-kubernetes-embedded-resource': boolean(39, { doc: 'True for a whole object with apiVersion, kind and metadata.' }),
  'x-kubernetes-int-or-string': boolean(40, { doc: 'True for a number or a text.' }),
  'x-kubernetes-list-map-keys': array(41, types.string, { doc: 'Properties that tell the items of a list of type map apart.' }),
  'x-kubernetes-list-type': string(42, { pointer: true, doc: 'How lists are merged: atomic, set or map.' }),
  'x-kubernetes-map-type': string(43, { pointer: true, doc: 'How objects are merged: granular or atomic.' }),
  'x-kubernetes-validations': array(44, validationRule, { listType: 'map', keys: ['rule'], patchStrategy: 'merge', patchMergeKey: 'rule', doc: 'CEL rules.' }),
}, { package: apiextensionsPackage, doc: 'A schema.' }) as unknown as ObjectType;

export const schemaType = self;
