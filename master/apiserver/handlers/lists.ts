// list and watch of one resource: selection, pages over a consistent snapshot, and events without gap.
// (upstream: apiserver endpoints/handlers/get.go, watch.go; storage/cacher)
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { ApiObject, ResourceDefinition } from '../../../src/schema/resource.ts';
import { partialMetadata, table, type IncludeObject } from '../../../src/schema/table.ts';
import type { Registry } from '../../registry/registry.ts';
import type { ResourceStore } from '../../registry/resource-store.ts';
import { parseRevision } from '../../registry/request-context.ts';
import { parseSelection, type Selection } from '../../registry/selection.ts';
import { deepFreeze, StoredObject } from '../../registry/stored-object.ts';
import { Compacted } from '../../storage/store.ts';
import type { CacheEvent } from '../../storage/watch-cache.ts';
import type { MediaType } from '../negotiation.ts';
import type { AdmittedRequest, Answer, WatchItem } from '../request.ts';
import { integerParameter, isTrue } from './options.ts';

/** Events a watcher may be behind before it is ended. */
const watcherLimit = 4096;
const bookmarkEveryMs = 60_000;
const defaultWatchSeconds = 1800;

const continueExpired = 'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.';

/** Where a page ended: opaque to clients. */
interface ContinueToken { v: 'meta.k8s.io/v1'; rv: number; start: string }

function decodeContinue(text: string): ContinueToken {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString()) as Partial<ContinueToken>;
    if (token.v === 'meta.k8s.io/v1' && typeof token.rv === 'number' && typeof token.start === 'string' && token.start !== '') return token as ContinueToken;
  } catch {
    // Falls through to the one answer for every token that is not ours.
  }
  throw errors.badRequest('continue key is not valid: illegal base64 or wrong content');
}
const encodeContinue = (rv: number, start: string): string => Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv, start } satisfies ContinueToken)).toString('base64url');

function selectionOf(request: AdmittedRequest, resource: ResourceDefinition): Selection {
  return parseSelection(resource, request.query.get('labelSelector') ?? '', request.query.get('fieldSelector') ?? '');
}
const prefixOf = (store: ResourceStore, namespace: string): string => (store.resource.namespaced && namespace ? `${store.prefix}${namespace}/` : store.prefix);
const viewOf = (resource: ResourceDefinition, stored: StoredObject): ApiObject => (resource.storedAs ? deepFreeze(resource.storedAs.decode(stored.object) as ApiObject) : stored.object);

interface Page { readonly items: readonly StoredObject[]; readonly revision: number; readonly continue?: string; readonly remaining?: number }

async function readPage(request: AdmittedRequest, registry: Registry, store: ResourceStore, selection: Selection): Promise<Page> {
  const { query, info } = request;
  const limit = integerParameter(query, 'limit') ?? 0;
  const token = query.get('continue');
  const asked = parseRevision(query.get('resourceVersion'));
  const match = query.get('resourceVersionMatch') ?? '';
  checkMatch(query, match, token);
  const prefix = prefixOf(store, info.namespace);
  const keep = (stored: StoredObject): boolean => selection.everything || selection.matches(viewOf(store.resource, stored));

  if (token) return readPast(registry, prefix, decodeContinue(token), limit, keep, selection.everything);
  if (match === 'Exact' && asked > 0 && asked !== registry.cache.revision) return readPast(registry, prefix, { v: 'meta.k8s.io/v1', rv: asked, start: '' }, limit, keep, selection.everything);
  if (asked > registry.cache.revision) await caughtUp(registry, asked);
  const items: StoredObject[] = [];
  const revision = registry.cache.revision;
  let more = false;
  if (selection.name !== undefined && store.resource.namespaced === (info.namespace !== '')) {
    const one = store.find(info.namespace, selection.name);
    if (one && keep(one)) items.push(one);
  } else {
    for (const stored of registry.cache.list(prefix)) {
      if (!keep(stored)) continue;
      if (limit > 0 && items.length === limit) { more = true; break; }
      items.push(stored);
    }
  }
  if (!more) return { items, revision };
  const remaining = selection.everything ? registry.cache.count(prefix) - items.length : undefined;
  return { items, revision, continue: encodeContinue(revision, items.at(-1)!.key.slice(prefix.length)), ...(remaining === undefined ? {} : { remaining }) };
}

