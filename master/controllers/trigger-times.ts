// Since when endpoints could have been as they are now: what measures how long the network takes reads it from an annotation.
// upstream: staging/src/k8s.io/endpointslice/trigger_time_tracker.go
import type { Pod } from '../../src/api/core/pod.ts';
import type { Service } from '../../src/api/core/service.ts';
import { readyCondition } from './pod-state.ts';

export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';

interface Seen { readonly service: number; readonly pods: ReadonlyMap<string, number> }

/** What each Service and its Pods said when they were last looked at; lives as long as the controller. */
export class TriggerTimes {
  readonly #seen = new Map<string, Seen>();

  /** The earliest of what changed since the last look (RFC 3339), for a new Service its own beginning; undefined when nothing did. */
  changed(key: string, service: Service, pods: readonly Pod[]): string | undefined {
    const before = this.#seen.get(key);
    const times = pods.flatMap((pod) => { const at = Date.parse(readyCondition(pod)?.lastTransitionTime ?? ''); return at ? [[pod.metadata.name, at] as const] : []; });
    const now: Seen = { service: Date.parse(service.metadata.creationTimestamp ?? '') || 0, pods: new Map(times) };
    this.#seen.set(key, now);
    const news = before ? [...times.filter(([name, at]) => at > (before.pods.get(name) ?? 0)).map(([, at]) => at), ...(now.service > before.service ? [now.service] : [])] : [now.service];
    const first = Math.min(...news);
    return first > 0 && Number.isFinite(first) ? new Date(first).toISOString().replace('.000Z', 'Z') : undefined;
  }
  forget(key: string): void { this.#seen.delete(key); }
}

/** The annotations with the time in them, or without one when it is not known. */
export function withTriggerTime(annotations: Readonly<Record<string, string>> | undefined | null, time: string | undefined): Record<string, string> {
  const { [triggerTimeAnnotation]: _, ...others } = annotations ?? {};
  return time === undefined ? others : { ...others, [triggerTimeAnnotation]: time };
}
