// An API server with controllers beside a webhook server, for the tests of one file: they start before the first test and stop after the last.
import type { ClusterAccess } from '../../src/client/kubeconfig.ts';
import type { Transport } from '../../src/client/transport.ts';
import type { ApiObject } from '../../src/schema/resource.ts';
import { startHttpsApi } from './api-server-https.ts';
import { startWebhookServer, type Review, type ReviewRequest, type WebhookServer } from './webhook-server.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
type Query = Record<string, string>;
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

export interface WebhookApi {
  readonly server: WebhookServer;
  /** A cluster admin's. */
  readonly admin: ClusterAccess;
  readonly transport: Transport;
  call(method: Method, path: string, body?: unknown, query?: Query, headers?: Record<string, string>): Promise<any>;
  merge(path: string, body: unknown, query?: Query): Promise<any>;
  /** Makes a CustomResourceDefinition and waits until it is established. */
  define(spec: { readonly group: string; readonly names: { readonly plural: string; readonly kind: string } } & Record<string, unknown>): Promise<void>;
}

/** `namespaces`: those there are, with their labels. */
export function webhookApi(namespaces: Readonly<Record<string, Record<string, string>>>): WebhookApi {
  const call: WebhookApi['call'] = (method, path, body, query = {}, headers = {}) => running.transport.request({ method, path, query, headers, ...(body === undefined ? {} : { body }) });
  let running: Pick<WebhookApi, 'server' | 'admin' | 'transport'> & { stop(): Promise<unknown> };
  beforeAll(async () => {
    const [api, server] = await Promise.all([startHttpsApi({ controllers: true }), startWebhookServer()]);
    running = { server, admin: api.admin, transport: api.transport(api.admin), stop: async () => { await api.stop(); await server.stop(); } };
    for (const [name, labels] of Object.entries(namespaces)) await call('POST', '/api/v1/namespaces', { metadata: { name, labels } });
  });
  afterAll(() => running.stop());
  return {
    call,
    get server() { return running.server; },
    get admin() { return running.admin; },
    get transport() { return running.transport; },
    merge: (path, body, query = {}) => call('PATCH', path, body, query, { 'content-type': 'application/merge-patch+json' }),
    async define(spec) {
      const name = `${spec.names.plural}.${spec.group}`;
      await call('POST', definitions, { metadata: { name }, spec });
      for await (const { object } of running.transport.watch({ method: 'GET', path: definitions, query: { watch: 'true', fieldSelector: `metadata.name=${name}`, timeoutSeconds: '60' } })) {
        const { conditions } = ((object as ApiObject)['status'] ?? {}) as { conditions?: { type: string; status: string }[] | null };
        if (conditions?.some(({ type, status }) => type === 'Established' && status === 'True')) return;
      }
      throw new Error(`the definition ${name} was not established`);
    },
  };
}

type Configured = 'validating' | 'mutating';
export const configurations = (kind: Configured): string => `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations`;
export interface AdmissionHooks {
  /** A webhook of a configuration, for namespaces with the label `hooked: yes`. */
  hook(path: string, rules: object[], more?: object): object;
  configure(kind: Configured, name: string, ...webhooks: object[]): Promise<any>;
  /** What the path has been asked, in order. */
  reviewsOf(path: string): Review[];
  /** The one question the path has been asked. */
  only(path: string): ReviewRequest;
}
/** Admission webhooks of an API server; configurations and reviews of one test are gone before the next. */
export function admissionHooks(api: WebhookApi): AdmissionHooks {
  afterEach(async () => {
    for (const kind of ['validating', 'mutating'] as const) await api.call('DELETE', configurations(kind));
    api.server.reviews.clear();
  });
  const reviewsOf = (path: string): Review[] => api.server.reviews.get(path) ?? [];
  return {
    hook: (path, rules, more = {}) => ({
      name: `${path.slice(1).replaceAll('/', '-')}.k8s.io`, clientConfig: api.server.clientConfig(path), rules, sideEffects: 'None', admissionReviewVersions: ['v1', 'v1beta1'], namespaceSelector: { matchLabels: { hooked: 'yes' } }, ...more,
    }),
    configure: (kind, name, ...webhooks) => api.call('POST', configurations(kind), { metadata: { name }, webhooks }),
    reviewsOf,
    only(path) {
      expect(reviewsOf(path)).toHaveLength(1);
      return reviewsOf(path)[0]!.request;
    },
  };
}
