// Merges an applied configuration into a live value, and takes fields out of a value.
// (upstream: structured-merge-diff typed/merge.go, typed/remove.go)
import type { JsonValue } from '../schema.ts';
import { below, hasElement, isEmpty, type FieldSet } from './field-set.ts';
import type { PathElement } from './path-element.ts';
import { isBare, isLeaf, itemElement, itemsOf, memberOf, membersOf, type ListStructure, type Members, type Structure } from './structure.ts';

/** `applied` wins, field by field; undefined when nothing is left to say. Neither value is changed; both may be shared. */
export function merge(structure: Structure, live: JsonValue | undefined, applied: JsonValue | undefined): JsonValue | undefined {
  if (applied === undefined) return live;
  if (structure.kind === 'scalar' || isLeaf(structure, live, applied)) return applied;
  if (structure.kind === 'list') return mergeItems(structure, itemsOf(live) ?? [], itemsOf(applied) ?? []);
  const before = membersOf(live) ?? {};
  const after = membersOf(applied) ?? {};
  const merged: [string, JsonValue][] = [];
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const member = memberOf(structure, name);
    const value = member ? merge(member.structure, own(before, name), own(after, name)) : own(before, name);
    if (value !== undefined) merged.push([name, value]);
  }
  // Unlike assignment, this makes even `__proto__` a plain key.
  return merged.length ? Object.fromEntries(merged) : undefined;
}
const own = (members: Members, name: string): JsonValue | undefined => (Object.hasOwn(members, name) ? members[name] : undefined);

/**
 * Items the configuration names stand in its order; the others stay where the live list had them, relative to the named ones
 * that both have.
 */
function mergeItems(list: ListStructure, live: readonly JsonValue[], applied: readonly JsonValue[]): JsonValue | undefined {
  const left = live.map((item) => itemElement(list, item));
  const right = applied.map((item) => itemElement(list, item));
  const liveItems = new Map<PathElement, JsonValue | undefined>();
  // Live items that share an identity are replaced, not merged.
  left.forEach((element, i) => liveItems.set(element, liveItems.has(element) ? undefined : live[i]));
  const appliedItems = new Map(right.map((element, i) => [element, applied[i]!]));
  const shared = right.filter((element) => liveItems.has(element));
  const done = new Set<PathElement>();
  const out: JsonValue[] = [];
  const take = (element: PathElement, item: JsonValue | undefined): void => {
    const merged = merge(list.items, item, appliedItems.get(element));
    if (merged !== undefined) out.push(merged);
  };
  let next = shared.shift();
  for (let l = 0, r = 0; l < left.length || r < right.length;) {
    const ours = left[l];
    const theirs = right[r];
    if (ours !== undefined && theirs !== undefined) {
      if (ours === theirs) {
        done.add(ours);
        take(ours, liveItems.get(ours));
        l++;
        r++;
        next = shared.shift();
        continue;
      }
      // In both, but its turn comes with another item of the configuration.
      if (appliedItems.has(ours) && next !== undefined && next !== ours) {
        l++;
        continue;
      }
    }
    if (ours !== undefined) {
      if (!appliedItems.has(ours)) {
        take(ours, live[l]);
        l++;
        continue;
      }
      if (done.has(ours)) l++;
    }
    if (theirs !== undefined) {
      done.add(theirs);
      take(theirs, liveItems.get(theirs));
      r++;
      if (next === theirs) next = shared.shift();
    }
  }
  return out.length ? out : undefined;
}

/** The value without the fields of the set; undefined when nothing is left. */
export function removeFields(structure: Structure, value: JsonValue | undefined, set: FieldSet): JsonValue | undefined {
  if (structure.kind === 'scalar') return value;
  if (structure.kind === 'map' && structure.deduced && !membersOf(value) && !itemsOf(value)) return value;
  if (structure.atomic || isBare(value)) return undefined;
  if (structure.kind === 'list') {
    const items: JsonValue[] = [];
    for (const item of itemsOf(value) ?? []) {
      const element = itemElement(structure, item);
      if (hasElement(set, element)) continue;
      items.push(removeBelow(structure.items, item, set, element));
    }
    return items.length ? items : undefined;
  }
  const members: [string, JsonValue][] = [];
  for (const [name, inner] of Object.entries(membersOf(value) ?? {})) {
    const member = memberOf(structure, name);
    if (!member) members.push([name, inner]);
    else if (!hasElement(set, member.element)) members.push([name, removeBelow(member.structure, inner, set, member.element)]);
  }
  return members.length ? Object.fromEntries(members) : undefined;
}

function removeBelow(structure: Structure, value: JsonValue, set: FieldSet, element: PathElement): JsonValue {
  const inner = below(set, element);
  return isEmpty(inner) ? value : (removeFields(structure, value, inner) ?? null);
}
