// Managed fields of an object through its writes: updates are tracked, configurations applied.
// (upstream: apimachinery util/managedfields/internal: fieldmanager.go and the managers it is made of)
import { equalJson } from '../../util/json.ts';
import type { JsonValue } from '../schema.ts';
import { compare } from './compare.ts';
import { configurationFaults } from './configuration-faults.ts';
import { fieldsOf } from './fields-of.ts';
import { difference, has } from './field-set.ts';
import { capUpdateManagers, entriesOf, identify, manageable, readManagers, setFields, storedManagers, type ManagedFieldsEntry, type Manager, type Managers } from './managers.ts';
import { ApplyConflict, ownApply, ownUpdate, type Subject } from './ownership.ts';
import { FieldSetError, goJson } from './path-element.ts';
import { structureOf } from './structure.ts';

export interface Written extends Subject {
  /** '' for the object itself. */
  readonly subresource: string;
  /** RFC 3339. */
  readonly now: string;
  /** The object before it existed: the empty value of its type. */
  readonly empty: JsonValue;
}
interface HasMetadata { readonly metadata: { readonly managedFields?: readonly ManagedFieldsEntry[]; readonly annotations?: Readonly<Record<string, string>> } }
const asValue = (object: object): JsonValue => object as unknown as JsonValue;

/**
 * The managedFields of `object` after a create (`live` undefined) or an update by `name`. They never fail: what cannot be
 * read is left out. The live entries themselves when nothing changes.
 */
export function trackUpdate(written: Written, live: HasMetadata | undefined, object: HasMetadata, name: string): readonly ManagedFieldsEntry[] | undefined {
  const entries = entriesToStartFrom(written, live, object);
  // An object whose fields nobody tracks stays so until it is applied to.
  if (live && !entries?.length) return undefined;
  const managers = storedManagers(entries);
  if (!addUpdate(written, live ? asValue(live) : written.empty, asValue(object), managers, name)) return entries;
  return entriesOf(managers);
}

/** False when nobody's fields have changed. */
function addUpdate(written: Written, before: JsonValue, after: JsonValue, managers: Managers, name: string): boolean {
  const start = new Map(managers);
  const { apiVersion, subresource, now } = written;
  const updater: Manager = { name: name || 'unknown', operation: 'Update', apiVersion, subresource, time: now, fields: {} };
  ownUpdate(written, before, after, managers, identify(updater), updater);
  if (managers.size === start.size && [...start].every(([id, manager]) => managers.get(id) === manager)) return false;
  capUpdateManagers(managers);
  return true;
}

function entriesToStartFrom(written: Written, live: HasMetadata | undefined, object: HasMetadata): readonly ManagedFieldsEntry[] | undefined {
  const current = live?.metadata.managedFields;
  const given = object.metadata.managedFields;
  if (written.subresource !== '' || given === undefined || given === null) return current;
  if (given.length === 0 || (given.length === 1 && Object.keys(given[0]!).length === 0)) return undefined;
  if (current && equalJson(given, current)) return current;
  try {
    return entriesOf(readManagers(given)) ?? current;
  } catch (error) {
    // A client that garbles what it does not understand must not delete it.
    if (error instanceof FieldSetError) return current;
    throw error;
  }
}

/** The configuration cannot be read as the type it is for; upstream answers 500 without a reason. */
export class ConfigurationError extends Error {}

const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';
const mostAnnotationBytes = 256 * 1024;

/**
 * The live object (`written.empty` to create) with a configuration applied, before defaults, its managedFields set.
 * @throws ApplyConflict, ConfigurationError (naming no object)
 */
