// The typed client: verbs over a Transport, one method per verb, typed by the resource definition it is given.
import type { ApiObject, ObjectHead, ResourceDefinition } from '../schema/resource.ts';
import type { Transport, WatchEvent } from './transport.ts';

export interface ObjectKey { readonly namespace?: string | undefined; readonly name: string }
export interface ListOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string; readonly fieldSelector?: string;
  readonly limit?: number; readonly continue?: string; readonly resourceVersion?: string;
  /** Objects come without what is beside their metadata. */
  readonly metadataOnly?: boolean;
}
export interface WatchOptions extends Omit<ListOptions, 'limit' | 'continue'> { readonly allowWatchBookmarks?: boolean; readonly timeoutSeconds?: number; readonly signal?: AbortSignal }
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number; readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}
export interface ApiList<T> { readonly apiVersion: string; readonly kind: string; readonly metadata: { readonly resourceVersion: string; readonly continue?: string; readonly remainingItemCount?: number }; readonly items: readonly T[] }
export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';
/** What may be sent: every field optional, at any depth; the server fills and checks. */
export type Draft<T> = T extends readonly (infer U)[] ? readonly Draft<U>[] : T extends object ? { [K in keyof T]?: Draft<T[K]> | undefined } : T;

const patchContentTypes: Record<PatchType, string> = {
  json: 'application/json-patch+json', merge: 'application/merge-patch+json', strategic: 'application/strategic-merge-patch+json', apply: 'application/apply-patch+yaml',
};

/** `/apis/apps/v1/namespaces/ns/deployments/name/status` for the parts given. */
export function resourcePath(resource: ResourceDefinition, key: { namespace?: string | undefined; name?: string }, subresource?: string): string {
  const parts = [resource.group ? `/apis/${resource.group}/${resource.version}` : `/api/${resource.version}`];
  if (resource.namespaced && key.namespace) parts.push('namespaces', encodeURIComponent(key.namespace));
  parts.push(resource.plural);
  if (key.name !== undefined) parts.push(encodeURIComponent(key.name));
  if (subresource) parts.push(subresource);
  return parts.join('/');
}

/** `namespace/name`, or `name` for cluster-scoped objects: the key of caches and work queues. */
export const keyOf = (object: { metadata: { namespace?: string | undefined; name: string } }): string =>
  object.metadata.namespace ? `${object.metadata.namespace}/${object.metadata.name}` : object.metadata.name;
export function splitKey(key: string): ObjectKey {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

const formOf = ({ metadataOnly }: ListOptions, as: string): { headers?: Record<string, string> } => (metadataOnly ? { headers: { accept: `application/json;as=${as};g=meta.k8s.io;v=v1` } } : {});

export class Client {
  readonly transport: Transport;
  constructor(transport: Transport) { this.transport = transport; }

  get<T extends ObjectHead>(resource: ResourceDefinition<T>, key: ObjectKey): Promise<T> {
    return this.transport.request({ method: 'GET', path: resourcePath(resource, key) });
  }
  /** Items carry their kind, which the wire form of a list leaves out. */
  async list<T extends ObjectHead>(resource: ResourceDefinition<T>, options: ListOptions = {}): Promise<ApiList<T>> {
    const list = (await this.transport.request({ method: 'GET', path: resourcePath(resource, { namespace: options.namespace }), query: listQuery(options), ...formOf(options, 'PartialObjectMetadataList') })) as ApiList<T>;
    const { apiVersion, kind } = resource;
    return { ...list, items: list.items.map((item) => (item.kind && !options.metadataOnly ? item : Object.freeze({ ...item, apiVersion, kind }))) };
  }
  watch<T extends ObjectHead>(resource: ResourceDefinition<T>, options: WatchOptions = {}): AsyncIterable<WatchEvent<T>> {
    return this.transport.watch({
      method: 'GET', path: resourcePath(resource, { namespace: options.namespace }),
      query: { ...listQuery(options), watch: 'true', allowWatchBookmarks: options.allowWatchBookmarks ? 'true' : undefined, timeoutSeconds: options.timeoutSeconds?.toString() },
      ...(options.signal ? { signal: options.signal } : {}), ...formOf(options, 'PartialObjectMetadata'),
    });
  }
  create<T extends ObjectHead>(resource: ResourceDefinition<T>, object: Draft<T>): Promise<T> {
    const namespace = (object as ApiObject).metadata?.namespace;
    return this.transport.request({ method: 'POST', path: resourcePath(resource, { namespace }), body: withKind(resource, object) });
  }
  update<T extends ObjectHead>(resource: ResourceDefinition<T>, object: Draft<T>): Promise<T> {
    return this.transport.request({ method: 'PUT', path: resourcePath(resource, (object as ApiObject).metadata), body: withKind(resource, object) });
  }
  updateStatus<T extends ObjectHead>(resource: ResourceDefinition<T>, object: Draft<T>): Promise<T> {
    return this.transport.request({ method: 'PUT', path: resourcePath(resource, (object as ApiObject).metadata, 'status'), body: withKind(resource, object) });
  }
  patch<T extends ObjectHead>(resource: ResourceDefinition<T>, key: ObjectKey, patch: unknown, options: { type?: PatchType; subresource?: string; fieldManager?: string; force?: boolean } = {}): Promise<T> {
    return this.transport.request({
      method: 'PATCH', path: resourcePath(resource, key, options.subresource), body: patch,
      headers: { 'content-type': patchContentTypes[options.type ?? 'merge'] },
      query: { fieldManager: options.fieldManager, force: options.force ? 'true' : undefined },
    });
  }
  /** Resolves with the object (still ending) or a Status when it is gone. */
  delete(resource: ResourceDefinition, key: ObjectKey, options: DeleteOptions = {}): Promise<any> {
    return this.transport.request({ method: 'DELETE', path: resourcePath(resource, key), body: { apiVersion: 'v1', kind: 'DeleteOptions', ...options } });
  }
  /** POST to a subresource (binding, eviction, token). */
  post(resource: ResourceDefinition, key: ObjectKey, subresource: string, body: unknown): Promise<any> {
    return this.transport.request({ method: 'POST', path: resourcePath(resource, key, subresource), body });
  }
}

function listQuery(options: ListOptions): Record<string, string | undefined> {
  return {
    labelSelector: options.labelSelector || undefined, fieldSelector: options.fieldSelector || undefined,
    limit: options.limit?.toString(), continue: options.continue, resourceVersion: options.resourceVersion,
  };
}

const withKind = (resource: ResourceDefinition, object: object): object => ({ ...object, apiVersion: resource.apiVersion, kind: resource.kind });
