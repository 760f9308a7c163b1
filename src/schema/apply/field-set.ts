// Sets of fields, in the very form managedFields stores them: a tree of path elements in which a node without children is a
// member, and one with children is a member when it holds `.`. So reading and writing cost nothing, and what a change does
// not touch is shared. All functions are pure; trees are never changed. (upstream: structured-merge-diff fieldpath/set.go)
import { compareElements, FieldSetError, readElement, type PathElement } from './path-element.ts';

export interface FieldSet { readonly [element: PathElement]: FieldSet }
/** A set under construction by `insert`. */
export interface GrowingSet { [element: PathElement]: GrowingSet }

const self = '.';
const member: FieldSet = Object.freeze({});
const emptySet: FieldSet = member;

const hasKeys = (node: FieldSet): boolean => {
  for (const _ in node) return true;
  return false;
};
const isMember = (node: FieldSet): boolean => node[self] !== undefined || !hasKeys(node);
export const isEmpty = (set: FieldSet): boolean => !hasKeys(set);
/** The element itself is in the set. */
export const hasElement = (set: FieldSet, element: PathElement): boolean => set[element] !== undefined && isMember(set[element]);
/** What the set holds below an element: a set without the element itself. */
export function below(set: FieldSet, element: PathElement): FieldSet {
  const node = set[element];
  if (node === undefined) return emptySet;
  if (node[self] === undefined) return node;
  const { [self]: _self, ...children } = node;
  return children;
}
export function has(set: FieldSet, path: readonly PathElement[]): boolean {
  let node: FieldSet | undefined = path.length ? set : undefined;
  for (const element of path) node = node?.[element];
  return node !== undefined && isMember(node);
}

/** Nodes `insert` has given children: to ask a large object whether it has any key costs as much as to list them all. */
const parents = new WeakSet<GrowingSet>();

/** Adds a path; an empty one says nothing (nobody owns the whole object). */
export function insert(set: GrowingSet, path: readonly PathElement[]): void {
  let node = set;
  for (let i = 0; i < path.length; i++) {
    const element = path[i]!;
    const next = node[element];
    parents.add(node);
    if (i === path.length - 1) {
      if (next === undefined) node[element] = {};
      else if (parents.has(next)) next[self] = {};
    } else if (next === undefined) node = node[element] = {};
    else {
      // A leaf becomes an inner node: it stays a member.
      if (!parents.has(next)) next[self] = {};
      node = next;
    }
  }
}
export function setOf(...paths: readonly (readonly PathElement[])[]): FieldSet {
  const set: GrowingSet = {};
  for (const path of paths) insert(set, path);
  return set;
}

/** A node of these children; undefined when it would say nothing. */
function nodeOf(isIn: boolean, children: GrowingSet): FieldSet | undefined {
  if (!hasKeys(children)) return isIn ? member : undefined;
  return isIn ? { [self]: member, ...children } : children;
}

/** What is in either; `a` itself when `b` adds nothing. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(b)) return a;
  if (isEmpty(a)) return b;
  let result: GrowingSet | undefined;
  for (const element in b) {
    const left = a[element];
    const right = b[element]!;
    const node = left === undefined ? right : element === self ? left : unionNode(left, right);
    if (node !== left) (result ??= { ...a } as GrowingSet)[element] = node as GrowingSet;
  }
  return result ?? a;
}
function unionNode(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  const inA = isMember(a);
  const inB = isMember(b);
  // `.` travels as an ordinary child here; a leaf brings it along.
  const merged = union(a, b);
  return (inA || inB) && hasKeys(merged) && merged[self] === undefined ? { [self]: member, ...merged } : merged;
}

/** What is in both. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const result: GrowingSet = {};
  for (const element in a) {
    const right = element === self ? undefined : b[element];
    if (right === undefined) continue;
    const left = a[element]!;
    const node = nodeOf(isMember(left) && isMember(right), intersection(left, right) as GrowingSet);
    if (node) result[element] = node as GrowingSet;
  }
  return result;
}

/** What is in `a` and not in `b`; `a` itself when they share nothing. `whole` takes all below a member of `b` along. */
export function difference(a: FieldSet, b: FieldSet, whole = false): FieldSet {
  let result: GrowingSet | undefined;
  for (const element in b) {
    const left = element === self ? undefined : a[element];
    if (left === undefined) continue;
    const right = b[element]!;
    const node = whole && isMember(right) ? undefined : differenceNode(left, right, whole);
    if (node === left) continue;
    result ??= { ...a } as GrowingSet;
    if (node) result[element] = node as GrowingSet;
    else delete result[element];
  }
  return result ?? a;
}
function differenceNode(a: FieldSet, b: FieldSet, whole: boolean): FieldSet | undefined {
  const isIn = isMember(a);
  const stays = isIn && !isMember(b);
  const rest = difference(a, b, whole);
  if (rest === a && stays === isIn) return a;
  const { [self]: _self, ...children } = rest;
  return nodeOf(stays, children as GrowingSet);
}

/** Every member's path, in Go's order: a node's members first, then what lies below them. */
export function paths(set: FieldSet): PathElement[][] {
  const result: PathElement[][] = [];
  const visit = (node: FieldSet, prefix: PathElement[]): void => {
    const elements = Object.keys(node).filter((e) => e !== self).sort(compareElements);
    for (const element of elements) if (isMember(node[element]!)) result.push([...prefix, element]);
    for (const element of elements) visit(node[element]!, [...prefix, element]);
  };
  visit(set, []);
  return result;
}

/** The same set with its elements in Go's order, as it is written; itself when it is so already. */
export function canonical(set: FieldSet): FieldSet {
  const elements = Object.keys(set);
  let ordered = true;
  for (let i = 1; i < elements.length && ordered; i++) ordered = compareWithSelf(elements[i - 1]!, elements[i]!) <= 0;
  if (!ordered) elements.sort(compareWithSelf);
  let result: Record<string, FieldSet> | undefined = ordered ? undefined : {};
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i]!;
    const child = set[element]!;
    const node = hasKeys(child) ? canonical(child) : child;
    if (!result && node !== child) {
      result = {};
      for (let k = 0; k < i; k++) result[elements[k]!] = set[elements[k]!]!;
    }
    if (result) result[element] = node;
  }
  return result ?? set;
}
const compareWithSelf = (a: string, b: string): number => (a === self ? (b === self ? 0 : -1) : b === self ? 1 : compareElements(a, b));

/** Reads a set from outside. Elements of kinds nobody knows yet are left out. @throws FieldSetError */
export function readFieldSet(value: unknown): FieldSet {
  return canonical(readNode(value).children);
}
function readNode(value: unknown): { children: GrowingSet; isIn: boolean } {
  if (value === null) return { children: {}, isIn: true };
  if (typeof value !== 'object' || Array.isArray(value)) throw new FieldSetError('expected an object in a field set');
  const children: GrowingSet = {};
  let isIn = false;
  for (const [text, inner] of Object.entries(value as object)) {
    if (text === self) isIn = true;
    else {
      const element = readElement(text);
      if (element === undefined) continue;
      const child = readNode(inner);
      const node = nodeOf(child.isIn, child.children);
      if (node) children[element] = (children[element] ? unionNode(children[element], node) : node) as GrowingSet;
    }
  }
  return { children, isIn: isIn || !hasKeys(children) };
}
