// Probes, and the actions probes and lifecycle hooks take.
// upstream: pkg/apis/core/validation/validation.go, validateHandler and validateProbe
import { child, forbidden, invalid, required, type Fault } from '../../apimachinery/fault.ts';
import { isHTTPHeaderName, isValidPort, isValidPortNum } from '../../apimachinery/names.ts';
import { array, embed, field, int32, int64, intOrString, object, string, types, type FieldsValue } from '../../schema/schema.ts';

/** Fault of a port that is a number or the name of a container's port. */
export const portFaults = (port: number | string, path: string): Fault[] => isValidPort(port).map((problem) => invalid(path, port, problem));

export const execAction = object('ExecAction', {
  command: array(1, types.string, { listType: 'atomic', doc: 'Program and arguments, run in the container without a shell; exit code 0 is success.' }),
}, { doc: 'Runs a command in the container.', validate: ({ command }, path) => (command?.length ? [] : [required(child(path, 'command'))]) });

export const httpHeader = object('HTTPHeader', {
  name: string(1, { required: true, unchecked: true, doc: 'Header name.' }),
  value: string(2, { required: true, unchecked: true, doc: 'Header value.' }),
}, { doc: 'One header of a request.' });

export const httpGetAction = object('HTTPGetAction', {
  path: string(1, { default: '/', doc: 'Path to ask for.' }),
  port: intOrString(2, { required: true, unchecked: true, doc: 'Port number, or name of a container port.' }),
  host: string(3, { doc: 'Host to connect to; the Pod\'s address when empty.' }),
  scheme: string(4, { default: 'HTTP', enum: ['HTTP', 'HTTPS'], doc: 'HTTP or HTTPS.' }),
  httpHeaders: array(5, httpHeader, { listType: 'atomic', doc: 'Headers to send.' }),
}, {
  doc: 'Sends a GET request; a status from 200 to 399 is success.',
  validate: ({ port, httpHeaders = [] }, path) => [
    ...portFaults(port, child(path, 'port')),
    ...httpHeaders.flatMap(({ name }) => isHTTPHeaderName(name).map((problem) => invalid(child(path, 'httpHeaders'), name, problem))),
  ],
});

export const tcpSocketAction = object('TCPSocketAction', {
  port: intOrString(1, { required: true, unchecked: true, doc: 'Port number, or name of a container port.' }),
  host: string(2, { doc: 'Host to connect to; the Pod\'s address when empty.' }),
}, { doc: 'Opens a TCP connection.', validate: ({ port }, path) => portFaults(port, child(path, 'port')) });

export const grpcAction = object('GRPCAction', {
  port: int32(1, { required: true, unchecked: true, doc: 'Port number of the gRPC service.' }),
  service: string(2, { pointer: true, written: true, default: '', tellsDefault: true, doc: 'Service name to put into the health check request.' }),
}, {
  doc: 'Asks the gRPC health checking protocol.',
  validate: ({ port }, path) => isValidPortNum(port).map((problem) => invalid(child(path, 'port'), port, problem)),
});

export const sleepAction = object('SleepAction', {
  seconds: int64(1, { required: true, unchecked: true, doc: 'How many seconds to sleep.' }),
}, { doc: 'Waits before the container is stopped.' });

/** Exactly one of the named handlers must be there. */
export function handlerFaults(handler: Readonly<Record<string, unknown>>, path: string, names: readonly string[]): Fault[] {
  const given = names.filter((name) => handler[name] !== undefined && handler[name] !== null);
  if (given.length === 0) return [required(path, 'must specify a handler type')];
  return given.slice(1).map((name) => forbidden(child(path, name), 'may not specify more than 1 handler type'));
}

const probeHandler = object('ProbeHandler', {
  exec: field(1, execAction, { doc: 'Runs a command in the container.' }),
  httpGet: field(2, httpGetAction, { doc: 'Sends an HTTP GET request.' }),
  tcpSocket: field(3, tcpSocketAction, { doc: 'Opens a TCP connection.' }),
  grpc: field(4, grpcAction, { doc: 'Asks the gRPC health checking protocol.' }),
}, { doc: 'The action of a probe; exactly one is given.' });

export const probe = object('Probe', {
  ...embed(1, probeHandler),
  initialDelaySeconds: int32(2, { minimum: 0, doc: 'Seconds between the start of the container and the first probe.' }),
  timeoutSeconds: int32(3, { default: 1, minimum: 0, doc: 'Seconds after which a probe has failed.' }),
  periodSeconds: int32(4, { default: 10, minimum: 0, doc: 'Seconds between probes.' }),
  successThreshold: int32(5, { default: 1, minimum: 0, doc: 'Successes in a row after a failure that count as success; 1 for liveness and startup.' }),
  failureThreshold: int32(6, { default: 3, minimum: 0, doc: 'Failures in a row after a success that count as failure.' }),
  terminationGracePeriodSeconds: int64(7, { pointer: true, doc: 'Grace period when this probe stops the container; the Pod\'s when absent.' }),
}, {
  doc: 'A check the node agent repeats on a container.',
  validate: (value, path) => {
    const faults = handlerFaults(value, path, ['exec', 'httpGet', 'tcpSocket', 'grpc']);
    const grace = value.terminationGracePeriodSeconds;
    if (grace !== undefined && grace <= 0) faults.push(invalid(child(path, 'terminationGracePeriodSeconds'), grace, 'must be greater than 0'));
    return faults;
  },
});
export interface Probe extends FieldsValue<typeof probe.fields> {}

/** What each probe of a container may further not say. */
export function probeRoleFaults(container: { livenessProbe?: Probe; readinessProbe?: Probe; startupProbe?: Probe }, path: string): Fault[] {
  const faults: Fault[] = [];
  for (const name of ['livenessProbe', 'startupProbe'] as const) {
    const threshold = container[name]?.successThreshold ?? 1;
    if (threshold !== 1) faults.push(invalid(child(child(path, name), 'successThreshold'), threshold, 'must be 1'));
  }
  const grace = container.readinessProbe?.terminationGracePeriodSeconds;
  if (grace !== undefined) faults.push(invalid(child(child(path, 'readinessProbe'), 'terminationGracePeriodSeconds'), grace, 'must not be set for readinessProbes'));
  return faults;
}
