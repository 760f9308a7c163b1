// Reads protobuf messages from strangers into JSON values of an object type. Unknown fields are skipped, as Go does; what is
// malformed is a ProtobufError. Zero values stay: `decode` drops them by the rules of the type.
import protobuf from 'protobufjs/minimal.js';
import { formatDuration } from '../apimachinery/duration.ts';
import { maxJsonDepth, nestsDeeperThan } from '../util/json.ts';
import { clampInt64 } from './protobuf-encode.ts';
import { isWrappedList, wirePlan, type ResolvedType, type WireField } from './protobuf-plan.ts';
import { resolveType, zeroValue, type JsonForm, type ObjectType, type ScalarKind } from './schema.ts';

/** The bytes are no message of the type. */
export class ProtobufError extends Error {}

type JsonObject = Record<string, unknown>;
type Reader = protobuf.Reader;

/** Messages inside messages; recursive types would let a small body take the stack. */
const maxDepth = 500;

/** Reads the bytes of a RawExtension that are no JSON text: an object in its own envelope. */
export type EnvelopeReader = (bytes: Uint8Array) => unknown;

/** @throws ProtobufError */
export function decodeMessage(type: ObjectType, bytes: Uint8Array, envelope: EnvelopeReader): JsonObject {
  const reader = new MessageReader(bytes, envelope);
  try {
    return reader.message(type, bytes.length, {});
  } catch (error) {
    if (error instanceof ProtobufError) throw error;
    // The reader's own errors: a varint, length or tag that does not end where the bytes do.
    throw new ProtobufError(error instanceof RangeError ? 'unexpected EOF' : `proto: ${(error as Error).message}`);
  }
}

class MessageReader {
  readonly #reader: Reader;
  readonly #envelope: EnvelopeReader;
  #depth = 0;

  constructor(bytes: Uint8Array, envelope: EnvelopeReader) {
    this.#reader = protobuf.Reader.create(bytes);
    this.#envelope = envelope;
  }

