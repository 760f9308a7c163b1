// GET /containerLogs: the query as log options, which container is meant, and what a person is told when there is nothing.
// upstream: pkg/kubelet/kubelet_pods.go (validateContainerLogStatus), pkg/apis/core/validation (ValidatePodLogOptions)
import { badRequest } from '../../../src/apimachinery/status-error.ts';
import type { Clock } from '../../../src/util/clock.ts';
import type { LogOptions } from '../../runtime/runtime.ts';
import { findContainer, formatPod, quoted, type Pod } from '../pod.ts';
import { containersNamed, hasEnded, type PodRuntimeStatus } from '../runtime-status.ts';

const isTrue = (text: string | null): boolean => text === 'true' || text === '1' || text === '';
function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^\d+$/.test(text)) throw badRequest(`${name}: Invalid value: ${quoted(text)}: must be a non-negative integer`);
  return Number(text);
}

export interface LogQuery { readonly options: LogOptions; readonly previous: boolean }

/** @throws StatusError naming the parameter that is wrong. */
export function logQuery(query: URLSearchParams, clock: Clock): LogQuery {
  const sinceSeconds = integer(query, 'sinceSeconds');
  const sinceTime = query.get('sinceTime');
  if (sinceSeconds !== undefined && sinceTime) throw badRequest('at most one of `sinceTime` or `sinceSeconds` may be specified');
  const since = sinceTime ? Date.parse(sinceTime) : sinceSeconds !== undefined ? clock.now() - sinceSeconds * 1000 : undefined;
  if (since !== undefined && Number.isNaN(since)) throw badRequest(`sinceTime: Invalid value: ${quoted(sinceTime ?? '')}: must be RFC 3339`);
  const tailLines = integer(query, 'tailLines');
  const limitBytes = integer(query, 'limitBytes');
  const stream = query.get('stream')?.toLowerCase();
  return {
    previous: query.has('previous') && isTrue(query.get('previous')),
    options: {
      ...(query.has('follow') && isTrue(query.get('follow')) ? { follow: true } : {}),
      ...(query.has('timestamps') && isTrue(query.get('timestamps')) ? { timestamps: true } : {}),
      ...(tailLines !== undefined ? { tailLines } : {}), ...(limitBytes !== undefined ? { limitBytes } : {}),
      ...(since !== undefined ? { sinceMs: since } : {}),
      ...(stream === 'stdout' || stream === 'stderr' ? { stream } : {}),
    },
  };
}

/** The id of the container whose log is asked for. @throws StatusError 400 with upstream's words when it has none. */
export function containerForLogs(pod: Pod, status: PodRuntimeStatus, name: string, previous: boolean): string {
  const shown = quoted(name);
  const where = quoted(formatPod(pod));
  if (!findContainer(pod, name)) throw badRequest(`container ${shown} in pod ${quoted(pod.metadata.name)} is not available`);
  const [current, before] = containersNamed(status, name);
  const api = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.ephemeralContainerStatuses ?? [])].find((s) => s.name === name);
  const waiting = api?.state?.waiting;
  if (previous) {
    // While a container waits to be started again, the run that ended last is the previous one.
    const last = current && hasEnded(current) && waiting ? current : before;
    if (!last) throw badRequest(`previous terminated container ${shown} in pod ${quoted(pod.metadata.name)} not found`);
    return last.id;
  }
  if (current && (current.state === 'running' || hasEnded(current))) return current.id;
  if (before) return before.id;
  if (waiting?.reason === 'ErrImagePull' || waiting?.reason === 'ImagePullBackOff') throw badRequest(`container ${shown} in pod ${quoted(pod.metadata.name)} is waiting to start: trying and failing to pull image`);
  throw badRequest(`container ${shown} in pod ${quoted(pod.metadata.name)} is waiting to start: ${waiting?.reason ?? `no container of pod ${where} runs yet`}`);
}
