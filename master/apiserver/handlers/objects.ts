// get, create, update, delete and deletecollection of one resource. (upstream: apiserver endpoints/handlers)
import * as errors from '../../../src/apimachinery/status-error.ts';
import { deleteOptions } from '../../../src/schema/delete-options.ts';
import type { ApiObject, ResourceDefinition } from '../../../src/schema/resource.ts';
import { partialMetadata, table } from '../../../src/schema/table.ts';
import type { DeleteOptions, RequestContext } from '../../registry/request-context.ts';
import type { Registry } from '../../registry/registry.ts';
import type { ResourceStore } from '../../registry/resource-store.ts';
import { parseSelection } from '../../registry/selection.ts';
import { deepFreeze, type StoredObject } from '../../registry/stored-object.ts';
import type { MediaType } from '../negotiation.ts';
import type { AdmittedRequest, Answer } from '../request.ts';
import { decodeObject, readBody } from './body.ts';
import { writeContext } from './options.ts';
import { cloneJson } from '../../../src/util/json.ts';

export interface ResourceHandlerContext {
  readonly registry: Registry;
  readonly store: ResourceStore;
  readonly media: MediaType;
  readonly typeOf: (apiVersion: string, kind: string) => ResourceDefinition['type'] | undefined;
}

/** The object in the form the client asked for. */
export function answerObject(stored: StoredObject, status: number, { store, media, registry }: ResourceHandlerContext): Answer {
  const { resource } = store;
  const view = (): ApiObject => (resource.storedAs ? deepFreeze(resource.storedAs.decode(stored.object) as ApiObject) : stored.object);
  if (media.as === 'Table') return { kind: 'object', status, value: () => table(resource, [view()], { resourceVersion: String(stored.revision) }, 'Metadata', registry.clock.now()) };
  if (media.as !== '') return { kind: 'object', status, value: () => partialMetadata(view()) };
  if (resource.storedAs || stored.revision === 0) return { kind: 'object', status, value: () => withoutZeroRevision(view()) };
  return { kind: 'object', status, value: view, json: () => stored.json() };
}
/** What a dry run would create has no revision yet. */
function withoutZeroRevision(object: ApiObject): unknown {
  if (object.metadata.resourceVersion !== '0') return object;
  const { resourceVersion: _none, ...metadata } = object.metadata;
  return { ...object, metadata };
}

export async function create(request: AdmittedRequest, context: ResourceHandlerContext): Promise<Answer> {
  const { store } = context;
  const write = writeContext(request, 'CreateOptions');
  const raw = await readBody(request, store.resource.kind, context.typeOf);
  const object = decodeObject(store.resource, raw, write);
  if (request.info.name && object.metadata.name !== request.info.name) throw errors.badRequest(`the name of the object (${object.metadata.name}) does not match the name on the URL (${request.info.name})`);
  return answerObject(await store.create(request.info.namespace || undefined, object, write), 201, context);
}

/** Kinds a PUT may create. (upstream: AllowCreateOnUpdate) */
const createdByUpdate = new Set(['/endpoints', '/events', '/limitranges', 'coordination.k8s.io/leases', 'events.k8s.io/events', 'rbac.authorization.k8s.io/roles', 'rbac.authorization.k8s.io/rolebindings', 'rbac.authorization.k8s.io/clusterroles', 'rbac.authorization.k8s.io/clusterrolebindings', 'node.k8s.io/runtimeclasses']);

export async function update(request: AdmittedRequest, context: ResourceHandlerContext): Promise<Answer> {
  const { store } = context;
  const { info } = request;
  const write = writeContext(request, 'UpdateOptions');
  const raw = await readBody(request, store.resource.kind, context.typeOf);
  const object = decodeObject(store.resource, raw, write);
  if (object.metadata.name && object.metadata.name !== info.name) throw errors.badRequest(`the name of the object (${object.metadata.name}) does not match the name on the URL (${info.name})`);
  if (store.resource.namespaced && object.metadata.namespace && object.metadata.namespace !== info.namespace) throw errors.badRequest(`the namespace of the object (${object.metadata.namespace}) does not match the namespace on the request (${info.namespace})`);
  if (!object.metadata.name) object.metadata.name = info.name;
  const allowCreate = info.subresource === '' && createdByUpdate.has(`${store.resource.group}/${store.resource.plural}`);
  const { stored, created } = await store.update(info.namespace || undefined, info.name, (old) => {
    if (old && object.metadata.uid && object.metadata.uid !== old.metadata.uid) throw errors.conflict(store.groupResource, info.name, `Precondition failed: UID in precondition: ${object.metadata.uid}, UID in object meta: ${old.metadata.uid}`);
    return cloneJson(object);
  }, { subresource: info.subresource, allowCreate }, write);
  return answerObject(stored, created ? 201 : 200, context);
}