function checkMatch(query: URLSearchParams, match: string, token: string | null): void {
  if (match === '') return;
  const revision = query.get('resourceVersion') ?? '';
  const refuse = (why: string): never => { throw errors.invalid('meta.k8s.io', 'ListOptions', '', [{ type: 'Forbidden', field: 'resourceVersionMatch', message: `Forbidden: ${why}` }]); };
  if (token) refuse('resourceVersionMatch is forbidden when continue is provided');
  if (revision === '') refuse('resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (match !== 'Exact' && match !== 'NotOlderThan') throw errors.invalid('meta.k8s.io', 'ListOptions', '', [{ type: 'NotSupported', field: 'resourceVersionMatch', message: `Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan"` }]);
  if (match === 'Exact' && revision === '0') refuse('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
}

/** A client that names a future revision waits a moment for it. */
async function caughtUp(registry: Registry, revision: number): Promise<void> {
  const current = await registry.store.revision();
  if (revision > current) throw errors.timeout(`Too large resource version: ${revision}, current: ${current}`, 1);
  await registry.cache.waitFor(revision);
}

async function readPast(registry: Registry, prefix: string, token: ContinueToken, limit: number, keep: (stored: StoredObject) => boolean, everything: boolean): Promise<Page> {
  const items: StoredObject[] = [];
  let after = token.start ? prefix + token.start : undefined;
  try {
    for (;;) {
      const page = await registry.store.list(prefix, { revision: token.rv, limit: limit > 0 ? limit + 1 : 500, ...(after === undefined ? {} : { after }) });
      for (const entry of page.entries) {
        after = entry.key;
        const stored = new StoredObject(entry);
        if (!keep(stored)) continue;
        if (limit > 0 && items.length === limit) {
          const last = items.at(-1)!.key;
          if (!everything) return { items, revision: token.rv, continue: encodeContinue(token.rv, last.slice(prefix.length)) };
          const rest = await registry.store.list(prefix, { revision: token.rv, after: last });
          return { items, revision: token.rv, continue: encodeContinue(token.rv, last.slice(prefix.length)), remaining: rest.entries.length };
        }
        items.push(stored);
      }
      if (!page.more) return { items, revision: token.rv };
    }
  } catch (error) {
    if (error instanceof Compacted) throw errors.expired(continueExpired);
    if (error instanceof RangeError) throw errors.timeout(`Too large resource version: ${token.rv}, current: ${registry.cache.revision}`, 1);
    throw error;
  }
}

export async function list(request: AdmittedRequest, registry: Registry, store: ResourceStore, media: MediaType): Promise<Answer> {
  const { resource } = store;
  const page = await readPage(request, registry, store, selectionOf(request, resource));
  const metadata = { resourceVersion: String(page.revision), ...(page.continue ? { continue: page.continue } : {}), ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }) };
  const objects = (): ApiObject[] => page.items.map((s) => viewOf(resource, s));
  if (media.as === 'Table') return { kind: 'object', status: 200, value: () => table(resource, objects(), metadata, includeObject(request), registry.clock.now()) };
  if (media.as === 'PartialObjectMetadataList' || media.as === 'PartialObjectMetadata') {
    return { kind: 'object', status: 200, value: () => ({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items: objects().map(partialMetadata) }) };
  }
  const head = { kind: resource.listKind, apiVersion: resource.apiVersion, metadata };
  const value = (): unknown => ({ ...head, items: objects() });
  if (resource.storedAs) return { kind: 'object', status: 200, value };
  return {
    kind: 'object', status: 200, value,
    json() {
      const open = JSON.stringify(head);
      const parts: Uint8Array[] = [Buffer.from(`${open.slice(0, -1)},"items":[`)];
      page.items.forEach((stored, i) => {
        if (i > 0) parts.push(comma);
        parts.push(...stored.itemJson());
      });
      parts.push(Buffer.from(']}'));
      return parts;
    },
  };
}
const comma = Buffer.from(',');

function includeObject(request: AdmittedRequest): IncludeObject {
  const value = request.query.get('includeObject') ?? '';
  if (value === '' || value === 'Metadata') return 'Metadata';
  if (value === 'None' || value === 'Object') return value;
  throw errors.badRequest(`Invalid includeObject value: ${value}`);
}

/** JSON of an event's object, built once for all its watchers. */
const encodedEvents = new WeakMap<object, Map<string, Uint8Array[]>>();

