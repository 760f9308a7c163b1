// What differs between two values of one type, as sets of fields. (upstream: structured-merge-diff typed/compare.go)
import { equalJson } from '../../util/json.ts';
import type { JsonValue } from '../schema.ts';
import { hasElement, type FieldSet, type GrowingSet } from './field-set.ts';
import type { PathElement } from './path-element.ts';
import { isBare, isLeaf, itemElement, itemsOf, memberOf, membersOf, type ListStructure, type MapStructure, type Structure, type StructStructure } from './structure.ts';

export interface Comparison {
  readonly added: FieldSet;
  /** In both, with different values. */
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** What lies at or below a path of `ignored` is not looked at. Values may share parts: those cost nothing. */
export function compare(structure: Structure, old: JsonValue | undefined, value: JsonValue | undefined, ignored?: FieldSet): Comparison {
  const walk = new Walk();
  walk.values(structure, old, value, ignored);
  return walk;
}

/** A set that grows along a walk: what lies below a path comes before the path itself, and no path comes twice. */
class Trail {
  readonly set: GrowingSet = {};
  /** The nodes of the present path, as far as there are any, from the root on. */
  readonly #nodes: GrowingSet[] = [this.set];

  /** Adds the present path; an empty one says nothing. */
  add(path: readonly PathElement[]): void {
    const nodes = this.#nodes;
    if (path.length === 0) return;
    if (nodes.length > path.length) nodes[path.length]!['.'] = {};
    else for (let depth = nodes.length; depth <= path.length; depth++) nodes.push((nodes[depth - 1]![path[depth - 1]!] = {}));
  }
  /** The walk goes back to where the path has `depth` elements. */
  leave(depth: number): void { if (this.#nodes.length > depth + 1) this.#nodes.length = depth + 1; }
}

class Walk implements Comparison {
  readonly #added = new Trail();
  readonly #modified = new Trail();
  readonly #removed = new Trail();
  readonly #path: PathElement[] = [];
  get added(): FieldSet { return this.#added.set; }
  get modified(): FieldSet { return this.#modified.set; }
  get removed(): FieldSet { return this.#removed.set; }

  values(structure: Structure, old: JsonValue | undefined, value: JsonValue | undefined, ignored?: FieldSet): void {
    if (structure.kind === 'map' && structure.deduced && shapesDiffer(old, value)) return this.#shapes(structure, old, value);
    if (structure.kind === 'scalar' || isLeaf(structure, old, value)) return this.#leaf(old, value);
    if (structure.kind === 'list') this.#items(structure, itemsOf(old), itemsOf(value));
    else this.#members(structure, old, value, ignored);
    if (old === undefined) this.#added.add(this.#path);
    else if (value === undefined) this.#removed.add(this.#path);
  }

  #leaf(old: JsonValue | undefined, value: JsonValue | undefined): void {
    if (old === undefined) this.#added.add(this.#path);
    else if (value === undefined) this.#removed.add(this.#path);
    else if (!equalJson(old, value)) this.#modified.add(this.#path);
  }

  /** A map in the place of something else, or the other way: its members come or go, besides the change of the whole. */
  #shapes(structure: MapStructure, old: JsonValue | undefined, value: JsonValue | undefined): void {
    if (!isBare(old)) this.#members(structure, old, undefined, undefined);
    if (!isBare(value)) this.#members(structure, undefined, value, undefined);
    this.#leaf(old, value);
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
        if (!equalJson(left, right)) this.#at(element, this.#modified);
      } else if (left.length >= 2) {
        if (right.length) this.#descend(element, list.items, undefined, right[0]);
        this.#at(element, this.#removed);
      } else {
        if (left.length) this.#descend(element, list.items, left[0], undefined);
        this.#at(element, this.#added);
      }
    }
  }

  #descend(element: PathElement, structure: Structure, old: JsonValue | undefined, value: JsonValue | undefined, ignored?: FieldSet): void {
    this.#path.push(element);
    this.values(structure, old, value, ignored);
    this.#leave();
  }
  #at(element: PathElement, trail: Trail): void {
    this.#path.push(element);
    trail.add(this.#path);
    this.#leave();
  }
  #leave(): void {
    this.#path.pop();
    const depth = this.#path.length;
    this.#added.leave(depth);
    this.#modified.leave(depth);
    this.#removed.leave(depth);
  }
}

const isMap = (value: JsonValue | undefined): boolean => membersOf(value) !== undefined;
/** Null and nothing are any shape. */
const shapesDiffer = (a: JsonValue | undefined, b: JsonValue | undefined): boolean => (a ?? b ?? null) !== null && (b ?? a ?? null) !== null && isMap(a ?? b) !== isMap(b ?? a);

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
