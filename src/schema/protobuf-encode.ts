// Writes canonical JSON values as protobuf, byte for byte as Go does: fields by number, values held by value always, absent
// pointers, empty lists and empty maps never. (upstream: generated.pb.go of each API package)
import protobuf from 'protobufjs/minimal.js';
import { parseDuration } from '../apimachinery/duration.ts';
import { wirePlan, isWrappedList, type ResolvedType, type WireField } from './protobuf-plan.ts';
import { resolveType, type JsonForm, type ObjectType, type ScalarKind } from './schema.ts';

type Writer = protobuf.Writer;

/** The message of `value`, without an envelope. */
export function encodeMessage(type: ObjectType, value: unknown): Uint8Array {
  const writer = protobuf.Writer.create();
  writeFields(writer, type, value as Record<string, unknown>);
  return writer.finish();
}

const tag = (number: number, wireType: number): number => ((number << 3) | wireType) >>> 0;

function writeFields(writer: Writer, type: ObjectType, value: Readonly<Record<string, unknown>>): void {
  for (const field of wirePlan(type).ordered) writeField(writer, field, field.name === '' ? value : value[field.name]);
}

function writeField(writer: Writer, { number, type, always }: WireField, value: unknown): void {
  const absent = value === undefined || value === null;
  switch (type.kind) {
    case 'array':
      for (const item of absent ? [] : (value as unknown[])) writeItem(writer, number, resolveType(type.items), item);
      return;
    case 'map': {
      const values = resolveType(type.values);
      for (const key of absent ? [] : Object.keys(value as object).sort()) {
        writer.uint32(tag(number, 2)).fork().uint32(tag(1, 2)).string(key);
        writeItem(writer, 2, values, (value as Record<string, unknown>)[key]);
        writer.ldelim();
      }
      return;
    }
    case 'scalar': case 'object':
      if (!absent || always) writeItem(writer, number, type, value);
  }
}

/** One value of a field, an item of a list or the value of a map entry; written whatever it is. */
function writeItem(writer: Writer, number: number, type: ResolvedType, value: unknown): void {
  if (type.kind === 'object') {
    writer.uint32(tag(number, 2)).fork();
    writeFields(writer, type, (value ?? {}) as Record<string, unknown>);
    writer.ldelim();
  } else if (type.kind === 'scalar') {
    if (type.form?.object) writeForm(writer, number, type.form, type.form.object(), value);
    else writeScalar(writer, number, type.scalar, value);
  }
  else if (isWrappedList(type)) {
    writer.uint32(tag(number, 2)).fork();
    writeField(writer, { number: 1, name: 'items', type, always: false }, value);
    writer.ldelim();
  } else throw new Error('a map of maps has no protobuf form');
}

/** `{ schema = 1, list = 2 }`, or `{ allows = 1, schema = 2 }` where the other form is true or false. */
function writeForm(writer: Writer, number: number, { or }: JsonForm, type: ObjectType, value: unknown): void {
  writer.uint32(tag(number, 2)).fork();
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (or === 'boolean') writeScalar(writer, 1, 'boolean', isObject || value === true);
  if (isObject) writeItem(writer, or === 'boolean' ? 2 : 1, type, value);
  else if (Array.isArray(value)) for (const item of value) writeItem(writer, 2, or === 'strings' ? text : type, item);
  writer.ldelim();
}
const text: ResolvedType = { kind: 'scalar', scalar: 'string' };

function writeScalar(writer: Writer, number: number, kind: ScalarKind, value: unknown): void {
  switch (kind) {
    case 'string': writer.uint32(tag(number, 2)).string((value ?? '') as string); return;
    case 'int32': writer.uint32(tag(number, 0)).int32((value ?? 0) as number); return;
    case 'int64': writer.uint32(tag(number, 0)).int64(clampInt64((value ?? 0) as number)); return;
    case 'double': writer.uint32(tag(number, 1)).double((value ?? 0) as number); return;
    case 'boolean': writer.uint32(tag(number, 0)).bool((value ?? false) as boolean); return;
    case 'bytes': writer.uint32(tag(number, 2)).bytes(Buffer.from((value ?? '') as string, 'base64')); return;
    default:
      writer.uint32(tag(number, 2)).fork();
      writeScalarMessage(writer, kind, value);
      writer.ldelim();
  }
}

/** Scalars in JSON that are messages on the wire. */
function writeScalarMessage(writer: Writer, kind: ScalarKind, value: unknown): void {
  const absent = value === undefined || value === null;
  switch (kind) {
    case 'time': case 'microTime': {
      // A zero time is no bytes at all, so that it differs from 1970.
      if (absent) return;
      const text = value as string;
      const micros = kind === 'microTime' ? Number((/\.(\d{1,6})/.exec(text)?.[1] ?? '').padEnd(6, '0')) : 0;
      writer.uint32(tag(1, 0)).int64(Math.floor(Date.parse(text) / 1000)).uint32(tag(2, 0)).int32(micros * 1000);
      return;
    }
    case 'duration': writer.uint32(tag(1, 0)).int64(clampInt64(absent ? 0 : Math.round(parseDuration(value as string) * 1e6))); return;
    case 'quantity': writer.uint32(tag(1, 2)).string(absent ? '0' : String(value)); return;
    case 'intOrString':
      writer.uint32(tag(1, 0)).int64(typeof value === 'string' ? 1 : 0).uint32(tag(2, 0)).int32(typeof value === 'number' ? value : 0).uint32(tag(3, 2)).string(typeof value === 'string' ? value : '');
      return;
    // RawExtension, apiextensions' JSON and FieldsV1 all keep the JSON text in field 1; bytes are an object in its envelope.
    case 'any': case 'fieldsV1':
      if (value instanceof Uint8Array) writer.uint32(tag(1, 2)).bytes(value);
      else if (!absent) writer.uint32(tag(1, 2)).string(JSON.stringify(value));
  }
}

/** The largest double an int64 can hold: 2^63 itself is one too many. */
const maxInt64 = 2 ** 63 - 1024;
export const clampInt64 = (value: number): number => Math.min(maxInt64, Math.max(-(2 ** 63), value));
