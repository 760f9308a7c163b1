// The API of the same origin, with the signed-in token: every right is the server's to give.
import { chunksOf, linesOf } from './lines.js';
import { signOut, token } from './session.js';

export const manager = 'dray-ui';
const asTable = 'application/json;as=Table;g=meta.k8s.io;v=v1,application/json';

/** A Status the server answered with, in its words. */
export class ApiError extends Error {
  constructor(code, status) {
    super(status.message ?? `the server answered ${code}`);
    this.code = code;
    this.reason = status.reason ?? `HTTP ${code}`;
    this.causes = status.details?.causes ?? [];
  }
}

/** The browser's own words for this differ, and say little. */
const unreachable = (error) => (error.name === 'AbortError' ? error : Object.assign(new Error(`the server cannot be reached (${error.message})`, { cause: error }), { reason: 'Unreachable' }));

async function request(method, path, { query = {}, body, type = 'application/json', accept = 'application/json', signal } = {}) {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined && value !== '')).toString();
  const send = () => fetch(search ? `${path}?${search}` : path, {
    method, signal, cache: 'no-store', credentials: 'omit', redirect: 'error',
    headers: { accept, authorization: `Bearer ${token()}`, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  let response;
  try {
    response = await send();
  } catch (error) {
    // Browsers cut everything when the machine's network changes, e.g. by a Pod on the same host. What only reads is asked once more.
    if (method !== 'GET' || signal?.aborted) throw unreachable(error);
    response = await send().catch((again) => { throw unreachable(again); });
  }
  if (response.ok) return response;
  const text = await response.text();
  let status = { message: text.trim() };
  if (response.headers.get('content-type')?.includes('json')) status = JSON.parse(text);
  if (response.status === 401) signOut('The token is not, or no longer, valid.');
  throw new ApiError(response.status, status);
}

export const call = async (method, path, options) => (await request(method, path, options)).json();
export const get = (path, options) => call('GET', path, options);
export const getTable = (path, options) => get(path, { ...options, accept: asTable });
export const patch = (path, body, type = 'merge', query = {}) => call('PATCH', path, { body, type: `application/${{ merge: 'merge-patch+json', strategic: 'strategic-merge-patch+json', json: 'json-patch+json', apply: 'apply-patch+yaml' }[type]}`, query: { fieldManager: manager, ...query } });

/** Lines of a text that may go on for ever, as they come. */
export async function* stream(path, options) {
  const response = await request('GET', path, { ...options, accept: '*/*' });
  yield* linesOf(chunksOf(response.body));
}

/** The events of one watch, those that came together at once. @throws ApiError for an ERROR event */
async function* watchEvents(path, { query, accept, signal }) {
  const response = await request('GET', path, { accept, signal, query: { ...query, watch: '1', allowWatchBookmarks: 'true' } });
  const batches = linesOf(chunksOf(response.body));
  for (;;) {
    const { done, value: lines } = await batches.next().catch((error) => { throw unreachable(error); });
    if (done) return;
    const events = lines.filter(Boolean).map((line) => JSON.parse(line));
    const error = events.find((event) => event.type === 'ERROR');
    if (error) throw new ApiError(error.object.code, error.object);
    yield events;
  }
}

const pause = (ms, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
});

/**
 * Keeps a list as it is, by list and watch, until the signal aborts. `resourceVersion()` says where a watch that ended by itself goes on.
 * `state` hears 'live' or an Error; a failure is tried again, slower each time.
 */
async function follow(path, { query = {}, accept, list, events, resourceVersion, state, signal }) {
  let wait = 1000;
  let listed = false;
  while (!signal.aborted) {
    try {
      listed = false;
      list(await get(path, { query, accept, signal }));
      state('live');
      listed = true;
      for (;;) {
        const begun = performance.now();
        for await (const some of watchEvents(path, { accept, signal, query: { ...query, resourceVersion: resourceVersion() } })) {
          wait = 1000;
          events(some);
        }
        // A server that ends watches at once is not asked again at once.
        if (performance.now() - begun < 1000) await pause(1000, signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      // History this old is gone: the list is taken again, which is no failure.
      if (error.code === 410) continue;
      // A watch that broke off is no news while the list can be had.
      if (listed && error.reason === 'Unreachable') {
        await pause(200, signal);
        continue;
      }
      state(error);
      if (error.code === 401 || error.code === 404) return;
      await pause(wait, signal);
      wait = Math.min(wait * 2, 30_000);
    }
  }
}

/** A Table kept in `rows`; `changed` is called after each change. */
export const followTable = (path, { query, rows, changed, state, signal }) => follow(path, {
  query, signal, state, accept: asTable,
  list(table) { rows.replace(table); changed(); },
  events(some) { if (some.map((event) => rows.apply(event)).includes(true)) changed(); },
  resourceVersion: () => rows.resourceVersion,
});

/** The objects of a list, by uid. */
export function followObjects(path, { query, changed, state, signal }) {
  let version = '';
  let objects = new Map();
  return follow(path, {
    query, signal, state, accept: 'application/json',
    list({ metadata, items, apiVersion, kind }) {
      version = metadata.resourceVersion;
      // Items of a list leave out what the list says for all of them.
      objects = new Map(items.map((item) => [item.metadata.uid, { apiVersion, kind: kind.replace(/List$/, ''), ...item }]));
      changed([...objects.values()]);
    },
    events(some) {
      for (const { type, object } of some) {
        version = object.metadata.resourceVersion;
        if (type === 'DELETED') objects.delete(object.metadata.uid);
        else if (type !== 'BOOKMARK') objects.set(object.metadata.uid, object);
      }
      if (some.some((event) => event.type !== 'BOOKMARK')) changed([...objects.values()]);
    },
    resourceVersion: () => version,
  });
}
