// API aggregation: requests of the group versions whose APIService names a Service go to the extension server behind it, before this
// server's own resources are looked at. While there is no such APIService a request pays for one comparison.
// upstream: kube-aggregator pkg/apiserver/apiserver.go
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { APIService } from '../../../src/api/apiregistration/api-service.ts';
import type { Swagger } from '../../../src/schema/openapi-merge.ts';
import type { ServedResources } from '../../../src/schema/resource-set.ts';
import type { Clock } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import type { Registry } from '../../registry/registry.ts';
import type { RequestInfo } from '../request-info.ts';
import type { AdmittedRequest, Answer } from '../request.ts';
import type { Tunnels } from '../tunnel.ts';
import { AllResources } from './all-resources.ts';
import { RemoteGroupVersions, type RemoteGroupVersion } from './api-services.ts';
import type { ClientPair } from './backend.ts';
import { checkDiscovery } from './check-discovery.ts';
import { passConnectionOn, passOn } from './pass-on.ts';
import { RemoteDiscovery, type RemoteVersion } from './remote-discovery.ts';
import { RemoteSwagger } from './remote-swagger.ts';

export interface AggregatorOptions { readonly registry: Registry; readonly tunnels: Tunnels; readonly clientPair: ClientPair; readonly clock: Clock; readonly log: Log }

export class Aggregator {
  readonly #options: AggregatorOptions;
  readonly #remotes: RemoteGroupVersions;
  readonly #discovery: RemoteDiscovery;
  readonly #swagger: RemoteSwagger;
  /** What is served here and by extension servers. */
  readonly resources: ServedResources;

  constructor(options: AggregatorOptions) {
    this.#options = options;
    this.#remotes = new RemoteGroupVersions(options);
    this.#discovery = new RemoteDiscovery(this.#remotes, options);
    this.#swagger = new RemoteSwagger(this.#remotes, options);
    this.resources = new AllResources(options.registry.served, this.#discovery);
  }

  /** Follows the APIServices until the signal aborts. */
  start(signal: AbortSignal): void {
    signal.addEventListener('abort', () => this.#discovery.stop(), { once: true });
    this.#remotes.start(this.#options.registry, signal);
  }

  /** Who serves the group version a request is of; undefined when it is this server. */
  find(info: Pick<RequestInfo, 'isResource' | 'group' | 'version' | 'path'>): RemoteGroupVersion | undefined {
    if (this.#remotes.size === 0) return undefined;
    if (info.isResource) return this.#remotes.find(info.group, info.version);
    const [, root, group, version, ...more] = info.path.split('/');
    return root === 'apis' && group && version && more.every((part) => part === '') ? this.#remotes.find(group, version) : undefined;
  }
  passOn(request: AdmittedRequest, remote: RemoteGroupVersion): Promise<Answer> { return passOn(request, remote, this.#options.clock); }
  passConnectionOn(request: AdmittedRequest, remote: RemoteGroupVersion, raw: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> { return passConnectionOn(request, remote, raw, socket, head); }

  /** Called when what extension servers serve is another, or how it is ordered. */
  onChange(listener: () => void): void { this.#discovery.onChange(listener); }
  versions(): RemoteVersion[] { return this.#discovery.versions(); }
  /** `group/version` of those that do not say what they serve. */
  undiscovered(): string[] { return this.versions().filter(({ freshness }) => freshness !== 'Current').map(({ group, version }) => `${group}/${version}`); }
  /** OpenAPI documents of extension servers: `apis/g/v` → where each is. */
  documents(): Readonly<Record<string, string>> { return this.#remotes.size ? this.#discovery.documents() : {}; }
  document(place: string): RemoteGroupVersion | undefined { return this.#remotes.size ? this.#discovery.document(place)?.remote : undefined; }

  /** What their OpenAPI documents of version 2 say of what each serves; the same objects as long as it is the same. */
  swagger(): readonly Swagger[] | Promise<readonly Swagger[]> { return this.#remotes.size ? this.#swagger.all() : []; }

  /** Undefined when the server behind an APIService answers, else what is wrong. */
  check(apiService: APIService): Promise<string | undefined> { return checkDiscovery(apiService, this.#options, this.#options.clock); }
}
