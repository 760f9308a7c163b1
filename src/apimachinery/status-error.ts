// The error catalogue: every expected failure of the API is a StatusError, with Kubernetes' reason, code and words.
import { aggregate } from './aggregate.ts';
import { causeReason, type Fault } from './fault.ts';

export interface StatusCause { reason?: string; message?: string; field?: string }
export interface StatusDetails { name?: string; group?: string; kind?: string; uid?: string; causes?: StatusCause[]; retryAfterSeconds?: number }
export interface Status {
  kind: 'Status'; apiVersion: 'v1'; metadata: Record<string, never>; status: 'Success' | 'Failure';
  message?: string; reason?: string; details?: StatusDetails; code: number;
}
/** What an error is about: `resource` is the plural name; core has the group ''. */
export interface GroupResource { readonly group: string; readonly resource: string }

const qualified = ({ group, resource }: GroupResource): string => (group ? `${resource}.${group}` : resource);

export class StatusError extends Error {
  readonly status: Status;
  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.name = 'StatusError';
    this.status = {
      kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message,
      ...(reason ? { reason } : {}), ...(details ? { details } : {}), code,
    };
  }
  get code(): number { return this.status.code; }
  get reason(): string { return this.status.reason ?? ''; }
}

const detailsOf = (r: GroupResource, name: string): StatusDetails => ({ ...(name ? { name } : {}), ...(r.group ? { group: r.group } : {}), kind: r.resource });

export const notFound = (r: GroupResource, name: string): StatusError =>
  new StatusError(404, 'NotFound', `${qualified(r)} "${name}" not found`, detailsOf(r, name));
export const alreadyExists = (r: GroupResource, name: string): StatusError =>
  new StatusError(409, 'AlreadyExists', `${qualified(r)} "${name}" already exists`, detailsOf(r, name));
export const generateNameConflict = (r: GroupResource, name: string): StatusError =>
  new StatusError(409, 'AlreadyExists', `${qualified(r)} "${name}" already exists, the server was not able to generate a unique name for the object`, { ...detailsOf(r, name), retryAfterSeconds: 1 });
export const conflict = (r: GroupResource, name: string, why: string): StatusError =>
  new StatusError(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(r)} "${name}": ${why}`, detailsOf(r, name));
export const modified = (r: GroupResource, name: string): StatusError =>
  conflict(r, name, 'the object has been modified; please apply your changes to the latest version and try again');
export const forbidden = (r: GroupResource, name: string, why: string): StatusError =>
  new StatusError(403, 'Forbidden', `${qualified(r)} ${name ? `"${name}" ` : ''}is forbidden: ${why}`, detailsOf(r, name));
export const unauthorized = (): StatusError => new StatusError(401, 'Unauthorized', 'Unauthorized');
export const badRequest = (message: string): StatusError => new StatusError(400, 'BadRequest', message);
export const methodNotSupported = (r: GroupResource, action: string): StatusError =>
  new StatusError(405, 'MethodNotAllowed', `${action} is not supported on resources of kind "${qualified(r)}"`, { ...(r.group ? { group: r.group } : {}), kind: r.resource });
/** The definition of a custom resource is being deleted. */
export const endingMessage = 'create not allowed while custom resource definition is terminating';
export const ending = (r: GroupResource): StatusError => new StatusError(405, 'MethodNotAllowed', endingMessage, { ...(r.group ? { group: r.group } : {}), kind: r.resource });
export const notAcceptable = (accepted: readonly string[]): StatusError =>
  new StatusError(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`);
export const unsupportedMediaType = (accepted: readonly string[]): StatusError =>
  new StatusError(415, 'UnsupportedMediaType', `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`);
export const expired = (message: string): StatusError => new StatusError(410, 'Expired', message);
export const gone = (message: string): StatusError => new StatusError(410, 'Gone', message);
export const tooManyRequests = (message: string, retryAfterSeconds: number): StatusError =>
  new StatusError(429, 'TooManyRequests', message, { retryAfterSeconds });
export const tooLarge = (message: string): StatusError => new StatusError(413, 'RequestEntityTooLarge', message);
export const internal = (message: string): StatusError =>
  new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });
export const serviceUnavailable = (message: string): StatusError => new StatusError(503, 'ServiceUnavailable', message);
export const timeout = (message: string, retryAfterSeconds = 0): StatusError => new StatusError(504, 'Timeout', message, { retryAfterSeconds });
/** The path is served, but not with this method. */
export const methodNotAllowed = (): StatusError =>
  new StatusError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});
/** A body's content type that the path takes none of, judged before anything is read. */
export const noSuchContentType = (): StatusError => new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
/** An `Accept` that names nothing the path can produce. */
export const noSuchProduct = (): StatusError => new StatusError(406, 'NotAcceptable', '406: Not Acceptable', {});
/** A patch that is well-formed but cannot be carried out on this object. */
export const unprocessable = (): StatusError =>
  new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
/** Upstream answers some refusals as a bare 500: without reason, details or the usual head of the message. */
export const bare = (message: string): StatusError => new StatusError(500, '', message);
/** The path is no resource: the text clients show for unknown URLs. */
export const pageNotFound = (): StatusError =>
  new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});

/** 422 with every fault as a cause; `kind` is the object's kind. */
export function invalid(group: string, kind: string, name: string, faults: readonly Fault[]): StatusError {
  const head = `${group ? `${kind}.${group}` : kind} "${name}" is invalid`;
  return new StatusError(422, 'Invalid', faults.length ? `${head}: ${aggregate(faults.map((f) => `${f.field}: ${f.message}`))}` : head, {
    ...(name ? { name } : {}), ...(group ? { group } : {}), ...(kind ? { kind } : {}),
    causes: faults.map((f) => ({ reason: causeReason(f.type), message: f.message, field: f.field })),
  });
}

export const isNotFound = (error: unknown): boolean => error instanceof StatusError && error.code === 404;
export const isConflict = (error: unknown): boolean => error instanceof StatusError && error.reason === 'Conflict';
export const isAlreadyExists = (error: unknown): boolean => error instanceof StatusError && error.reason === 'AlreadyExists';
export const isExpired = (error: unknown): boolean => error instanceof StatusError && error.code === 410;