export function applyConfiguration(written: Written, live: HasMetadata & object, configuration: JsonValue, name: string, force: boolean): JsonValue {
  const { apiVersion, subresource } = written;
  const start = storedManagers(live.metadata.managedFields);
  const current = without(live);
  // What was there before the first apply belongs to somebody, too.
  if (start.size === 0) addUpdate(written, written.empty, current, start, 'before-first-apply');
  const structure = structureOf(written.type);
  const fault = configurationFaults(structure, configuration);
  if (fault) throw new ConfigurationError(fault);
  const applier: Manager = { name, operation: 'Apply', apiVersion, subresource, time: undefined, fields: {} };
  const id = identify(applier);
  const attempt = (forced: boolean): { value: JsonValue; managers: Managers } => {
    const managers = new Map(start);
    const value = ownApply(written, current, configuration, managers, id, applier, forced);
    const own = managers.get(id);
    if (own) setFields(managers, id, { ...own, fields: manageable(own.fields), time: value === undefined ? own.time : written.now });
    return { value: value ?? current, managers };
  };
  let result: { value: JsonValue; managers: Managers };
  try {
    result = attempt(force);
  } catch (error) {
    if (!(error instanceof ApplyConflict) || name !== 'kubectl') throw error;
    result = migrate(written, current, error, () => attempt(true));
  }
  const value = name === 'kubectl' ? withLastApplied(result.value, configuration) : result.value;
  const entries = entriesOf(result.managers);
  return { ...(value as object), metadata: { ...metadataOf(value), ...(entries ? { managedFields: entries as unknown as JsonValue } : {}) } };
}

const metadataOf = (value: JsonValue): { [name: string]: JsonValue } => ((value as { metadata?: { [name: string]: JsonValue } | null }).metadata ?? {});
function without(live: HasMetadata & object): JsonValue {
  const { managedFields: _entries, ...metadata } = live.metadata;
  return asValue({ ...live, metadata });
}

/** Conflicts over what client-side apply wrote last, and is unchanged since, are its own: they are taken over. */
function migrate<T>(written: Written, live: JsonValue, conflict: ApplyConflict, force: () => T): T {
  const allowed = fieldsOfLastApplied(written, live);
  const left = allowed ? conflict.conflicts.filter(({ path }) => !has(allowed, path)) : conflict.conflicts;
  if (left.length) throw new ApplyConflict(left);
  return force();
}

function fieldsOfLastApplied(written: Written, live: JsonValue): ReturnType<typeof fieldsOf> | undefined {
  const text = lastAppliedOf(live);
  if (!text) return undefined;
  let last: JsonValue;
  try {
    last = JSON.parse(text) as JsonValue;
  } catch {
    // Not what kubectl writes: nothing is known of it.
    return undefined;
  }
  if ((last as { apiVersion?: string } | null)?.apiVersion !== written.apiVersion) return undefined;
  const structure = structureOf(written.type);
  if (configurationFaults(structure, last)) return undefined;
  const { added, modified, removed } = compare(structure, last, live);
  return difference(difference(difference(fieldsOf(structure, last), modified), added), removed);
}

const lastAppliedOf = (value: JsonValue): string | undefined => (metadataOf(value)['annotations'] as Record<string, string> | null | undefined)?.[lastAppliedAnnotation];

/** kubectl's two ways of applying see the same: the annotation follows the configuration. */
function withLastApplied(value: JsonValue, configuration: JsonValue): JsonValue {
  if (!lastAppliedOf(value)) return value;
  const { [lastAppliedAnnotation]: _last, ...annotations } = metadataOf(value)['annotations'] as Record<string, JsonValue>;
  const { annotations: own, ...metadata } = metadataOf(configuration);
  const { [lastAppliedAnnotation]: _own, ...others } = (own ?? {}) as Record<string, JsonValue>;
  const applied = `${goJson({ ...(configuration as object), metadata: { ...metadata, ...(own ? { annotations: others } : {}) } })}\n`;
  const next = { ...annotations, [lastAppliedAnnotation]: applied };
  const size = Object.entries(next).reduce((sum, [key, text]) => sum + Buffer.byteLength(key) + Buffer.byteLength(String(text)), 0);
  return { ...(value as object), metadata: { ...metadataOf(value), annotations: size > mostAnnotationBytes ? annotations : next } };
}
