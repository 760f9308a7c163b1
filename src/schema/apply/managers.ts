// Who owns which fields: the managedFields entries of an object, by manager. (upstream: apimachinery
// util/managedfields/internal/managedfields.go, capmanagers.go, stripmeta.go)
import { remembered } from '../../util/remembered.ts';
import { canonical, difference, isEmpty, readFieldSet, setOf, union, type FieldSet } from './field-set.ts';
import { compareText, FieldSetError } from './path-element.ts';

/** An entry of `metadata.managedFields` as it is stored. */
export interface ManagedFieldsEntry {
  readonly manager?: string; readonly operation?: string; readonly apiVersion?: string; readonly time?: string | null;
  readonly fieldsType?: string; readonly fieldsV1?: unknown; readonly subresource?: string;
}
export interface Manager {
  readonly name: string; readonly operation: 'Apply' | 'Update'; readonly apiVersion: string; readonly subresource: string;
  readonly time: string | undefined;
  readonly fields: FieldSet;
  /** The entry it was read from: what has not changed since need not be written anew. */
  readonly entry?: ManagedFieldsEntry;
}
/** By identity: see `identify`. */
export type Managers = Map<string, Manager>;

/** One manager is one entry; who applies keeps it under every version. */
export function identify({ name, operation, apiVersion, subresource }: Pick<Manager, 'name' | 'operation' | 'apiVersion' | 'subresource'>): string {
  return `{${name ? `"manager":${quoted(name)},` : ''}"operation":${quoted(operation)}${operation === 'Update' ? `,"apiVersion":${quoted(apiVersion)}` : ''}${subresource ? `,"subresource":${quoted(subresource)}` : ''}}`;
}
/** The same few in every write. */
const quoted = remembered((text) => JSON.stringify(text), 1024);

/** Most entries of an object are those of its last version. */
const known = new WeakMap<ManagedFieldsEntry, { readonly id: string; readonly manager: Manager }>();

/** Entries this server wrote itself: their field sets are taken as they are; what cannot be read counts as none. */
export function storedManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  const managers: Managers = new Map();
  try {
    for (const [i, entry] of (entries ?? []).entries()) {
      let one = known.get(entry);
      if (!one) {
        const manager = managerOf(entry, i, (fields) => fields as FieldSet);
        one = { id: identify(manager), manager };
        if (Object.isFrozen(entry)) known.set(entry, one);
      }
      managers.set(one.id, one.manager);
    }
    return managers;
  } catch (error) {
    if (error instanceof FieldSetError) return new Map();
    throw error;
  }
}
/** Entries a client sent. @throws FieldSetError */
export function readManagers(entries: readonly ManagedFieldsEntry[]): Managers {
  return new Map(entries.map((entry, i) => {
    const manager = managerOf(entry, i, readFieldSet);
    return [identify(manager), manager];
  }));
}

function managerOf(entry: ManagedFieldsEntry, i: number, read: (fields: unknown) => FieldSet): Manager {
  const { manager: name = '', operation, apiVersion, subresource = '', fieldsType, time } = entry;
  if (operation !== 'Apply' && operation !== 'Update') throw new FieldSetError('operation must be `Apply` or `Update`');
  if (!apiVersion) throw new FieldSetError('apiVersion must not be empty');
  if (fieldsType !== 'FieldsV1') throw new FieldSetError(fieldsType ? `invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${i}` : `missing fieldsType in managed fields entry ${i}`);
  return { name, operation, apiVersion, subresource, time: time ?? undefined, fields: read(entry.fieldsV1 ?? {}), entry };
}

/** The entries in their order: appliers first, then by age. Undefined when nobody manages anything. */
export function entriesOf(managers: Managers): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined;
  return [...managers.values()].sort(compareManagers).map(entryOf);
}

function entryOf({ name, operation, apiVersion, subresource, time, fields, entry }: Manager): ManagedFieldsEntry {
  const sameFields = entry?.fieldsV1 === fields;
  if (sameFields && (entry.time ?? undefined) === time && entry.apiVersion === apiVersion && (entry.manager ?? '') === name) return entry;
  const written: { -readonly [K in keyof ManagedFieldsEntry]: ManagedFieldsEntry[K] } = {};
  if (name) written.manager = name;
  written.operation = operation;
  written.apiVersion = apiVersion;
  if (time) written.time = time;
  written.fieldsType = 'FieldsV1';
  written.fieldsV1 = sameFields ? fields : canonical(fields);
  if (subresource) written.subresource = subresource;
  return written;
}

const secondsOf = (time: string | undefined): number => (time ? Math.floor(Date.parse(time) / 1000) : 0);
const compareManagers = (a: Manager, b: Manager): number =>
  compareText(a.operation, b.operation) || secondsOf(a.time) - secondsOf(b.time) || compareText(a.name, b.name) || compareText(a.apiVersion, b.apiVersion) || compareText(a.subresource, b.subresource);

/** Fields the server sets or that name the object: nobody manages them. */
export const unmanaged = setOf(
  ['f:apiVersion'], ['f:kind'],
  ...['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation', 'managedFields', 'resourceVersion'].map((name) => ['f:metadata', `f:${name}`]),
);
const metadata = setOf(['f:metadata']);
export const manageable = (fields: FieldSet): FieldSet => difference(difference(fields, unmanaged), metadata);

/** Sets what a manager owns; owning nothing ends its entry. */
export function setFields(managers: Managers, id: string, manager: Manager): void {
  if (isEmpty(manager.fields)) managers.delete(id);
  else managers.set(id, manager);
}

const mostUpdateManagers = 10;
const ancient = 'ancient-changes';

/** Merges the oldest updaters into one entry per version, until at most ten are left. */
export function capUpdateManagers(managers: Managers): void {
  const updaters = [...managers].filter(([, m]) => m.operation === 'Update');
  let count = updaters.length;
  if (count <= mostUpdateManagers) return;
  updaters.sort(([a, m], [b, n]) => secondsOf(m.time) - secondsOf(n.time) || compareText(a, b));
  const first = new Map<string, string>();
  for (const [id, manager] of updaters) {
    if (count <= mostUpdateManagers) return;
    const { apiVersion } = manager;
    const oldest = first.get(apiVersion);
    if (oldest === undefined) {
      first.set(apiVersion, id);
      continue;
    }
    const bucket: Manager = { name: ancient, operation: 'Update', apiVersion, subresource: '', time: manager.time, fields: manager.fields };
    const bucketId = identify(bucket);
    let merged = managers.get(bucketId);
    if (!merged) {
      merged = managers.get(oldest)!;
      managers.delete(oldest);
    }
    if (id !== bucketId) managers.delete(id);
    managers.set(bucketId, { ...bucket, fields: union(manager.fields, merged.fields) });
    count--;
  }
}
