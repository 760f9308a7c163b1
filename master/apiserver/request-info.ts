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

/** @throws URIError for a malformed escape */
export function parseRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const other: RequestInfo = { isResource: false, verb: method.toLowerCase(), path, group: '', version: '', namespace: '', resource: '', subresource: '', name: '', rest: [] };
  const parts = path.split('/').filter((p) => p !== '').map(decodeURIComponent);
  const isCore = parts[0] === 'api';
  if (!isCore && parts[0] !== 'apis') return other;
  const head = isCore ? 2 : 3;
  if (parts.length <= head) return other;
  const group = isCore ? '' : parts[1]!;
  const version = parts[head - 1]!;
  let rest = parts.slice(head);
  let verb = Object.hasOwn(verbs, method) ? verbs[method]! : method.toLowerCase();
  // The old watch prefix is still spoken by some clients.
  if (rest[0] === 'watch' && rest.length > 1) {
    verb = 'watch';
    rest = rest.slice(1);
  }
  let namespace = '';
  if (rest[0] === 'namespaces' && rest.length > 1) {
    namespace = rest[1]!;
    // /namespaces/x/status and /namespaces/x/finalize are subresources of the namespace itself.
    if (rest.length > 2 && rest[2] !== 'status' && rest[2] !== 'finalize') rest = rest.slice(2);
  }
  const [resource = '', name = '', subresource = ''] = rest;
  if (name === '') {
    if (verb === 'get') verb = query.get('watch') === 'true' || query.get('watch') === '1' ? 'watch' : 'list';
    if (verb === 'delete') verb = 'deletecollection';
  } else if (verb === 'get' && subresource === '' && (query.get('watch') === 'true' || query.get('watch') === '1')) verb = 'watch';
  return { isResource: true, verb, path, group, version, namespace: resource === 'namespaces' ? name : namespace, resource, subresource, name, rest: rest.slice(3), ...(selecting.has(verb) ? { fieldSelector: query.get('fieldSelector') ?? '', labelSelector: query.get('labelSelector') ?? '' } : {}) };
}
