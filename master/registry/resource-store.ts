// The generic store of one resource: default → admit → validate → store → after, for every verb, from its definition alone.
// (upstream: apiserver registry/generic/registry/store.go)
import { randomBytes, randomUUID } from 'node:crypto';
import * as errors from '../../src/apimachinery/status-error.ts';
import type { ApiObject, ResourceDefinition } from '../../src/schema/resource.ts';
import { decode } from '../../src/schema/decode.ts';
import { applyDefaults } from '../../src/schema/defaulting.ts';
import { validateObject } from '../../src/schema/validation.ts';
import { timestamp, type Clock } from '../../src/util/clock.ts';
import { KeyExists, RevisionMismatch, type Store } from '../storage/store.ts';
import type { WatchCache } from '../storage/watch-cache.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission/admission.ts';
import { planDeletion } from './deletion.ts';
import type { DeleteOptions, RequestContext } from './request-context.ts';
import { encodeStored, StoredObject } from './stored-object.ts';
import { cloneJson, equalJson } from '../../src/util/json.ts';

export interface RegistryBackend {
  readonly store: Store;
  readonly cache: WatchCache<StoredObject>;
  readonly clock: Clock;
  readonly admission: readonly AdmissionPlugin[];
}

/** Work a resource needs around its writes that touches other state (address allocation). */
export interface StorageHooks {
  /** Before a create or update is stored; the result undoes it when the write fails. */
  begin?(object: ApiObject, old: ApiObject | undefined, dryRun: boolean): Promise<(() => void) | void>;
  /** After an object is gone from the store. */
  deleted?(object: ApiObject): void;
}

export interface UpdateOptions {
  /** '' for the object itself. */
  readonly subresource: string;
  /** The write fails when the stored object is at another revision (taken from the client's resourceVersion). */
  readonly expected?: number;
  /** PUT to an absent name creates it. */
  readonly allowCreate?: boolean;
  /** Internal writes that are not judged as client input (binding, finalizers). */
  readonly internal?: boolean;
}

const nameAlphabet = 'bcdfghjklmnpqrstvwxz2456789';
const suffixLength = 5;
const maxBase = 63 - suffixLength;

/** Five random characters of upstream's alphabet (util/rand). */
export function randomSuffix(): string {
  return Array.from(randomBytes(suffixLength), (byte) => nameAlphabet[byte % nameAlphabet.length]).join('');
}

export class ResourceStore {
  readonly resource: ResourceDefinition;
  readonly #backend: RegistryBackend;
  readonly #hooks: StorageHooks;
  readonly prefix: string;

