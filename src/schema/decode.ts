// Turns untrusted JSON into the canonical form of a type: unknown fields are pruned and reported, types are checked, fields
// stand in definition order, Go's zero-value rules decide what is written. (upstream: apimachinery serializer/json, util/json)
import { canonicalQuantity, isQuantity } from '../apimachinery/quantity.ts';
import { formatDuration, parseDuration } from '../apimachinery/duration.ts';
import { firstInstant, lastInstant, timestamp } from '../util/clock.ts';
import { remembered } from '../util/remembered.ts';
import { objectMeta } from './object-meta.ts';
import { prune, type Pruning } from './structural/prune.ts';
import type { StructuralSchema } from './structural/structural-schema.ts';
import { resolveType, zeroValue, type Field, type JsonForm, type JsonValue, type ObjectType, type ScalarKind, type Type } from './schema.ts';

/** A value has the wrong JSON type; the message is Go's. */
export class DecodeError extends Error {}

export interface DecodeReport {
  /** Paths of fields no definition has, e.g. `spec.containers[0].imagee`. */
  readonly unknown: string[];
  /** Parts that are in the canonical form of their type already are taken as they are. */
  readonly isFinal?: (part: unknown) => boolean;
}

type JsonObject = Record<string, unknown>;

/** More of them are not told. (upstream: sigs.k8s.io/json saveStrictError) */
export const maxUnknown = 100;

/** @throws DecodeError */
export function decode(type: Type, value: unknown, report: DecodeReport): any {
  const t = resolveType(type);
  return decodeValue(t, value, '', t.kind === 'object' ? t.name : '', report);
}

const plans = new WeakMap<ObjectType, readonly (readonly [string, Field])[]>();
function planOf(type: ObjectType): readonly (readonly [string, Field])[] {
  let plan = plans.get(type);
  if (!plan) plans.set(type, (plan = Object.entries(type.fields)));
  return plan;
}

function decodeValue(type: Type, value: unknown, path: string, goPath: string, report: DecodeReport): unknown {
  const t = resolveType(type);
  switch (t.kind) {
    case 'scalar': return t.form?.object ? decodeForm(t.form, t.form.object(), value, goPath) : decodeScalar(t.scalar, value, goPath);
    case 'array':
      if (!Array.isArray(value)) throw mismatch(value, goPath, goType(t));
      return value.map((item, i) => (item === null || item === undefined ? zeroItem(t.items, report) : decodeValue(t.items, item, `${path}[${i}]`, goPath, report)));
    case 'map': {
      if (!isObject(value)) throw mismatch(value, goPath, goType(t));
      const result: JsonObject = {};
      for (const key of Object.keys(value).sort()) {
        const item = value[key];
        defineKey(result, key, item === null ? zeroItem(t.values, report) : decodeValue(t.values, item, `${path}.${key}`, goPath, report));
      }
      return result;
    }
    case 'object': return decodeObject(t, value, path, goPath, report);
    case 'structural': return prune(t.schema, value, path, pruningInto(report));
  }
}

const zeroItem = (type: Type, report: DecodeReport): unknown => {
  const t = resolveType(type);
  return t.kind === 'object' ? decodeObject(t, {}, '', t.name, report) : zeroValue(t);
};

function decodeObject(type: ObjectType, value: unknown, path: string, goPath: string, report: DecodeReport): JsonObject {
  if (!isObject(value)) throw mismatch(value, goPath, `v1.${type.name}`);
  const result: JsonObject = {};
  let known = 0;
  for (const [name, field] of planOf(type)) {
    const present = Object.hasOwn(value, name);
    if (present) known++;
    const raw = present ? value[name] : undefined;
    const { options } = field;
    if (raw === null || raw === undefined) {
      if (raw === null && field.type.kind === 'structural' && field.type.schema.nullable) result[name] = null;
      if (options.required || options.written) result[name] = options.pointer ? null : zeroOf(field.type, report);
      continue;
    }
    if (report.isFinal?.(raw)) {
      result[name] = raw;
      continue;
    }
    const inner = path === '' ? name : `${path}.${name}`;
    const innerType = resolveType(field.type);
    const decoded = decodeValue(innerType, raw, inner, `${rebase(goPath, type)}.${name}`, report);
    if (!options.required && !options.written && !options.pointer && isZero(innerType, decoded)) continue;
    result[name] = decoded;
  }
  if (known !== Object.keys(value).length) {
    const others = Object.keys(value).filter((name) => !Object.hasOwn(type.fields, name));
    if (type.root) decodeOthers(type.root, value, others, path, result, report);
    else for (const name of others) tellUnknown(report, path === '' ? name : `${path}.${name}`);
  }
  return result;
}

