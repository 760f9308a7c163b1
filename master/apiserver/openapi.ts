// /openapi/v2 and /openapi/v3: documents are built when somebody first asks, piece by piece beside other work, and kept only
// as compressed bytes. (upstream: kube-openapi pkg/handler, pkg/handler3)
import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createGzip, gunzip } from 'node:zlib';
import * as errors from '../../src/apimachinery/status-error.ts';
import { groupVersions, openApiJson, openApiV2, openApiV3, type OpenApiOptions } from '../../src/schema/openapi.ts';
import { mergedSwagger, type Swagger } from '../../src/schema/openapi-merge.ts';
import { openApiProtobuf } from '../../src/schema/openapi-protobuf.ts';
import type { ServedResources } from '../../src/schema/resource-set.ts';
import { realClock } from '../../src/util/clock.ts';
import type { Aggregator } from './aggregation/aggregator.ts';
import type { PathHandler } from './api-server.ts';
import { subresourceKinds } from './kind-types.ts';
import type { AdmittedRequest, Answer } from './request.ts';
import { kubernetesVersion } from './version.ts';

const expand = promisify(gunzip);

/** Milliseconds of building before other work gets its turn. */
const sliceMs = 8;
const yearMs = 365 * 24 * 3600 * 1000;

interface Kept { readonly etag: string; readonly gzip: Buffer; readonly bytes: number }

async function keep(pieces: Iterable<string | Uint8Array>): Promise<Kept> {
  const hash = createHash('sha512');
  const zip = createGzip();
  const chunks: Buffer[] = [];
  zip.on('data', (chunk: Buffer) => chunks.push(chunk));
  const done = new Promise<void>((resolve, reject) => zip.on('end', resolve).on('error', reject));
  let bytes = 0;
  let until = realClock.monotonic() + sliceMs;
  for (const piece of pieces) {
    const chunk = typeof piece === 'string' ? Buffer.from(piece) : piece;
    bytes += chunk.byteLength;
    hash.update(chunk);
    zip.write(chunk);
    if (realClock.monotonic() < until) continue;
    await turn();
    until = realClock.monotonic() + sliceMs;
  }
  zip.end();
  await done;
  return { etag: hash.digest('hex').toUpperCase(), gzip: Buffer.concat(chunks), bytes };
}

