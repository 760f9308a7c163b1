// /api and /apis as one document of all that is served, for who asks for that form. Clients keep it by its ETag.
// upstream: apiserver endpoints/discovery/aggregated (wrapper.go, etag.go)
import { createHash } from 'node:crypto';
import type { Discovery } from './discovery.ts';
import { clausesOf, typeNamed, type Clause, type MediaType } from './negotiation.ts';
import { protobufType, type ProtobufAnswers } from './protobuf.ts';
import type { Answer, ServerRequest } from './request.ts';
import { toYaml } from './yaml.ts';

const names: Readonly<Record<MediaType['type'], string>> = { json: 'application/json', yaml: 'application/yaml', protobuf: protobufType };

type Version = 'v2' | 'v2beta1';
interface Form { readonly type: MediaType['type']; readonly version: Version; readonly pretty: boolean }
interface Kept { readonly document: unknown; readonly etag: string }

/** The form of the first clause this server can answer, when that is the aggregated one. @throws StatusError 406 */
function formOf(accept: string | undefined): Form | undefined {
  if (!accept?.trim()) return undefined;
  const clause = clausesOf(accept).find(({ name, values }) => typeNamed(name) !== undefined && (isPlain(values) || isAggregated(values)));
  const type = clause && typeNamed(clause.name);
  if (!clause || !type || isPlain(clause.values)) return undefined;
  return { type, version: clause.values['v'] as Version, pretty: clause.values['pretty'] === '1' };
}
const isPlain = ({ as, g, v }: Clause['values']): boolean => as === undefined && g === undefined && v === undefined;
const isAggregated = ({ as, g, v }: Clause['values']): boolean => as === 'APIGroupDiscoveryList' && g === 'apidiscovery.k8s.io' && (v === 'v2' || v === 'v2beta1');

export class AggregatedDiscovery {
  readonly #discovery: Discovery;
  readonly #kept = new Map<string, Kept>();
  readonly #protobuf: ProtobufAnswers;
  constructor(discovery: Discovery, protobuf: ProtobufAnswers) {
    this.#discovery = discovery;
    this.#protobuf = protobuf;
  }

  /** Undefined for who wants the plain form. @throws StatusError 406 */
  answer({ headers }: ServerRequest, core: boolean): Answer | undefined {
    const form = formOf(headers['accept']);
    if (!form) return undefined;
    const { document, etag } = this.#document(core, form.version);
    const common = { etag, 'vary': 'Accept', 'cache-control': 'public' };
    if (headers['if-none-match'] === etag) return { kind: 'raw', status: 304, headers: common, body: Buffer.alloc(0) };
    return { kind: 'raw', status: 200, headers: { 'content-type': `${names[form.type]};g=apidiscovery.k8s.io;v=${form.version};as=APIGroupDiscoveryList`, ...common }, body: this.#bytes(document, form) };
  }

  #bytes(document: unknown, { type, pretty }: Form): Uint8Array {
    if (type === 'protobuf') return this.#protobuf.encode(document)!;
    return Buffer.from(type === 'yaml' ? toYaml(document) : pretty ? JSON.stringify(document, undefined, 2) : `${JSON.stringify(document)}\n`);
  }

  /** Made for whoever asks first. The tag tells of what is served, not of how that is written. */
  #document(core: boolean, version: Version): Kept {
    const name = `${String(core)} ${version}`;
    let kept = this.#kept.get(name);
    if (!kept) {
      const document = this.#discovery.aggregated(core, version);
      const etag = `"${createHash('sha512').update(JSON.stringify({ ...(document as object), apiVersion: '' })).digest('hex').toUpperCase()}"`;
      this.#kept.set(name, (kept = { document, etag }));
    }
    return kept;
  }
}
