// The API server without its socket: one request function that runs the ordered filters, finds the handler and turns every
// failure into a Status. HTTP and the in-memory transport call the same function.
import { randomUUID } from 'node:crypto';
import * as errors from '../../src/apimachinery/status-error.ts';
import { DecodeError } from '../../src/schema/decode.ts';
import { deleteOptions } from '../../src/schema/delete-options.ts';
import type { ResourceDefinition } from '../../src/schema/resource.ts';
import type { Log } from '../../src/util/log.ts';
import type { Registry } from '../registry/registry.ts';
import { StorageUnavailable } from '../storage/store.ts';
import { AggregatedDiscovery } from './aggregated-discovery.ts';
import type { Aggregator } from './aggregation/aggregator.ts';
import { Discovery } from './discovery.ts';
import { authenticate, type Authenticator } from './filters/authentication.ts';
import { AccessDenied, authorize, type Authorizer } from './filters/authorization.ts';
import { impersonated, ImpersonationFault } from './filters/impersonation.ts';
import { deadlineOf, isLongRunning, longestMs, withDeadline } from './filters/request-deadline.ts';
import { FlowControl, type FlowLimits, type Ticket } from './flow-control/flow-control.ts';
import { remove, removeCollection } from './handlers/delete.ts';
import { componentStatuses } from './handlers/component-statuses.ts';
import { checkListForm, list } from './handlers/lists.ts';
import { checkForm, create, get, update, type ResourceHandlerContext } from './handlers/objects.ts';
import { patch } from './handlers/patch.ts';
import { beginsWithList, watch } from './handlers/watch.ts';
import { Health } from './health.ts';
import { subresourceKinds } from './kind-types.ts';
import { ApiMetrics, reported, type Reported } from './metrics.ts';
import { checkProduces, negotiate, negotiateStatus, type MediaType } from './negotiation.ts';
import { ProtobufAnswers } from './protobuf.ts';
import { parseRequestInfo, type RequestInfo } from './request-info.ts';
import { Admitted, errorPage, objectAnswer, type AdmittedRequest, type Answer, type ServerRequest } from './request.ts';
import { checkRoute, isMisplaced } from './routes.ts';
import { accessReviews } from './reviews/access-reviews.ts';
import { selfSubjectReview } from './reviews/self-subject-review.ts';
import { tokenReview } from './reviews/token-review.ts';
import { upgradeRequired } from './streams/kubelet-proxy.ts';
import { approval } from './subresources/certificate-approval.ts';
import { evict } from './subresources/eviction.ts';
import { bind, bindPod, ephemeralContainers, finalizeNamespace, resize } from './subresources/pods.ts';
import { scale } from './subresources/scale.ts';
import { versionInfo } from './version.ts';

/** A handler of paths that are no resources, by exact path or prefix ending in `/`. */
export interface PathHandler { readonly path: string; handle(request: AdmittedRequest): Promise<Answer> }
/** A handler of a resource's subresource, e.g. `pods/log`. */
export type SubresourceHandler = (request: AdmittedRequest, context: ResourceHandlerContext) => Promise<Answer>;

export interface ApiServerOptions {
  readonly registry: Registry;
  readonly authenticators: readonly Authenticator[];
  readonly authorizers: readonly Authorizer[];
  readonly log: Log;
  readonly paths: readonly PathHandler[];
  /** `group/plural/subresource`, or `group/plural` for what is not stored, → handler, beside the built-in ones. */
  readonly subresources: Readonly<Record<string, SubresourceHandler>>;
  /** `host:port` clients of this network reach the server at. */
  readonly serverAddress: () => string;
  readonly ready: () => boolean;
  readonly limits?: FlowLimits;
  /** Absent: there are no extension servers. */
  readonly aggregator?: Aggregator;
}

/** The answer, with what goes beside it; `done` is to be called when it has been sent. */
export interface Outcome { readonly answer: Answer; readonly headers: Readonly<Record<string, string>>; readonly warnings: readonly string[]; readonly media: MediaType; done(): void }