  /** Reads up to `end`; a message that comes in pieces is merged. */
  message(type: ObjectType, end: number, into: JsonObject): JsonObject {
    if (++this.#depth > maxDepth) throw new ProtobufError(`proto: ${type.name}: nested deeper than ${maxDepth} messages`);
    const { byNumber } = wirePlan(type);
    this.#each(end, (number, wireType) => {
      const field = byNumber.get(number);
      if (field) this.#field(field, wireType, into);
      else this.#reader.skipType(wireType, 0, number);
    });
    this.#depth--;
    return into;
  }

  #each(end: number, read: (number: number, wireType: number) => void): void {
    const reader = this.#reader;
    while (reader.pos < end) {
      const tag = reader.tag();
      if (tag >>> 3 === 0) throw new ProtobufError(`proto: illegal tag 0 (wire type ${tag & 7})`);
      read(tag >>> 3, tag & 7);
      if (reader.pos > end) throw new ProtobufError('unexpected EOF');
    }
  }

  /** The end of the length-delimited value that begins here. */
  #end(name: string, wireType: number): number {
    expectWire(name, wireType, 2);
    const length = this.#reader.size();
    if (length > this.#reader.len - this.#reader.pos) throw new ProtobufError('unexpected EOF');
    return this.#reader.pos + length;
  }

  #field({ name, type }: WireField, wireType: number, into: JsonObject): void {
    if (name === '') {
      this.message(type as ObjectType, this.#end((type as ObjectType).name, wireType), into);
      return;
    }
    switch (type.kind) {
      case 'object': into[name] = this.message(type, this.#end(name, wireType), (into[name] ?? {}) as JsonObject); return;
      case 'scalar': into[name] = this.#item(name, type, wireType); return;
      case 'map': this.#entry(name, resolveType(type.values), this.#end(name, wireType), (into[name] ??= {}) as JsonObject); return;
      case 'array': this.#items(name, resolveType(type.items), wireType, (into[name] ??= []) as unknown[]);
    }
  }

  #items(name: string, type: ResolvedType, wireType: number, into: unknown[]): void {
    const own = type.kind === 'scalar' ? wireTypeOf(type.scalar) : 2;
    if (own === 2 || wireType !== 2) {
      into.push(this.#item(name, type, wireType));
      return;
    }
    const end = this.#end(name, wireType);
    while (this.#reader.pos < end) into.push(this.#item(name, type, own));
    if (this.#reader.pos > end) throw new ProtobufError('unexpected EOF');
  }

  #item(name: string, type: ResolvedType, wireType: number): unknown {
    if (type.kind === 'scalar') return type.form?.object ? this.#form(name, type.form, type.form.object(), wireType) : this.#scalar(name, type.scalar, wireType);
    if (type.kind === 'object') return this.message(type, this.#end(name, wireType), {});
    if (!isWrappedList(type)) throw new ProtobufError(`proto: ${name}: a map of maps has no protobuf form`);
    const items: unknown[] = [];
    const itemType = resolveType((type as { items: ResolvedType }).items);
    this.#each(this.#end(name, wireType), (number, inner) => {
      if (number === 1) this.#items('items', itemType, inner, items);
      else this.#reader.skipType(inner, 0, number);
    });
    return items;
  }

  /** `{ schema = 1, list = 2 }`, or `{ allows = 1, schema = 2 }` where the other form is true or false. */
  #form(name: string, { or }: JsonForm, type: ObjectType, wireType: number): unknown {
    const list: unknown[] = [];
    let schema: JsonObject | undefined;
    let allows = false;
    this.#each(this.#end(name, wireType), (number, inner) => {
      if (or === 'boolean' && number === 1) allows = this.#scalar(name, 'boolean', inner) as boolean;
      else if (number === (or === 'boolean' ? 2 : 1)) schema = this.message(type, this.#end(name, inner), schema ?? {});
      else if (number === 2) list.push(or === 'strings' ? this.#scalar(name, 'string', inner) : this.message(type, this.#end(name, inner), {}));
      else this.#reader.skipType(inner, 0, number);
    });
    return schema ?? (or === 'boolean' ? allows : list);
  }

  /** One entry of a map: `{ key = 1, value = 2 }`. */
  #entry(name: string, type: ResolvedType, end: number, into: JsonObject): void {
    let key = '';
    let value: unknown;
    this.#each(end, (number, wireType) => {
      if (number === 1) key = this.#scalar(`${name} key`, 'string', wireType) as string;
      else if (number === 2) value = this.#item(name, type, wireType);
      else this.#reader.skipType(wireType, 0, number);
    });
    // Plain assignment of `__proto__` would set the prototype.
    Object.defineProperty(into, key, { value: value === undefined ? zeroValue(type) : value, enumerable: true, configurable: true, writable: true });
  }

  #scalar(name: string, kind: ScalarKind, wireType: number): unknown {
    const reader = this.#reader;
    const own = wireTypeOf(kind);
    if (own !== 2) expectWire(name, wireType, own);
    switch (kind) {
      case 'int32': return reader.int32();
      case 'int64': return this.#int64();
      case 'double': return reader.double();
      case 'boolean': return reader.bool();
      default: return this.#delimited(name, kind, this.#end(name, wireType));
    }
  }

  #int64(): number {
    // Beyond 2^53 a JSON number is the nearest double; it has to stay an int64.
    return clampInt64(Number(this.#reader.int64().toString()));
  }

  #delimited(name: string, kind: ScalarKind, end: number): unknown {
    const reader = this.#reader;
    const { pos } = reader;
    if (kind === 'string' || kind === 'bytes') {
      reader.pos = end;
      const { buffer, byteOffset } = reader.buf;
      return Buffer.from(buffer, byteOffset + pos, end - pos).toString(kind === 'string' ? 'utf8' : 'base64');
    }
    const parts: { one?: number; two?: number; text?: string; raw?: Uint8Array } = {};
    this.#each(end, (number, wireType) => {
      if (wireType === 0 && number === 1) parts.one = this.#int64();
      else if (wireType === 0 && number === 2) parts.two = reader.int32();
      else if (wireType === 2 && (number === 1 || number === 3)) {
        const last = this.#end(name, wireType);
        parts.raw = reader.buf.subarray(reader.pos, last);
        reader.pos = last;
      } else reader.skipType(wireType, 0, number);
    });
    const text = (): string => Buffer.from(parts.raw ?? []).toString();
    switch (kind) {
      case 'time': case 'microTime': return pos === end ? null : timeText(name, kind, parts.one ?? 0, parts.two ?? 0);
      case 'duration': return formatDuration((parts.one ?? 0) / 1e6);
      case 'quantity': return text() || '0';
      case 'intOrString': return parts.one === 1 ? text() : (parts.two ?? 0);
      default: return this.#embedded(name, parts.raw);
    }
  }

  /** The object in a RawExtension or FieldsV1. */
  #embedded(name: string, raw: Uint8Array | undefined): unknown {
    if (!raw || raw.length === 0) return null;
    if (raw[0] === 0x6b) return this.#envelope(raw);
    const text = Buffer.from(raw).toString();
    if (nestsDeeperThan(text, maxJsonDepth)) throw new ProtobufError(`proto: ${name}: the embedded object exceeds max depth`);
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new ProtobufError(`proto: ${name}: the embedded object is neither JSON nor protobuf`);
    }
  }
}

function wireTypeOf(kind: ScalarKind): 0 | 1 | 2 {
  if (kind === 'double') return 1;
  return kind === 'int32' || kind === 'int64' || kind === 'boolean' ? 0 : 2;
}

function expectWire(name: string, wireType: number, wanted: number): void {
  if (wireType !== wanted) throw new ProtobufError(`proto: wrong wireType = ${wireType} for field ${name}`);
}

/** Years 0 to 9999: what RFC 3339 can say. */
const minSeconds = -62_167_219_200;
const maxSeconds = 253_402_300_799;
function timeText(name: string, kind: 'time' | 'microTime', seconds: number, nanos: number): string {
  if (seconds < minSeconds || seconds > maxSeconds || nanos < 0 || nanos > 999_999_999) throw new ProtobufError(`proto: ${name}: year outside of range [0,9999]`);
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return kind === 'time' ? `${whole}Z` : `${whole}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
}
