// One object of a resource and its writers: what the API server does around a write, without storage.
import { applyDefaults } from '../../../../src/schema/defaulting.ts';
import { applyConfiguration, trackUpdate, type Written } from '../../../../src/schema/apply/field-manager.ts';
import { paths, setOf, union, type FieldSet } from '../../../../src/schema/apply/field-set.ts';
import { unmanaged, type ManagedFieldsEntry } from '../../../../src/schema/apply/managers.ts';
import { ApplyConflict } from '../../../../src/schema/apply/ownership.ts';
import { showPath } from '../../../../src/schema/apply/path-element.ts';
import { decode } from '../../../../src/schema/decode.ts';
import type { ApiObject, ResourceDefinition } from '../../../../src/schema/resource.ts';
import type { JsonValue } from '../../../../src/schema/schema.ts';

export class Fixture {
  readonly #resource: ResourceDefinition;
  object: ApiObject | undefined;
  seconds = 0;
  constructor(resource: ResourceDefinition) { this.#resource = resource; }

  written(subresource = ''): Written {
    const { type, apiVersion } = this.#resource;
    return {
      type, apiVersion, subresource, now: new Date(this.seconds * 1000).toISOString().replace('.000', ''), empty: this.#decode({}) as unknown as JsonValue,
      ignored: union(unmanaged, subresource === 'status' ? setOf(...Object.keys(type.fields).filter((f) => f !== 'status').map((f) => [`f:${f}`])) : setOf(['f:status'])),
    };
  }
  #decode(value: unknown): ApiObject {
    return { ...decode(this.#resource.type, value, { unknown: [] }), apiVersion: this.#resource.apiVersion, kind: this.#resource.kind } as ApiObject;
  }
  #settle(value: unknown): ApiObject {
    const object = this.#decode(value);
    applyDefaults(this.#resource.type, object);
    return object;
  }
  /** Create or replace. */
  put(manager: string, value: object, subresource = ''): void {
    this.seconds++;
    const object = this.#settle(value);
    const entries = trackUpdate(this.written(subresource), this.object as never, object as never, manager);
    if (entries) object.metadata.managedFields = entries as never;
    else delete (object.metadata as { managedFields?: unknown }).managedFields;
    this.object = object;
  }
  apply(manager: string, configuration: object, options: { force?: boolean; subresource?: string } = {}): void {
    this.seconds++;
    const written = this.written(options.subresource);
    const complete = { apiVersion: this.#resource.apiVersion, kind: this.#resource.kind, ...configuration };
    this.object = this.#settle(applyConfiguration(written, (this.object ?? written.empty) as never, complete as never, manager, options.force ?? false));
  }
  /** `manager/path` of each conflict. */
  conflicts(manager: string, configuration: object, subresource = ''): string[] {
    const before = this.object;
    try {
      this.apply(manager, configuration, { subresource });
    } catch (error) {
      if (error instanceof ApplyConflict) return error.conflicts.map((c) => `${c.manager.name}${showPath(c.path)}`);
      throw error;
    }
    this.object = before;
    return [];
  }
  get entries(): readonly ManagedFieldsEntry[] { return (this.object?.metadata.managedFields ?? []) as readonly ManagedFieldsEntry[]; }
  /** `m1 Apply: .data.a .data.b` for each entry. */
  get owners(): string[] {
    return this.entries.map((e) => `${e.manager} ${e.operation}${e.subresource ? `/${e.subresource}` : ''}: ${paths(e.fieldsV1 as FieldSet).map(showPath).join(' ')}`);
  }
}