function tellUnknown({ unknown }: DecodeReport, path: string): void {
  if (unknown.length < maxUnknown) unknown.push(path);
}

/** Fields of a whole object that its schema does not name: kept, pruned by what it says of all others, or unknown. */
function decodeOthers(root: StructuralSchema, value: JsonObject, names: readonly string[], path: string, result: JsonObject, report: DecodeReport): void {
  const pruned = prune({ ...root, properties: {} }, Object.fromEntries(names.map((name) => [name, value[name]])), path, pruningInto(report)) as JsonObject;
  for (const name of Object.keys(pruned)) defineKey(result, name, pruned[name]);
}

const pruningInto = (report: DecodeReport): Pruning => ({ unknown: (path) => tellUnknown(report, path), metadata: (value, path) => decodeObject(objectMeta, value, path, 'ObjectMeta', report) });

/** Go names the innermost struct and the path from the root: `DeploymentSpec.spec.replicas`. */
function rebase(goPath: string, type: ObjectType): string {
  const dot = goPath.indexOf('.');
  return dot < 0 ? type.name : type.name + goPath.slice(dot);
}

function zeroOf(type: Type, report: DecodeReport): unknown {
  const t = resolveType(type);
  return t.kind === 'object' ? decodeObject(t, {}, '', t.name, report) : zeroValue(t);
}

function isZero(type: Exclude<Type, { kind: 'lazy' }>, value: unknown): boolean {
  switch (type.kind) {
    case 'array': return (value as unknown[]).length === 0;
    case 'map': return Object.keys(value as object).length === 0;
    case 'object': case 'structural': return false;
    case 'scalar':
      switch (type.scalar) {
        case 'string': case 'bytes': return value === '';
        case 'int32': case 'int64': case 'double': return value === 0;
        case 'boolean': return value === false;
        case 'time': case 'microTime': return value === null;
        default: return false;
      }
  }
}

/** Types with a decoder of their own prune unknown fields but do not report them, as Go's strict decoder cannot see into them. */
function decodeForm(form: JsonForm, type: ObjectType, value: unknown, goPath: string): unknown {
  const one = (item: unknown): unknown => decodeObject(type, item, '', goPath, { unknown: [] });
  if (isObject(value)) return one(value);
  if (form.or === 'boolean') {
    if (typeof value === 'boolean') return value;
    throw new DecodeError('boolean or JSON schema expected');
  }
  if (!Array.isArray(value)) throw mismatch(value, goPath, `v1.${form.name}`);
  return value.map((item) => (form.or === 'strings' ? decodeScalar('string', item, goPath) : one(item)));
}

function decodeScalar(kind: ScalarKind, value: unknown, goPath: string): JsonValue {
  switch (kind) {
    case 'string':
      if (typeof value !== 'string') throw mismatch(value, goPath, 'string');
      return value;
    case 'boolean':
      if (typeof value !== 'boolean') throw mismatch(value, goPath, 'bool');
      return value;
    case 'int32': case 'int64': {
      if (typeof value !== 'number') throw mismatch(value, goPath, kind);
      if (!Number.isInteger(value) || !(kind === 'int32' ? fitsInt32(value) : value < 2 ** 63 && value >= -(2 ** 63))) throw new DecodeError(`json: cannot unmarshal number ${value} into Go struct field ${goPath} of type ${kind}`);
      return value;
    }
    case 'double':
      if (typeof value !== 'number') throw mismatch(value, goPath, 'float64');
      return value;
    case 'bytes':
      if (typeof value !== 'string') throw mismatch(value, goPath, '[]uint8');
      return checkBase64(value);
    // Types that read themselves know nothing of the field they are in: their words name Go's plain types.
    case 'time': case 'microTime': {
      if (typeof value !== 'string') throw mismatch(value, '', 'string');
      const seconds = wholeSeconds(value);
      return kind === 'time' ? seconds : `${seconds.slice(0, -1)}.${(/\.(\d{1,6})/.exec(value)?.[1] ?? '').padEnd(6, '0')}Z`;
    }
    case 'duration':
      if (typeof value !== 'string') throw mismatch(value, '', 'string');
      try {
        return formatDuration(parseDuration(value));
      } catch (error) {
        throw new DecodeError((error as Error).message);
      }
    case 'quantity':
      if ((typeof value !== 'string' && typeof value !== 'number') || !isQuantity(value)) throw new DecodeError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
      return canonicalQuantity(value);
    case 'intOrString':
      if (typeof value === 'string') return value;
      if (typeof value !== 'number') throw mismatch(value, '', 'int32');
      if (!Number.isInteger(value) || !fitsInt32(value)) throw new DecodeError(`json: cannot unmarshal number ${value} into Go value of type int32`);
      return value;
    case 'any': case 'fieldsV1': return value as JsonValue;
  }
}

