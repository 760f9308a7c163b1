// The fields a value sets: what an applied configuration owns. (upstream: structured-merge-diff typed/tofieldset.go, fieldpath/set.go)
import type { JsonValue } from '../schema.ts';
import { hasElement, insert, type FieldSet, type GrowingSet } from './field-set.ts';
import type { PathElement } from './path-element.ts';
import { itemElement, itemsOf, memberOf, membersOf, type Structure } from './structure.ts';

export function fieldsOf(structure: Structure, value: JsonValue): FieldSet {
  const set: GrowingSet = {};
  collect(structure, value, [], set);
  return set;
}

function collect(structure: Structure, value: JsonValue, path: readonly PathElement[], set: GrowingSet): void {
  if (structure.kind === 'scalar' || structure.atomic || (structure.kind === 'map' && structure.deduced && !membersOf(value))) {
    insert(set, path);
    return;
  }
  if (structure.kind === 'list') {
    const items = (itemsOf(value) ?? []).map((item) => ({ item, element: itemElement(structure, item) }));
    const seen = new Map<PathElement, number>();
    for (const { element } of items) seen.set(element, (seen.get(element) ?? 0) + 1);
    for (const { item, element } of items) {
      // Of items with one identity only the identity is owned.
      if (seen.get(element) === 1) collect(structure.items, item, [...path, element], set);
      insert(set, [...path, element]);
    }
    return;
  }
  for (const [name, inner] of Object.entries(membersOf(value) ?? {})) {
    const member = memberOf(structure, name);
    if (!member) continue;
    const at = [...path, member.element];
    collect(member.structure, inner, at, set);
    const members = membersOf(inner);
    // Keys of a map are owned themselves; fields of a struct only when they hold nothing that is.
    if (structure.kind === 'map' || !structure.fields.has(name) || inner === null || (members && Object.keys(members).length === 0)) insert(set, at);
  }
}

/** The set with each struct field it holds something of, so that a field goes when nothing in it is left to anyone. */
export function withNamedFields(structure: Structure | undefined, set: FieldSet): FieldSet {
  const result: GrowingSet = {};
  for (const element in set) {
    const node = set[element]!;
    if (element === '.') {
      result[element] = node as GrowingSet;
      continue;
    }
    let inner: Structure | undefined;
    let named = false;
    if (element.startsWith('f:') && (structure?.kind === 'struct' || structure?.kind === 'map')) {
      inner = memberOf(structure, element.slice(2))?.structure;
      named = structure.kind === 'struct' && structure.fields.has(element.slice(2));
    } else if (element.startsWith('k:') && structure?.kind === 'list') inner = structure.items;
    const child = withNamedFields(inner, node) as GrowingSet;
    result[element] = named && !hasElement(set, element) ? { '.': {}, ...child } : child;
  }
  return result;
}
