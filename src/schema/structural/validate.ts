// Judges values by a structural schema: every fault at once, in the words of upstream's validator.
// upstream: kube-openapi pkg/validation/validate, apiextensions-apiserver pkg/apiserver/validation/validation.go, ratcheting.go
import { invalid, required, show, tooLong, tooMany, typeInvalid, type Fault } from '../../apimachinery/fault.ts';
import { keepGoPattern, type GoPattern } from '../../apimachinery/go-pattern.ts';
import { equalJson } from '../../util/json.ts';
import { hasFormat } from './formats.ts';
import { additionalOf, isIntOrString, isMap, itemsOf, propertyOf, type StructuralSchema } from './structural-schema.ts';

/**
 * Faults of a value; `old` is what it replaces: what has not changed since is not judged again. Paths are upstream's, where
 * the root is empty.
 */
export function schemaFaults(schema: StructuralSchema, value: unknown, old?: unknown): Fault[] {
  return judge(schema, value, old, '').faults.filter((fault, i, all) => all.findIndex((f) => f.field === fault.field && f.message === fault.message) === i);
}

/** `matches` counts the rules that applied: the alternative that comes nearest has the most. */
interface Verdict { faults: Fault[]; matches: number }

const fieldOf = (path: string): string => path.replace(/^\./, '');

function judge(schema: StructuralSchema, value: unknown, old: unknown, path: string): Verdict {
  if (old !== undefined && equalJson(value, old)) return { faults: [], matches: 1 };
  const verdict: Verdict = { faults: [], matches: 1 };
  const merge = (other: Verdict): void => { verdict.faults.push(...other.faults); verdict.matches += other.matches + 1; };
  const add = (faults: Fault[]): void => { verdict.faults.push(...faults); verdict.matches++; };
  if (schema.type || isIntOrString(schema) || schema.format) add(typeFaults(schema, value, path));
  if (value === null) {
    add(enumFaults(schema, value, path));
    return verdict;
  }
  combinedFaults(schema, value, path, merge);
  if (typeof value === 'string') add(stringFaults(schema, value, path));
  if (typeof value === 'string' && schema.format && !hasFormat(schema.format, value)) add([typeInvalid(fieldOf(path), value, `${path} in body must be of type ${schema.format}: ${show(value)}`)]);
  if (typeof value === 'number') add(numberFaults(schema, value, path));
  if (Array.isArray(value)) listFaults(schema, value, old, path, merge, add);
  add(enumFaults(schema, value, path));
  if (isMap(value)) mapFaults(schema, value, isMap(old) ? old : undefined, path, merge, add);
  return verdict;
}

/** JSON's name of a value's type, as upstream tells it. */
function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function typeFaults(schema: StructuralSchema, value: unknown, path: string): Fault[] {
  const types = isIntOrString(schema) ? ['integer', 'string'] : schema.type ? [schema.type] : [];
  if (types.length === 0) return [];
  const name = typeName(value);
  if (value === null ? schema.nullable : types.includes(name) || (name === 'integer' && types.includes('number'))) return [];
  return [typeInvalid(fieldOf(path), name, `${path} in body must be of type ${types.join(',')}: ${show(name)}`)];
}

function enumFaults(schema: StructuralSchema, value: unknown, path: string): Fault[] {
  const { enum: values } = schema;
  if (!values?.length || values.some((allowed) => equalJson(allowed, value))) return [];
  const shown = values.map((allowed) => JSON.stringify(typeof allowed === 'string' ? allowed : JSON.stringify(allowed)));
  return [{ type: 'NotSupported', field: fieldOf(path), message: `Unsupported value: ${show(value)}: supported values: ${shown.join(', ')}` }];
}

/** A definition of before its patterns were judged may have one that is none: no text matches that. */
function patternFor(pattern: string): GoPattern | string {
  try {
    return keepGoPattern(pattern);
  } catch (error) {
    return (error as Error).message;
  }
}

/** Only the first fault of a text is told. */
function stringFaults({ maxLength, minLength, pattern }: StructuralSchema, value: string, path: string): Fault[] {
  const length = maxLength === undefined && minLength === undefined ? 0 : [...value].length;
  if (maxLength !== undefined && length > maxLength) return [tooLong(fieldOf(path), value, maxLength)];
  if (minLength !== undefined && length < minLength) return [invalid(fieldOf(path), value, `${path} in body should be at least ${minLength} chars long`)];
  if (!pattern) return [];
  const compiled = patternFor(pattern);
  if (typeof compiled === 'string') return [invalid(fieldOf(path), value, `${path} in body should match '${pattern}, but pattern is invalid: ${compiled}'`)];
  return compiled.test(value) ? [] : [invalid(fieldOf(path), value, `${path} in body should match '${pattern}'`)];
}

