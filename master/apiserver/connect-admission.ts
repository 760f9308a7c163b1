// Admission of connections (CONNECT): exec, attach and port-forward of Pods, and the proxies. What webhooks see as their object are the
// options of the request's query. upstream: apiserver endpoints/handlers/rest.go (ConnectResource), pkg/apis/core/types.go (PodExecOptions, …)
import type { ApiObject } from '../../src/schema/resource.ts';
import { array, boolean, object, string, types } from '../../src/schema/schema.ts';
import type { Registry } from '../registry/registry.ts';
import { isTrue } from './handlers/options.ts';
import type { AdmittedRequest } from './request.ts';

const packageName = 'io.k8s.api.core.v1';
const head = { apiVersion: string(0, { doc: 'v1.' }), kind: string(0, { doc: 'The kind.' }) };
const streams = {
  stdin: boolean(1, { doc: 'Whether stdin is connected.' }), stdout: boolean(2, { doc: 'Whether stdout is.' }), stderr: boolean(3, { doc: 'Whether stderr is.' }),
  tty: boolean(4, { doc: 'Whether there is a terminal.' }), container: string(5, { doc: 'The container.' }),
};
const path = { path: string(1, { doc: 'Path behind the proxy.' }) };
const options = (name: string, fields: Parameters<typeof object>[1]) => ({ kind: name, type: object(name, { ...head, ...fields }, { package: packageName, doc: 'Options of a connection.' }) });
/** By resource and subresource. */
const kinds = {
  'pods/exec': options('PodExecOptions', { ...streams, command: array(6, types.string, { doc: 'The command.' }) }),
  'pods/attach': options('PodAttachOptions', streams),
  'pods/portforward': options('PodPortForwardOptions', { ports: array(1, types.int32, { doc: 'The ports.' }) }),
  'pods/proxy': options('PodProxyOptions', path), 'services/proxy': options('ServiceProxyOptions', path), 'nodes/proxy': options('NodeProxyOptions', path),
};

/** Zero values are left out, as Go leaves them out. */
function optionsOf({ info: { subresource, rest }, query }: Pick<AdmittedRequest, 'info' | 'query'>): Record<string, unknown> {
  if (subresource === 'proxy') return rest.length ? { path: `/${rest.join('/')}` } : {};
  if (subresource === 'portforward') {
    const ports = query.getAll('ports').flatMap((text) => text.split(',')).map(Number).filter(Number.isInteger);
    return ports.length ? { ports } : {};
  }
  const flags = ['stdin', 'stdout', 'stderr', 'tty'].filter((name) => isTrue(query.get(name)));
  const container = query.get('container');
  const command = query.getAll('command');
  return { ...Object.fromEntries(flags.map((name) => [name, true])), ...(container ? { container } : {}), ...(subresource === 'exec' && command.length ? { command } : {}) };
}

/** Asks whether a connection may be made, before anything is looked up for it. @throws StatusError */
export async function admitConnection(registry: Registry, request: AdmittedRequest): Promise<void> {
  const { resource, subresource, namespace, name, group, version } = request.info;
  const options = kinds[`${resource}/${subresource}` as keyof typeof kinds] as (typeof kinds)[keyof typeof kinds] | undefined;
  const store = registry.find(group, version, resource);
  if (!options || !store) return;
  const body = { ...options, group: '', version: 'v1', apiVersion: 'v1' };
  const asked = { kind: options.kind, apiVersion: 'v1', ...optionsOf(request) } as unknown as ApiObject;
  const context = { user: request.user, dryRun: false, fieldValidation: 'Ignore', fieldManager: '', warnings: request.warnings } as const;
  await store.admit({ operation: 'CONNECT', subresource, namespace: store.resource.namespaced ? namespace : undefined, name, object: asked, body, context }, 'concernsAll');
}
