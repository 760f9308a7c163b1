// How a client reaches the API server. Two implementations pass one contract suite: http (agents, tools) and in-memory
// (scheduler and controllers inside the master). Bodies have JSON semantics on both.
import type { Status } from '../apimachinery/status-error.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute path, already escaped: `/api/v1/namespaces/default/pods/web`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** A JSON value; never modified, never kept. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** One event of a watch; objects are frozen. BOOKMARK objects carry only metadata.resourceVersion; ERROR a Status. */
export interface WatchEvent<T = any> { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'; readonly object: T }

export interface Transport {
  /** Resolves with the decoded (frozen) JSON body of a 2xx answer. @throws StatusError for any other; TransportError when there was no answer. */
  request(request: ApiRequest): Promise<any>;
  /**
   * A watch: ends quietly when the server ends it (time-out) or `signal` aborts; throws StatusError or TransportError when it
   * could not start or broke. An ERROR event is thrown as a StatusError.
   */
  watch(request: ApiRequest): AsyncIterable<WatchEvent>;
  close(): Promise<void>;
}

/** The server could not be reached, or the connection broke before the answer. */
export class TransportError extends Error {}

export type { Status };