/** Builds each document once, however many ask at the same time. */
class Documents {
  readonly #kept = new Map<string, Promise<Kept>>();
  get(name: string, pieces: () => Iterable<string | Uint8Array>): Promise<Kept> {
    let kept = this.#kept.get(name);
    if (!kept) {
      kept = keep(pieces());
      this.#kept.set(name, kept);
      kept.catch(() => { if (this.#kept.get(name) === kept) this.#kept.delete(name); });
    }
    return kept;
  }
  forget(name: string): void { this.#kept.delete(name); }
}

interface Form { readonly accepts: readonly string[]; readonly contentType: string }
const json: Form = { accepts: ['application/json'], contentType: 'application/json' };
/** Clients up to 1.26 write the @, which is no token character of a media type. */
const protobufV2: Form = { accepts: ['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'], contentType: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf' };

/** The form the client likes best of those there are. @throws StatusError 406 */
function choose(accept: string | undefined, forms: readonly Form[]): Form {
  const clauses = (accept?.trim() || '*/*').split(',').map((clause) => {
    const [name = '', ...parameters] = clause.split(';').map((p) => p.trim());
    return { name, q: Number(parameters.find((p) => p.startsWith('q='))?.slice(2) ?? 1) };
  }).sort((a, b) => b.q - a.q);
  for (const { name } of clauses) {
    const form = name === '*/*' || name === 'application/*' ? forms[0] : forms.find(({ accepts }) => accepts.includes(name));
    if (form) return form;
  }
  throw errors.notAcceptable(forms.flatMap(({ accepts }) => accepts));
}

async function answer({ headers }: AdmittedRequest, { etag, gzip, bytes }: Kept, contentType: string, caching: Record<string, string> = { 'cache-control': 'no-cache, private' }): Promise<Answer> {
  const common = { etag: `"${etag}"`, vary: 'Accept, Accept-Encoding', ...caching };
  const known = (headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known.includes(common.etag) || known.includes('*')) return { kind: 'raw', status: 304, headers: common, body: Buffer.alloc(0) };
  const compressed = /\bgzip\b/.test(headers['accept-encoding'] ?? '');
  return {
    kind: 'raw', status: 200, body: compressed ? gzip : await expand(gzip),
    headers: { 'content-type': contentType, 'content-length': String(compressed ? gzip.byteLength : bytes), ...(compressed ? { 'content-encoding': 'gzip' } : {}), ...common },
  };
}

const v2Name = (form: Form): string => `v2 ${form.contentType}`;
const sameList = (a: readonly unknown[], b: readonly unknown[] | undefined): boolean => b !== undefined && a.length === b.length && a.every((item, i) => item === b[i]);

/** `aggregator`: of whose extension servers documents are listed and passed on, in version 3; in version 2 they are part of the one there is. */
export function openApiHandlers(served: ServedResources, aggregator?: Pick<Aggregator, 'swagger' | 'document' | 'documents' | 'passOn'>): PathHandler[] {
  const options: OpenApiOptions = {
    version: kubernetesVersion.gitVersion,
    kindType: (apiVersion, kind) => subresourceKinds.get(`${apiVersion}/${kind}`),
  };
  const documents = new Documents();
  let swagger: readonly Swagger[] = [];
  const forgetV2 = (): void => { for (const form of [json, protobufV2]) documents.forget(v2Name(form)); };
  let resources = served.current;
  let groups = groupVersions(resources);
  served.subscribe(() => {
    const before = groups;
    resources = served.current;
    groups = groupVersions(resources);
    for (const [place, own] of before) if (!sameList(own, groups.get(place))) documents.forget(place);
    forgetV2();
  });
  const group = (place: string): Promise<Kept> => documents.get(place, () => openApiJson('v3', openApiV3(place, groups.get(place)!, options)));
  async function* index(): AsyncGenerator<[place: string, url: string]> {
    // What goes away meanwhile is told of no more.
    for (const place of [...groups.keys()]) if (groups.has(place)) yield [place, `/openapi/v3/${place}?hash=${(await group(place)).etag}`];
  }

  return [
    {
      path: '/openapi/v2',
      async handle(request) {
        const form = choose(request.headers['accept'], [json, protobufV2]);
        const now = (await aggregator?.swagger()) ?? [];
        if (!sameList(now, swagger)) {
          swagger = now;
          forgetV2();
        }
        const document = await documents.get(v2Name(form), () => {
          const whole = mergedSwagger(openApiV2(resources, options), swagger);
          return form === json ? openApiJson('v2', whole) : openApiProtobuf(whole);
        });
        return answer(request, document, form.contentType);
      },
    },
    {
      path: '/openapi/v3/',
      async handle(request) {
        const place = request.info.path.replace(/^\/openapi\/v3\/?|\/$/g, '');
        const remote = aggregator?.document(place);
        if (remote) return aggregator!.passOn(request, remote);
        choose(request.headers['accept'], [json]);
        if (place === '') {
          const paths: Record<string, { serverRelativeURL: string }> = {};
          for await (const [name, url] of index()) paths[name] = { serverRelativeURL: url };
          for (const [name, url] of Object.entries(aggregator?.documents() ?? {})) paths[name] = { serverRelativeURL: url };
          return answer(request, await keep([JSON.stringify({ paths })]), json.contentType);
        }
        if (!groups.has(place)) throw errors.pageNotFound();
        const document = await group(place);
        const wanted = request.query.get('hash');
        if (wanted && wanted !== document.etag) return { kind: 'raw', status: 301, headers: { location: `/openapi/v3/${place}?hash=${document.etag}` }, body: Buffer.alloc(0) };
        // The hash in the address makes the answer good for ever.
        return answer(request, document, json.contentType, wanted ? { 'cache-control': 'public, immutable', expires: new Date(realClock.now() + yearMs).toUTCString() } : undefined);
      },
    },
  ];
}