  constructor(resource: ResourceDefinition, backend: RegistryBackend, hooks: StorageHooks = {}) {
    this.resource = resource;
    this.#backend = backend;
    this.#hooks = hooks;
    const { group, plural } = resource.storedAs ?? resource;
    this.prefix = `/registry/${group || 'core'}/${plural}/`;
  }
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
  async create(namespace: string | undefined, object: ApiObject, context: RequestContext): Promise<StoredObject> {
    const { resource } = this;
    const { metadata } = object;
    if (metadata.resourceVersion) throw errors.badRequest('resourceVersion should not be set on objects to be created');
    this.#placeInNamespace(object, namespace);
    const generated = !metadata.name && Boolean(metadata.generateName);
    const now = timestamp(this.#backend.clock.now());
    metadata.uid = randomUUID();
    metadata.creationTimestamp = now;
    delete metadata.deletionTimestamp;
    delete metadata.deletionGracePeriodSeconds;
    delete metadata.selfLink;
    delete metadata.generation;
    if (resource.generation) metadata.generation = 1;
    if (resource.subresources.status && !resource.statusOnCreate) resetStatus(resource, object);
    if (generated) metadata.name = metadata.generateName!.slice(0, maxBase) + randomSuffix();
    this.#default(object);
    resource.prepareCreate?.(object);
    const request: AdmissionRequest = { operation: 'CREATE', resource, subresource: '', namespace: metadata.namespace, name: metadata.name, object, context };
    await this.#mutate(request);
    this.#judge(object, undefined);
    await this.#validate(request);
    for (const warning of resource.warnings?.(object) ?? []) context.warnings.push(warning);
    const undo = await this.#hooks.begin?.(object, undefined, context.dryRun);
    try {
      if (context.dryRun) {
        if (this.find(metadata.namespace, metadata.name)) throw errors.alreadyExists(this.groupResource, metadata.name);
        if (undo) undo();
        return this.#unstored(object, 0);
      }
      const key = this.keyOf(metadata.namespace, metadata.name);
      const value = this.#encode(object);
      const revision = await this.#backend.store.create(key, value);
      await this.#backend.cache.waitFor(revision);
      return new StoredObject({ key, value, revision, created: revision });
    } catch (error) {
      if (undo) undo();
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
      if (!current) {
        if (!options.allowCreate) throw errors.notFound(this.groupResource, name);
        const object = await change(undefined);
        if (!object.metadata.name) object.metadata.name = name;
        if (object.metadata.uid) throw errors.conflict(this.groupResource, name, `Precondition failed: UID in precondition: ${object.metadata.uid}, UID in object meta: `);
        delete (object.metadata as { resourceVersion?: string }).resourceVersion;
        return { stored: await this.create(namespace, object, context), created: true };
      }
      const old = this.#view(current);
      const object = await change(old);
      const expected = options.expected ?? revisionIn(object);
      if (expected && expected !== current.revision) throw errors.modified(this.groupResource, name);
      try {
        return { stored: await this.#write(current, old, object, options, context), created: false };
      } catch (error) {
        if (!(error instanceof RevisionMismatch)) throw error;
        if (expected) throw errors.modified(this.groupResource, name);
        if (error.actual !== undefined) await this.#backend.cache.waitFor(error.actual);
      }
    }
  }

  async #write(current: StoredObject, old: ApiObject, object: ApiObject, options: UpdateOptions, context: RequestContext): Promise<StoredObject> {
    const { resource } = this;
    const { metadata } = object;
    this.#placeInNamespace(object, old.metadata.namespace);
    if (!metadata.uid) metadata.uid = old.metadata.uid;
    metadata.creationTimestamp = old.metadata.creationTimestamp;
    delete metadata.selfLink;
    if (old.metadata.deletionTimestamp && !metadata.deletionTimestamp) metadata.deletionTimestamp = old.metadata.deletionTimestamp;
    if (old.metadata.deletionGracePeriodSeconds !== undefined && metadata.deletionGracePeriodSeconds === undefined) metadata.deletionGracePeriodSeconds = old.metadata.deletionGracePeriodSeconds;
    if (options.subresource === 'status') keepAllButStatus(object, old);
    else {
      if (resource.subresources.status && !options.internal) {
        if (old['status'] === undefined) delete object['status'];
        else object['status'] = cloneJson(old['status']);
      }
    }
    this.#default(object);
    if (options.subresource !== 'status' && !options.internal) resource.prepareUpdate?.(object, old);
    if (resource.generation) {
      if (old.metadata.generation === undefined) delete metadata.generation;
      else metadata.generation = old.metadata.generation;
      if (options.subresource !== 'status' && (changedBesidesMetadata(object, old) || resource.generationMetadata?.some((name) => !equalJson(metadata[name], old.metadata[name])))) metadata.generation = (old.metadata.generation ?? 0) + 1;
    }
    const request: AdmissionRequest = { operation: 'UPDATE', resource, subresource: options.subresource, namespace: metadata.namespace, name: metadata.name, object, old, context };
    await this.#mutate(request);
    if (!options.internal) this.#judge(object, old, options.subresource);
    await this.#validate(request);
    if (options.subresource !== 'status') for (const warning of resource.warnings?.(object, old) ?? []) context.warnings.push(warning);
    if (this.#finished(object)) return this.#remove(current, object, context);
    if (sameObject(object, old)) return current;
    if (context.dryRun) return this.#unstored(object, current.revision);
    const undo = options.subresource === 'status' ? undefined : await this.#hooks.begin?.(object, old, false);
    const value = this.#encode(object);
    try {
      const revision = await this.#backend.store.update(current.key, value, current.revision);
      await this.#backend.cache.waitFor(revision);
      return new StoredObject({ key: current.key, value, revision, created: 0 });
    } catch (error) {
      if (undo) undo();
      throw error;
    }
  }

  /** Graceful or immediate; answers the object while it ends, `gone: true` with its last state once it is out of the store. */
  async delete(namespace: string | undefined, name: string, options: DeleteOptions, context: RequestContext): Promise<{ stored: StoredObject; gone: boolean }> {
    for (;;) {
      const current = this.get(namespace, name);
      const old = this.#view(current);
      this.#checkPreconditions(old, options);
      const request: AdmissionRequest = { operation: 'DELETE', resource: this.resource, subresource: '', namespace: old.metadata.namespace, name, old, context };
      await this.#validate(request);
      const plan = planDeletion(this.resource, old, options, this.#backend.clock.now());
      try {
        if (plan.kind === 'none') return { stored: current, gone: false };
        if (plan.kind === 'remove') return { stored: await this.#remove(current, old, context), gone: true };
        if (context.dryRun) return { stored: this.#unstored(plan.object, current.revision), gone: false };
        const value = this.#encode(plan.object);
        const revision = await this.#backend.store.update(current.key, value, current.revision);
        await this.#backend.cache.waitFor(revision);
        return { stored: new StoredObject({ key: current.key, value, revision, created: 0 }), gone: false };
      } catch (error) {
        if (!(error instanceof RevisionMismatch)) throw error;
        if (error.actual !== undefined) await this.#backend.cache.waitFor(error.actual);
        else if (this.find(namespace, name) === current) throw errors.notFound(this.groupResource, name);
      }
    }
  }

  #checkPreconditions(object: ApiObject, { preconditions }: DeleteOptions): void {
    const { uid, resourceVersion, name } = object.metadata;
    if (preconditions?.uid && preconditions.uid !== uid) throw errors.conflict(this.groupResource, name, `Precondition failed: UID in precondition: ${preconditions.uid}, UID in object meta: ${uid}`);
    if (preconditions?.resourceVersion && preconditions.resourceVersion !== resourceVersion) throw errors.conflict(this.groupResource, name, `Precondition failed: ResourceVersion in precondition: ${preconditions.resourceVersion}, ResourceVersion in object meta: ${resourceVersion}`);
  }

  /** An object that is ending leaves when nothing holds it: no finalizer and no grace left. */
  #finished(object: ApiObject): boolean {
    const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
    if (!deletionTimestamp || finalizers?.length) return false;
    if (this.resource.plural === 'namespaces' && this.resource.group === '') return !object['spec']?.finalizers?.length;
    return (deletionGracePeriodSeconds ?? 0) === 0;
  }

  async #remove(current: StoredObject, last: ApiObject, context: RequestContext): Promise<StoredObject> {
    if (context.dryRun) return this.#unstored(cloneJson(last), current.revision);
    const revision = await this.#backend.store.delete(current.key, current.revision);
    await this.#backend.cache.waitFor(revision);
    this.#hooks.deleted?.(last);
    return new StoredObject({ key: current.key, value: this.#encode(last), revision, created: 0 });
  }

  #placeInNamespace(object: ApiObject, namespace: string | undefined): void {
    const { metadata } = object;
    if (!this.resource.namespaced) return;
    if (!metadata.namespace && namespace) metadata.namespace = namespace;
    else if (namespace && metadata.namespace !== namespace) throw errors.badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  }
  #default(object: ApiObject): void {
    applyDefaults(this.resource.type, object);
    this.resource.defaults?.(object);
  }
  #judge(object: ApiObject, old: ApiObject | undefined, subresource = ''): void {
    const faults = subresource === 'status' && old ? (this.resource.validateStatus?.(object, old) ?? []) : validateObject(this.resource, object, old);
    if (faults.length) throw errors.invalid(this.resource.group, this.resource.kind, object.metadata.name ?? '', faults);
  }
  async #mutate(request: AdmissionRequest): Promise<void> { for (const plugin of this.#backend.admission) await plugin.mutate?.(request); }
  async #validate(request: AdmissionRequest): Promise<void> { for (const plugin of this.#backend.admission) await plugin.validate?.(request); }

  /** The object in this resource's own form (Events are stored in core's). */
  #view(stored: StoredObject): ApiObject { return this.resource.storedAs ? this.resource.storedAs.decode(stored.object) : stored.object; }
  #encode(object: ApiObject): Uint8Array { return encodeStored(this.resource.storedAs ? (this.resource.storedAs.encode(object) as ApiObject) : object); }
  #unstored(object: ApiObject, revision: number): StoredObject {
    return new StoredObject({ key: this.keyOf(object.metadata.namespace, object.metadata.name), value: this.#encode(object), revision, created: 0 });
  }
}

/** The status of an object nobody has observed yet: what Go would write for the empty struct. */
function resetStatus(resource: ResourceDefinition, object: ApiObject): void {
  const status = resource.type.fields['status'];
  if (status?.options.written) object['status'] = decode(status.type, {}, { unknown: [] });
  else delete object['status'];
}

/** A write to /status changes status alone (and managed fields). */
function keepAllButStatus(object: ApiObject, old: ApiObject): void {
  for (const name of new Set([...Object.keys(object), ...Object.keys(old)])) {
    if (name === 'status' || name === 'metadata') continue;
    if (old[name] === undefined) delete object[name];
    else object[name] = cloneJson(old[name]);
  }
  const { resourceVersion, uid } = object.metadata;
  object.metadata = { ...cloneJson(old.metadata), resourceVersion, uid };
}

function changedBesidesMetadata(object: ApiObject, old: ApiObject): boolean {
  if (object.metadata.deletionTimestamp && !old.metadata.deletionTimestamp) return true;
  for (const name of new Set([...Object.keys(object), ...Object.keys(old)])) {
    if (name === 'status' || name === 'metadata' || name === 'kind' || name === 'apiVersion') continue;
    if (!equalJson(object[name], old[name])) return true;
  }
  return false;
}

function sameObject(object: ApiObject, old: ApiObject): boolean {
  const { resourceVersion: _a, ...metadata } = object.metadata;
  const { resourceVersion: _b, ...oldMetadata } = old.metadata;
  return equalJson({ ...object, metadata, kind: 0, apiVersion: 0 }, { ...old, metadata: oldMetadata, kind: 0, apiVersion: 0 });
}

const revisionIn = (object: ApiObject): number => (/^\d+$/.test(object.metadata.resourceVersion ?? '') ? Number(object.metadata.resourceVersion) : 0);
