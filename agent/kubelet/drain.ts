// Waits before the stop signal of a Pod that is behind a Service until the proxies send it nothing new: its endpoints must show
// it as ending, and the workers of every node must have those rules in force.
import type { EndpointSlice } from '../../src/api/discovery/endpoint-slice.ts';
import { isPodReady } from '../../src/api/core/pod-conditions.ts';
import type { Informer } from '../../src/client/informer.ts';
import type { Clock } from '../../src/util/clock.ts';
import type { Pod } from './pod.ts';

export interface DrainOptions {
  readonly slices: Pick<Informer<EndpointSlice>, 'list' | 'addHandler'>;
  /** Resolves when rules of at least this revision are in force on every node, or after the time given. */
  readonly applied: (revision: number, timeoutMs: number) => Promise<unknown>;
  readonly clock: Clock;
  /** Longest wait in ms; 0 turns the drain off. */
  readonly waitMs: number;
}

/** `open`: some slice still offers the Pod; else the newest revision among those that mention it, 0 for none. */
function offered(slices: readonly EndpointSlice[], pod: Pod): { open: boolean; revision: number } {
  let open = false;
  let revision = 0;
  for (const slice of slices) {
    for (const endpoint of slice.endpoints ?? []) {
      if (endpoint.targetRef?.uid !== pod.metadata.uid) continue;
      revision = Math.max(revision, Number(slice.metadata.resourceVersion));
      if (endpoint.conditions?.ready !== false && !endpoint.conditions?.terminating) open = true;
    }
  }
  return { open, revision };
}

export function createDrain(options: DrainOptions): (pod: Pod, signal: AbortSignal) => Promise<void> {
  const { slices, applied, clock, waitMs } = options;
  return async (pod, signal) => {
    if (waitMs <= 0) return;
    const namespace = pod.metadata.namespace ?? 'default';
    const first = offered(slices.list(namespace), pod);
    if (first.revision === 0 && !isPodReady(pod)) return;
    const end = clock.monotonic() + waitMs;
    const left = (): number => Math.max(0, end - clock.monotonic());
    if (first.open) await closed(slices, pod, namespace, clock, left(), signal);
    const now = slices.list(namespace);
    // A Pod that was taken out altogether left no trace but the newest change of its namespace.
    const revision = offered(now, pod).revision || Math.max(0, ...now.map((s) => Number(s.metadata.resourceVersion)));
    if (revision === 0) return;
    await applied(revision, left());
  };
}

/** Resolves when no slice offers the Pod any more, or when the time is over. */
function closed(slices: DrainOptions['slices'], pod: Pod, namespace: string, clock: Clock, timeoutMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let off: (() => void) | undefined;
    const end = (): void => {
      cancel();
      off?.();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(timeoutMs, end);
    signal.addEventListener('abort', end, { once: true });
    const look = (): void => { if (!offered(slices.list(namespace), pod).open) end(); };
    off = slices.addHandler({ added: look, updated: look, deleted: look });
    if (!offered(slices.list(namespace), pod).open) end();
  });
}
