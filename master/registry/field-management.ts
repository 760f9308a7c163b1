// Managed fields of one resource's objects: every write is tracked, configurations are applied, refusals are told in
// Kubernetes' words. (upstream: apimachinery util/managedfields, internal/conflict.go)
import * as errors from '../../src/apimachinery/status-error.ts';
import { applyConfiguration, ConfigurationError, trackUpdate, type Written } from '../../src/schema/apply/field-manager.ts';
import { setOf, union, type FieldSet } from '../../src/schema/apply/field-set.ts';
import { readManagers, unmanaged, type ManagedFieldsEntry, type Manager } from '../../src/schema/apply/managers.ts';
import { ApplyConflict, type Conflict } from '../../src/schema/apply/ownership.ts';
import { compareText, FieldSetError, showPath } from '../../src/schema/apply/path-element.ts';
import { ElementError } from '../../src/schema/apply/structure.ts';
import { decode, DecodeError } from '../../src/schema/decode.ts';
import type { ApiObject, ResourceDefinition } from '../../src/schema/resource.ts';
import type { JsonValue } from '../../src/schema/schema.ts';
import { equalJson } from '../../src/util/json.ts';

/** What is managed: a resource, or the kind of one of its subresources. */
export type ManagedKind = Pick<ResourceDefinition, 'group' | 'version' | 'kind' | 'apiVersion' | 'type'> & Partial<Pick<ResourceDefinition, 'statusKeeps' | 'storedAs' | 'custom' | 'subresources'>>;

export interface Writer {
  /** '' for the object itself. */
  readonly subresource: string;
  readonly manager: string;
  /** RFC 3339. */
  readonly now: string;
}
export type Entries = readonly ManagedFieldsEntry[] | undefined;

export class FieldManagement {
  readonly #kind: ManagedKind;
  /** The kind's other versions over the same storage. */
  readonly #versions: readonly ManagedKind[];
  readonly #empty: ApiObject;
  readonly #ignored = new Map<string, FieldSet>();

  constructor(kind: ManagedKind, versions: readonly ManagedKind[] = []) {
    this.#kind = kind;
    this.#versions = versions;
    this.#empty = this.#decode({});
  }

