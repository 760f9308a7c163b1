// The generic store of one resource: default → admit → validate → store → after, for every verb, from its definition alone.
// (upstream: apiserver registry/generic/registry/store.go)
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { invalid, type Fault } from '../../src/apimachinery/fault.ts';
import * as errors from '../../src/apimachinery/status-error.ts';
import type { ServedResources } from '../../src/schema/resource-set.ts';
import type { ApiObject, ResourceDefinition } from '../../src/schema/resource.ts';
import type { JsonValue } from '../../src/schema/schema.ts';
import { applyDefaults } from '../../src/schema/defaulting.ts';
import { dropOffFields } from '../../src/schema/off-fields.ts';
import { validateObject, validateStatusUpdate } from '../../src/schema/validation.ts';
import { timestamp, type Clock } from '../../src/util/clock.ts';
import { KeyExists, RevisionMismatch, type Store } from '../storage/store.ts';
import type { WatchCache } from '../storage/watch-cache.ts';
import type { AdmissionRequest, BodyKind } from './admission/admission.ts';
import type { AdmissionChain } from './admission/chain.ts';
import { carryOver, keepAllButStatus, resetStatus, revisionIn, sameObject, wipeSystemFields } from './carry-over.ts';
import { checkPreconditions, hasEnded, planDeletion } from './deletion.ts';
import { FieldManagement } from './field-management.ts';
import { generatedName } from './generated-name.ts';
import type { DeleteOptions, RequestContext } from './request-context.ts';
import { encodeStored, keyPrefixAsUpstream, prefixOf, StoredObject } from './stored-object.ts';
import { prepareViews, storedForm, viewOf } from './views.ts';
import { handOn, noteWhole } from './written.ts';
import { cloneJson } from '../../src/util/json.ts';

export interface RegistryBackend {
  readonly store: Store;
  readonly cache: WatchCache<StoredObject>;
  readonly clock: Clock;
  readonly admission: AdmissionChain;
  /** All that is served: some share a storage. */
  readonly resources: ServedResources;
}

/** What a write took for itself: kept by `commit` once it is stored, given back by `undo` when it is not. */
export interface Allocation { commit(): void; undo(): void }

/** Work a resource needs around its writes that touches other state (address allocation). */
export interface StorageHooks {
  /** Before a create or update is stored. May complete `object`. @throws StatusError */
  begin?(object: ApiObject, old: ApiObject | undefined): Allocation;
  /** After an object is gone from the store. */
  deleted?(object: ApiObject): void;
}

/** Judges a create (`old` absent) or an update before it is validated, beside admission. @throws StatusError */
export type WriteGuard = (object: ApiObject, old: ApiObject | undefined, context: RequestContext, subresource: string) => void;

export interface UpdateOptions {
  /** '' for the object itself. */
  readonly subresource: string;
  /** The write fails when the stored object is at another revision (taken from the client's resourceVersion). */
  readonly expected?: number;
  /** The write is for this life of the object alone; it is refused as one that comes too late when the object is gone. */
  readonly uid?: string;
  /** PUT to an absent name creates it. */
  readonly allowCreate?: boolean;
  /** The object comes whole from a client that may have left out the revision it read. */
  readonly unconditional?: boolean;
  /** Internal writes that are not judged as client input (binding, finalizers). */
  readonly internal?: boolean;
  /** The change has set managedFields itself: it is no update but an apply, or a write to another kind (scale). */
  readonly applied?: boolean;
  /** What the client writes, where that is no object of the resource. */
  readonly body?: BodyKind;
  /** What may be written of an object that a webhook has changed meanwhile, for writes that are not judged otherwise. @throws StatusError */
  readonly refit?: (object: ApiObject, old: ApiObject) => ApiObject;
}

export class ResourceStore {
  readonly resource: ResourceDefinition;
  readonly #backend: RegistryBackend;
  readonly #hooks: StorageHooks;
  readonly #fields: FieldManagement;
  #guard: WriteGuard | undefined;
  readonly prefix: string;