export async function readDeleteOptions(request: AdmittedRequest, context: Pick<ResourceHandlerContext, 'typeOf'>): Promise<{ options: DeleteOptions; write: RequestContext }> {
  let write = writeContext(request, 'DeleteOptions');
  const body = await request.body();
  let options: DeleteOptions = {};
  if ('value' in body ? body.value !== undefined : body.bytes.byteLength > 0) {
    const raw = await readBody({ ...request, body: () => Promise.resolve(body) }, 'DeleteOptions', context.typeOf);
    // Clients send DeleteOptions under any group's version.
    const { apiVersion: _version, kind, ...rest } = raw.value as { apiVersion?: string; kind?: string };
    if (kind !== undefined && kind !== 'DeleteOptions') throw errors.badRequest(`${kind} in version "v1" cannot be handled as a DeleteOptions: converting to DeleteOptions: unknown conversion`);
    options = decodeObject({ type: deleteOptions, kind: 'DeleteOptions', apiVersion: 'v1', version: 'v1' }, { value: rest, duplicates: raw.duplicates }, write) as unknown as DeleteOptions;
  } else {
    const { query } = request;
    const grace = query.get('gracePeriodSeconds');
    options = {
      ...(grace ? { gracePeriodSeconds: Number(grace) } : {}),
      ...(query.get('propagationPolicy') ? { propagationPolicy: query.get('propagationPolicy')! } : {}),
      ...(query.get('orphanDependents') ? { orphanDependents: query.get('orphanDependents') === 'true' } : {}),
    };
  }
  checkDeleteOptions(options);
  if (options.dryRun?.length) write = { ...write, dryRun: true };
  return { options, write };
}

function checkDeleteOptions(options: DeleteOptions): void {
  const refuse = (type: 'Invalid' | 'NotSupported', field: string, message: string): never => { throw errors.invalid('meta.k8s.io', 'DeleteOptions', '', [{ type, field, message }]); };
  const { propagationPolicy, orphanDependents } = options;
  if (propagationPolicy !== undefined && orphanDependents !== undefined) refuse('Invalid', 'propagationPolicy', `Invalid value: ${JSON.stringify(propagationPolicy)}: orphanDependents and deletionPropagation cannot be both set`);
  if (propagationPolicy !== undefined && !['Foreground', 'Background', 'Orphan'].includes(propagationPolicy)) refuse('NotSupported', 'propagationPolicy', `Unsupported value: ${JSON.stringify(propagationPolicy)}: supported values: "Background", "Foreground", "Orphan", "nil"`);
  if (options.dryRun?.some((v) => v !== 'All')) refuse('NotSupported', 'dryRun', `Unsupported value: ${JSON.stringify(options.dryRun)}: supported values: "All"`);
}

/** Kinds whose delete answers with the object. (upstream: ReturnDeletedObject) */
const returnsDeleted = new Set(['/pods', '/services', '/serviceaccounts', '/persistentvolumes', '/persistentvolumeclaims', '/podtemplates', '/resourcequotas', 'policy/podsecuritypolicies', 'storage.k8s.io/storageclasses', 'storage.k8s.io/volumeattachments', 'storage.k8s.io/csinodes', 'storage.k8s.io/csidrivers', 'apiregistration.k8s.io/apiservices']);

export async function remove(request: AdmittedRequest, context: ResourceHandlerContext): Promise<Answer> {
  const { store } = context;
  const { info } = request;
  const { options, write } = await readDeleteOptions(request, context);
  const { stored, gone } = await store.delete(info.namespace || undefined, info.name, options, write);
  if (!gone || returnsDeleted.has(`${store.resource.group}/${store.resource.plural}`)) return answerObject(stored, 200, context);
  const { group, plural } = store.resource;
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { name: info.name, ...(group ? { group } : {}), kind: plural, uid: stored.object.metadata.uid } };
  return { kind: 'object', status: 200, value: () => status };
}

export async function removeCollection(request: AdmittedRequest, context: ResourceHandlerContext): Promise<Answer> {
  const { store, registry } = context;
  const { resource } = store;
  const { info, query } = request;
  const selection = parseSelection(resource, query.get('labelSelector') ?? '', query.get('fieldSelector') ?? '');
  const { options, write } = await readDeleteOptions(request, context);
  const prefix = resource.namespaced && info.namespace ? `${store.prefix}${info.namespace}/` : store.prefix;
  const view = (stored: StoredObject): ApiObject => (resource.storedAs ? (resource.storedAs.decode(stored.object) as ApiObject) : stored.object);
  const victims = [...registry.cache.list(prefix)].filter((s) => selection.everything || selection.matches(view(s)));
  const items: ApiObject[] = [];
  await Promise.all(victims.map(async (victim) => {
    const { namespace, name } = victim.object.metadata;
    try {
      const { stored } = await store.delete(namespace, name, options, write);
      items.push(view(stored));
    } catch (error) {
      // Someone else was faster: it is gone, as asked.
      if (!errors.isNotFound(error)) throw error;
    }
  }));
  items.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return { kind: 'object', status: 200, value: () => ({ kind: resource.listKind, apiVersion: resource.apiVersion, metadata: { resourceVersion: String(registry.cache.revision) }, items }) };
}
