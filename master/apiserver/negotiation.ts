// Content types: which form a client can read, and what form a body has. (upstream: apiserver endpoints/handlers/negotiation)
import * as errors from '../../src/apimachinery/status-error.ts';
import { maxJsonDepth, nestsDeeperThan } from '../../src/util/json.ts';
import { duplicateKeys } from './json-keys.ts';

export interface MediaType { readonly type: 'json' | 'yaml' | 'protobuf'; readonly as: '' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'; readonly pretty: boolean }

const names: Readonly<Record<string, MediaType['type']>> = {
  'application/json': 'json', 'application/yaml': 'yaml', 'application/vnd.kubernetes.protobuf': 'protobuf', '*/*': 'json', 'application/*': 'json',
};

/** `'metadata'`: only for objects reduced to their metadata, or only to such. */
export interface Acceptance { readonly protobuf: boolean | 'metadata'; readonly transforms: boolean | 'metadata' }

/** Upstream's router judges by names alone, before anything else is. @throws StatusError 406 */
export function checkProduces(accept: string | undefined, types: readonly string[]): void {
  const produced = (clause: string): boolean => { const name = clause.split(';')[0]!.trim().toLowerCase(); return name === '*/*' || types.includes(name); };
  if (accept?.trim() && !accept.split(',').some(produced)) throw errors.noSuchProduct();
}

export interface Clause { readonly name: string; readonly values: Readonly<Record<string, string>> }

/** What a client accepts, best first: of equal weights the more precise come first, then the client's order decides. @throws StatusError 406 */
export function clausesOf(accept: string): Clause[] {
  checkProduces(accept, bodyTypes);
  const clauses = accept.split(',').map((clause) => {
    const [name = '', ...parameters] = clause.split(';').map((p) => p.trim());
    const values = Object.fromEntries(parameters.map((p) => { const [k = '', v = ''] = p.split('='); return [k.toLowerCase(), v]; })) as Record<string, string>;
    return { name: name.toLowerCase(), values, q: values['q'] === undefined ? 1 : Number(values['q']) };
  });
  return clauses.sort((a, b) => b.q - a.q || vagueness(a.name) - vagueness(b.name));
}

/** The first form of `Accept` this answer can take. @throws StatusError 406 */
export function negotiate(accept: string | undefined, can: Acceptance): MediaType {
  if (!accept?.trim()) return { type: 'json', as: '', pretty: false };
  for (const { name, values } of clausesOf(accept)) {
    const type = typeNamed(name);
    if (type === undefined || (type === 'protobuf' && !can.protobuf) || !isSpoken(values)) continue;
    const as = formOf(values);
    if (type === 'protobuf' && can.protobuf === 'metadata' && as === '') continue;
    if (as === undefined || (as !== '' && !can.transforms)) continue;
    // Tables have no protobuf form.
    if (as === 'Table' && (type === 'protobuf' || can.transforms === 'metadata')) continue;
    return { type, as, pretty: values['pretty'] === '1' };
  }
  throw errors.notAcceptable(bodyTypes);
}

export const typeNamed = (name: string): MediaType['type'] | undefined => (Object.hasOwn(names, name) ? names[name] : undefined);
const vagueness = (name: string): number => (name === '*/*' ? 2 : name.endsWith('/*') ? 1 : 0);

/** Streams of another kind and other versions of the server's are asked for by nobody who could read the answer. */
const isSpoken = ({ stream = '', sv = '' }: Clause['values']): boolean => (stream === '' || stream === 'watch') && sv === '';

/** The form the object is to be turned into; undefined when there is none like it. */
function formOf({ as, g, v }: Clause['values']): MediaType['as'] | undefined {
  if (as === undefined && g === undefined && v === undefined) return '';
  const known = as === 'Table' || as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList';
  return known && g === 'meta.k8s.io' && (v === 'v1' || v === 'v1beta1') ? as : undefined;
}

/** How a failure is told: in a form the client reads, else as text for people. (upstream: responsewriters.ErrorNegotiated) */
export function negotiateStatus(accept: string | undefined): MediaType {
  try {
    return negotiate(accept, { protobuf: true, transforms: false });
  } catch (error) {
    if (error instanceof errors.StatusError) return { type: 'json', as: '', pretty: true };
    throw error;
  }
}

const bodyTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** @throws StatusError 415 */
export function bodyType(contentType: string | undefined): MediaType['type'] {
  const name = (contentType ?? '').split(';')[0]!.trim().toLowerCase();
  if (name === '') return 'json';
  const type = typeNamed(name);
  if (!type || name.includes('*')) throw errors.unsupportedMediaType(bodyTypes);
  return type;
}

/** A parsed body, with the paths of keys that stood twice in one object; `repeats`, of YAML that has such, is what Go's reader says of each. */
export interface ParsedBody { readonly value: unknown; readonly duplicates: readonly string[]; readonly repeats?: readonly string[] }

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
