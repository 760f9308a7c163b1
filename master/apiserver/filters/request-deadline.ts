// How long a request may take: a minute, or less if its `timeout` says so. Watches and streams have no such end.
// upstream: apiserver endpoints/filters/request_deadline.go, server/filters/timeout.go
import { parseDuration } from '../../../src/apimachinery/duration.ts';
import * as errors from '../../../src/apimachinery/status-error.ts';
import type { Clock } from '../../../src/util/clock.ts';
import type { RequestInfo } from '../request-info.ts';

export const longestMs = 60_000;

const longVerbs = new Set(['watch', 'proxy']);
const longSubresources = new Set(['attach', 'exec', 'proxy', 'log', 'portforward']);

/** Requests that last as long as somebody listens. */
export const isLongRunning = (info: RequestInfo): boolean => longVerbs.has(info.verb) || longSubresources.has(info.subresource) || info.path.startsWith('/dray/v1/');

/** Milliseconds. @throws StatusError 400 */
export function deadlineOf(query: URLSearchParams): number {
  const text = query.get('timeout');
  if (!text) return longestMs;
  let wanted: number;
  try {
    wanted = parseDuration(text);
  } catch (error) {
    throw errors.badRequest(`invalid timeout specified in the request URL - ${(error as Error).message}`);
  }
  return wanted > 0 && wanted < longestMs ? wanted : longestMs;
}

/** `work`, or 504 when it takes longer; what it has begun goes on. */
export function withDeadline<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(errors.timeout('Timeout: request did not complete within the allotted timeout')));
    work.then((result) => { cancel(); resolve(result); }, (error: unknown) => { cancel(); reject(error as Error); });
  });
}
