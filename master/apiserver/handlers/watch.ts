// watch of one resource: the present where asked for, then events without gap, bookmarks, and an end for readers that are too
// slow. (upstream: apiserver endpoints/handlers/watch.go, storage/cacher)
import * as errors from '../../../src/apimachinery/status-error.ts';
import { listTypeOf, partialObjectMetadataType } from '../../../src/schema/meta-types.ts';
import { encodeProtobuf } from '../../../src/schema/protobuf.ts';
import { partialMetadata, table } from '../../../src/schema/table.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Selection } from '../../registry/selection.ts';
import { parseRevision } from '../../registry/request-context.ts';
import type { ResourceStore } from '../../registry/resource-store.ts';
import { StoredObject } from '../../registry/stored-object.ts';
import { prepareViews, viewOf } from '../../registry/views.ts';
import { deepFreeze, goJson } from '../../../src/util/json.ts';
import { turnsEnd } from '../../../src/util/turn.ts';
import { Compacted } from '../../storage/store.ts';
import type { CacheEvent, WatchScope } from '../../storage/bucket.ts';
import type { MediaType } from '../negotiation.ts';
import type { AdmittedRequest, Answer, WatchItem } from '../request.ts';
import { caughtUp, includeObject, isNamed, prefixOf, selectionOf } from './lists.ts';
import { isTrue, listParameters } from './options.ts';

const bookmarkEveryMs = 60_000;
/** So long before its end a watch learns once more how far the store has come. (upstream: cacheWatcher.nextBookmarkTime) */
const bookmarkBeforeEndMs = 2000;
const defaultWatchSeconds = 1800;

/** JSON of an event's object by its form, built once for all who are told of it in one turn: kept with the event, it would stay as long as the past does. */
const encodedEvents = new Map<object, Map<string, Uint8Array>>();
function formsOf(event: object): Map<string, Uint8Array> {
  if (encodedEvents.size === 0) void turnsEnd().then(() => encodedEvents.clear());
  let forms = encodedEvents.get(event);
  if (!forms) encodedEvents.set(event, (forms = new Map()));
  return forms;
}

/** A watch in the place of a list: the present, and a bookmark where it ends. (upstream: isListWatchRequest) */
export const beginsWithList = (query: URLSearchParams): boolean => isTrue(query.get('sendInitialEvents')) && isTrue(query.get('allowWatchBookmarks'));

