// How a write changes who owns what: updates take what they change, applies own what they name and conflict with others.
// (upstream: structured-merge-diff merge/update.go)
import type { JsonValue, Type } from '../schema.ts';
import { equalJson } from '../../util/json.ts';
import { compare, type Comparison } from './compare.ts';
import { fieldsOf, withNamedFields } from './fields-of.ts';
import { difference, intersection, isEmpty, paths, union, type FieldSet } from './field-set.ts';
import { setFields, type Manager, type Managers } from './managers.ts';
import { merge, removeFields } from './merge.ts';
import type { PathElement } from './path-element.ts';
import { structureOf, type Structure } from './structure.ts';

/** What is written: its type, and how its other versions are seen. */
export interface Subject {
  readonly type: Type;
  readonly apiVersion: string;
  /** What a write through this endpoint cannot change, or nobody manages: at or below these paths. */
  readonly ignored: FieldSet;
  /** The value in another version of the same kind; undefined when that version is not served (any more). */
  readonly inVersion?: (value: JsonValue, apiVersion: string) => { readonly type: Type; readonly value: JsonValue } | undefined;
  /** Back from another version. */
  readonly fromVersion?: (value: JsonValue, apiVersion: string) => JsonValue;
}

export interface Conflict { readonly manager: Manager; readonly id: string; readonly path: readonly PathElement[] }
/** Fields of an applied configuration that others own with other values. */
export class ApplyConflict extends Error {
  readonly conflicts: readonly Conflict[];
  constructor(conflicts: readonly Conflict[]) {
    super('apply conflicts');
    this.conflicts = conflicts;
  }
}

interface View { readonly structure: Structure; readonly value: JsonValue }
function viewIn(subject: Subject, value: JsonValue, apiVersion: string): View | undefined {
  if (apiVersion === subject.apiVersion) return { structure: structureOf(subject.type), value };
  const other = subject.inVersion?.(value, apiVersion);
  return other && { structure: structureOf(other.type), value: other.value };
}

/** `changed`: what is new or different. */
interface Compared { readonly comparison: Comparison; readonly changed: FieldSet }

/**
 * Compares the object before and after in each manager's version, and takes from every manager but `except` what has changed
 * or gone. Answers the comparison in the written version, and what was taken because it changed.
 */
function settle(subject: Subject, before: JsonValue, after: JsonValue, managers: Managers, except: string | undefined): Compared & { conflicts: Map<string, FieldSet>; commit: () => void } {
  const comparisons = new Map<string, Compared | undefined>();
  const compareIn = (apiVersion: string): Compared | undefined => {
    if (!comparisons.has(apiVersion)) {
      const old = viewIn(subject, before, apiVersion);
      const now = viewIn(subject, after, apiVersion);
      const comparison = old && now && compare(now.structure, old.value, now.value, subject.ignored);
      comparisons.set(apiVersion, comparison && { comparison, changed: union(comparison.modified, comparison.added) });
    }
    return comparisons.get(apiVersion);
  };
  const written = compareIn(subject.apiVersion)!;
  const conflicts = new Map<string, FieldSet>();
  const left = new Map<string, FieldSet>();
  for (const [id, { apiVersion, fields }] of managers) {
    if (id === except) continue;
    const seen = compareIn(apiVersion);
    // A version that is served no more: nobody can say what its fields were.
    if (!seen) {
      managers.delete(id);
      continue;
    }
    const conflict = intersection(fields, seen.changed);
    if (!isEmpty(conflict)) conflicts.set(id, conflict);
    const rest = difference(difference(fields, conflict), seen.comparison.removed);
    if (rest !== fields) left.set(id, rest);
  }
  return {
    ...written, conflicts,
    commit: () => { for (const [id, fields] of left) setFields(managers, id, { ...managers.get(id)!, fields }); },
  };
}

/** After an update, patch or create by the updater `id`: it owns what it has changed, the others lose it. */
export function ownUpdate(subject: Subject, before: JsonValue, after: JsonValue, managers: Managers, id: string, updater: Manager): void {
  const { comparison, changed, commit } = settle(subject, before, after, managers, id);
  commit();
  const own = managers.get(id);
  if (!isEmpty(changed)) setFields(managers, id, { ...updater, ...(own?.entry ? { entry: own.entry } : {}), fields: own ? union(difference(own.fields, comparison.removed), changed) : changed });
  else if (own) {
    const fields = difference(own.fields, comparison.removed);
    if (fields !== own.fields) setFields(managers, id, { ...own, fields });
  }
}

/**
 * Merges a configuration into the live object and takes out what its manager no longer names and nobody else owns.
 * `managers` are changed accordingly. Undefined when the object stays as it is. @throws ApplyConflict
 */
export function ownApply(subject: Subject, live: JsonValue, configuration: JsonValue, managers: Managers, id: string, applier: Manager, force: boolean): JsonValue | undefined {
  const structure = structureOf(subject.type);
  const last = managers.get(id);
  const given = fieldsOf(structure, configuration);
  const fields = difference(given, subject.ignored, true);
  managers.set(id, { ...applier, time: last?.time, fields });
  const merged = merge(structure, live, configuration) ?? {};
  const object = last && !isEmpty(last.fields) ? prune(subject, merged, managers, last, given) : merged;
  const { conflicts, commit } = settle(subject, live, object, managers, id);
  if (!force && conflicts.size) {
    throw new ApplyConflict([...conflicts].flatMap(([other, set]) => paths(set).map((path) => ({ manager: managers.get(other)!, id: other, path }))));
  }
  commit();
  setFields(managers, id, managers.get(id)!);
  return equalJson(live, object) ? undefined : object;
}

/**
 * Takes out what the last configuration held, then puts back what the present owners hold and what was never its own. What the
 * configuration gives stays even where nobody owns it, like the name.
 */
function prune(subject: Subject, merged: JsonValue, managers: Managers, last: Manager, given: FieldSet): JsonValue {
  const view = viewIn(subject, merged, last.apiVersion);
  if (!view) return merged;
  const { structure, value } = view;
  const named = (set: FieldSet): FieldSet => withNamedFields(structure, set);
  const all = named(fieldsOf(structure, value));
  const fieldsIn = (v: JsonValue | undefined): FieldSet => named(fieldsOf(structure, v ?? null));
  const lastFields = named(last.fields);
  const bare = removeFields(structure, value, lastFields);
  let owned: FieldSet = given;
  for (const manager of managers.values()) if (manager.apiVersion === last.apiVersion || viewIn(subject, merged, manager.apiVersion)) owned = union(owned, manager.fields);
  const withOwned = removeFields(structure, value, difference(all, union(fieldsIn(bare), named(owned))));
  const withDangling = removeFields(structure, value, intersection(difference(all, fieldsIn(withOwned)), lastFields)) ?? {};
  return last.apiVersion === subject.apiVersion || !subject.fromVersion ? withDangling : subject.fromVersion(withDangling, last.apiVersion);
}
