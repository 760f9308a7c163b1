// Runs the probes of every container and keeps their last judged results; tells the kubelet when one changes.
// upstream: pkg/kubelet/prober/prober_manager.go, results/results_manager.go
import type { Clock } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { ContainerEvents } from '../images.ts';
import { initContainers, isHostNetwork, isRestartableInit, type Container, type Pod } from '../pod.ts';
import type { RuntimeCache } from '../runtime-cache.ts';
import type { ProbeCount } from '../stats/kubelet-metrics.ts';
import { latestContainer, type PodRuntimeStatus, type ProbeKind, type ProbeResult, type ProbeResults } from '../runtime-status.ts';
import { runProbe, type Probe, type ProbeOutcome, type ProbeTarget } from './probe.ts';
import { ProbeWorker } from './probe-worker.ts';

export interface ProberOptions {
  readonly runtime: Runtime;
  readonly cache: Pick<RuntimeCache, 'get' | 'refreshContainer'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: ContainerEvents;
  readonly hostIP: string;
  /** A result changed: the Pod's worker has to look. */
  readonly onChange: (podUid: string) => void;
  /** How a probe is made; tests give their own. */
  readonly probe?: (probe: Probe, target: ProbeTarget) => Promise<ProbeOutcome>;
}

const kinds: readonly ProbeKind[] = ['startup', 'liveness', 'readiness'];
const fieldOf = { startup: 'startupProbe', liveness: 'livenessProbe', readiness: 'readinessProbe' } as const;

export class ProberManager implements ProbeResults {
  readonly #options: ProberOptions;
  readonly #results = new Map<string, Partial<Record<ProbeKind, ProbeResult>>>();
  /** Workers by Pod, then by `container/kind`. */
  readonly #workers = new Map<string, Map<string, ProbeWorker>>();
  /** Probes made by Pod, then by `container/kind/result`; gone with the Pod. */
  readonly #counts = new Map<string, Map<string, ProbeCount>>();

  constructor(options: ProberOptions) { this.#options = options; }

  get(kind: ProbeKind, containerId: string): ProbeResult | undefined { return this.#results.get(containerId)?.[kind]; }

  /** Brings the workers in line with the Pod and what runs of it. Call after every change of either. */
  sync(pod: Pod, status: PodRuntimeStatus): void {
    const containers: Container[] = [...initContainers(pod).filter(isRestartableInit), ...pod.spec.containers];
    for (const container of containers) {
      for (const kind of kinds) {
        const probe = container[fieldOf[kind]];
        if (probe) this.#worker(pod, container, kind, probe).update(pod, latestContainer(status, container.name));
      }
    }
  }

  /** While a Pod ends its readiness still matters; nothing may restart it any more. */
  stopRestarting(uid: string): void {
    for (const worker of this.#workers.get(uid)?.values() ?? []) if (worker.kind !== 'readiness') worker.stop();
  }

  remove(uid: string): void {
    for (const worker of this.#workers.get(uid)?.values() ?? []) {
      worker.stop();
      if (worker.containerId) this.#results.delete(worker.containerId);
    }
    this.#workers.delete(uid);
    this.#counts.delete(uid);
  }
  counts(): ProbeCount[] { return [...this.#counts.values()].flatMap((ofPod) => [...ofPod.values()]); }
  close(): void { for (const uid of this.#workers.keys()) this.remove(uid); }

  #addressOf(pod: Pod, status: PodRuntimeStatus): string {
    return isHostNetwork(pod) ? this.#options.hostIP : status.sandboxes.find((s) => s.state === 'ready')?.ip ?? '';
  }
  #worker(pod: Pod, container: Container, kind: ProbeKind, probe: Probe): ProbeWorker {
    const { uid } = pod.metadata;
    let ofPod = this.#workers.get(uid);
    if (!ofPod) this.#workers.set(uid, (ofPod = new Map()));
    const key = `${container.name}/${kind}`;
    let worker = ofPod.get(key);
    if (!worker) {
      const { runtime, cache, clock, log, events, onChange } = this.#options;
      worker = new ProbeWorker({
        kind, container, spec: probe, clock, log, events,
        run: this.#options.probe ?? ((spec, target) => runProbe(runtime, spec, target)),
        look: () => {
          const status = cache.get(uid);
          return { status: latestContainer(status, container.name), address: this.#addressOf(pod, status) };
        },
        refresh: (id) => cache.refreshContainer(id),
        started: (id) => !container.startupProbe || this.get('startup', id) === 'success',
        judged: (id, result) => {
          if (this.#set(kind, id, result)) onChange(uid);
          if (kind === 'startup' && result === 'success') for (const other of ofPod.values()) if (other.container.name === container.name) other.startupSucceeded();
        },
        forgotten: (id) => this.#forget(kind, id),
        made: (outcome) => this.#count(pod, container.name, kind, outcome),
      });
      ofPod.set(key, worker);
    }
    return worker;
  }
  #count({ metadata: { uid, name, namespace = '' } }: Pod, container: string, kind: ProbeKind, outcome: ProbeOutcome | undefined): void {
    const result = !outcome ? 'unknown' : outcome.result === 'failure' ? 'failed' : 'successful';
    const ofPod = this.#counts.get(uid) ?? new Map<string, ProbeCount>();
    this.#counts.set(uid, ofPod);
    const key = `${container}/${kind}/${result}`;
    ofPod.set(key, { kind, result, container, pod: name, namespace, podUid: uid, count: (ofPod.get(key)?.count ?? 0) + 1 });
  }
  #set(kind: ProbeKind, id: string, result: ProbeResult): boolean {
    const results = this.#results.get(id) ?? {};
    if (results[kind] === result) return false;
    this.#results.set(id, { ...results, [kind]: result });
    return true;
  }
  #forget(kind: ProbeKind, id: string): void {
    const results = this.#results.get(id);
    if (!results) return;
    delete results[kind];
    if (Object.keys(results).length === 0) this.#results.delete(id);
  }
}
