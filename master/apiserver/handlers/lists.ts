// list of one resource: selection, and pages over a consistent snapshot. (upstream: apiserver endpoints/handlers/get.go)
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { ApiObject, ResourceDefinition } from '../../../src/schema/resource.ts';
import { partialMetadata, table, type IncludeObject } from '../../../src/schema/table.ts';
import type { Registry } from '../../registry/registry.ts';
import type { ResourceStore } from '../../registry/resource-store.ts';
import { parseRevision } from '../../registry/request-context.ts';
import { parseSelection, type Selection } from '../../registry/selection.ts';
import { StoredObject } from '../../registry/stored-object.ts';
import { prepareViews, viewOf } from '../../registry/views.ts';
import { Compacted } from '../../storage/store.ts';
import { listLine } from '../json-line.ts';
import type { MediaType } from '../negotiation.ts';
import type { AdmittedRequest, Answer } from '../request.ts';
import { decodeContinue, encodeContinue, present, type ContinueToken } from './continue-token.ts';
import { listParameters, type ListParameters } from './options.ts';

const inconsistentMeans = 'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';
const continueExpired = `The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ${inconsistentMeans}`;

export function selectionOf(request: AdmittedRequest, resource: ResourceDefinition): Selection {
  return parseSelection(resource, request.query.get('labelSelector') ?? '', request.query.get('fieldSelector') ?? '');
}
export const prefixOf = (store: ResourceStore, namespace: string): string => (store.resource.namespaced && namespace ? `${store.prefix}${namespace}/` : store.prefix);

/** Judged by its key first: a name asked for in all namespaces must not decode them all. */
export const isNamed = ({ name }: Selection, { key }: StoredObject): boolean => name === undefined || key.endsWith(`/${name}`);

export interface Page { readonly items: readonly StoredObject[]; readonly revision: number; readonly continue?: string; readonly remaining?: number }

/** A page whose objects are ready to be shown. @throws StatusError */
export async function readPage(request: AdmittedRequest, registry: Registry, store: ResourceStore, selection: Selection, parameters: ListParameters): Promise<Page> {
  const page = await selectPage(request, registry, store, selection, parameters);
  await prepareViews(store.resource, page.items);
  return page;
}

/** Whether an object is meant, once `prepare` has seen it. */
interface Sieve { readonly everything: boolean; keep(stored: StoredObject): boolean; prepare(stored: Iterable<StoredObject>): Promise<unknown> | undefined }

async function selectPage(request: AdmittedRequest, registry: Registry, store: ResourceStore, selection: Selection, parameters: ListParameters): Promise<Page> {
  const { info } = request;
  const asked = parseRevision(parameters.resourceVersion);
  // What the cache answers from any time, it answers whole.
  const limit = parameters.resourceVersion === '0' ? 0 : Math.max(0, parameters.limit);
  const prefix = prefixOf(store, info.namespace);
  const { resource } = store;
  const sieve: Sieve = {
    everything: selection.everything,
    keep: (stored) => selection.everything || (isNamed(selection, stored) && selection.matches(resource.storedAs ? viewOf(resource, stored) : stored.passing)),
    prepare: (stored) => (selection.everything || !resource.storedAs?.convert ? undefined : prepareViews(resource, [...stored].filter((one) => isNamed(selection, one)))),
  };
  const { keep } = sieve;
  let after: string | undefined;
  if (parameters.continue !== '') {
    if (asked > 0) throw errors.badRequest('specifying resource version is not allowed when using continue');
    const token = decodeContinue(parameters.continue);
    if (token.rv !== present) return readPast(registry, prefix, token, limit, sieve);
    after = prefix + token.start;
  }
  const exact = asked > 0 && (parameters.match === 'Exact' || (parameters.match === '' && limit > 0));
  if (exact && asked !== registry.cache.revision) return readPast(registry, prefix, { v: 'meta.k8s.io/v1', rv: asked, start: '' }, limit, sieve);
  await caughtUp(registry, asked);
  const { revision } = registry.cache;
  const items: StoredObject[] = [];
  let more = false;
  if (selection.name !== undefined && store.resource.namespaced === (info.namespace !== '')) {
    const one = store.find(info.namespace, selection.name);
    if (one) await sieve.prepare([one]);
    if (one && keep(one)) items.push(one);
  } else {
    // Only what has to be asked for is looked at twice.
    const listed = registry.cache.list(prefix, after, registry.triggerValue(store, selection.fields));
    const present = resource.storedAs?.convert ? [...listed] : listed;
    if (Array.isArray(present)) await sieve.prepare(present);
    for (const stored of present) {
      if (!keep(stored)) continue;
      if (limit > 0 && items.length === limit) { more = true; break; }
      items.push(stored);
    }
  }
  if (!more) return { items, revision };
  const last = items.at(-1)!.key;
  return { items, revision, continue: encodeContinue(revision, last.slice(prefix.length)), ...(selection.everything ? { remaining: registry.cache.count(prefix, last) } : {}) };
}

