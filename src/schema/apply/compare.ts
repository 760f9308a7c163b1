// What differs between two values of one type, as sets of fields. (upstream: structured-merge-diff typed/compare.go)
import { equalJson } from '../../util/json.ts';
import type { JsonValue } from '../schema.ts';
import { emptySet, hasElement, insert, isEmpty, type FieldSet, type GrowingSet } from './field-set.ts';
import type { PathElement } from './path-element.ts';
import { isLeaf, itemElement, itemsOf, memberOf, membersOf, type ListStructure, type MapStructure, type Structure, type StructStructure } from './structure.ts';

export interface Comparison {
  readonly added: FieldSet;
  /** In both, with different values. */
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}
export const isSame = ({ added, modified, removed }: Comparison): boolean => isEmpty(added) && isEmpty(modified) && isEmpty(removed);
export const sameComparison: Comparison = { added: emptySet, modified: emptySet, removed: emptySet };

/** What lies at or below a path of `ignored` is not looked at. Values may share parts: those cost nothing. */
export function compare(structure: Structure, old: JsonValue | undefined, value: JsonValue | undefined, ignored?: FieldSet): Comparison {
  const walk = new Walk();
  walk.values(structure, old, value, ignored);
  return walk;
}

class Walk implements Comparison {
  readonly added: GrowingSet = {};
  readonly modified: GrowingSet = {};
  readonly removed: GrowingSet = {};
  readonly #path: PathElement[] = [];

  values(structure: Structure, old: JsonValue | undefined, value: JsonValue | undefined, ignored?: FieldSet): void {
    if (structure.kind === 'scalar' || isLeaf(structure, old, value)) {
      this.#leaf(old, value);
      return;
    }
    if (structure.kind === 'list') this.#items(structure, itemsOf(old), itemsOf(value));
    else this.#members(structure, old, value, ignored);
    if (old === undefined) insert(this.added, this.#path);
    else if (value === undefined) insert(this.removed, this.#path);
  }

  #leaf(old: JsonValue | undefined, value: JsonValue | undefined): void {
    if (old === undefined) insert(this.added, this.#path);
    else if (value === undefined) insert(this.removed, this.#path);
    else if (!equalJson(old, value)) insert(this.modified, this.#path);
  }

  #members(structure: StructStructure | MapStructure, old: JsonValue | undefined, value: JsonValue | undefined, ignored: FieldSet | undefined): void {
    const before = membersOf(old);
    const after = membersOf(value);
    for (const name of Object.keys(after ?? {})) {
      if (after![name] !== undefined) this.#member(structure, name, before && Object.hasOwn(before, name) ? before[name] : undefined, after![name], ignored);
    }
    for (const name of Object.keys(before ?? {})) {
      if (before![name] !== undefined && (after === undefined || !Object.hasOwn(after, name) || after[name] === undefined)) this.#member(structure, name, before![name], undefined, ignored);
    }
  }

  #member(structure: StructStructure | MapStructure, name: string, old: JsonValue | undefined, value: JsonValue | undefined, ignored: FieldSet | undefined): void {
    if (old === value) return;
    const member = memberOf(structure, name);
    if (!member || (ignored && hasElement(ignored, member.element))) return;
    this.#descend(member.element, member.structure, old, value, ignored?.[member.element]);
  }

  #items(list: ListStructure, old: readonly JsonValue[] | undefined, value: readonly JsonValue[] | undefined): void {
    if (old && value && equalJson(old, value)) return;
    const before = indexItems(list, old);
    const after = indexItems(list, value);
    for (const element of new Set([...before.keys(), ...after.keys()])) {
      const left = before.get(element) ?? [];
      const right = after.get(element) ?? [];
      // Items that share an identity are one leaf: nobody can tell them apart.
      if (left.length <= 1 && right.length <= 1) this.#descend(element, list.items, left[0], right[0]);
      else if (left.length >= 2 && right.length >= 2) {
        if (!equalJson(left, right)) insert(this.modified, [...this.#path, element]);
      } else if (left.length >= 2) {
        if (right.length) this.#descend(element, list.items, undefined, right[0]);
        insert(this.removed, [...this.#path, element]);
      } else {
        if (left.length) this.#descend(element, list.items, left[0], undefined);
        insert(this.added, [...this.#path, element]);
      }
    }
  }

  #descend(element: PathElement, structure: Structure, old: JsonValue | undefined, value: JsonValue | undefined, ignored?: FieldSet): void {
    this.#path.push(element);
    this.values(structure, old, value, ignored);
    this.#path.pop();
  }
}

function indexItems(list: ListStructure, items: readonly JsonValue[] | undefined): Map<PathElement, JsonValue[]> {
  const index = new Map<PathElement, JsonValue[]>();
  for (const item of items ?? []) {
    const element = itemElement(list, item);
    const same = index.get(element);
    if (same) same.push(item);
    else index.set(element, [item]);
  }
  return index;
}
