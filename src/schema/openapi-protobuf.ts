// The swagger 2.0 document as protobuf, which kubectl reads for apply, edit and drain. JSON values that have no message of
// their own travel as YAML text, and JSON is YAML. (upstream: gnostic openapiv2/OpenAPIv2.proto)
import protobuf from 'protobufjs/minimal.js';
import type { OpenApiDocument } from './openapi.ts';
import type { Json } from './openapi-schema.ts';
import type { JsonValue } from './schema.ts';

type Writer = protobuf.Writer;

/** The document's message in pieces: a repeated field may stand anywhere, and messages of one field are merged. */
export function* openApiProtobuf({ head, paths, definitions }: OpenApiDocument): Generator<Uint8Array> {
  yield piece((w) => {
    text(w, 1, head['swagger']);
    message(w, 2, head['info'], (info, value) => { text(info, 1, value['title']); text(info, 2, value['version']); });
    for (const requirement of head['security'] as Json[]) message(w, 12, requirement, securityRequirement);
    message(w, 13, head['securityDefinitions'], (all, value) => named(all, 1, value, (item, its) => message(item, apiKeyForm, its, apiKey)));
  });
  for (const [path, item] of paths) yield piece((w) => message(w, 8, {}, (all) => named(all, 2, { [path]: item }, pathItem)));
  for (const [name, schema] of definitions) yield piece((w) => message(w, 9, {}, (all) => named(all, 1, { [name]: schema }, writeSchema)));
}

/** SecurityDefinitionsItem's field for an API key. */
const apiKeyForm = 2;

function piece(write: (writer: Writer) => void): Uint8Array {
  const writer = protobuf.Writer.create();
  write(writer);
  return writer.finish();
}

const delimited = (number: number): number => ((number << 3) | 2) >>> 0;

function text(writer: Writer, number: number, value: JsonValue | undefined): void {
  if (typeof value === 'string' && value !== '') writer.uint32(delimited(number)).string(value);
}
function texts(writer: Writer, number: number, values: JsonValue | undefined): void {
  for (const value of (values ?? []) as string[]) writer.uint32(delimited(number)).string(value);
}
function flag(writer: Writer, number: number, value: JsonValue | undefined): void {
  if (value === true) writer.uint32((number << 3) >>> 0).bool(true);
}
function message(writer: Writer, number: number, value: JsonValue | undefined, write: (writer: Writer, value: Json) => void): void {
  if (value === undefined) return;
  writer.uint32(delimited(number)).fork();
  write(writer, value as Json);
  writer.ldelim();
}
/** `{ name = 1, value = 2 }` for each member. */
function named(writer: Writer, number: number, members: JsonValue | undefined, write: (writer: Writer, value: Json) => void): void {
  for (const [name, member] of Object.entries((members ?? {}) as Json)) {
    message(writer, number, member, (item) => {
      text(item, 1, name);
      message(item, 2, member, write);
    });
  }
}
/** Any: the value as YAML. */
function anyValue(writer: Writer, number: number, value: JsonValue | undefined): void {
  if (value === undefined) return;
  message(writer, number, {}, (any) => text(any, 2, JSON.stringify(value)));
}
function vendorExtensions(writer: Writer, number: number, value: Json): void {
  for (const [name, extension] of Object.entries(value)) {
    if (name.startsWith('x-')) message(writer, number, {}, (item) => { text(item, 1, name); anyValue(item, 2, extension); });
  }
}

function apiKey(writer: Writer, { type, name, in: place, description }: Json): void {
  text(writer, 1, type);
  text(writer, 2, name);
  text(writer, 3, place);
  text(writer, 4, description);
}

function securityRequirement(writer: Writer, value: Json): void {
  for (const [name, scopes] of Object.entries(value)) message(writer, 1, {}, (item) => { text(item, 1, name); message(item, 2, {}, (list) => texts(list, 1, scopes)); });
}

const methodNumbers = { get: 2, put: 3, post: 4, delete: 5, patch: 8 } as const;

function pathItem(writer: Writer, item: Json): void {
  for (const [method, number] of Object.entries(methodNumbers)) message(writer, number, item[method], writeOperation);
  for (const parameter of (item['parameters'] ?? []) as Json[]) message(writer, 9, parameter, parametersItem);
}

function writeOperation(writer: Writer, operation: Json): void {
  texts(writer, 1, operation['tags']);
  text(writer, 3, operation['description']);
  text(writer, 5, operation['operationId']);
  texts(writer, 6, operation['produces']);
  texts(writer, 7, operation['consumes']);
  for (const parameter of (operation['parameters'] ?? []) as Json[]) message(writer, 8, parameter, parametersItem);
  message(writer, 9, operation['responses'], (responses, value) => named(responses, 1, value, (item, response) => message(item, 1, response, writeResponse)));
  texts(writer, 10, operation['schemes']);
  vendorExtensions(writer, 13, operation);
}

function writeResponse(writer: Writer, { description, schema }: Json): void {
  text(writer, 1, description);
  message(writer, 2, schema, (item, value) => message(item, 1, value, writeSchema));
}

/** ParametersItem → Parameter → a body, or one of the forms of the others. */
function parametersItem(writer: Writer, parameter: Json): void {
  message(writer, 1, parameter, (item) => {
    if (parameter['in'] === 'body') message(item, 1, parameter, bodyParameter);
    else message(item, 2, parameter, (other) => (parameter['in'] === 'query' ? message(other, 3, parameter, queryParameter) : message(other, 4, parameter, pathParameter)));
  });
}
function bodyParameter(writer: Writer, { description, name, required, schema }: Json): void {
  text(writer, 1, description);
  text(writer, 2, name);
  text(writer, 3, 'body');
  flag(writer, 4, required);
  message(writer, 5, schema, writeSchema);
}
function commonParameter(writer: Writer, { required, in: place, description, name }: Json): void {
  flag(writer, 1, required);
  text(writer, 2, place);
  text(writer, 3, description);
  text(writer, 4, name);
}
function queryParameter(writer: Writer, parameter: Json): void {
  commonParameter(writer, parameter);
  text(writer, 6, parameter['type']);
  flag(writer, 20, parameter['uniqueItems']);
}
function pathParameter(writer: Writer, parameter: Json): void {
  commonParameter(writer, parameter);
  text(writer, 5, parameter['type']);
  flag(writer, 19, parameter['uniqueItems']);
}

function writeSchema(writer: Writer, schema: Json): void {
  text(writer, 1, schema['$ref']);
  text(writer, 2, schema['format']);
  text(writer, 4, schema['description']);
  texts(writer, 19, schema['required']);
  for (const value of (schema['enum'] ?? []) as JsonValue[]) anyValue(writer, 20, value);
  message(writer, 21, schema['additionalProperties'], (item, value) => message(item, 1, value, writeSchema));
  message(writer, 22, schema['type'], (item) => text(item, 1, schema['type']));
  message(writer, 23, schema['items'], (item, value) => message(item, 1, value, writeSchema));
  message(writer, 25, schema['properties'], (all, value) => named(all, 1, value, writeSchema));
  vendorExtensions(writer, 31, schema);
}
