// One probe of one container over time: waits, probes, counts, judges. upstream: pkg/kubelet/prober/worker.go
import type { Clock } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import type { ContainerStatus } from '../../runtime/runtime.ts';
import { containerID } from '../container-statuses.ts';
import type { ContainerEvents } from '../images.ts';
import type { Container, Pod } from '../pod.ts';
import type { ProbeKind, ProbeResult } from '../runtime-status.ts';
import { needsAddress, type Probe, type ProbeOutcome, type ProbeTarget } from './probe.ts';

export interface ProbeWorkerOptions {
  readonly kind: ProbeKind;
  readonly container: Container;
  readonly spec: Probe;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: ContainerEvents;
  readonly run: (probe: Probe, target: ProbeTarget) => Promise<ProbeOutcome>;
  /** The container as it is known now, whatever passes of its Pod are under way, and the Pod's address; '' when it has none. */
  readonly look: () => { readonly status: ContainerStatus | undefined; readonly address: string };
  /** Asks the engine for the container: what is known may be a moment old. */
  readonly refresh: (containerId: string) => Promise<unknown>;
  /** Whether the container's startup probe is through. */
  readonly started: (containerId: string) => boolean;
  readonly judged: (containerId: string, result: ProbeResult) => void;
  readonly forgotten: (containerId: string) => void;
  /** A probe was made; undefined when it could not be. */
  readonly made?: (outcome: ProbeOutcome | undefined) => void;
}

const initialResult: Readonly<Record<ProbeKind, ProbeResult>> = { readiness: 'failure', liveness: 'success', startup: 'unknown' };
const title: Readonly<Record<ProbeKind, string>> = { readiness: 'Readiness', liveness: 'Liveness', startup: 'Startup' };

/** Within the first period a container that is not ready yet is asked again sooner; these tries are not counted. */
const firstEagerMs = 50;
const triesOnError = 3;

export class ProbeWorker {
  readonly kind: ProbeKind;
  readonly container: Container;
  readonly #options: ProbeWorkerOptions;
  #pod: Pod | undefined;
  #id = '';
  /** The container has been seen running: its probes are under way. */
  #begun = false;
  #cancel: (() => void) | undefined;
  /** The container a probe is under way of: it may be one that has been replaced meanwhile. */
  #probing: string | undefined;
  #onHold = false;
  #last: 'success' | 'failure' | undefined;
  #run = 0;
  #stopped = false;
  /** Time of the container's first probe that counts, and the delay of the next one that does not. */
  #firstCounted = 0;
  #eagerMs = firstEagerMs;
  #everSucceeded = false;
  #failedEarly = false;

