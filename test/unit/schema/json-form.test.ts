// Values that are an object of a type or something else: read, written and described as Go's types with decoders of their own.
import { CustomResourceDefinitions } from '../../../src/api/apiextensions/custom-resource-definition.ts';
import { jsonSchemaProps } from '../../../src/api/apiextensions/json-schema-props.ts';
import { decode } from '../../../src/schema/decode.ts';
import { Definitions } from '../../../src/schema/openapi-schema.ts';
import { decodeMessage } from '../../../src/schema/protobuf-decode.ts';
import { encodeMessage } from '../../../src/schema/protobuf-encode.ts';

const schema = (value: object): Record<string, unknown> => decode(jsonSchemaProps, value, { unknown: [] }) as Record<string, unknown>;

it('unknown fields inside are dropped without a word', () => {
  const report = { unknown: [] as string[] };
  expect(decode(jsonSchemaProps, { type: 'array', odd: 1, items: { type: 'string', odd: 1 }, additionalProperties: { odd: 1 } }, report)).toEqual({ type: 'array', items: { type: 'string' }, additionalProperties: {} });
  expect(report.unknown).toEqual(['odd']);
});

it.each([{ items: 'x' }, { additionalProperties: 'x' }, { dependencies: { a: [1] } }, { items: [1] }])('%j is refused', (value) => {
  expect(() => schema(value)).toThrow();
});

it.each<[string, object, string]>([
  ['a schema', { items: { type: 'string' } }, 'c201'],
  ['a list', { items: [{ type: 'string' }] }, 'c201'],
  ['true', { additionalProperties: true }, 'f2010208 01'],
  ['false', { additionalProperties: false }, 'f2010208 00'],
  ['names', { dependencies: { a: ['b', 'c'] } }, ''],
  ['any JSON', { default: [1, 'x', null], enum: ['a', 1] }, ''],
])('%s on the wire', (_name, value, part) => {
  const bytes = encodeMessage(jsonSchemaProps, schema(value));
  expect(Buffer.from(bytes).toString('hex')).toContain(part.replace(' ', ''));
  expect(schema(decodeMessage(jsonSchemaProps, bytes, () => undefined))).toEqual(schema(value));
});

it('has a name of its own in OpenAPI, and no type', () => {
  const definitions = new Definitions('v2', new Map());
  definitions.ref(CustomResourceDefinitions.type);
  const found = Object.fromEntries(definitions.entries());
  const prefix = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';
  expect(found[`${prefix}.JSONSchemaPropsOrBool`]).toEqual({ description: expect.any(String) as unknown });
  expect(found[`${prefix}.JSONSchemaProps`]).toMatchObject({ properties: { default: { $ref: `#/definitions/${prefix}.JSON` }, not: { $ref: `#/definitions/${prefix}.JSONSchemaProps` } } });
});
