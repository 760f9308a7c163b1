// Subresources the kubelet answers: log as a streamed answer; exec, attach and port-forward as upgraded connections that are
// carried byte for byte to the node. (upstream: registry/core/pod/rest/log.go, subresources.go)
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { ApiObject } from '../../../src/schema/resource.ts';
import { joinConnections } from '../../../src/util/join-connections.ts';
import type { Registry } from '../../registry/registry.ts';
import type { SubresourceHandler } from '../api-server.ts';
import { admitConnection } from '../connect-admission.ts';
import type { AdmittedRequest, Answer } from '../request.ts';
import { protocolsWithoutToken } from '../tokens/websocket-protocol.ts';
import type { Tunnels } from '../tunnel.ts';

interface PodView { metadata: { name: string; namespace: string }; spec: { nodeName?: string; containers: { name: string }[]; initContainers?: { name: string }[]; ephemeralContainers?: { name: string }[] } }

/** The Pod, its node and the container meant. @throws StatusError as upstream words it */
function locate(registry: Registry, request: Pick<AdmittedRequest, 'info' | 'query'>, needsContainer: boolean): { pod: PodView; node: string; container: string } {
  const { info, query } = request;
  const store = registry.find('', 'v1', 'pods')!;
  const pod = store.get(info.namespace, info.name).object as ApiObject as unknown as PodView;
  const { nodeName } = pod.spec;
  let container = query.get('container') ?? '';
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? []), ...(pod.spec.ephemeralContainers ?? [])].map((c) => c.name);
  if (needsContainer) {
    if (container === '') {
      if (pod.spec.containers.length !== 1) {
        const names = pod.spec.containers.map((c) => c.name).join(' ');
        const init = (pod.spec.initContainers ?? []).map((c) => c.name).join(' ');
        throw errors.badRequest(`a container name must be specified for pod ${info.name}, choose one of: [${names}]${init ? ` or one of the init containers: [${init}]` : ''}`);
      }
      container = pod.spec.containers[0]!.name;
    } else if (!all.includes(container)) throw errors.badRequest(`container ${container} is not valid for pod ${info.name}`);
  }
  if (!nodeName) throw errors.badRequest(`pod ${info.name} does not have a host assigned`);
  return { pod, node: nodeName, container };
}

const logParameters = ['follow', 'previous', 'sinceSeconds', 'sinceTime', 'timestamps', 'tailLines', 'limitBytes', 'stream'];

export function logHandler(tunnels: Tunnels): SubresourceHandler {
  return async (request, { registry }): Promise<Answer> => {
    if (request.info.verb !== 'get') throw errors.methodNotSupported({ group: '', resource: 'pods/log' }, request.info.verb);
    checkLogOptions(request.query, request.info.name);
    const store = registry.find('', 'v1', 'pods')!;
    const waiting = store.get(request.info.namespace, request.info.name).object as unknown as PodView;
    const name = request.query.get('container') || (waiting.spec.containers.length === 1 ? waiting.spec.containers[0]!.name : '');
    if (!waiting.spec.nodeName && waiting.spec.containers.some((c) => c.name === name)) return { kind: 'raw', status: 200, headers: { 'content-type': 'text/plain' }, body: new Uint8Array() };
    const { node, container } = locate(registry, request, true);
    const query = new URLSearchParams();
    for (const parameter of logParameters) for (const value of request.query.getAll(parameter)) query.append(parameter, value);
    const { namespace, name: pod } = request.info;
    const path = `/containerLogs/${encodeURIComponent(namespace)}/${encodeURIComponent(pod)}/${encodeURIComponent(container)}?${query.toString()}`;
    const response = await tunnels.request(node, 'GET', path, {}, request.signal);
    if (response.statusCode !== 200) throw await kubeletError(response);
    return { kind: 'raw', status: 200, headers: { 'content-type': 'text/plain' }, body: response as AsyncIterable<Uint8Array> };
  };
}

function checkLogOptions(query: URLSearchParams, pod: string): void {
  const faults = [];
  for (const name of ['tailLines', 'limitBytes', 'sinceSeconds']) {
    const text = query.get(name);
    if (text === null || text === '') continue;
    const value = Number(text);
    if (!Number.isInteger(value)) throw errors.badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
    const minimum = name === 'tailLines' ? 0 : 1;
    if (value < minimum) faults.push({ type: 'Invalid' as const, field: name, message: `Invalid value: ${value}: must be greater than ${minimum === 0 ? 'or equal to 0' : '0'}` });
  }
  if (query.get('sinceSeconds') && query.get('sinceTime')) faults.push({ type: 'Forbidden' as const, field: '', message: 'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified' });
  if (faults.length) throw errors.invalid('', 'PodLogOptions', pod, faults);
}

async function kubeletError(response: IncomingMessage): Promise<errors.StatusError> {
  let text = '';
  for await (const chunk of response) text += String(chunk);
  const message = text.trim();
  return response.statusCode === 400 ? errors.badRequest(message) : response.statusCode === 404 ? new errors.StatusError(404, 'NotFound', message) : errors.internal(message);
}

const kubeletPath: Readonly<Record<string, string>> = { exec: 'exec', attach: 'attach', portforward: 'portForward' };

/** Where an upgrade of pods/{exec,attach,portforward} goes. @throws StatusError */
function targetOf(registry: Registry, request: AdmittedRequest): { verb: string; node: string; container: string } {
  const { info, query } = request;
  const verb = kubeletPath[info.subresource];
  if (info.group !== '' || info.resource !== 'pods' || !verb) throw errors.badRequest('Upgrade request required');
  const { node, container } = locate(registry, request, info.subresource !== 'portforward');
  if (info.subresource === 'exec' && query.getAll('command').length === 0) throw errors.badRequest('you must specify at least one command for the container');
  return { verb, node, container };
}

/** The same places, asked for without an upgrade: what is wrong beside that is told first. */
export const upgradeRequired: SubresourceHandler = async (request, { registry }) => {
  await admitConnection(registry, request);
  targetOf(registry, request);
  throw errors.badRequest('Upgrade request required');
};

/** Carries an upgrade of pods/{exec,attach,portforward} to the kubelet. @throws StatusError */
export async function proxyUpgrade(registry: Registry, tunnels: Tunnels, request: AdmittedRequest, raw: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const { info, query } = request;
  if (request.info.isResource) await admitConnection(registry, request);
  const { verb, node, container } = targetOf(registry, request);
  const parts = [info.namespace, info.name, ...(container ? [container] : [])].map(encodeURIComponent);
  const forwarded = new URLSearchParams();
  for (const [name, value] of query) if (name !== 'container') forwarded.append(name, value);
  const upstream = await tunnels.dial(node);
  const lines = [`${raw.method} /${verb}/${parts.join('/')}?${forwarded.toString()} HTTP/1.1`];
  for (let i = 0; i < raw.rawHeaders.length; i += 2) {
    const name = raw.rawHeaders[i]!;
    const value = /^sec-websocket-protocol$/i.test(name) ? protocolsWithoutToken(raw.rawHeaders[i + 1]!) : raw.rawHeaders[i + 1]!;
    if (value !== undefined && !/^(host|authorization|impersonate-.*)$/i.test(name)) lines.push(`${name}: ${value}`);
  }
  lines.push(`Host: ${node}`);
  upstream.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (head.length) upstream.write(head);
  joinConnections(upstream, socket);
}