/** An empty list in the form of the watch, for who makes a list of its events. (upstream: watchListTransformer) */
function listBlueprint({ listKind, apiVersion, type, custom }: ResourceStore['resource'], media: MediaType): string {
  const list = { ...(media.as === '' ? { kind: listKind, apiVersion } : { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' }), metadata: {}, items: custom && media.as === '' ? [] : null };
  const bytes = media.type === 'protobuf' ? encodeProtobuf(listTypeOf(media.as === '' ? type : partialObjectMetadataType), list.apiVersion, list.kind, { ...list, items: [] }) : Buffer.from(`${JSON.stringify(list)}\n`);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

export async function watch(request: AdmittedRequest, registry: Registry, store: ResourceStore, media: MediaType): Promise<Answer> {
  const { resource } = store;
  const { query, info } = request;
  const parameters = listParameters(query, true);
  const selection = selectionOf(request, resource);
  if (info.name && selection.fields && selection.name !== info.name) throw errors.badRequest("fieldSelector metadata.name doesn't match requested name");
  const include = media.as === 'Table' ? includeObject(request) : 'Metadata';
  const from = parseRevision(parameters.resourceVersion);
  const { sendInitialEvents: initialEvents, allowWatchBookmarks: bookmarks } = parameters;
  const prefix = info.name ? store.keyOf(info.namespace, info.name) : prefixOf(store, info.namespace);
  const single = info.name !== '';
  // What is told first is no older than what is asked for.
  if (initialEvents) await caughtUp(registry, from);
  const start = from === 0 || initialEvents ? registry.cache.revision : from;
  let queue: Awaited<ReturnType<Registry['cache']['watch']>>;
  try {
    queue = await registry.cache.watch(prefix, start, registry.watcherLimit, scopeOf(request, registry, store, selection));
  } catch (error) {
    // As upstream: the watch begins, and its first event is its end.
    if (error instanceof Compacted) return { kind: 'watch', items: only(fixedItem('ERROR', errors.expired(`too old resource version: ${from} (${error.oldest})`).status)) };
    throw error;
  }
  const keep = (stored: StoredObject | undefined): boolean => stored !== undefined && (!single || stored.key === prefix) && (selection.everything || (isNamed(selection, stored) && selection.matches(viewOf(resource, stored))));
  const present = initialEvents || (from === 0 && !query.has('sendInitialEvents')) ? [...registry.cache.list(prefix, undefined, registry.triggerValue(store, selection.fields))] : [];
  const asked = prepareViews(resource, present);
  if (asked) await asked;
  const initial = present.filter(keep);
  const seconds = parameters.timeoutSeconds || defaultWatchSeconds + Math.floor(Math.random() * defaultWatchSeconds);
  let columnsSent = false;

  const item = (type: WatchItem['type'], stored: StoredObject, event?: CacheEvent<StoredObject>): WatchItem => {
    if (media.as === 'Table') {
      const value = table(resource, [viewOf(resource, stored)], { resourceVersion: String(stored.revision) }, include, registry.clock.now(), !columnsSent);
      columnsSent = true;
      return { type, value: () => value, json: () => Buffer.from(goJson(value)) };
    }
    const view = media.as === '' ? '' : 'partial';
    const value = (): unknown => (view === '' ? viewOf(resource, stored) : partialMetadata(viewOf(resource, stored)));
    return {
      type, value,
      json() {
        if (!event) return view === '' && !resource.storedAs ? stored.json() : Buffer.from(goJson(value()));
        const forms = formsOf(event);
        const form = `${resource.apiVersion}|${view}|${type}`;
        let bytes = forms.get(form);
        if (!bytes) forms.set(form, (bytes = view === '' && !resource.storedAs ? stored.json() : Buffer.from(goJson(value()))));
        return bytes;
      },
    };
  };
  const bookmark = (revision: number, annotations?: Record<string, string>): WatchItem => {
    const object = deepFreeze({ kind: resource.kind, apiVersion: resource.apiVersion, metadata: { resourceVersion: String(revision), ...(resource.custom ? {} : { creationTimestamp: null }), ...(annotations ? { annotations } : {}) } });
    return media.as === 'Table'
      ? fixedItem('BOOKMARK', { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: { resourceVersion: String(revision) }, columnDefinitions: null, rows: [] })
      : fixedItem('BOOKMARK', media.as === '' ? object : { ...object, kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' });
  };

  async function* events(): AsyncGenerator<WatchItem> {
    const cancelTimer = registry.clock.after(seconds * 1000, () => queue.end());
    const stop = (): void => queue.end();
    request.signal.addEventListener('abort', stop, { once: true });
    store.ended.addEventListener('abort', stop, { once: true });
    let nextBookmark = registry.clock.monotonic() + bookmarkEveryMs;
    let sentRevision = 0;
    // Behind every event up to this revision.
    const cancelBookmarks = bookmarks ? repeat(() => queue.push(registry.cache.revision)) : undefined;
    const cancelLast = bookmarks && seconds * 1000 > bookmarkBeforeEndMs
      ? registry.clock.after(seconds * 1000 - bookmarkBeforeEndMs, () => {
        nextBookmark = 0;
        queue.push(registry.cache.revision);
      })
      : undefined;
    try {
      if (request.signal.aborted || store.ended.aborted) return;
      for (const stored of initial) yield item('ADDED', stored);
      if (initialEvents && bookmarks) yield bookmark(start, { 'k8s.io/initial-events-end': 'true', 'kubernetes.io/initial-events-list-blueprint': listBlueprint(resource, media) });
      for await (const event of queue) {
        if (typeof event === 'number') {
          if (event > sentRevision && registry.clock.monotonic() >= nextBookmark) {
            nextBookmark = registry.clock.monotonic() + bookmarkEveryMs;
            sentRevision = event;
            yield bookmark(event);
          }
          continue;
        }
        const { previous, current } = event;
        const asked = prepareViews(resource, [previous, current].filter((stored) => stored !== undefined));
        if (asked) await asked;
        const was = keep(previous);
        const now = keep(current);
        const gone = was && !now ? event.deleted ?? leaving(event) : undefined;
        const last = gone && prepareViews(resource, [gone]);
        if (last) await last;
        if (now) yield item(was ? 'MODIFIED' : 'ADDED', current!, event);
        else if (gone) yield item('DELETED', gone, event);
        if (was || now) sentRevision = event.revision;
      }
    } catch (error) {
      if (error instanceof errors.StatusError) {
        // What cannot be converted cannot be told, and nothing after it.
        yield fixedItem('ERROR', error.status);
        return;
      }
      if ((error as Error).message !== 'queue overflow') throw error;
      // A reader that was too slow is told so behind what it has been told already, and costs nothing more.
      yield fixedItem('ERROR', errors.expired('too old resource version: the watch fell too far behind').status);
    } finally {
      cancelTimer();
      cancelLast?.();
      cancelBookmarks?.();
      request.signal.removeEventListener('abort', stop);
      store.ended.removeEventListener('abort', stop);
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

/** One object is watched by its key, what an agent runs by its node: changes of others need not be looked at. */
function scopeOf({ info }: AdmittedRequest, registry: Registry, store: ResourceStore, { fields, name = info.name }: Selection): WatchScope {
  if (name && (info.namespace || !store.resource.namespaced)) return { key: store.keyOf(info.namespace, name) };
  const trigger = registry.triggerValue(store, fields);
  return trigger === undefined ? {} : { trigger };
}

/** An object that stopped matching leaves with its last matching state at the revision of the change. */
const leaving = (event: CacheEvent<StoredObject>): StoredObject => new StoredObject({ key: event.previous!.key, value: event.previous!.value, revision: event.revision, created: 0 });

function fixedItem(type: WatchItem['type'], value: unknown): WatchItem {
  return { type, value: () => value, json: () => Buffer.from(goJson(value)) };
}


async function* only(item: WatchItem): AsyncGenerator<WatchItem> { yield item; }