export async function watch(request: AdmittedRequest, registry: Registry, store: ResourceStore, media: MediaType): Promise<Answer> {
  const { resource } = store;
  const { query, info } = request;
  const selection = selectionOf(request, resource);
  const asked = query.get('resourceVersion') ?? '';
  const from = parseRevision(asked);
  const initialEvents = isTrue(query.get('sendInitialEvents'));
  const bookmarks = isTrue(query.get('allowWatchBookmarks'));
  const prefix = info.name ? store.keyOf(info.namespace, info.name) : prefixOf(store, info.namespace);
  const single = info.name !== '';
  const start = from === 0 || initialEvents ? registry.cache.revision : from;
  let queue: Awaited<ReturnType<Registry['cache']['watch']>>;
  try {
    queue = await registry.cache.watch(prefix, start, watcherLimit);
  } catch (error) {
    if (error instanceof Compacted) throw errors.expired(`too old resource version: ${from} (${error.oldest})`);
    throw error;
  }
  const keep = (stored: StoredObject | undefined): boolean => stored !== undefined && (!single || stored.key === prefix) && (selection.everything || selection.matches(viewOf(resource, stored)));
  const initial = from === 0 || initialEvents ? [...registry.cache.list(prefix)].filter(keep) : [];
  const seconds = integerParameter(query, 'timeoutSeconds') ?? defaultWatchSeconds + Math.floor(Math.random() * defaultWatchSeconds);
  const include = media.as === 'Table' ? includeObject(request) : 'Metadata';
  let columnsSent = false;

  const item = (type: WatchItem['type'], stored: StoredObject, event?: CacheEvent<StoredObject>): WatchItem => {
    if (media.as === 'Table') {
      const value = table(resource, [viewOf(resource, stored)], { resourceVersion: String(stored.revision) }, include, registry.clock.now(), !columnsSent);
      columnsSent = true;
      return { type, value: () => value, json: () => [Buffer.from(JSON.stringify(value))] };
    }
    const view = media.as === '' ? '' : 'partial';
    const value = (): unknown => (view === '' ? viewOf(resource, stored) : partialMetadata(viewOf(resource, stored)));
    return {
      type, value,
      json() {
        if (!event) return view === '' && !resource.storedAs ? stored.json() : [Buffer.from(JSON.stringify(value()))];
        let forms = encodedEvents.get(event);
        if (!forms) encodedEvents.set(event, (forms = new Map()));
        const form = `${resource.group}|${view}|${type}`;
        let parts = forms.get(form);
        if (!parts) forms.set(form, (parts = view === '' && !resource.storedAs ? stored.json() : [Buffer.from(JSON.stringify(value()))]));
        return parts;
      },
    };
  };
  const bookmark = (revision: number, annotations?: Record<string, string>): WatchItem => {
    const object = deepFreeze({ kind: resource.kind, apiVersion: resource.apiVersion, metadata: { resourceVersion: String(revision), creationTimestamp: null, ...(annotations ? { annotations } : {}) } });
    return media.as === 'Table'
      ? fixedItem('BOOKMARK', { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: { resourceVersion: String(revision) }, columnDefinitions: [], rows: [] })
      : fixedItem('BOOKMARK', media.as === '' ? object : { ...object, kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' });
  };

  async function* events(): AsyncGenerator<WatchItem> {
    const cancelTimer = registry.clock.after(seconds * 1000, () => queue.end());
    const stop = (): void => queue.end();
    request.signal.addEventListener('abort', stop, { once: true });
    let nextBookmark = registry.clock.monotonic() + bookmarkEveryMs;
    let revision = start;
    let sentRevision = 0;
    const cancelBookmarks = bookmarks ? repeat(() => queue.push(-1)) : undefined;
    try {
      if (request.signal.aborted) return;
      for (const stored of initial) yield item('ADDED', stored);
      if (initialEvents && bookmarks) yield bookmark(start, { 'k8s.io/initial-events-end': 'true' });
      for await (const event of queue) {
        if (typeof event === 'number') {
          if (event >= 0) { revision = Math.max(revision, event); continue; }
          if (revision > sentRevision && registry.clock.monotonic() >= nextBookmark) {
            nextBookmark = registry.clock.monotonic() + bookmarkEveryMs;
            sentRevision = revision;
            yield bookmark(revision);
          }
          continue;
        }
        revision = event.revision;
        const was = keep(event.previous);
        const now = keep(event.current);
        if (now) yield item(was ? 'MODIFIED' : 'ADDED', event.current!, event);
        else if (was) yield item('DELETED', event.deleted ?? leaving(event), event);
        sentRevision = revision;
      }
    } catch (error) {
      // A reader that was too slow: it is told to start over, and costs nothing more.
      const status = errors.expired('too old resource version: the watch fell too far behind').status;
      if ((error as Error).message === 'queue overflow') yield fixedItem('ERROR', status);
      else throw error;
    } finally {
      cancelTimer();
      cancelBookmarks?.();
      request.signal.removeEventListener('abort', stop);
      queue.end();
    }
  }
  function repeat(call: () => void): () => void {
    let cancel = registry.clock.after(bookmarkEveryMs, tick);
    function tick(): void {
      call();
      cancel = registry.clock.after(bookmarkEveryMs, tick);
    }
    return () => cancel();
  }
  return { kind: 'watch', items: events() };
}

/** An object that stopped matching leaves with its last matching state at the revision of the change. */
const leaving = (event: CacheEvent<StoredObject>): StoredObject => new StoredObject({ key: event.previous!.key, value: event.previous!.value, revision: event.revision, created: 0 });

function fixedItem(type: WatchItem['type'], value: unknown): WatchItem {
  return { type, value: () => value, json: () => [Buffer.from(JSON.stringify(value))] };
}