/** What these answer is no object. */
const streamed: ReadonlySet<string> = new Set(['attach', 'exec', 'log', 'portforward', 'proxy']);
/** What these answer has no columns, and no metadata worth a form of its own. */
const formless: ReadonlySet<string> = new Set(['binding', 'eviction', 'token']);
const plainJson: MediaType = { type: 'json', as: '', pretty: false };
const forPeople: MediaType = { ...plainJson, pretty: true };

export class ApiServer {
  readonly #options: ApiServerOptions;
  #discovery!: Discovery;
  #aggregated!: AggregatedDiscovery;
  readonly protobuf: ProtobufAnswers;
  readonly #types = new Map<string, ResourceDefinition['type']>();
  readonly #subresources: Readonly<Record<string, SubresourceHandler>>;
  readonly #health: Health;
  readonly #flowControl: FlowControl;
  readonly #metrics: ApiMetrics;
  readonly #paths: readonly PathHandler[];

  constructor(options: ApiServerOptions) {
    this.#options = options;
    const { served } = options.registry;
    this.protobuf = new ProtobufAnswers(served.current);
    const discover = (): void => {
      this.#discovery = new Discovery(served.current, options.aggregator?.versions());
      this.#aggregated = new AggregatedDiscovery(this.#discovery, this.protobuf);
    };
    discover();
    served.subscribe(discover);
    options.aggregator?.onChange(discover);
    this.#health = new Health({ ready: options.ready, storage: () => options.registry.store.revision() });
    this.#flowControl = new FlowControl(options.registry, options.registry.clock, options.limits);
    this.#metrics = new ApiMetrics(options.registry, this.#flowControl);
    this.#paths = [...options.paths, this.#metrics.handler];
    for (const resource of served.current) this.#types.set(`${resource.apiVersion}/${resource.kind}`, resource.type);
    for (const [name, type] of subresourceKinds) this.#types.set(name, type);
    this.#subresources = {
      '/pods/binding': bind, '/bindings': bindPod, '/pods/eviction': evict, '/pods/ephemeralcontainers': ephemeralContainers, '/pods/resize': resize, '/namespaces/finalize': finalizeNamespace,
      '/pods/exec': upgradeRequired, '/pods/attach': upgradeRequired, '/pods/portforward': upgradeRequired,
      'certificates.k8s.io/certificatesigningrequests/approval': approval, '/componentstatuses': componentStatuses(options.ready),
      'authentication.k8s.io/selfsubjectreviews': selfSubjectReview, 'authentication.k8s.io/tokenreviews': tokenReview(options.authenticators), ...accessReviews(options.authorizers),
      ...options.subresources,
    };
  }

  get discovery(): Discovery { return this.#discovery; }

  /** Never rejects: failures are answers too. */
  async handle(request: ServerRequest): Promise<Outcome> {
    const { clock } = this.#options.registry;
    const begun = clock.monotonic();
    const warnings: string[] = [];
    let media = plainJson;
    let admitted: Admitted | undefined;
    let ticket: Ticket | undefined;
    let ended: (() => void) | undefined;
    let pending: Promise<unknown> | undefined;
    const served = ({ info, headers }: AdmittedRequest): Reported => reported(info, headers['content-type'], info.isResource ? this.#options.registry.find(info.group, info.version, info.resource)?.resource : undefined);
    const outcome = (answer: Answer): Outcome => ({
      answer, headers: ticket?.headers ?? {}, warnings: warnings.length > 1 ? [...new Set(warnings)] : warnings, media: answer.kind === 'object' && answer.status >= 400 ? negotiateStatus(request.headers['accept']) : media,
      done: () => {
        // Work that goes on after its deadline still takes its room.
        if (pending && ticket) void pending.then(ticket.leave, ticket.leave);
        else ticket?.leave();
        ended?.();
        if (admitted) this.#metrics.answered(served(admitted), answer.kind === 'watch' ? 200 : answer.status, isLongRunning(admitted.info) ? undefined : (clock.monotonic() - begun) / 1000);
      },
    });
    try {
      admitted = await this.admit(request, warnings);
      // Read before any work begins: a request that is refused for its deadline does nothing.
      const deadline = isLongRunning(admitted.info) ? undefined : deadlineOf(request.query);
      if (deadline !== undefined) admitted.until = begun + deadline;
      ticket = await this.#flowControl.enter(admitted, { streams: deadline === undefined, deadline: deadline ?? longestMs });
      if (!ticket.admitted) return outcome(tooManyRequests());
      const work = this.#dispatch(admitted, (m) => { media = m; });
      pending = work;
      const answer = await (deadline === undefined ? work : withDeadline(clock, deadline, work));
      pending = undefined;
      if (deadline === undefined) ended = this.#metrics.longRunning(served(admitted));
      return outcome(answer);
    } catch (error) {
      if (error instanceof ImpersonationFault) return outcome(errorPage(500, error.page));
      const { status } = this.#statusOf(error, request);
      const wait = status.details?.retryAfterSeconds;
      const headers = { ...(wait ? { 'retry-after': String(wait) } : {}), ...(error instanceof AccessDenied ? { 'x-content-type-options': 'nosniff' } : {}) };
      return outcome({ ...objectAnswer(status, status.code), headers } as Answer);
    }
  }

  /** Whether somebody else serves what is asked for. */
  delegates(request: ServerRequest): boolean { return this.#options.aggregator?.find(requestInfo(request)) !== undefined; }

  /** The filters, in order: what is asked, who asks, whether they may. @throws StatusError */
  async admit(request: ServerRequest, warnings: string[] = []): Promise<Admitted> {
    const info = requestInfo(request);
    const user = impersonated(request, await authenticate(request, this.#options.authenticators), this.#options.authorizers);
    authorize(user, info, this.#options.authorizers);
    return new Admitted(request, info, user, warnings);
  }

  #statusOf(error: unknown, request: ServerRequest): errors.StatusError {
    if (error instanceof errors.StatusError) return error;
    if (error instanceof DecodeError) return errors.badRequest(error.message);
    if (error instanceof StorageUnavailable) {
      // The store has told the log once.
      this.#options.log.debug({ error, method: request.method, path: request.path }, 'storage refused a write');
      return errors.internal(error.message);
    }
    if (request.signal.aborted) return errors.timeout('the client went away');
    const id = randomUUID();
    this.#options.log.error({ error, requestId: id, method: request.method, path: request.path }, 'request failed unexpectedly');
    return errors.internal(`unexpected failure, see the log for request ${id}`);
  }

  async #dispatch(request: AdmittedRequest, setMedia: (media: MediaType) => void): Promise<Answer> {
    const { info } = request;
    const remote = this.#options.aggregator?.find(info);
    if (remote) return this.#options.aggregator!.passOn(request, remote);
    if (info.isResource) return this.#resource(request, setMedia);
    const path = info.path.length > 1 && info.path.endsWith('/') ? info.path.slice(0, -1) : info.path;
    const custom = this.#paths.find((p) => (p.path.endsWith('/') ? `${path}/`.startsWith(p.path) : p.path === path));
    if (custom) return custom.handle(request);
    const health = await this.#health.answer(path, request.query);
    if (health) return health;
    if (path === '/' || path === '/index.html') {
      setMedia(forPeople);
      return objectAnswer({ paths: this.#listedPaths() });
    }
    const discovers = path === '/version' || /^\/apis?(\/|$)/.test(path);
    const found = path === '/version' ? objectAnswer(versionInfo()) : discovers ? this.#discover(request, path) : undefined;
    if (!found) return discovers && this.#servesGroup(path) ? objectAnswer(errors.pageNotFound().status, 404) : notFoundPage();
    if (request.method !== 'GET') throw errors.methodNotAllowed();
    if (path === '/version') checkProduces(request.headers['accept'], ['application/json']);
    if (found.kind === 'object') setMedia(path === '/version' ? forPeople : negotiate(request.headers['accept'], { protobuf: true, transforms: false }));
    return found;
  }

  #discover(request: AdmittedRequest, path: string): Answer | undefined {
    const parts = path.split('/').slice(1);
    if (path === '/api' || path === '/apis') {
      const aggregated = this.#aggregated.answer(request, path === '/api');
      if (aggregated) return aggregated;
      return objectAnswer(path === '/api' ? this.discovery.apiVersions(this.#options.serverAddress()) : this.discovery.groups());
    }
    if (parts[0] === 'api' && parts.length === 2) return optional(this.discovery.resources('', parts[1]!));
    if (parts[0] === 'apis' && parts.length === 2) return optional(this.discovery.group(parts[1]!));
    if (parts[0] === 'apis' && parts.length === 3) return optional(this.discovery.resources(parts[1]!, parts[2]!));
    return undefined;
  }

  #listedPaths(): string[] {
    return [...wellKnown(this.#options.paths), ...this.discovery.paths(), ...this.#health.paths, '/apis/', '/metrics', '/openapi/v2', '/openapi/v3', '/openapi/v3/', '/version'].sort();
  }

  /** Paths of a group this server has are answered by the API; others are no pages at all, nor are those of custom groups. */
  #servesGroup(path: string): boolean {
    const [, root, group = ''] = path.split('/');
    return root === 'api' || (root === 'apis' && this.#options.registry.served.current.some((resource) => resource.group === group && !resource.custom));
  }

  async #resource(request: AdmittedRequest, setMedia: (media: MediaType) => void): Promise<Answer> {
    const { info } = request;
    const { registry } = this.#options;
    const store = registry.find(info.group, info.version, info.resource);
    if (!store) {
      if (!this.#servesGroup(request.path)) return notFoundPage();
      throw errors.pageNotFound();
    }
    if (store.resource.custom && isMisplaced(store.resource, info)) return notFoundPage();
    checkRoute(store.resource, request);
    if (store.resource.deprecation) request.warnings.push(store.resource.deprecation);
    const custom = this.#subresources[`${info.group}/${info.resource}${info.subresource ? `/${info.subresource}` : ''}`];
    // Of what is answered and never stored, such as a review, there is no Table.
    const noTable = (info.verb === 'watch' && beginsWithList(request.query)) || store.resource.verbs.every((verb) => verb === 'create');
    const media = streamed.has(info.subresource) ? plainJson : negotiate(request.headers['accept'], { protobuf: store.resource.custom && info.subresource !== 'scale' ? 'metadata' : true, transforms: noTable ? 'metadata' : !formless.has(info.subresource) });
    setMedia(media);
    const context: ResourceHandlerContext = { registry, store, media, typeOf: (apiVersion, kind) => this.#typeOf(apiVersion, kind) };
    if (info.subresource && !streamed.has(info.subresource)) checkForm(request, context);
    if (custom) return custom(request, context);
    if (info.subresource === 'scale' && store.resource.subresources.scale) return scale(request, context);
    if (info.subresource && info.subresource !== 'status') throw errors.pageNotFound();
    if (info.verb === 'list' || info.verb === 'deletecollection') checkListForm(request, store, media);
    else if (info.verb !== 'watch') checkForm(request, context);
    switch (info.verb) {
      case 'get': return get(request, context);
      case 'list': return list(request, registry, store, media);
      case 'watch': return watch(request, registry, store, media);
      case 'create': return create(request, context);
      case 'update': return update(request, context);
      case 'patch': return patch(request, context);
      case 'delete': return remove(request, context);
      case 'deletecollection': return removeCollection(request, context);
      default: throw errors.methodNotAllowed();
    }
  }

  #typeOf(apiVersion: string, kind: string): ResourceDefinition['type'] | undefined {
    // Options travel under the group and version of the resource they are for.
    if (kind === 'DeleteOptions') return deleteOptions;
    return this.#types.get(`${apiVersion}/${kind}`);
  }
}

const tooManyRequests = (): Answer => errorPage(429, 'Too many requests, please try again later.', { 'retry-after': '1' });
/** What upstream answers where nothing is mounted. */
const notFoundPage = (): Answer => errorPage(404, '404 page not found');

/** Documents beside the API that upstream lists among its paths. */
const wellKnown = (paths: readonly PathHandler[]): string[] => paths.map(({ path }) => path).filter((path) => path.startsWith('/.well-known/') || path.startsWith('/openid/'));

const optional = (value: unknown): Answer | undefined => (value === undefined ? undefined : objectAnswer(value));

function requestInfo(request: ServerRequest): RequestInfo {
  try {
    return parseRequestInfo(request.method, request.path, request.query);
  } catch {
    throw errors.badRequest(`invalid URL escape in ${request.path}`);
  }
}
