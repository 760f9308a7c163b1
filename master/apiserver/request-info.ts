// What a path and method mean: which resource, which verb. (upstream: apiserver endpoints/request/requestinfo.go)
import { parseFieldSelector } from '../../src/apimachinery/selectors.ts';

export interface RequestInfo {
  readonly isResource: boolean;
  /** Upstream's verbs: get, list, watch, create, update, patch, delete, deletecollection; the lower-case method for other paths. */
  readonly verb: string;
  readonly path: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** Decoded segments after the subresource (proxy paths). */
  readonly rest: readonly string[];
  /** As the client wrote it, for lists and watches. */
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

/** The one object a request is about, also where a list or watch of it is asked for by `metadata.name`; '' when there are several. */
export function nameAsked({ name, fieldSelector }: RequestInfo): string {
  if (name !== '' || !fieldSelector) return name;
  try {
    return parseFieldSelector(fieldSelector).requirements.find((r) => r.field === 'metadata.name' && r.operator === '=')?.value ?? '';
  } catch {
    // What is wrong with the selector says the handler.
    return '';
  }
}

const verbs: Readonly<Record<string, string>> = { GET: 'get', HEAD: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

const selecting = new Set(['list', 'watch', 'deletecollection']);

const nothing: readonly string[] = [];

/** The segments of a path, decoded. */
function segments(path: string): string[] {
  const parts = path.split('/');
  // The usual path begins with its only empty segment.
  if (parts[0] === '') parts.shift();
  const named = parts.includes('') ? parts.filter((part) => part !== '') : parts;
  return path.includes('%') ? named.map(decodeURIComponent) : named;
}

/** @throws URIError for a malformed escape */
export function parseRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const parts = segments(path);
  const isCore = parts[0] === 'api';
  const head = isCore ? 2 : 3;
  if ((!isCore && parts[0] !== 'apis') || parts.length <= head) return { isResource: false, verb: method.toLowerCase(), path, group: '', version: '', namespace: '', resource: '', subresource: '', name: '', rest: nothing };
  const group = isCore ? '' : parts[1]!;
  const version = parts[head - 1]!;
  let at = head;
  let verb = Object.hasOwn(verbs, method) ? verbs[method]! : method.toLowerCase();
  // The old watch prefix is still spoken by some clients.
  if (parts[at] === 'watch' && parts.length > at + 1) {
    verb = 'watch';
    at++;
  }
  let namespace = '';
  if (parts[at] === 'namespaces' && parts.length > at + 1) {
    namespace = parts[at + 1]!;
    // /namespaces/x/status and /namespaces/x/finalize are subresources of the namespace itself.
    const next = parts[at + 2];
    if (next !== undefined && next !== 'status' && next !== 'finalize') at += 2;
  }
  const resource = parts[at] ?? '';
  const name = parts[at + 1] ?? '';
  const subresource = parts[at + 2] ?? '';
  if (name === '') {
    if (verb === 'get') verb = asksWatch(query) ? 'watch' : 'list';
    if (verb === 'delete') verb = 'deletecollection';
  }
  if (resource === 'namespaces') namespace = name;
  const rest = parts.length > at + 3 ? parts.slice(at + 3) : nothing;
  if (selecting.has(verb)) return { isResource: true, verb, path, group, version, namespace, resource, subresource, name, rest, fieldSelector: query.get('fieldSelector') ?? '', labelSelector: query.get('labelSelector') ?? '' };
  return { isResource: true, verb, path, group, version, namespace, resource, subresource, name, rest };
}

/** Whatever it says, unless it says no. One object is watched by a selector of its name, or by the old prefix. */
function asksWatch(query: URLSearchParams): boolean {
  const watch = query.get('watch');
  return watch !== null && watch !== '0' && watch.toLowerCase() !== 'false';
}
