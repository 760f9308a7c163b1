// How a Pod looks in a table: the columns of `kubectl get pods`.
// upstream: pkg/printers/internalversion/printers.go, printPod
import { humanDuration } from '../../apimachinery/duration.ts';
import type { Column } from '../../schema/resource.ts';
import { ageColumn, nameColumn } from '../table-columns.ts';
import { isSidecar } from './container.ts';
import type { ContainerStateTerminated, ContainerStatus } from './container-status.ts';
import { getCondition } from './pod-conditions.ts';
import type { PodSpec } from './pod-spec.ts';
import type { PodStatus } from './pod-status.ts';

interface PodView { readonly metadata: { readonly deletionTimestamp?: string | null }; readonly spec: PodSpec; readonly status: PodStatus }

/** The cells of a Pod that need a walk over its containers. */
export interface PodSummary { readonly ready: number; readonly total: number; readonly status: string; readonly restarts: number; readonly lastRestart: number | undefined }

/** Restarts and when the last one was, over some of the containers. */
class Restarts {
  count = 0;
  last: number | undefined;
  add({ restartCount, lastState }: ContainerStatus): void {
    this.count += restartCount ?? 0;
    const finishedAt = lastState?.terminated?.finishedAt;
    if (finishedAt) this.last = Math.max(this.last ?? 0, Date.parse(finishedAt));
  }
}

function endText({ reason, signal, exitCode }: ContainerStateTerminated): string {
  if (reason) return reason;
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`;
}

interface InitWalk { readonly text: string | undefined; readonly ready: number; readonly all: Restarts; readonly sidecars: Restarts }

/** The first init container that is not through says what the Pod waits for. */
function walkInitContainers(spec: PodSpec, statuses: readonly ContainerStatus[]): InitWalk {
  const initContainers = spec.initContainers ?? [];
  const sidecarNames = new Set(initContainers.filter(isSidecar).map(({ name }) => name));
  const all = new Restarts();
  const sidecars = new Restarts();
  let ready = 0;
  for (const [i, status] of statuses.entries()) {
    const sidecar = sidecarNames.has(status.name);
    all.add(status);
    if (sidecar) sidecars.add(status);
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecar && status.started) {
      if (status.ready) ready++;
      continue;
    }
    if (terminated) return { text: `Init:${endText(terminated)}`, ready, all, sidecars };
    const waits = waiting?.reason && waiting.reason !== 'PodInitializing';
    return { text: waits ? `Init:${waiting.reason}` : `Init:${i}/${initContainers.length}`, ready, all, sidecars };
  }
  return { text: undefined, ready, all, sidecars };
}

export function podSummary({ metadata, spec, status }: PodView): PodSummary {
  const init = walkInitContainers(spec, status.initContainerStatuses ?? []);
  const total = spec.containers.length + (spec.initContainers ?? []).filter(isSidecar).length;
  const gated = (status.conditions ?? []).some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated');
  let text = init.text ?? (gated ? 'SchedulingGated' : status.reason || (status.phase ?? ''));
  let { ready } = init;
  let restarts = init.all;

  if (init.text === undefined || getCondition({ status }, 'Initialized')?.status === 'True') {
    restarts = init.sidecars;
    let running = false;
    for (const container of [...(status.containerStatuses ?? [])].reverse()) {
      restarts.add(container);
      const { waiting, terminated, running: runs } = container.state ?? {};
      if (waiting?.reason) text = waiting.reason;
      else if (terminated) text = endText(terminated);
      else if (container.ready && runs) {
        running = true;
        ready++;
      }
    }
    if (text === 'Completed' && running) text = getCondition({ status }, 'Ready')?.status === 'True' ? 'Running' : 'NotReady';
  }
  if (metadata.deletionTimestamp) {
    if (status.reason === 'NodeLost') text = 'Unknown';
    else if (status.phase !== 'Succeeded' && status.phase !== 'Failed') text = 'Terminating';
  }
  return { ready, total, status: text, restarts: restarts.count, lastRestart: restarts.last };
}

/** `3 (5m ago)`, or the number alone when no time is known. */
function restartsText({ restarts, lastRestart }: PodSummary, now: number): string {
  return restarts > 0 && lastRestart !== undefined ? `${restarts} (${humanDuration(now - lastRestart)} ago)` : String(restarts);
}

function readinessGatesText({ spec, status }: PodView): string {
  const gates = spec.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  return `${gates.filter(({ conditionType }) => getCondition({ status }, conditionType)?.status === 'True').length}/${gates.length}`;
}

const none = (text: string | undefined): string => text || '<none>';

export const podColumns: readonly Column[] = [
  nameColumn,
  { name: 'Ready', type: 'string', description: 'Ready containers of all containers and sidecars.', value: (pod: PodView) => { const { ready, total } = podSummary(pod); return `${ready}/${total}`; } },
  { name: 'Status', type: 'string', description: 'What the Pod does, or what keeps it from it.', value: (pod: PodView) => podSummary(pod).status },
  { name: 'Restarts', type: 'string', description: 'How often containers were restarted, and how long ago the last time was.', value: (pod: PodView, now) => restartsText(podSummary(pod), now) },
  ageColumn,
  { name: 'IP', type: 'string', priority: 1, description: 'Address of the Pod.', value: ({ status }: PodView) => none(status.podIPs?.[0]?.ip) },
  { name: 'Node', type: 'string', priority: 1, description: 'Node the Pod is on.', value: ({ spec }: PodView) => none(spec.nodeName) },
  { name: 'Nominated Node', type: 'string', priority: 1, description: 'Node on which room is made for the Pod.', value: ({ status }: PodView) => none(status.nominatedNodeName) },
  { name: 'Readiness Gates', type: 'string', priority: 1, description: 'Readiness gates that are True, of all.', value: readinessGatesText },
];

/** Rows of finished Pods carry a condition by which clients can hide them. */
export function podRowConditions({ status }: { readonly status: { readonly phase?: string } }): { type: string; status: string; reason: string; message: string }[] {
  switch (status.phase) {
    case 'Succeeded': return [{ type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' }];
    case 'Failed': return [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }];
    default: return [];
  }
}
