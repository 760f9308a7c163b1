// Strategic merge patch: lists are merged by the keys their fields declare, with directives for deletion, replacement and
// order. (upstream: apimachinery util/strategicpatch/patch.go)
import { goText, jsonKind } from '../apimachinery/go-text.ts';
import { isObject, ownMember, PatchError, setMember, type JsonObject } from './patch.ts';
import { resolveType, type Field, type JsonValue, type Type } from './schema.ts';

const patchDirective = '$patch';
const retainKeys = '$retainKeys';
const deletePrefix = '$deleteFromPrimitiveList/';
const orderPrefix = '$setElementOrder/';

/** The patched copy of `target`, which is an object of `type`. @throws PatchError */
export function strategicMergePatch(type: Type, target: JsonValue, patch: JsonValue): JsonValue {
  // As Go's decoder: nothing at all is an empty patch.
  if (patch !== null && !isObject(patch)) throw new PatchError(`json: cannot unmarshal ${jsonKind(patch)} into Go value of type map[string]interface {}`, 400);
  return mergeObject(resolveType(type), isObject(target) ? target : {}, patch ?? {});
}

type Resolved = ReturnType<typeof resolveType>;
interface Member { readonly type: Resolved | undefined; readonly options: Field['options'] }

/** The type of a member: a field of an object, or a map's values. */
function memberOf(type: Resolved | undefined, name: string): Member {
  if (type?.kind === 'map') return { type: resolveType(type.values), options: {} };
  const field = type?.kind === 'object' && Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
  return { type: field && resolveType(field.type), options: field?.options ?? {} };
}

function mergeObject(type: Resolved | undefined, original: JsonObject, patch: JsonObject): JsonObject {
  const directive = patch[patchDirective];
  if (directive === 'replace') return strip(patch) as JsonObject;
  if (directive === 'delete') return {};
  if (directive !== undefined) throw new PatchError(`unknown patch type: ${goText(directive)} in map: ${goText(patch)}`, 500);
  const result = retained(original, patch);
  for (const [name, value] of Object.entries(patch)) {
    if (name === retainKeys || name.startsWith(orderPrefix)) continue;
    if (name.startsWith(deletePrefix)) deleteItems(result, name.slice(deletePrefix.length), value);
    else if (value === null) delete result[name];
    else {
      const merged = mergeMember(memberOf(type, name), ownMember(result, name), value, orderOf(patch, name));
      if (merged === undefined) delete result[name];
      else setMember(result, name, merged);
    }
  }
  // An order without a patched list still reorders what is there.
  for (const name of Object.keys(patch).filter((n) => n.startsWith(orderPrefix)).map((n) => n.slice(orderPrefix.length))) {
    const list = ownMember(result, name);
    if (!Object.hasOwn(patch, name) && Array.isArray(list)) setMember(result, name, arrange(list, list, orderOf(patch, name)!, memberOf(type, name).options.patchMergeKey));
  }
  return result;
}

/** A copy of the original; with `$retainKeys`, of the members it names only. */
function retained(original: JsonObject, patch: JsonObject): JsonObject {
  const names = patch[retainKeys];
  if (names === undefined) return { ...original };
  const wrong = !Array.isArray(names) || Object.entries(patch).some(([k, v]) => k !== retainKeys && v !== null && !k.startsWith(deletePrefix) && !k.startsWith(orderPrefix) && !names.includes(k));
  if (wrong) throw new PatchError('invalid patch format of retainKeys', 400);
  return Object.fromEntries(Object.entries(original).filter(([k]) => names.includes(k)));
}

function deleteItems(result: JsonObject, name: string, gone: JsonValue): void {
  if (!Array.isArray(gone)) throw new PatchError('invalid patch format of primitive list', 400);
  const list = ownMember(result, name);
  if (Array.isArray(list)) setMember(result, name, list.filter((item) => !gone.includes(item)));
}

/** Undefined when nothing of the member stays. */
function mergeMember({ type, options }: Member, before: JsonValue | undefined, value: JsonValue, order: JsonValue[] | undefined): JsonValue | undefined {
  const replaces = options.patchStrategy === 'replace';
  if (Array.isArray(value)) return Array.isArray(before) && !replaces ? mergeList(type, options, before, value, order) : (strip(value) as JsonValue);
  return isObject(value) && isObject(before) && !replaces ? mergeObject(type, before, value) : strip(value);
}

function orderOf(patch: JsonObject, name: string): JsonValue[] | undefined {
  const order = ownMember(patch, orderPrefix + name);
  if (order !== undefined && !Array.isArray(order)) throw new PatchError('invalid patch format of setElementOrder list', 400);
  return order;
}

