// Random canonical values of a type, for properties that hold for every definition.
import fc from 'fast-check';
import { decode } from '../../../src/schema/decode.ts';
import { resolveType, type JsonValue, type ObjectType, type ScalarKind, type Type } from '../../../src/schema/schema.ts';
import { microTimestamp, timestamp } from '../../../src/util/clock.ts';

const instant = fc.integer({ min: Date.UTC(1000, 0, 1), max: Date.UTC(9999, 0, 1) });

const scalars: Readonly<Record<ScalarKind, fc.Arbitrary<JsonValue>>> = {
  string: fc.string({ unit: 'binary', maxLength: 8 }), int32: fc.integer(), int64: fc.maxSafeInteger(), double: fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n || 0), boolean: fc.boolean(),
  bytes: fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  time: fc.option(instant.map(timestamp)), microTime: fc.option(fc.tuple(instant, fc.nat(999_999)).map(([ms, micros]) => microTimestamp(ms).replace(/\d{6}Z/, `${String(micros).padStart(6, '0')}Z`))),
  duration: fc.constantFrom('0s', '1h2m3s', '1.5s', '-5m0s', '250ms', '9ns'), quantity: fc.constantFrom('0', '1', '500m', '1536Mi', '2e3', '-3Ki'),
  intOrString: fc.oneof(fc.integer(), fc.string({ maxLength: 4 })),
  any: fc.dictionary(fc.string({ maxLength: 3 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue),
  fieldsV1: fc.constantFrom({ 'f:metadata': { 'f:labels': { '.': {} } } }, {}),
};

function arbitrary(type: Type, depth: number): fc.Arbitrary<JsonValue> {
  const t = resolveType(type);
  switch (t.kind) {
    // A type with two JSON forms is an object half of the time in life, and always here.
    case 'scalar': return t.form?.object ? arbitrary(t.form.object(), depth - 1) : scalars[t.scalar];
    // Go tells no empty list from an absent one on the wire.
    case 'array': return fc.array(arbitrary(t.items, depth - 1), { minLength: 1, maxLength: 2 }) as fc.Arbitrary<JsonValue>;
    case 'map': return fc.dictionary(fc.string({ maxLength: 4 }), arbitrary(t.values, depth - 1), { minKeys: 1, maxKeys: 2, noNullPrototype: true });
    case 'object': return objectOf(t, depth);
    case 'structural': throw new Error('built-in kinds have no structural parts');
  }
}

const known = new Map<ObjectType, Map<number, fc.Arbitrary<JsonValue>>>();
function objectOf(type: ObjectType, depth: number): fc.Arbitrary<JsonValue> {
  const byDepth = known.get(type) ?? new Map<number, fc.Arbitrary<JsonValue>>();
  known.set(type, byDepth);
  let made = byDepth.get(depth);
  if (!made) byDepth.set(depth, (made = newObjectOf(type, depth)));
  return made;
}

function newObjectOf(type: ObjectType, depth: number): fc.Arbitrary<JsonValue> {
  const fields = Object.entries(type.fields).filter(([, { number, type: inner }]) => number !== 0 && (depth > 0 || resolveType(inner).kind === 'scalar'));
  // Few fields at a time, so that deep values stay small.
  return fc.subarray(fields, { maxLength: Math.min(fields.length, depth > 4 ? 6 : 3) }).chain((chosen) =>
    fc.record(Object.fromEntries(chosen.map(([name, { type: inner }]) => [name, arbitrary(inner, depth - 1)])), { noNullPrototype: true }) as fc.Arbitrary<JsonValue>);
}

/** Values as `decode` makes them. */
export const canonicalValue = (type: ObjectType): fc.Arbitrary<Record<string, unknown>> => objectOf(type, 7).map((value) => decode(type, value, { unknown: [] }) as Record<string, unknown>);