/** A client that names a revision this server has not seen yet waits a moment for it. @throws StatusError 504 for one nobody has seen */
export async function caughtUp(registry: Registry, revision: number): Promise<void> {
  if (revision <= registry.cache.revision) return;
  const current = await registry.store.revision();
  if (revision > current) throw tooLarge(revision, current);
  await registry.cache.waitFor(revision);
}

function tooLarge(revision: number, current: number): errors.StatusError {
  const error = errors.timeout(`Too large resource version: ${revision}, current: ${current}`, 1);
  error.status.details!.causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
  return error;
}

async function readPast(registry: Registry, prefix: string, token: ContinueToken, limit: number, { everything, keep, prepare }: Sieve): Promise<Page> {
  const items: StoredObject[] = [];
  let after = token.start ? prefix + token.start : undefined;
  try {
    for (;;) {
      const page = await registry.store.list(prefix, { revision: token.rv, limit: limit > 0 ? limit + 1 : 500, ...(after === undefined ? {} : { after }) });
      const entries = page.entries.map((entry) => new StoredObject(entry));
      await prepare(entries);
      for (const stored of entries) {
        after = stored.key;
        if (!keep(stored)) continue;
        if (limit > 0 && items.length === limit) {
          const last = items.at(-1)!.key;
          const rest = everything ? await countAfter(registry, prefix, token.rv, last) : undefined;
          return { items, revision: token.rv, continue: encodeContinue(token.rv, last.slice(prefix.length)), ...(rest === undefined ? {} : { remaining: rest }) };
        }
        items.push(stored);
      }
      if (!page.more) return { items, revision: token.rv };
    }
  } catch (error) {
    if (error instanceof Compacted) throw token.start === '' ? errors.expired('The resourceVersion for the provided list is too old.') : tokenExpired(token);
    if (error instanceof RangeError) throw tooLarge(token.rv, registry.cache.revision);
    throw error;
  }
}

async function countAfter(registry: Registry, prefix: string, revision: number, last: string): Promise<number> {
  let count = 0;
  for (let after = last; ;) {
    const page = await registry.store.list(prefix, { revision, after, limit: 500 });
    count += page.entries.length;
    if (!page.more) return count;
    after = page.entries.at(-1)!.key;
  }
}

/** 410 with a token that goes on in the present. */
function tokenExpired(token: ContinueToken): errors.StatusError {
  const error = errors.expired(continueExpired);
  Object.assign(error.status.metadata, { continue: encodeContinue(present, token.start) });
  return error;
}

export async function list(request: AdmittedRequest, registry: Registry, store: ResourceStore, media: MediaType): Promise<Answer> {
  const selection = selectionOf(request, store.resource);
  return listAnswer(request, registry, store, media, await readPage(request, registry, store, selection, listParameters(request.query, false)));
}

/** Refuses forms a list has not before anything is read, or deleted, for it. @throws StatusError 400, 406 */
export function checkListForm(request: AdmittedRequest, { resource }: ResourceStore, media: MediaType): void {
  if (media.as === 'PartialObjectMetadata') throw new errors.StatusError(406, 'NotAcceptable', `you requested PartialObjectMetadata, but the requested object is a list (${resource.listKind})`);
  if (media.as === 'Table') includeObject(request);
}

export function listAnswer(request: AdmittedRequest, registry: Registry, { resource }: ResourceStore, media: MediaType, page: Page): Answer {
  const metadata = { resourceVersion: String(page.revision), ...(page.continue ? { continue: page.continue } : {}), ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }) };
  const objects = (): ApiObject[] => page.items.map((s) => viewOf(resource, s));
  if (media.as === 'Table') {
    const include = includeObject(request);
    return { kind: 'object', status: 200, value: () => table(resource, objects(), metadata, include, registry.clock.now()) };
  }
  if (media.as === 'PartialObjectMetadataList') {
    return { kind: 'object', status: 200, value: () => ({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items: page.items.map((s) => partialMetadata(resource.storedAs ? viewOf(resource, s) : s.passing)) }) };
  }
  const head = { kind: resource.listKind, apiVersion: resource.apiVersion, metadata };
  const value = (): unknown => ({ ...head, items: objects() });
  if (resource.storedAs) return { kind: 'object', status: 200, value };
  return { kind: 'object', status: 200, value, json: () => listLine(head, page.items) };
}

export function includeObject(request: AdmittedRequest): IncludeObject {
  const value = request.query.get('includeObject') ?? '';
  if (value === '' || value === 'Metadata') return 'Metadata';
  if (value === 'None' || value === 'Object') return value;
  throw errors.badRequest(`Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`);
}