function numberFaults(schema: StructuralSchema, value: number, path: string): Fault[] {
  const faults: Fault[] = [];
  const { multipleOf, maximum, minimum, exclusiveMaximum = false, exclusiveMinimum = false } = schema;
  const refuse = (what: string): void => { faults.push(invalid(fieldOf(path), value, `${path} in body should be ${what}`)); };
  if (multipleOf !== undefined && multipleOf > 0 && !Number.isInteger(Number((value / multipleOf).toPrecision(15)))) refuse(`a multiple of ${multipleOf}`);
  if (minimum !== undefined && (value < minimum || (exclusiveMinimum && value === minimum))) refuse(`greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
  if (maximum !== undefined && (value > maximum || (exclusiveMaximum && value === maximum))) refuse(`less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
  return faults;
}

type Merge = (verdict: Verdict) => void;
type Add = (faults: Fault[]) => void;

function listFaults(schema: StructuralSchema, value: readonly unknown[], old: unknown, path: string, merge: Merge, add: Add): void {
  const items = itemsOf(schema);
  if (items) {
    const before = previousItems(schema, old);
    value.forEach((item, i) => merge(judge(items, item, before?.(item), `${path}[${i}]`)));
  }
  const { minItems, maxItems } = schema;
  if (minItems !== undefined && value.length < minItems) add([invalid(fieldOf(path), value.length, `${path} in body should have at least ${minItems} items`)]);
  if (maxItems !== undefined && value.length > maxItems) add([tooMany(fieldOf(path), value.length, maxItems)]);
}

/** Only the items of a list of type map can be told apart, and so be found in the old list. */
function previousItems(schema: StructuralSchema, old: unknown): ((item: unknown) => unknown) | undefined {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (!Array.isArray(old) || schema['x-kubernetes-list-type'] !== 'map' || keys.length === 0) return undefined;
  return (item) => (isMap(item) ? old.find((other: unknown) => isMap(other) && keys.every((key) => equalJson(other[key], item[key]))) : undefined);
}

function mapFaults(schema: StructuralSchema, value: Record<string, unknown>, old: Record<string, unknown> | undefined, path: string, merge: Merge, add: Add): void {
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  const { minProperties, maxProperties } = schema;
  if (minProperties !== undefined && names.length < minProperties) return add([invalid(fieldOf(path), names.length, `${path} in body should have at least ${minProperties} properties`)]);
  if (maxProperties !== undefined && names.length > maxProperties) return add([tooMany(fieldOf(path), names.length, maxProperties)]);
  const previous = (name: string): unknown => (old && Object.hasOwn(old, name) ? old[name] : undefined);
  const additional = additionalOf(schema);
  for (const name of names) {
    const property = propertyOf(schema, name);
    if (property) merge(judge(property, value[name], previous(name), path === '' ? name : `${path}.${name}`));
    else if (additional) merge(judge(additional, value[name], previous(name), `${path}.${name}`));
  }
  add((schema.required ?? []).filter((name) => !Object.hasOwn(value, name) || value[name] === undefined).map((name) => required(fieldOf(`${path}.${name}`))));
}

/** Faults of alternatives name no field. */
const combined = (path: string, what: string): Fault => invalid('<nil>', '', `${JSON.stringify(path)} ${what}`);

function combinedFaults({ anyOf, oneOf, allOf, not }: StructuralSchema, value: unknown, path: string, merge: Merge): void {
  const failure = (what: string, best: Verdict | undefined): void => merge({ faults: [combined(path, what), ...(best?.faults ?? [])], matches: best?.matches ?? 0 });
  if (anyOf?.length) {
    const verdicts = anyOf.map((schema) => judge(schema, value, undefined, path));
    const good = verdicts.find(({ faults }) => faults.length === 0);
    if (good) merge(good);
    else failure('must validate at least one schema (anyOf)', nearest(verdicts));
  }
  if (oneOf?.length) {
    const verdicts = oneOf.map((schema) => judge(schema, value, undefined, path));
    const good = verdicts.filter(({ faults }) => faults.length === 0);
    if (good.length === 1) merge(good[0]!);
    else if (good.length === 0) failure('must validate one and only one schema (oneOf). Found none valid', nearest(verdicts));
    else failure(`must validate one and only one schema (oneOf). Found ${good.length} valid alternatives`, undefined);
  }
  if (allOf?.length) {
    const verdicts = allOf.map((schema) => judge(schema, value, undefined, path));
    for (const verdict of verdicts) merge(verdict);
    const good = verdicts.filter(({ faults }) => faults.length === 0).length;
    if (good < allOf.length) failure(`must validate all the schemas (allOf)${good === 0 ? '. None validated' : ''}`, undefined);
  }
  if (not && judge(not, value, undefined, path).faults.length === 0) failure('must not validate the schema (not)', undefined);
}

const nearest = (verdicts: readonly Verdict[]): Verdict | undefined => verdicts.reduce<Verdict | undefined>((best, verdict) => (!best || verdict.matches > best.matches ? verdict : best), undefined);
