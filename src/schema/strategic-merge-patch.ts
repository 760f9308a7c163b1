// Strategic merge patch: lists are merged by the keys their fields declare, with directives for deletion, replacement and
// order. Directives and nulls that upstream leaves in the result are left there: decoding finds them.
// (upstream: apimachinery util/strategicpatch/patch.go)
import { goString, goText, goTypeOf, jsonKind } from '../apimachinery/go-text.ts';
import { arrange, badType, partition } from './list-order.ts';
import { kindOf, mergeValueOf, metaOf, metaOfList, type PatchMeta, type Resolved } from './patch-meta.ts';
import { isObject, ownMember, PatchError, setMember, type JsonObject } from './patch.ts';
import { resolveType, type JsonValue, type Type } from './schema.ts';

const patchDirective = '$patch';
const retainKeys = '$retainKeys';
const deletePrefix = '$deleteFromPrimitiveList';
const orderPrefix = '$setElementOrder';

/**
 * The patched copy of `target`, which is an object of `type`. It consumes the patch: directives, lists that have an order and
 * what only deletes go out of it, and parts of it are in the result. Refusals of the result show what is left. @throws PatchError
 */
export function strategicMergePatch(type: Type, target: JsonValue, patch: JsonValue): JsonValue {
  // As Go's decoder: nothing at all is an empty patch.
  if (patch !== null && !isObject(patch)) throw new PatchError(`json: cannot unmarshal ${jsonKind(patch)} into Go value of type map[string]interface {}`, 400);
  return mergeObject(resolveType(type), isObject(target) ? target : {}, patch ?? {});
}

function mergeObject(type: Resolved, original: JsonObject, patch: JsonObject): JsonObject {
  if (Object.hasOwn(patch, patchDirective)) return directed(patch);
  const result = retained(original, patch);
  for (const name of Object.keys(patch)) if (name.startsWith(orderPrefix)) mergeOrdered(type, result, patch, name);
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith(deletePrefix)) deleteItems(type, result, nameAfter(deletePrefix, name, 'primitive'), value);
    else if (value === null) delete result[name];
    else {
      const merged = mergeMember(type, name, ownMember(result, name), value);
      if (merged === undefined) delete result[name];
      else setMember(result, name, merged);
    }
  }
  return result;
}

function directed(patch: JsonObject): JsonObject {
  const directive = patch[patchDirective];
  if (directive === 'delete') return {};
  if (directive !== 'replace') throw unknownDirective(patch);
  delete patch[patchDirective];
  return patch;
}
const unknownDirective = (patch: JsonObject): PatchError => new PatchError(`unknown patch type: ${goString(patch[patchDirective])} in map: ${goText(patch)}`, 500);

const isDirective = (name: string): boolean => name.startsWith(deletePrefix) || name.startsWith(orderPrefix);

/** A copy of the original; with `$retainKeys`, which is taken out of the patch, of the members it names only. */
function retained(original: JsonObject, patch: JsonObject): JsonObject {
  const names = ownMember(patch, retainKeys);
  if (names === undefined) return { ...original };
  delete patch[retainKeys];
  if (!Array.isArray(names) || Object.entries(patch).some(([name, value]) => value !== null && !isDirective(name) && !names.includes(name))) throw new PatchError('invalid patch format of retainKeys', 400);
  return Object.fromEntries(Object.entries(original).filter(([name]) => names.includes(name)));
}

/** The list's name behind `$setElementOrder/`. */
function nameAfter(prefix: string, directive: string, list: string): string {
  if (!directive.startsWith(`${prefix}/`)) throw new PatchError(`invalid patch format of ${list} list`, 400);
  return directive.slice(prefix.length + 1);
}

/** Merges the list that the order is for, or orders what is there, and takes both out of the patch. */
function mergeOrdered(type: Resolved, result: JsonObject, patch: JsonObject, directive: string): void {
  const order = patch[directive]!;
  delete patch[directive];
  if (!Array.isArray(order)) throw badType('[]interface {}', order);
  const name = nameAfter(orderPrefix, directive, 'setElementOrder');
  const before = listIn(result, name);
  const value = listIn(patch, name);
  const meta = metaOfList(type, name);
  if (value && order.length) checkOrder(value, order, meta.mergeKey);
  if (!before && !value) return;
  const { items, server } = !value ? { items: before!, server: before! } : before ? mergeList(meta, before, value) : { items: taken(value) as JsonValue[], server: [] };
  const parts = partition(items, order, meta.mergeKey);
  setMember(result, name, arrange(parts, order, server, { mergeKey: meta.mergeKey, keyed: elementsOf(before ?? [], value ?? []) === 'map[string]interface {}' }));
  delete patch[name];
}

function listIn(object: JsonObject, name: string): JsonValue[] | undefined {
  const value = ownMember(object, name);
  if (value !== undefined && !Array.isArray(value)) throw badType('[]interface {}', value);
  return value;
}

function deleteItems(type: Resolved, result: JsonObject, name: string, gone: JsonValue): void {
  const list = ownMember(result, name);
  if (gone === null) delete result[name];
  else if (isObject(gone) && isObject(list)) setMember(result, name, mergeMember(type, name, list, gone)!);
  else if (Array.isArray(list) && Array.isArray(gone)) setMember(result, name, mergeList(metaOfList(type, name), list, gone, true).items);
  else if (list !== undefined && goTypeOf(list) === goTypeOf(gone)) setMember(result, name, gone);
}

/** Undefined when nothing of the member stays. */
function mergeMember(type: Resolved, name: string, before: JsonValue | undefined, value: JsonValue): JsonValue | undefined {
  if (isObject(value) && isObject(before)) {
    const meta = metaOf(type, name);
    return meta.strategy === 'replace' ? value : mergeObject(meta.type, before, value);
  }
  if (Array.isArray(value) && Array.isArray(before)) return mergeList(metaOfList(type, name), before, value).items;
  dropNulls(value);
  return taken(value);
}