  constructor(resource: ResourceDefinition, backend: RegistryBackend, hooks: StorageHooks = {}) {
    this.resource = resource;
    this.#backend = backend;
    this.#hooks = hooks;
    this.prefix = prefixOf(resource);
    setMaxListeners(0, this.#ended.signal);
    this.#fields = new FieldManagement(resource, backend.resources.current.filter((other) => other.kind === resource.kind && prefixOf(other) === this.prefix));
  }
  /** From now on every write passes this guard. */
  protect(guard: WriteGuard): void { this.#guard = guard; }
  readonly #ended = new AbortController();
  /** Aborts when the resource is no longer served as it was: watches on it end. */
  get ended(): AbortSignal { return this.#ended.signal; }
  end(): void { this.#ended.abort(); }

  get groupResource(): errors.GroupResource { return { group: this.resource.group, resource: this.resource.plural }; }
  keyOf(namespace: string | undefined, name: string): string { return this.resource.namespaced ? `${this.prefix}${namespace}/${name}` : `${this.prefix}${name}`; }

  /** @throws StatusError 404 */
  get(namespace: string | undefined, name: string): StoredObject {
    const found = this.#backend.cache.get(this.keyOf(namespace, name));
    if (!found) throw errors.notFound(this.groupResource, name);
    return found;
  }
  find(namespace: string | undefined, name: string): StoredObject | undefined { return this.#backend.cache.get(this.keyOf(namespace, name)); }

  /** `object` is decoded and owned by this call. */
  async create(namespace: string | undefined, object: ApiObject, context: RequestContext, applied = false): Promise<StoredObject> {
    const { resource } = this;
    if (resource.ending) throw errors.forbidden(this.groupResource, object.metadata.name, errors.endingMessage);
    this.#placeInNamespace(object, namespace);
    wipeSystemFields(object);
    this.#default(object);
    if (!applied) this.#fields.track(undefined, object, this.#writer('', context));
    // Mutating admission sees the name as the client gave it, and may change what the rest is derived from.
    const given = object.metadata;
    if (await this.#backend.admission.mutate({ operation: 'CREATE', resource, subresource: '', namespace: given.namespace, name: given.name || (given.generateName ?? ''), object, context })) {
      this.#placeInNamespace(object, namespace);
      wipeSystemFields(object);
      this.#fields.restore(object, given.managedFields, context.warnings);
    }
    const { metadata } = object;
    metadata.uid = randomUUID();
    metadata.creationTimestamp = timestamp(this.#backend.clock.now());
    this.#guard?.(object, undefined, context, '');
    const generated = !metadata.name && Boolean(metadata.generateName);
    if (generated) metadata.name = generatedName(metadata.generateName!);
    if (resource.generation) metadata.generation = 1;
    if (resource.subresources.status && !resource.statusOnCreate) resetStatus(resource, object);
    dropOffFields(resource.type, object, undefined, '');
    for (const warning of resource.prepareCreate?.(object, context.user) ?? []) context.warnings.push(warning);
    this.#refuse(object, validateObject(resource, object));
    for (const warning of resource.warnings?.(object) ?? []) context.warnings.push(warning);
    return this.#ready(await this.#backend.admission.admitted({ operation: 'CREATE', resource, subresource: '', namespace: metadata.namespace, name: metadata.name, object, context }, () => this.#insert(object, generated, context)));
  }

  async #insert(object: ApiObject, generated: boolean, context: RequestContext): Promise<StoredObject> {
    const { metadata } = object;
    // Before anything is taken for it: an object that exists already is told as such, not as one whose address is in use.
    if (!generated && this.find(metadata.namespace, metadata.name)) throw errors.alreadyExists(this.groupResource, metadata.name);
    const allocation = this.#hooks.begin?.(object, undefined);
    try {
      if (context.dryRun) {
        if (this.find(metadata.namespace, metadata.name)) throw errors.alreadyExists(this.groupResource, metadata.name);
        allocation?.undo();
        return this.#unstored(object, 0);
      }
      if (revisionIn(object)) throw errors.bare('resourceVersion should not be set on objects to be created');
      const key = this.keyOf(metadata.namespace, metadata.name);
      const value = await this.#encode(object);
      return await this.#stored(key, value, object, allocation, () => this.#backend.store.create(key, value));
    } catch (error) {
      allocation?.undo();
      if (error instanceof KeyExists) throw generated ? errors.generateNameConflict(this.groupResource, metadata.name) : errors.alreadyExists(this.groupResource, metadata.name);
      throw error;
    }
  }

  /**
   * Reads, lets `change` make the new object from the (frozen) old one, and writes it unless someone else was faster, in which
   * case it starts over, or answers 409 when the client named a revision.
   */
  async update(namespace: string | undefined, name: string, change: (old: ApiObject | undefined) => ApiObject | Promise<ApiObject>, options: UpdateOptions, context: RequestContext): Promise<{ stored: StoredObject; created: boolean }> {
    for (;;) {
      const current = this.find(namespace, name);
      const uid = current?.object.metadata.uid ?? '';
      if (options.uid && options.uid !== uid) throw this.#wrongUid(namespace, name, options.uid, uid);
      if (!current) {
        if (!options.allowCreate) throw errors.notFound(this.groupResource, name);
        const object = await change(undefined);
        delete (object.metadata as { resourceVersion?: string }).resourceVersion;
        return { stored: await this.create(namespace, object, context, options.applied), created: true };
      }
      const old = await this.#view(current);
      const object = await change(old);
      try {
        return { stored: await this.#write(current, old, object, options, context), created: false };
      } catch (error) {
        if (!(error instanceof RevisionMismatch)) throw error;
        if (options.expected ?? revisionIn(object)) throw errors.modified(this.groupResource, name);
        if (error.actual !== undefined) await this.#backend.cache.waitFor(error.actual);
      }
    }
  }

  async #write(current: StoredObject, old: ApiObject, object: ApiObject, options: UpdateOptions, context: RequestContext): Promise<StoredObject> {
    const { resource } = this;
    const { subresource } = options;
    // Before defaults, some of which depend on the spec.
    if (subresource === 'status') keepAllButStatus(resource, object, old);
    this.#default(object);
    // Upstream binds below the layer that tracks fields.
    if (!options.applied && subresource !== 'binding') this.#fields.track(old, object, this.#writer(subresource, context));
    const request: AdmissionRequest = { operation: 'UPDATE', resource, subresource, namespace: old.metadata.namespace, name: old.metadata.name, object, old, ...(options.body ? { body: options.body } : {}), context };
    const { managedFields } = object.metadata;
    if (await this.#backend.admission.mutate(request)) {
      this.#fields.restore(object, managedFields, context.warnings);
      if (subresource === 'status') keepAllButStatus(resource, object, old);
      if (options.refit) Object.assign(object, options.refit(object, old));
    }
    this.#checkRevision(current, object, options);
    this.#placeInNamespace(object, old.metadata.namespace);
    carryOver(resource, object, old, options);
    this.#guard?.(object, old, context, subresource);
    if (!options.internal) this.#refuse(object, subresource === 'status' ? validateStatusUpdate(resource, object, old) : validateObject(resource, object, old));
    if (subresource !== 'status') for (const warning of resource.warnings?.(object, old) ?? []) context.warnings.push(warning);
    return this.#ready(await this.#backend.admission.admitted(request, () => this.#replace(current, old, object, options, context)));
  }

  async #replace(current: StoredObject, old: ApiObject, object: ApiObject, { subresource }: UpdateOptions, context: RequestContext): Promise<StoredObject> {
    if (hasEnded(this.resource, object)) return this.#remove(current, object, context);
    if (sameObject(object, old) && !this.#outdated(current)) return current;
    const allocation = subresource === 'status' ? undefined : this.#hooks.begin?.(object, old);
    if (context.dryRun) {
      allocation?.undo();
      return this.#unstored(object, current.revision);
    }
    try {
      const value = await this.#encode(object);
      if (!this.resource.storedAs) noteWhole(value);
      return await this.#stored(current.key, value, object, allocation, () => this.#backend.store.update(current.key, value, current.revision));
    } catch (error) {
      allocation?.undo();
      throw error;
    }
  }

  /** Writes; resolves once that can be read. Who watches gets the object as it is. */
  async #stored(key: string, value: Uint8Array, object: ApiObject, allocation: Allocation | undefined, write: () => Promise<number>): Promise<StoredObject> {
    const { cache } = this.#backend;
    const over = this.resource.storedAs || !cache.isWatched(this.prefix) ? undefined : handOn(value, object);
    try {
      const revision = await write();
      allocation?.commit();
      await cache.waitFor(revision);
      const stored = cache.get(key);
      return stored?.revision === revision ? stored : new StoredObject({ key, value, revision, created: 0 });
    } finally {
      over?.();
    }
  }

  /** Admission alone, for requests about an object that store nothing (a token of an account); of `some` plugins only. @throws StatusError */
  async admit(request: Omit<AdmissionRequest, 'resource'>, some?: 'concernsAll'): Promise<void> {
    const whole = { ...request, resource: this.resource };
    const admission = some ? this.#backend.admission.of(some) : this.#backend.admission;
    await admission.mutate(whole);
    await admission.admitted(whole, () => Promise.resolve());
  }

  /** Who has written what of an object that is answered and not stored. */
  track(object: ApiObject, context: RequestContext): void { this.#fields.track(undefined, object, this.#writer('', context)); }

  /** The new object of an apply, for `update`. @throws StatusError */
  apply(old: ApiObject | undefined, configuration: JsonValue, force: boolean, subresource: string, context: RequestContext): ApiObject {
    return this.#fields.apply(old, configuration, force, this.#writer(subresource, context));
  }
  #writer(subresource: string, { fieldManager }: RequestContext): { subresource: string; manager: string; now: string } {
    return { subresource, manager: fieldManager, now: timestamp(this.#backend.clock.now()) };
  }

  #checkRevision(current: StoredObject, object: ApiObject, options: UpdateOptions): void {
    const expected = options.expected ?? revisionIn(object);
    if (expected && expected !== current.revision) throw errors.modified(this.groupResource, object.metadata.name);
    if (expected || !this.resource.requiresRevision || !options.unconditional) return;
    // Upstream names the resource where other faults name the kind.
    throw errors.invalid(this.resource.group, this.resource.plural, object.metadata.name, [invalid('metadata.resourceVersion', 0, 'must be specified for an update')]);
  }

  /** Graceful or immediate; answers the object while it ends, `gone: true` with its last state once it is out of the store. */
  async delete(namespace: string | undefined, name: string, options: DeleteOptions, context: RequestContext): Promise<{ stored: StoredObject; gone: boolean }> {
    for (;;) {
      const current = this.get(namespace, name);
      const old = await this.#view(current);
      checkPreconditions(this.resource, old, options);
      const request: AdmissionRequest = { operation: 'DELETE', resource: this.resource, subresource: '', namespace: old.metadata.namespace, name, old, deleteOptions: options, context };
      await this.#backend.admission.mutate(request);
      await this.#backend.admission.validate(request);
      const plan = planDeletion(this.resource, old, options, this.#backend.clock.now());
      try {
        if (plan.kind === 'none') return { stored: current, gone: false };
        if (plan.kind === 'remove') return { stored: await this.#remove(current, plan.object, context), gone: true };
        if (context.dryRun) return { stored: this.#unstored(plan.object, current.revision), gone: false };
        const value = await this.#encode(plan.object);
        const revision = await this.#backend.store.update(current.key, value, current.revision);
        await this.#backend.cache.waitFor(revision);
        return { stored: await this.#ready(new StoredObject({ key: current.key, value, revision, created: 0 })), gone: false };
      } catch (error) {
        if (!(error instanceof RevisionMismatch)) throw error;
        if (error.actual !== undefined) await this.#backend.cache.waitFor(error.actual);
        else if (this.find(namespace, name) === current) throw errors.notFound(this.groupResource, name);
      }
    }
  }

  /** 409 for a write that names another object than the one of this name; upstream shows the text of its storage. */
  #wrongUid(namespace: string | undefined, name: string, wanted: string, actual: string): errors.StatusError {
    const key = [keyPrefixAsUpstream(this.resource), ...(this.resource.namespaced && namespace ? [namespace] : []), name].join('/');
    return errors.conflict(this.groupResource, name, `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${actual}`);
  }

  async #remove(current: StoredObject, last: ApiObject, context: RequestContext): Promise<StoredObject> {
    if (context.dryRun) return this.#unstored(cloneJson(last), current.revision);
    const revision = await this.#backend.store.delete(current.key, current.revision);
    await this.#backend.cache.waitFor(revision);
    this.#hooks.deleted?.(last);
    return this.#unstored(last, revision, current.key);
  }

  #placeInNamespace(object: ApiObject, namespace: string | undefined): void {
    const { metadata } = object;
    if (!this.resource.namespaced) delete metadata.namespace;
    else if (!metadata.namespace && namespace) metadata.namespace = namespace;
    else if (namespace && metadata.namespace !== namespace) throw errors.badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  #default(object: ApiObject): void {
    applyDefaults(this.resource.type, object);
    this.resource.defaults?.(object);
  }
  #refuse(object: ApiObject, faults: readonly Fault[]): void {
    if (faults.length) throw errors.invalid(this.resource.group, this.resource.kind, object.metadata.name ?? '', faults);
  }
  /** The object in this resource's own form (Events are stored in core's). @throws StatusError */
  async #view(stored: StoredObject): Promise<ApiObject> { return viewOf(this.resource, await this.#ready(stored)); }
  async #ready(stored: StoredObject): Promise<StoredObject> {
    await prepareViews(this.resource, [stored]);
    return stored;
  }
  /** What is stored in another version than objects are stored in now is written anew, as an update that changes nothing asks for. */
  #outdated({ object: stored }: StoredObject): boolean {
    return this.resource.custom === true && this.resource.storedAs!.apiVersion !== stored.apiVersion;
  }
  async #encode(object: ApiObject): Promise<Uint8Array> { return encodeStored(await storedForm(this.resource, object)); }
  /** For who is answered with it: in a form that need not be converted back. */
  #unstored(object: ApiObject, revision: number, key = this.keyOf(object.metadata.namespace, object.metadata.name)): StoredObject {
    const { storedAs } = this.resource;
    return new StoredObject({ key, value: encodeStored(storedAs && !storedAs.convert ? (storedAs.encode(object) as ApiObject) : object), revision, created: 0 });
  }
}