  constructor(options: ProbeWorkerOptions) {
    this.#options = options;
    this.kind = options.kind;
    this.container = options.container;
  }
  get containerId(): string { return this.#id; }

  update(pod: Pod, status: ContainerStatus | undefined): void {
    if (this.#stopped) return;
    this.#pod = pod;
    if (!status) return;
    if (status.id !== this.#id) this.#newContainer(status);
    // A container that an earlier agent made may be known before it runs.
    if (status.state === 'running' && !this.#begun) this.#begin(status);
    if (status.state !== 'running') {
      this.#pause();
      if (this.#id && this.kind !== 'startup') this.#options.judged(this.#id, 'failure');
    }
  }
  startupSucceeded(): void {
    if (this.kind === 'startup' || this.#stopped || !this.#begun || this.#cancel || this.#probing === this.#id) return;
    this.#schedule(Math.max(0, this.#firstCounted - this.#options.clock.now()));
  }
  stop(): void {
    this.#stopped = true;
    this.#pause();
  }

  #newContainer(status: ContainerStatus): void {
    const { judged, forgotten } = this.#options;
    if (this.#id) forgotten(this.#id);
    this.#pause();
    this.#id = status.id;
    this.#begun = false;
    this.#onHold = false;
    this.#last = undefined;
    this.#run = 0;
    this.#everSucceeded = false;
    this.#failedEarly = false;
    this.#eagerMs = firstEagerMs;
    const adopted = this.#judgedBefore(status.id);
    if (adopted) this.#everSucceeded = true;
    judged(status.id, adopted ? 'success' : initialResult[this.kind]);
  }
  /** An earlier agent has found this very container ready (started, for its startup probe): it stays so until a probe says otherwise. */
  #judgedBefore(id: string): boolean {
    const statuses = [...(this.#pod?.status?.initContainerStatuses ?? []), ...(this.#pod?.status?.containerStatuses ?? [])];
    const before = statuses.find((s) => s.name === this.container.name && s.containerID === containerID(id));
    return this.kind === 'startup' ? before?.started === true : this.kind === 'readiness' && before?.ready === true;
  }
  #begin(status: ContainerStatus): void {
    const { clock, spec, started } = this.#options;
    this.#begun = true;
    // A startup probe is done for good once it has succeeded.
    if (this.kind === 'startup' && this.#everSucceeded) return;
    this.#firstCounted = status.startedAt + (spec.initialDelaySeconds ?? 0) * 1000;
    // After an agent's restart the probes of all containers must not come at once.
    const late = clock.now() - this.#firstCounted > this.#periodMs();
    if (this.kind !== 'startup' && !started(status.id)) return;
    this.#schedule(late ? Math.random() * Math.min(1000, this.#periodMs()) : Math.max(0, this.#firstCounted - clock.now()));
  }
  #periodMs(): number { return (this.#options.spec.periodSeconds ?? 10) * 1000; }
  #pause(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
  #schedule(ms: number): void {
    this.#pause();
    this.#cancel = this.#options.clock.after(ms, () => {
      this.#cancel = undefined;
      void this.#probe();
    });
  }

  async #probe(): Promise<void> {
    const { clock } = this.#options;
    const id = this.#id;
    const due = clock.now();
    // Between a container's end and the pass of its Pod that hears of it: nothing is asked, and nothing is said.
    if (!this.#canBeAsked(id)) return this.#schedule(this.#periodMs());
    this.#probing = id;
    const outcome = await this.#outcome(id);
    if (this.#probing === id) this.#probing = undefined;
    if (this.#stopped || this.#onHold || id !== this.#id) return;
    this.#options.made?.(outcome);
    const eager = this.#isEager(due, outcome);
    if (outcome && !eager) this.#count(id, outcome);
    if (this.#onHold || this.#stopped || (this.kind === 'startup' && this.#everSucceeded)) return;
    if (eager) {
      this.#failedEarly = true;
      this.#schedule(Math.min(this.#eagerMs, Math.max(0, this.#firstCounted + this.#periodMs() - clock.now())));
      this.#eagerMs *= 2;
    } else this.#schedule(Math.max(0, due + this.#periodMs() - clock.now()));
  }
  #canBeAsked(id: string): boolean {
    const { look, spec } = this.#options;
    const { status, address } = look();
    return status?.id === id && status.state === 'running' && (address !== '' || !needsAddress(spec));
  }
  /** A failure right after the start says only that the process is not there yet. */
  #isEager(at: number, outcome: ProbeOutcome | undefined): boolean {
    return this.kind !== 'liveness' && !this.#everSucceeded && outcome?.result === 'failure' && this.#last === undefined && at < this.#firstCounted + this.#periodMs();
  }

  async #outcome(id: string): Promise<ProbeOutcome | undefined> {
    const { run, look, refresh, spec, container, events, log } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await run(spec, { container, containerId: id, podIP: look().address });
      } catch (error) {
        if (this.#stopped || id !== this.#id) return undefined;
        if (attempt < triesOnError) continue;
        log.debug({ error, container: container.name }, 'probe could not be made');
        await refresh(id).catch((failed: unknown) => log.debug({ error: failed, container: container.name }, 'the container could not be looked at'));
        if (this.#pod && !this.#stopped && this.#canBeAsked(id)) events.warning(this.#pod, container, 'Unhealthy', `${title[this.kind]} probe errored: ${(error as Error).message}`);
        return undefined;
      }
    }
  }

  #count(id: string, outcome: ProbeOutcome): void {
    const { spec, events, container, judged } = this.#options;
    const result = outcome.result === 'failure' ? 'failure' : 'success';
    if (this.#pod && outcome.result === 'failure') events.warning(this.#pod, container, 'Unhealthy', `${title[this.kind]} probe failed: ${outcome.output}`);
    if (this.#pod && outcome.result === 'warning') events.warning(this.#pod, container, 'ProbeWarning', `${title[this.kind]} probe warning: ${outcome.output}`);
    // The tries of the first period count as the one failure they stand for.
    const before = this.#last === result ? this.#run : this.#last === undefined && this.#failedEarly && result === 'failure' ? 1 : 0;
    this.#run = before + 1;
    this.#last = result;
    if (this.#run < (result === 'failure' ? spec.failureThreshold ?? 3 : spec.successThreshold ?? 1)) return;
    if (result === 'success') this.#everSucceeded = true;
    if (this.kind !== 'readiness' && result === 'failure') {
      // The container will be replaced: nothing is asked of it until there is a new one.
      this.#onHold = true;
      this.#run = 0;
    }
    judged(id, result);
  }
}
