// Kubernetes' protobuf form of whole objects: four magic bytes, then runtime.Unknown with the type and the object's message.
// (upstream: apimachinery pkg/runtime/serializer/protobuf/protobuf.go)
import protobuf from 'protobufjs/minimal.js';
import { decode } from './decode.ts';
import { decodeMessage, ProtobufError } from './protobuf-decode.ts';
import { encodeMessage } from './protobuf-encode.ts';
import { watchEventType } from './meta-types.ts';
import { object, string, type ObjectType } from './schema.ts';

export { ProtobufError } from './protobuf-decode.ts';

/** The type of a kind, for what a body says it is. */
export type TypeOf = (apiVersion: string, kind: string) => ObjectType | undefined;

const magic = Buffer.from('k8s\0');
/** Envelopes in envelopes (RawExtension). */
const maxNesting = 10;

const typeMetaType = object('TypeMeta', { apiVersion: string(1), kind: string(2) }, { package: 'io.k8s.apimachinery.pkg.runtime' });

/** The object in an envelope as a JSON value; zero values of Go stay, `decode` drops them. @throws ProtobufError */
export function decodeProtobuf(body: Uint8Array, typeOf: TypeOf): unknown { return readEnvelope(body, typeOf, 0).value; }

function readEnvelope(body: Uint8Array, typeOf: TypeOf, nesting: number): { type: ObjectType; value: unknown } {
  if (nesting > maxNesting) throw new ProtobufError(`objects nested deeper than ${maxNesting}`);
  const { apiVersion, kind, raw } = openEnvelope(body);
  const type = typeOf(apiVersion, kind);
  if (!type) throw new ProtobufError(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`);
  const value = decodeMessage(type, raw, (embedded) => {
    const inner = readEnvelope(embedded, typeOf, nesting + 1);
    return decode(inner.type, inner.value, { unknown: [] });
  });
  return { type, value: { apiVersion, kind, ...value } };
}

function openEnvelope(body: Uint8Array): { apiVersion: string; kind: string; raw: Uint8Array } {
  if (body.length < magic.length || !magic.equals(body.subarray(0, magic.length))) throw new ProtobufError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  const reader = protobuf.Reader.create(body.subarray(magic.length));
  const parts: Record<number, Uint8Array> = {};
  try {
    while (reader.pos < reader.len) {
      const tag = reader.tag();
      const number = tag >>> 3;
      if ((tag & 7) === 2 && number >= 1 && number <= 4) parts[number] = reader.bytes();
      else reader.skipType(tag & 7, 0, number);
    }
  } catch (error) {
    throw new ProtobufError(`the envelope of the object is broken: ${error instanceof RangeError ? 'unexpected EOF' : (error as Error).message}`);
  }
  const { 1: typeMeta = magic.subarray(0, 0), 2: raw = magic.subarray(0, 0), 3: encoding } = parts;
  if (encoding?.length) throw new ProtobufError(`content encoding ${JSON.stringify(Buffer.from(encoding).toString())} of the object is not supported`);
  const { apiVersion = '', kind = '' } = decodeMessage(typeMetaType, typeMeta, () => undefined) as { apiVersion?: string; kind?: string };
  return { apiVersion, kind, raw };
}

/** A canonical object (or list) in its envelope. */
export function encodeProtobuf(type: ObjectType, apiVersion: string, kind: string, value: unknown): Uint8Array {
  const envelope = protobuf.Writer.create();
  envelope.uint32(10).bytes(encodeMessage(typeMetaType, { apiVersion, kind })).uint32(18).bytes(encodeMessage(type, value));
  // contentEncoding and contentType: always empty, always there.
  envelope.uint32(26).string('').uint32(34).string('');
  return Buffer.concat([magic, envelope.finish()]);
}

/** One frame of a protobuf watch: its length in four bytes, then a WatchEvent around the object's envelope. */
export function encodeWatchFrame(type: string, object: Uint8Array): Uint8Array {
  const event = encodeMessage(watchEventType, { type, object });
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}
