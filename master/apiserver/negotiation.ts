// Content types: which form a client can read, and what form a body has. (upstream: apiserver endpoints/handlers/negotiation)
import * as errors from '../../src/apimachinery/status-error.ts';
import { maxJsonDepth, nestsDeeperThan } from '../../src/util/json.ts';
import { duplicateKeys } from './json-keys.ts';

export interface MediaType { readonly type: 'json' | 'yaml' | 'protobuf'; readonly as: '' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'; readonly pretty: boolean }

const names: Readonly<Record<string, MediaType['type']>> = {
  'application/json': 'json', 'application/yaml': 'yaml', 'application/vnd.kubernetes.protobuf': 'protobuf', '*/*': 'json', 'application/*': 'json',
};

/** `protobuf: 'metadata'`: only for objects reduced to their metadata. */
export interface Acceptance { readonly protobuf: boolean | 'metadata'; readonly transforms: boolean }

/** The first form of `Accept` this answer can take. @throws StatusError 406 */
export function negotiate(accept: string | undefined, can: Acceptance): MediaType {
  if (!accept?.trim()) return { type: 'json', as: '', pretty: false };
  // Judged as upstream's router does, by names alone, before anything else is.
  if (!accept.split(',').some((clause) => { const name = clause.split(';')[0]!.trim().toLowerCase(); return name === '*/*' || bodyTypes.includes(name); })) throw errors.noSuchProduct();
  const clauses = accept.split(',').map((clause) => {
    const [name = '', ...parameters] = clause.split(';').map((p) => p.trim());
    const values = Object.fromEntries(parameters.map((p) => { const [k = '', v = ''] = p.split('='); return [k.toLowerCase(), v]; })) as Record<string, string>;
    return { name: name.toLowerCase(), values, q: values['q'] === undefined ? 1 : Number(values['q']) };
  });
  // Equal weights keep the client's order: its first wish comes first.
  clauses.sort((a, b) => b.q - a.q);
  for (const { name, values } of clauses) {
    const type = Object.hasOwn(names, name) ? names[name] : undefined;
    if (type === undefined || (type === 'protobuf' && !can.protobuf)) continue;
    const as = values['as'] ?? '';
    if (type === 'protobuf' && can.protobuf === 'metadata' && as === '') continue;
    if (as !== '') {
      if (!can.transforms || (values['g'] ?? 'meta.k8s.io') !== 'meta.k8s.io' || (values['v'] !== 'v1' && values['v'] !== 'v1beta1')) continue;
      if (as !== 'Table' && as !== 'PartialObjectMetadata' && as !== 'PartialObjectMetadataList') continue;
      // Tables have no protobuf form.
      if (type === 'protobuf' && as === 'Table') continue;
      return { type, as, pretty: values['pretty'] === '1' };
    }
    return { type, as: '', pretty: values['pretty'] === '1' };
  }
  throw errors.notAcceptable(['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']);
}

const bodyTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** @throws StatusError 415 */
export function bodyType(contentType: string | undefined): MediaType['type'] {
  const name = (contentType ?? '').split(';')[0]!.trim().toLowerCase();
  if (name === '') return 'json';
  const type = Object.hasOwn(names, name) ? names[name] : undefined;
  if (!type || name.includes('*')) throw errors.unsupportedMediaType(bodyTypes);
  return type;
}

/** A parsed body, with the paths of keys that stood twice in one object. */
export interface ParsedBody { readonly value: unknown; readonly duplicates: readonly string[] }

/** @throws SyntaxError */
export function parseJson(text: string): ParsedBody {
  if (nestsDeeperThan(text, maxJsonDepth)) throw new SyntaxError('exceeded max depth');
  const value: unknown = JSON.parse(text);
  return { value, duplicates: mayHaveDuplicates(text, value) ? duplicateKeys(text) : [] };
}

/** Cheap test first: as many keys in the text as in the value means no key stood twice. */
function mayHaveDuplicates(text: string, value: unknown): boolean {
  return (text.match(/"\s*:/g)?.length ?? 0) > countKeys(value);
}
function countKeys(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((n: number, v) => n + countKeys(v), 0);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((n: number, v) => n + 1 + countKeys(v), 0);
}