function mergeList(type: Resolved | undefined, options: Field['options'], original: JsonValue[], patch: JsonValue[], order: JsonValue[] | undefined): JsonValue[] {
  const { patchStrategy = '', patchMergeKey: mergeKey } = options;
  const items = type?.kind === 'array' ? resolveType(type.items) : undefined;
  // Taken as it is: what is no field of an item falls away when the result is decoded.
  if (!patchStrategy.includes('merge')) return patch;
  if (items?.kind === 'scalar' || !mergeKey) return arrange([...new Set([...original, ...patch])], original, order ?? patch, undefined);
  const { removed, kept, replaces } = sortDirectives(patch, mergeKey);
  if (replaces) return strip(kept) as JsonValue[];
  if (order) checkOrder(kept, order, mergeKey);
  const merged = original.filter((item) => !isObject(item) || !removed.has(item[mergeKey] ?? null));
  const places = new Map(merged.map((item, i) => [isObject(item) ? item[mergeKey] : undefined, i]));
  for (const item of kept) {
    const at = places.get(item[mergeKey]);
    if (at !== undefined) merged[at] = mergeObject(items, merged[at] as JsonObject, item);
    else {
      places.set(item[mergeKey], merged.length);
      // A new item is taken as it is: its own lists have nothing to be merged with.
      merged.push(strip(item) as JsonObject);
    }
  }
  return arrange(merged, original, order ?? kept, mergeKey);
}

/** Items of a patched list: those with a directive, and those to merge. */
function sortDirectives(patch: JsonValue[], mergeKey: string): { removed: Set<JsonValue>; kept: JsonObject[]; replaces: boolean } {
  const removed = new Set<JsonValue>();
  const kept: JsonObject[] = [];
  let replaces = false;
  for (const item of patch) {
    if (!isObject(item)) throw new PatchError('list element types are not identical', 500);
    const directive = item[patchDirective];
    if (directive === 'replace') replaces = true;
    else if (directive === 'merge') throw new PatchError('merging lists cannot yet be specified in the patch', 500);
    else if (directive !== undefined && directive !== 'delete') throw new PatchError(`unknown patch type: ${goText(directive)} in map: ${goText(item)}`, 500);
    else if (item[mergeKey] === undefined) throw new PatchError(`map: ${goText(item)} does not contain declared merge key: ${mergeKey}`, 500);
    else if (directive === 'delete') removed.add(item[mergeKey]);
    else kept.push(item);
  }
  return { removed, kept, replaces };
}

/** What makes an item the same as another: its key, or all of it. */
const identity = (item: JsonValue, mergeKey: string | undefined): JsonValue | undefined => (mergeKey && isObject(item) ? item[mergeKey] : item);

/** Where each item of a list stands. */
function placesOf(list: readonly JsonValue[], mergeKey: string | undefined): (item: JsonValue) => number {
  const places = new Map<JsonValue | undefined, number>();
  list.forEach((item, i) => { if (!places.has(identity(item, mergeKey))) places.set(identity(item, mergeKey), i); });
  return (item) => places.get(identity(item, mergeKey)) ?? -1;
}

function checkOrder(kept: readonly JsonObject[], order: readonly JsonValue[], mergeKey: string): void {
  const place = placesOf(order, mergeKey);
  const places = kept.map((item) => place(item));
  if (order.length && places.some((at, i) => at < 0 || (i > 0 && at <= places[i - 1]!))) throw new PatchError(`The order in patch list:\n${goText(kept)}\n doesn't match $setElementOrder list:\n${goText(order)}\n`, 500);
}

/**
 * Final order: items the patch names stand in the patch's order, the others in the server's; the two runs are interleaved by
 * where the server had them, and a new item comes before the next one of the server.
 */
function arrange(items: readonly JsonValue[], server: readonly JsonValue[], order: readonly JsonValue[], mergeKey: string | undefined): JsonValue[] {
  const wanted = placesOf(order, mergeKey);
  const before = placesOf(server, mergeKey);
  const named = items.filter((item) => wanted(item) >= 0).sort((a, b) => wanted(a) - wanted(b));
  const others = items.filter((item) => wanted(item) < 0);
  const result: JsonValue[] = [];
  let i = 0;
  let j = 0;
  while (i < others.length && j < named.length) {
    const a = before(others[i]!);
    const b = before(named[j]!);
    result.push(a >= 0 && b >= 0 && a < b ? others[i++]! : named[j++]!);
  }
  return [...result, ...others.slice(i), ...named.slice(j)];
}

/** A value as it is added where nothing was: without directives and nulls; undefined when it only deletes. */
function strip(value: JsonValue): JsonValue | undefined {
  if (Array.isArray(value)) return value.filter((item) => !(isObject(item) && Object.hasOwn(item, patchDirective))).map((item) => strip(item) as JsonValue);
  if (!isObject(value)) return value;
  if (value[patchDirective] === 'delete') return undefined;
  const result: JsonObject = {};
  for (const [name, its] of Object.entries(value)) {
    const isDirective = name === patchDirective || name === retainKeys || name.startsWith(deletePrefix) || name.startsWith(orderPrefix);
    const stripped = isDirective || its === null ? undefined : strip(its);
    if (stripped !== undefined) setMember(result, name, stripped);
  }
  return result;
}
