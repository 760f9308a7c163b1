// Swagger documents of several servers as one: of each the paths below its own prefix, with the definitions these lead to. A definition that
// is another than one of the same name gets a name of its own. upstream: kube-openapi pkg/aggregator/aggregator.go
import { equalJson } from '../util/json.ts';
import type { OpenApiDocument } from './openapi.ts';
import type { Json } from './openapi-schema.ts';
import type { JsonValue } from './schema.ts';

export interface Swagger { readonly paths: Json; readonly definitions: Json }

const definitionPrefix = '#/definitions/';
const parameterPrefix = '#/parameters/';
const kindsKey = 'x-kubernetes-group-version-kind';
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const refOf = (value: Json, prefix: string): string | undefined => (typeof value['$ref'] === 'string' && value['$ref'].startsWith(prefix) ? value['$ref'].slice(prefix.length) : undefined);

/** Every object in a value, in place of which another may stand. */
function mapped(value: JsonValue, change: (object: Json) => Json): JsonValue {
  if (Array.isArray(value)) return value.map((item) => mapped(item as JsonValue, change));
  return isObject(value) ? Object.fromEntries(Object.entries(change(value)).map(([name, member]) => [name, mapped(member, change)])) : value;
}

/** What a server's document says of the paths below `prefix`; parameters that stand apart in it are put where they are named, which is in lists of them. */
export function swaggerBelow(document: unknown, prefix: string): Swagger {
  const { paths, definitions, parameters } = isObject(document) ? document : {};
  const [all, apart] = [isObject(definitions) ? definitions : {}, isObject(parameters) ? parameters : {}];
  const own = Object.entries(isObject(paths) ? paths : {}).filter(([path]) => path.startsWith(prefix));
  const inlined = (value: JsonValue): JsonValue => (isObject(value) && Array.isArray(value['parameters']) ? { ...value, parameters: value['parameters'].map(named) } : value);
  const named = (parameter: JsonValue): JsonValue => {
    const name = isObject(parameter) ? refOf(parameter, parameterPrefix) : undefined;
    return name !== undefined && Object.hasOwn(apart, name) ? apart[name]! : parameter;
  };
  const wanted = Object.create(null) as Json; // a definition may have any name
  const collect = (value: JsonValue): JsonValue => mapped(value, (object) => {
    const name = refOf(object, definitionPrefix);
    const definition = name === undefined || Object.hasOwn(wanted, name) || !Object.hasOwn(all, name) ? undefined : all[name];
    if (isObject(definition)) {
      wanted[name!] = definition;
      collect(definition);
    }
    return object;
  });
  const whole = own.map(([path, item]) => [path, isObject(item) ? inlined(Object.fromEntries(Object.entries(item).map(([name, member]) => [name, inlined(member)]))) : item] as const);
  for (const [, item] of whole) collect(item);
  return { paths: Object.fromEntries(whole), definitions: wanted };
}

/** `own` with what the others have beside it; of a path that several have, the first server's stays. */
export function mergedSwagger(own: OpenApiDocument, others: readonly Swagger[]): OpenApiDocument {
  if (others.length === 0) return own;
  const definitions = new Map<string, Json>();
  function* paths(): Generator<[string, Json]> {
    const known = new Set<string>();
    for (const entry of own.paths) {
      known.add(entry[0]);
      yield entry;
    }
    for (const [name, definition] of own.definitions) definitions.set(name, definition);
    for (const other of others) {
      const named = addDefinitions(definitions, other.definitions);
      for (const [path, item] of Object.entries(other.paths)) {
        if (known.has(path)) continue;
        known.add(path);
        yield [path, named(item) as Json];
      }
    }
  }
  return { head: own.head, paths: paths(), definitions };
}

/** Adds them; the result changes what refers to them to the names they have now. */
function addDefinitions(known: Map<string, Json>, added: Json): (value: JsonValue) => JsonValue {
  const names = new Map<string, string>();
  const fresh: [name: string, definition: JsonValue][] = [];
  for (const [name, definition] of Object.entries(added)) {
    let taken = name;
    for (let i = 2; known.has(taken) && !sameDefinition(known.get(taken)!, definition as Json) || (taken !== name && Object.hasOwn(added, taken)); i++) taken = `${name}_v${i}`;
    if (taken !== name) names.set(name, taken);
    const there = known.get(taken);
    if (there) known.set(taken, withKinds(there, definition as Json));
    else fresh.push([taken, definition]);
  }
  const named = (value: JsonValue): JsonValue => (names.size === 0 ? value : mapped(value, (object) => {
    const name = names.get(refOf(object, definitionPrefix) ?? '');
    return name === undefined ? object : { ...object, $ref: `${definitionPrefix}${name}` };
  }));
  for (const [name, definition] of fresh) known.set(name, named(definition) as Json);
  return named;
}

const kindsOf = (definition: Json): JsonValue[] => (Array.isArray(definition[kindsKey]) ? definition[kindsKey] as JsonValue[] : []);
const sameDefinition = ({ [kindsKey]: _a, ...a }: Json, { [kindsKey]: _b, ...b }: Json): boolean => equalJson(a, b);
/** Options and events are kinds of every group. */
function withKinds(definition: Json, other: Json): Json {
  const kinds = kindsOf(definition);
  const more = kindsOf(other).filter((kind) => !kinds.some((one) => equalJson(one, kind)));
  return more.length === 0 ? definition : { ...definition, [kindsKey]: [...kinds, ...more] };
}
