// The OpenAPI documents of version 2 of extension servers, which are part of this server's own. They are asked for when somebody asks for
// that, at most once a minute or after a change of their APIService, and send it only when it is another than before.
// upstream: kube-aggregator pkg/controllers/openapi/aggregator (downloader.go, aggregator.go), which asks every minute
import { createHash } from 'node:crypto';
import { swaggerBelow, type Swagger } from '../../../src/schema/openapi-merge.ts';
import { openApiProtobuf } from '../../../src/schema/openapi-protobuf.ts';
import type { Json } from '../../../src/schema/openapi-schema.ts';
import type { Clock } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import { paced } from '../../../src/util/paced.ts';
import { textWithin } from '../../../src/util/text-within.ts';
import type { RemoteGroupVersion, RemoteGroupVersions } from './api-services.ts';
import { userHeaders } from './headers.ts';
import { documentsUser } from './remote-discovery.ts';

const everyMs = 60_000;
const patienceMs = 5_000;
/** Upstream's own is a third of it. It is read in one turn of the event loop. */
const longest = 8 * 1024 * 1024;

/** `swagger` as last heard, also of who does not answer now; `hash` is the document's, for who gives it no ETag. */
interface Heard { readonly etag?: string | undefined; readonly hash?: string; readonly swagger?: Swagger | undefined }
interface Asked { readonly remote: RemoteGroupVersion; readonly at: number; readonly answer: Promise<Heard> }

export class RemoteSwagger {
  readonly #remotes: RemoteGroupVersions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #asked = new Map<string, Asked>();

  constructor(remotes: RemoteGroupVersions, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#remotes = remotes;
    this.#clock = clock;
    this.#log = log;
    remotes.onChange((name, now) => { if (!now) this.#asked.delete(name); });
  }

  /** The more important first; the same objects as long as nothing changes. */
  async all(): Promise<Swagger[]> {
    const order = (a: RemoteGroupVersion, b: RemoteGroupVersion): number => b.spec.groupPriorityMinimum - a.spec.groupPriorityMinimum || b.spec.versionPriority - a.spec.versionPriority || (a.name < b.name ? -1 : 1);
    const heard = await Promise.all(this.#remotes.all().sort(order).map((remote) => this.#of(remote)));
    return heard.flatMap(({ swagger }) => swagger ?? []);
  }

  #of(remote: RemoteGroupVersion): Promise<Heard> {
    const before = this.#asked.get(remote.name);
    // Who is not available keeps nobody waiting.
    if (!remote.available) return before?.answer ?? Promise.resolve({});
    if (before?.remote === remote && this.#clock.monotonic() - before.at < everyMs) return before.answer;
    const answer = (before?.answer ?? Promise.resolve({})).then((heard) => this.#hear(remote, heard));
    this.#asked.set(remote.name, { remote, at: this.#clock.monotonic(), answer });
    return answer;
  }

  async #hear({ name, spec: { group, version }, backend }: RemoteGroupVersion, before: Heard): Promise<Heard> {
    const over = new AbortController();
    const cancel = this.#clock.after(patienceMs, () => over.abort(new Error('request timed out')));
    try {
      const response = await backend.get({ path: '/openapi/v2', headers: { accept: 'application/json', ...(before.etag === undefined ? {} : { 'if-none-match': before.etag }), ...userHeaders(documentsUser) }, signal: over.signal });
      const text = await textWithin(response as AsyncIterable<Uint8Array>, longest);
      if (response.statusCode === 304) return before;
      // Some have none.
      if (response.statusCode === 404) return {};
      if (response.statusCode !== 200) throw new Error(`the server answers ${response.statusCode}`);
      const { etag } = response.headers;
      const hash = createHash('sha256').update(text).digest('hex');
      if (hash === before.hash) return { ...before, etag };
      const swagger = swaggerBelow(JSON.parse(text), `/apis/${group}/${version}/`);
      await paced(this.#clock, tellable(swagger));
      return { etag, hash, swagger };
    } catch (error) {
      this.#log.info({ apiService: name, error: (error as Error).message }, 'an extension server does not tell its OpenAPI document of version 2');
      return before;
    } finally {
      cancel();
    }
  }
}

/** In steps. @throws TypeError for a document that would make the whole of them one that cannot be told, as it is malformed */
const tellable = ({ paths, definitions }: Swagger): Generator<unknown> =>
  openApiProtobuf({ head: { security: [] }, paths: Object.entries(paths) as [string, Json][], definitions: Object.entries(definitions) as [string, Json][] });
