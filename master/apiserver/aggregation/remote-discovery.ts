// Asks extension servers what they serve, whenever their APIService changes and once a minute: resources for discovery, and the index of
// their OpenAPI documents. Who does not answer is told of as stale. upstream: kube-aggregator pkg/apiserver/handler_discovery.go,
// pkg/controllers/openapiv3/aggregator
import type { IncomingMessage } from 'node:http';
import { Backoff } from '../../../src/util/backoff.ts';
import type { Clock } from '../../../src/util/clock.ts';
import { DueTimes } from '../../../src/util/due-times.ts';
import { equalJson } from '../../../src/util/json.ts';
import { textWithin } from '../../../src/util/text-within.ts';
import type { Log } from '../../../src/util/log.ts';
import type { User } from '../../registry/request-context.ts';
import type { RemoteGroupVersion, RemoteGroupVersions } from './api-services.ts';
import { fromAggregated, fromLegacy, type DiscoveredResource } from './discovered.ts';
import { userHeaders } from './headers.ts';

const everyMs = 60_000;
const patienceMs = 5_000;
const longest = 16 * 1024 * 1024;

/** Whom an extension server lets read all of it. */
export const aggregatorUser: User = { name: 'system:kube-aggregator', groups: ['system:masters'] };
/** Whom it lets read its OpenAPI documents. */
export const documentsUser: User = { name: 'system:aggregator', groups: [] };

const formOf = (version: string): string => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

export interface RemoteVersion {
  readonly group: string;
  readonly version: string;
  readonly priority: { readonly group: number; readonly version: number };
  /** Absent: not asked yet. */
  readonly freshness?: 'Current' | 'Stale';
  /** As last heard, also of who is stale. */
  readonly resources: readonly DiscoveredResource[];
}
interface Heard { readonly freshness: 'Current' | 'Stale'; readonly resources: readonly DiscoveredResource[]; /** `apis/g/v` → where its document is. */ readonly documents: Readonly<Record<string, string>> }

export class RemoteDiscovery {
  readonly #remotes: RemoteGroupVersions;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #heard = new Map<string, Heard>();
  readonly #asking = new Set<string>();
  readonly #due: DueTimes;
  readonly #backoff = new Backoff(200, everyMs);
  readonly #listeners: (() => void)[] = [];
  #stopped = false;

  constructor(remotes: RemoteGroupVersions, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#remotes = remotes;
    this.#clock = clock;
    this.#log = log;
    this.#due = new DueTimes(clock, (name) => this.#ask(name));
    remotes.onChange((name, now) => {
      if (!now) {
        this.#heard.delete(name);
        this.#backoff.forget(name);
      }
      this.#tell();
      this.#ask(name);
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#due.clear();
  }
  onChange(listener: () => void): void { this.#listeners.push(listener); }
  #tell(): void { for (const listener of this.#listeners) listener(); }

  versions(): RemoteVersion[] {
    return this.#remotes.all().map(({ name, spec }) => {
      const heard = this.#heard.get(name);
      return { group: spec.group!, version: spec.version!, priority: { group: spec.groupPriorityMinimum, version: spec.versionPriority }, resources: heard?.resources ?? [], ...(heard ? { freshness: heard.freshness } : {}) };
    });
  }
  /** Who has the OpenAPI document called so (`apis/g/v`), and where. */
  document(place: string): { readonly remote: RemoteGroupVersion; readonly url: string } | undefined {
    for (const remote of this.#remotes.all()) {
      const url = this.#heard.get(remote.name)?.documents[place];
      if (url !== undefined) return { remote, url };
    }
    return undefined;
  }
  documents(): Readonly<Record<string, string>> { return Object.assign({}, ...this.#remotes.all().map(({ name }) => this.#heard.get(name)?.documents ?? {})) as Record<string, string>; }

  /** One question at a time; who has changed meanwhile is asked again. */
  #ask(name: string): void {
    const remote = this.#remotes.get(name);
    if (!remote || this.#stopped || this.#asking.has(name)) return;
    this.#asking.add(name);
    void this.#hear(remote).then((heard) => {
      this.#asking.delete(name);
      const now = this.#remotes.get(name);
      if (!now || this.#stopped) return;
      if (!equalJson(heard, this.#heard.get(name))) {
        this.#heard.set(name, heard);
        this.#tell();
      }
      if (now !== remote) return this.#ask(name);
      if (heard.freshness === 'Current') this.#backoff.forget(name);
      this.#due.add(name, heard.freshness === 'Current' ? everyMs : this.#backoff.next(name));
    });
  }

  async #hear({ name, spec: { group = '', version = '' }, backend }: RemoteGroupVersion): Promise<Heard> {
    const before = this.#heard.get(name);
    const over = new AbortController();
    const cancel = this.#clock.after(patienceMs, () => over.abort(new Error('request timed out')));
    const get = (path: string, accept: string, user: User): Promise<IncomingMessage> => backend.get({ path, headers: { accept, ...userHeaders(user) }, signal: over.signal });
    try {
      const resources = await discovered(get, group, version);
      // Who has none of these documents, or bad ones, serves its resources all the same.
      const known = await documents(get, group, version).catch((error: unknown) => {
        this.#log.debug({ apiService: name, error }, 'an extension server has no index of OpenAPI documents');
        return before?.documents ?? {};
      });
      return { freshness: 'Current', resources, documents: known };
    } catch (error) {
      if (before?.freshness !== 'Stale') this.#log.info({ apiService: name, error: (error as Error).message }, 'an extension server does not tell what it serves');
      return { freshness: 'Stale', resources: before?.resources ?? [], documents: before?.documents ?? {} };
    } finally {
      cancel();
    }
  }
}

type Get = (path: string, accept: string, user: User) => Promise<IncomingMessage>;

async function discovered(get: Get, group: string, version: string): Promise<DiscoveredResource[]> {
  const whole = await get('/apis', `${formOf('v2')},${formOf('v2beta1')}`, aggregatorUser);
  const text = await textOf(whole);
  if (whole.statusCode === 503) throw new Error('the server answers 503');
  if (whole.statusCode === 200 && (whole.headers['content-type'] ?? '').includes('as=APIGroupDiscoveryList')) return fromAggregated(JSON.parse(text), group, version);
  const legacy = await get(`/apis/${group}/${version}`, 'application/json', aggregatorUser);
  const list = await textOf(legacy);
  if (legacy.statusCode !== 200) throw new Error(`the server answers ${legacy.statusCode}`);
  return fromLegacy(JSON.parse(list), group, version);
}

/** Only of the group version: others, and what every server has, are told of by who is registered for them. */
async function documents(get: Get, group: string, version: string): Promise<Record<string, string>> {
  const response = await get('/openapi/v3', 'application/json', documentsUser);
  const text = await textOf(response);
  if (response.statusCode !== 200) return {};
  const place = `apis/${group}/${version}`;
  const url = (JSON.parse(text) as { paths?: Record<string, { serverRelativeURL?: string }> }).paths?.[place]?.serverRelativeURL;
  return url ? { [place]: url } : {};
}

const textOf = (response: IncomingMessage): Promise<string> => textWithin(response as AsyncIterable<Uint8Array>, longest);
