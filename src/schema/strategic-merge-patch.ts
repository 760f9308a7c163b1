// Strategic merge patch: lists are merged by the keys their fields declare, with directives for deletion, replacement and
// order. (upstream: apimachinery util/strategicpatch/patch.go)
import { isObject, PatchError, type JsonObject } from './patch.ts';
import { resolveType, type Field, type JsonValue, type Type } from './schema.ts';
import { equalJson } from '../util/json.ts';

const patchDirective = '$patch';
const retainKeys = '$retainKeys';
const deletePrefix = '$deleteFromPrimitiveList/';
const orderPrefix = '$setElementOrder/';

/** The patched copy of `target`, which is an object of `type`. @throws PatchError */
export function strategicMergePatch(type: Type, target: JsonValue, patch: JsonValue): JsonValue {
  if (!isObject(patch)) throw new PatchError('error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}', 400);
  return mergeObject(resolveType(type), isObject(target) ? target : {}, patch) ?? {};
}

type Resolved = ReturnType<typeof resolveType>;

/** The type of a member: a field of an object, or a map's values. */
function memberOf(type: Resolved | undefined, name: string): { type: Resolved | undefined; options: Field['options'] } {
  if (type?.kind === 'map') return { type: resolveType(type.values), options: {} };
  const field = type?.kind === 'object' ? type.fields[name] : undefined;
  return { type: field && resolveType(field.type), options: field?.options ?? {} };
}

/** Undefined when the directive says the object itself goes. */
function mergeObject(type: Resolved | undefined, original: JsonObject, patch: JsonObject): JsonObject | undefined {
  const directive = patch[patchDirective];
  if (directive === 'delete') return undefined;
  if (directive === 'replace') return strip(type, patch) as JsonObject;
  if (directive !== undefined && directive !== 'merge') throw new PatchError(`unknown patch type: ${JSON.stringify(directive)}`);
  let result: JsonObject = { ...original };
  const retained = patch[retainKeys];
  if (retained !== undefined) {
    if (!Array.isArray(retained)) throw new PatchError('unable to parse the $retainKeys directive: it must be a list');
    const unlisted = Object.keys(patch).find((k) => !k.startsWith('$') && patch[k] !== null && !retained.includes(k));
    if (unlisted !== undefined) throw new PatchError('$retainKeys directive: the list contains values that are not in the patch');
    result = Object.fromEntries(Object.entries(result).filter(([k]) => retained.includes(k)));
  }
  for (const [name, value] of Object.entries(patch)) {
    if (name === patchDirective || name === retainKeys || name.startsWith(orderPrefix)) continue;
    if (name.startsWith(deletePrefix)) {
      const target = name.slice(deletePrefix.length);
      const list = result[target];
      if (Array.isArray(list)) result[target] = list.filter((item) => !(value as JsonValue[]).some((gone) => equalJson(gone, item)));
      continue;
    }
    if (value === null) {
      delete result[name];
      continue;
    }
    const member = memberOf(type, name);
    const before = result[name];
    if (Array.isArray(value)) result[name] = mergeList(member, Array.isArray(before) ? before : undefined, value, orderOf(patch, name));
    else if (isObject(value)) {
      const merged = mergeObject(member.type, isObject(before) ? before : {}, value);
      if (merged === undefined) delete result[name];
      else result[name] = merged;
    } else result[name] = value;
  }
  // An order without a patched list still reorders what is there.
  for (const name of Object.keys(patch).filter((n) => n.startsWith(orderPrefix)).map((n) => n.slice(orderPrefix.length))) {
    const list = result[name];
    if (patch[name] === undefined && Array.isArray(list)) result[name] = arrange(list, list, orderOf(patch, name)!, memberOf(type, name).options.patchMergeKey);
  }
  return result;
}

function orderOf(patch: JsonObject, name: string): JsonValue[] | undefined {
  const order = patch[orderPrefix + name];
  return Array.isArray(order) ? order : undefined;
}