/** `server` is the order that the list had on the server, as far as it is known afterwards. */
interface Merged { readonly items: JsonValue[]; readonly server: readonly JsonValue[] }

function mergeList({ type, strategy, mergeKey }: PatchMeta, original: JsonValue[], patch: JsonValue[], deletes = false): Merged {
  // Taken as it is: what is no field of an item falls away when the result is decoded.
  if (strategy !== 'merge' && !deletes) return { items: patch, server: original };
  if (original.length === 0 && patch.length === 0) return { items: original, server: original };
  if (elementsOf(original, patch) !== 'map[string]interface {}') {
    if (deletes) return { items: original.filter((item) => !patch.includes(item)), server: original };
    const parts = partition([...new Set([...original, ...patch])], patch, mergeKey);
    return { items: arrange(parts, patch, original, { mergeKey, keyed: false }), server: original };
  }
  if (mergeKey === '') throw new PatchError(`cannot merge lists without merge key for ${kindOf(type)}`, 500);
  return mergeKeyed(type, mergeKey, original as JsonObject[], patch as JsonObject[]);
}

function mergeKeyed(type: Resolved, mergeKey: string, original: readonly JsonObject[], patch: readonly JsonObject[]): Merged {
  const { removed, kept, replaces } = sortDirectives(patch, mergeKey);
  const server = replaces ? kept : original.filter((item) => !removed.has(ownMember(item, mergeKey) ?? null));
  const merged = [...server];
  const places = new Map<JsonValue | undefined, number>();
  merged.forEach((item, i) => { if (!places.has(ownMember(item, mergeKey))) places.set(ownMember(item, mergeKey), i); });
  for (const item of replaces ? [] : kept) {
    const key = mergeValueOf(item, mergeKey);
    const at = places.get(key);
    if (at !== undefined) merged[at] = mergeObject(type, merged[at]!, item);
    else {
      places.set(key, merged.length);
      // A new item is taken as it is: its own lists have nothing to be merged with.
      merged.push(item);
    }
  }
  const wanted = replaces ? [] : kept;
  const items = arrange(partition(merged, wanted, mergeKey), wanted, server, { mergeKey, keyed: true });
  // New items move into the places of deleted ones, where upstream then takes them for old ones.
  return { items, server: replaces ? original : merged.slice(0, original.length) };
}

/** Items of a patched list: those with a directive, and those to merge. */
function sortDirectives(patch: readonly JsonObject[], mergeKey: string): { removed: Set<JsonValue>; kept: JsonObject[]; replaces: boolean } {
  const removed = new Set<JsonValue>();
  const kept: JsonObject[] = [];
  let replaces = false;
  for (const item of patch) {
    const directive = ownMember(item, patchDirective);
    if (directive === undefined) kept.push(item);
    else if (directive === 'delete') removed.add(mergeValueOf(item, mergeKey));
    else if (directive === 'replace') replaces = true;
    else if (directive === 'merge') throw new PatchError('merging lists cannot yet be specified in the patch', 500);
    else throw unknownDirective(item);
  }
  return { removed, kept, replaces };
}

/** The one Go type of all items. @throws PatchError when there is none */
function elementsOf(...lists: readonly (readonly JsonValue[])[]): string {
  let found: string | undefined;
  for (const item of lists.flat()) {
    const type = goTypeOf(item);
    if (found === undefined && Array.isArray(item)) throw new PatchError('lists of lists are not supported');
    if (type === undefined || (found !== undefined && type !== found)) throw new PatchError(`list element types are not identical: ${goText(lists)}`, 500);
    found = type;
  }
  if (found === undefined) throw new PatchError('no elements in any of the given slices', 500);
  return found;
}

/** What the patch names stands in the order it wants. @throws PatchError */
function checkOrder(patch: readonly JsonValue[], order: readonly JsonValue[], mergeKey: string): void {
  if (mergeKey) for (const item of patch) if (!isObject(item)) throw badType('map[string]interface {}', item);
  const deletes = (item: JsonValue): boolean => mergeKey !== '' && isObject(item) && item[patchDirective] === 'delete';
  const marked = (item: JsonValue): boolean => isObject(item) && Object.hasOwn(item, patchDirective);
  const kept = patch.filter((item) => !deletes(item));
  const key = (item: JsonValue): JsonValue => {
    if (!mergeKey) return item;
    if (!isObject(item)) throw badType('map[string]interface {}', item);
    return mergeValueOf(item, mergeKey);
  };
  let at = 0;
  let place = 0;
  while (at < kept.length && place < order.length) {
    if (marked(kept[at]!)) at++;
    else if (key(kept[at]!) === key(order[place++]!)) at++;
  }
  if (at < kept.length && place >= order.length) throw new PatchError(`The order in patch list:\n${goText(patch)}\n doesn't match ${orderPrefix} list:\n${goText(order)}\n`, 500);
}

function dropNulls(value: JsonValue): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, its] of Object.entries(value)) {
    if (its === null && isObject(value)) delete value[name];
    else dropNulls(its);
  }
}

/** A value as it is added where nothing was, without what a directive marks; undefined when nothing is left. */
function taken(value: JsonValue): JsonValue | undefined {
  if (Array.isArray(value)) return value.map(taken).filter((item) => item !== undefined);
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, patchDirective)) return undefined;
  for (const [name, its] of Object.entries(value)) {
    const kept = taken(its);
    if (kept === undefined) delete value[name];
    else setMember(value, name, kept);
  }
  return value;
}
