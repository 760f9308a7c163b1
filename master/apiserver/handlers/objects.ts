// get, create and update of one resource. (upstream: apiserver endpoints/handlers)
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { ApiObject, ResourceDefinition } from '../../../src/schema/resource.ts';
import { partialMetadata, table } from '../../../src/schema/table.ts';
import { cloneJson } from '../../../src/util/json.ts';
import type { Registry } from '../../registry/registry.ts';
import { parseRevision } from '../../registry/request-context.ts';
import type { ResourceStore } from '../../registry/resource-store.ts';
import { type StoredObject } from '../../registry/stored-object.ts';
import { prepareViews, viewOf } from '../../registry/views.ts';
import { objectLine } from '../json-line.ts';
import type { MediaType } from '../negotiation.ts';
import type { AdmittedRequest, Answer } from '../request.ts';
import type { RequestInfo } from '../request-info.ts';
import { decodeObject, readBody } from './body.ts';
import { caughtUp, includeObject } from './lists.ts';
import { writeContext } from './options.ts';

export interface ResourceHandlerContext {
  readonly registry: Registry;
  readonly store: ResourceStore;
  readonly media: MediaType;
  readonly typeOf: (apiVersion: string, kind: string) => ResourceDefinition['type'] | undefined;
}

/** Refuses forms an object has not before anything is written for it. @throws StatusError 400, 406 */
export function checkForm(request: AdmittedRequest, { store: { resource }, media }: ResourceHandlerContext): void {
  if (media.as === 'PartialObjectMetadataList') throw new errors.StatusError(406, 'NotAcceptable', `you requested PartialObjectMetadataList, but the requested object is not a list (${resource.kind})`);
  if (media.as === 'Table') includeObject(request);
}

/** The object in the form the client asked for. */
export function answerObject(request: AdmittedRequest, stored: StoredObject, status: number, { store, media, registry }: ResourceHandlerContext): Answer {
  const { resource } = store;
  const view = (): ApiObject => viewOf(resource, stored);
  if (media.as === 'Table') {
    const include = includeObject(request);
    return { kind: 'object', status, value: () => table(resource, [view()], { resourceVersion: String(stored.revision) }, include, registry.clock.now()) };
  }
  if (media.as !== '') return { kind: 'object', status, value: () => partialMetadata(view()) };
  if (resource.storedAs || stored.revision === 0) return { kind: 'object', status, value: () => withoutZeroRevision(view()) };
  return { kind: 'object', status, value: view, json: () => objectLine(stored) };
}
/** What a dry run would create has no revision yet. */
function withoutZeroRevision(object: ApiObject): unknown {
  if (object.metadata.resourceVersion !== '0') return object;
  const { resourceVersion: _none, ...metadata } = object.metadata;
  return { ...object, metadata };
}

export async function get(request: AdmittedRequest, context: ResourceHandlerContext): Promise<Answer> {
  const { store, registry } = context;
  const { info } = request;
  await caughtUp(registry, parseRevision(request.query.get('resourceVersion')));
  const stored = store.get(info.namespace || undefined, info.name);
  await prepareViews(store.resource, [stored]);
  return answerObject(request, stored, 200, context);
}

export async function create(request: AdmittedRequest, context: ResourceHandlerContext): Promise<Answer> {
  const { store } = context;
  const write = writeContext(request, 'CreateOptions');
  const raw = await readBody(request, store.resource.kind, context.typeOf, store.resource.custom);
  const object = decodeObject(store.resource, raw, write);
  return answerObject(request, await store.create(request.info.namespace || undefined, object, write), 201, context);
}

/** Kinds a PUT may create. (upstream: AllowCreateOnUpdate) */
const createdByUpdate = new Set(['/endpoints', '/events', '/limitranges', '/services', 'coordination.k8s.io/leases', 'events.k8s.io/events', 'rbac.authorization.k8s.io/roles', 'rbac.authorization.k8s.io/rolebindings', 'rbac.authorization.k8s.io/clusterroles', 'rbac.authorization.k8s.io/clusterrolebindings', 'node.k8s.io/runtimeclasses']);

export async function update(request: AdmittedRequest, context: ResourceHandlerContext): Promise<Answer> {
  const { store } = context;
  const { info } = request;
  const write = writeContext(request, 'UpdateOptions');
  const raw = await readBody(request, store.resource.kind, context.typeOf, store.resource.custom);
  const object = decodeObject(store.resource, raw, write);
  checkPlace(object, info, store.resource.namespaced);
  const allowCreate = info.subresource === '' && createdByUpdate.has(`${store.resource.group}/${store.resource.plural}`);
  const { uid } = object.metadata;
  const { stored, created } = await store.update(info.namespace || undefined, info.name, () => cloneJson(object), { subresource: info.subresource, allowCreate, unconditional: true, ...(uid ? { uid } : {}) }, write);
  return answerObject(request, stored, created ? 201 : 200, context);
}

/** The object a client sends must be the one its URL names. @throws StatusError 400 */
export function checkPlace({ metadata }: ApiObject, info: RequestInfo, namespaced: boolean): void {
  if (!metadata.name) throw errors.badRequest(`the name of the object (${info.name} based on URL) was undeterminable: name must be provided`);
  if (metadata.name !== info.name) throw errors.badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${info.name})`);
  if (namespaced && metadata.namespace && metadata.namespace !== info.namespace) throw errors.badRequest(`the namespace of the object (${metadata.namespace}) does not match the namespace on the request (${info.namespace})`);
}