const fitsInt32 = (value: number): boolean => value <= 0x7fffffff && value >= -0x80000000;

const rfc3339 = /^\d{4}-(\d\d)-(\d\d)T(\d\d):\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
/** @throws DecodeError with Go's words */
function parseRfc3339(text: string): number {
  const parts = rfc3339.exec(text);
  if (!parts) throw new DecodeError(`parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(text)} as "2006"`);
  // Date.parse takes the 30th of February for the 2nd of March, and 24:00 for the next day.
  const day = new Date(Date.parse(`${text.slice(0, 10)}T00:00:00Z`));
  const wrong = Number(parts[1]) < 1 || Number(parts[1]) > 12 ? 'month' : day.getUTCDate() !== Number(parts[2]) ? 'day' : Number(parts[3]) > 23 ? 'hour' : undefined;
  const ms = Date.parse(text);
  // In UTC it may be another year.
  if (ms < firstInstant || ms > lastInstant) throw new DecodeError('Time.MarshalJSON: year outside of range [0,9999]');
  if (wrong !== undefined || Number.isNaN(ms)) throw new DecodeError(`parsing time ${JSON.stringify(text)}: ${wrong ?? 'second'} out of range`);
  return ms;
}

/** In UTC, as it is written. An object has several times, most of which its last write had too. @throws DecodeError */
const wholeSeconds = remembered((text) => timestamp(parseRfc3339(text)), 4096);

function checkBase64(text: string): string {
  const fault = base64Fault(text);
  if (fault) throw new DecodeError(fault);
  // Written as Go writes it: without stray bits after the last byte.
  return Buffer.from(text.replace(/[\r\n]/g, ''), 'base64').toString('base64');
}
/** In the words of Go's decoder; undefined when there is none. */
export function base64Fault(text: string): string | undefined {
  const compact = text.replace(/[\r\n]/g, '');
  const bad = /[^A-Za-z0-9+/=]/.exec(compact);
  if (!bad && compact.length % 4 === 0 && !/=[^=]|={3}/.test(compact)) return undefined;
  return `illegal base64 data at input byte ${bad?.index ?? Math.max(0, compact.length - (compact.length % 4))}`;
}

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Plain assignment of `__proto__` would set the prototype. */
function defineKey(target: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

function mismatch(value: unknown, goPath: string, type: string): DecodeError {
  const what = Array.isArray(value) ? 'array' : typeof value === 'object' ? 'object' : typeof value === 'boolean' ? 'bool' : typeof value;
  return new DecodeError(goPath.includes('.') ? `json: cannot unmarshal ${what} into Go struct field ${goPath} of type ${type}` : `json: cannot unmarshal ${what} into Go value of type ${type}`);
}

function goType(type: Type): string {
  const t = resolveType(type);
  switch (t.kind) {
    case 'array': return `[]${goType(t.items)}`;
    case 'map': return `map[string]${goType(t.values)}`;
    case 'object': return `v1.${t.name}`;
    case 'structural': return 'interface {}';
    case 'scalar': return { string: 'string', int32: 'int32', int64: 'int64', double: 'float64', boolean: 'bool', bytes: '[]uint8', time: 'v1.Time', microTime: 'v1.MicroTime', duration: 'v1.Duration', quantity: 'resource.Quantity', intOrString: 'intstr.IntOrString', any: 'runtime.RawExtension', fieldsV1: 'v1.FieldsV1' }[t.scalar];
  }
}