function mergeList(member: { type: Resolved | undefined; options: Field['options'] }, original: JsonValue[] | undefined, patch: JsonValue[], order: JsonValue[] | undefined): JsonValue[] {
  const items = member.type?.kind === 'array' ? resolveType(member.type.items) : undefined;
  const { patchStrategy = '', patchMergeKey: mergeKey } = member.options;
  if (!patchStrategy.includes('merge')) return strip(member.type, patch) as JsonValue[];
  if (items?.kind === 'scalar' || !mergeKey) {
    const merged = [...(original ?? [])];
    for (const item of patch) if (!merged.some((m) => equalJson(m, item))) merged.push(item);
    return arrange(merged, original ?? [], order ?? patch, undefined);
  }
  if (patch.some((item) => isObject(item) && item[patchDirective] === 'replace')) return strip(member.type, patch.filter((item) => !(isObject(item) && item[patchDirective] === 'replace' && Object.keys(item).length === 1))) as JsonValue[];
  let merged = [...(original ?? [])];
  const touched: JsonValue[] = [];
  for (const item of patch) {
    if (!isObject(item)) throw new PatchError('expected all elements of the list to be objects');
    const id = item[mergeKey];
    if (id === undefined) throw new PatchError(`map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`);
    const at = merged.findIndex((m) => isObject(m) && m[mergeKey] === id);
    if (item[patchDirective] === 'delete') {
      merged = merged.filter((m) => !(isObject(m) && m[mergeKey] === id));
      continue;
    }
    touched.push(item);
    const result = mergeObject(items, at >= 0 ? (merged[at] as JsonObject) : {}, item)!;
    if (at >= 0) merged[at] = result;
    else merged.push(result);
  }
  return arrange(merged, original ?? [], order ?? touched, mergeKey);
}

const identity = (item: JsonValue, mergeKey: string | undefined): JsonValue => (mergeKey && isObject(item) ? (item[mergeKey] ?? null) : item);
const indexIn = (list: readonly JsonValue[], item: JsonValue, mergeKey: string | undefined): number => list.findIndex((other) => equalJson(identity(other, mergeKey), identity(item, mergeKey)));

/**
 * Final order: items the patch names stand in the patch's order, the others in the server's; the two runs are interleaved by
 * where the server had them, and a new item comes before the next one of the server.
 */
function arrange(items: readonly JsonValue[], server: readonly JsonValue[], order: readonly JsonValue[], mergeKey: string | undefined): JsonValue[] {
  const named = items.filter((item) => indexIn(order, item, mergeKey) >= 0).sort((a, b) => indexIn(order, a, mergeKey) - indexIn(order, b, mergeKey));
  const others = items.filter((item) => indexIn(order, item, mergeKey) < 0);
  const result: JsonValue[] = [];
  let i = 0;
  let j = 0;
  while (i < others.length || j < named.length) {
    const other = others[i];
    const name = named[j];
    if (other === undefined) { result.push(name!); j++; continue; }
    if (name === undefined) { result.push(other); i++; continue; }
    const a = indexIn(server, other, mergeKey);
    const b = indexIn(server, name, mergeKey);
    if (a >= 0 && b >= 0 && a < b) { result.push(other); i++; } else { result.push(name); j++; }
  }
  return result;
}

/** A value as it is added where nothing was: without directives and nulls. */
function strip(type: Resolved | undefined, value: JsonValue): JsonValue {
  if (Array.isArray(value)) {
    const items = type?.kind === 'array' ? resolveType(type.items) : undefined;
    return value.filter((item) => !(isObject(item) && item[patchDirective] === 'delete')).map((item) => strip(items, item));
  }
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    if (name.startsWith('$') && (name === patchDirective || name === retainKeys || name.startsWith(deletePrefix) || name.startsWith(orderPrefix))) continue;
    if (member === null) continue;
    result[name] = strip(memberOf(type, name).type, member);
  }
  return result;
}
