// What keeps an APIService from being available, as far as the objects tell; the words are upstream's.
// upstream: kube-aggregator pkg/controllers/status/{local,remote}
import type { APIService } from '../../../src/api/apiregistration/api-service.ts';
import type { Endpoints } from '../../../src/api/core/endpoints.ts';
import type { Service } from '../../../src/api/core/service.ts';

export interface Verdict { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string }

const no = (reason: string, message: string): Verdict => ({ status: 'False', reason, message });
export const local: Verdict = { status: 'True', reason: 'Local', message: 'Local APIServices are always available' };
export const passed: Verdict = { status: 'True', reason: 'Passed', message: 'all checks passed' };
export const failedDiscovery = (message: string): Verdict => no('FailedDiscoveryCheck', message);

const defaultPort = 443;

/** Undefined when the rest depends on what the server itself answers. Only of a Service with a cluster IP is there more to see than that it exists. */
export function judge({ spec }: Pick<APIService, 'spec'>, service: Service | undefined, endpoints: Endpoints | undefined): Verdict | undefined {
  if (!spec.service) return local;
  const { namespace, name, port = defaultPort } = spec.service;
  const where = `service/${name} in ${JSON.stringify(namespace)}`;
  if (!service) return no('ServiceNotFound', `${where} is not present`);
  if ((service.spec.type ?? 'ClusterIP') !== 'ClusterIP') return undefined;
  const found = service.spec.ports?.find((one) => one.port === port);
  if (!found) return no('ServicePortError', `${where} is not listening on port ${port}`);
  if (!endpoints) return no('EndpointsNotFound', `cannot find endpoints for ${where}`);
  const portName = found.name ?? '';
  const has = endpoints.subsets?.some(({ addresses = [], ports = [] }) => addresses.length > 0 && ports.some((one) => (one.name ?? '') === portName)) ?? false;
  return has ? undefined : no('MissingEndpoints', `endpoints for ${where} have no addresses with port name ${JSON.stringify(portName)}`);
}