  /** Sets `object`'s managedFields; `live` is what the write replaces, undefined for a create. */
  track(live: ApiObject | undefined, object: ApiObject, writer: Writer): void {
    try {
      setEntries(object, trackUpdate(this.#written(writer), live as never, object as never, writer.manager));
    } catch (error) {
      // Who owns what of an object whose list items cannot be told apart is not known; the write itself is not at fault.
      if (!(error instanceof ElementError)) throw error;
      setEntries(object, undefined);
    }
  }

  /** Entries that somebody in between has spoilt are those from before, and the client is told. (upstream: util/managedfields admission.go) */
  restore(object: ApiObject, before: Entries, warnings: string[]): void {
    const after = object.metadata.managedFields as Entries;
    if (after === before) return;
    try {
      readManagers(after ?? []);
    } catch (error) {
      if (!(error instanceof FieldSetError)) throw error;
      setEntries(object, before);
      warnings.push(`.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: ${error.message}`);
    }
  }

  /** The live object with a configuration applied: decoded, not defaulted. @throws StatusError */
  apply(live: ApiObject | undefined, configuration: JsonValue, force: boolean, writer: Writer): ApiObject {
    const { kind, apiVersion } = this.#kind;
    const given = configuration as { apiVersion?: unknown; kind?: unknown; metadata?: { name?: unknown; namespace?: unknown; managedFields?: unknown } } | null;
    if (given?.apiVersion !== apiVersion || given.kind !== kind) throw errors.badRequest(`invalid object type: ${groupVersionKind(given?.apiVersion, given?.kind)}`);
    if (Array.isArray(given.metadata?.managedFields)) throw errors.badRequest('metadata.managedFields must be nil');
    const named = `${text(given.metadata?.namespace)}/${text(given.metadata?.name)}; ${groupVersionKind(apiVersion, kind)}`;
    try {
      return this.#decode(applyConfiguration(this.#written(writer), (live ?? this.#empty) as never, configuration, writer.manager, force));
    } catch (error) {
      if (error instanceof ApplyConflict) throw conflictStatus(error.conflicts);
      if (error instanceof ConfigurationError) throw errors.bare(`failed to create typed patch object (${named}): ${error.message}`);
      if (error instanceof ElementError) throw errors.bare(`failed to create typed live object: ${error.message}`);
      if (error instanceof DecodeError) throw errors.bare(`failed to convert new typed object (${named}) to object: ${error.message}`);
      throw error;
    }
  }

  #written({ subresource, now }: Writer): Written {
    const { type, apiVersion } = this.#kind;
    return {
      type, apiVersion, subresource, now, empty: this.#empty as unknown as JsonValue, ignored: this.#ignoredBy(subresource),
      inVersion: (value, version) => this.#convert(value, this.#kind, this.#versions.find((v) => v.apiVersion === version)),
      fromVersion: (value, version) => this.#convert(value, this.#versions.find((v) => v.apiVersion === version), this.#kind)?.value ?? value,
    };
  }

  #convert(value: JsonValue, from: ManagedKind | undefined, to: ManagedKind | undefined): { type: ManagedKind['type']; value: JsonValue } | undefined {
    if (!from || !to) return undefined;
    // Who knows how these versions differ is not asked for every manager: fields count as owned under the names they have here.
    if (from.storedAs?.convert) return { type: this.#kind.type, value };
    const stored = from.storedAs ? from.storedAs.encode(value) : value;
    return { type: to.type, value: to.storedAs ? to.storedAs.decode(stored) : stored };
  }

  /** What the endpoint does not write. (upstream: the strategies' GetResetFields) */
  #ignoredBy(subresource: string): FieldSet {
    let ignored = this.#ignored.get(subresource);
    if (!ignored) {
      const fields = Object.keys(this.#kind.type.fields).filter((name) => name !== 'status' && name !== 'metadata');
      ignored = union(unmanaged, subresource === 'status'
        ? setOf(...fields.map((name) => [`f:${name}`]), ...(this.#kind.statusKeeps ?? []).map((name) => ['f:metadata', `f:${name}`]))
        : this.#kind.custom && !this.#kind.subresources?.status ? setOf() : setOf(['f:status']));
      this.#ignored.set(subresource, ignored);
    }
    return ignored;
  }

  #decode(value: JsonValue): ApiObject {
    const object = decode(this.#kind.type, value, { unknown: [] }) as ApiObject;
    object.kind = this.#kind.kind;
    object.apiVersion = this.#kind.apiVersion;
    return object;
  }
}

export function setEntries(object: ApiObject, entries: Entries): void {
  if (entries?.length) object.metadata.managedFields = entries as NonNullable<ApiObject['metadata']['managedFields']>;
  else delete object.metadata.managedFields;
}

/** Entries that differ in nothing but when. */
export function sameEntries(a: Entries, b: Entries): boolean {
  if (a === b) return true;
  if (!a || !b || a.length !== b.length) return false;
  return a.every((entry, i) => equalJson({ ...entry, time: 0 }, { ...b[i], time: 0 }));
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
/** `apps/v1, Kind=Deployment`, `/v1, Kind=Pod`. */
function groupVersionKind(apiVersion: unknown, kind: unknown): string {
  const version = text(apiVersion);
  return `${version.includes('/') ? version : `/${version}`}, Kind=${text(kind)}`;
}

function showManager({ name, operation, apiVersion, subresource }: Manager): string {
  return `${JSON.stringify(name)}${subresource ? ` with subresource ${JSON.stringify(subresource)}` : ''}${operation === 'Update' ? ` using ${apiVersion}` : ''}`;
}

function conflictStatus(conflicts: readonly Conflict[]): errors.StatusError {
  const causes = conflicts.map(({ manager, path }) => ({ reason: 'FieldManagerConflict', message: `conflict with ${showManager(manager)}`, field: showPath(path) }));
  const count = conflicts.length;
  const only = conflicts[0]!;
  if (count === 1) return new errors.StatusError(409, 'Conflict', `Apply failed with 1 conflict: conflict with ${showManager(only.manager)}: ${showPath(only.path)}`, { causes });
  const lines: string[] = [];
  for (const id of [...new Set(conflicts.map((c) => c.id))].sort(compareText)) {
    const own = conflicts.filter((c) => c.id === id);
    lines.push(`conflicts with ${showManager(own[0]!.manager)}:`, ...own.map(({ path }) => `- ${showPath(path)}`));
  }
  return new errors.StatusError(409, 'Conflict', `Apply failed with ${count} conflicts: ${lines.join('\n')}`, { causes });
}
