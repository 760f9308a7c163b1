// The kubelet's own knowledge of the runtime: learnt by one list at start, kept by events and by what it does itself, and
// repaired by a slow re-list. No pass of a Pod asks the engine what is known already.
// upstream: pkg/kubelet/pleg (generic and evented)
import { equalJson } from '../../src/util/json.ts';
import type { ContainerStatus, Runtime, RuntimeEvent } from '../runtime/runtime.ts';
import { RuntimeNotFound } from '../runtime/runtime.ts';
import type { LogLinks } from './log-links.ts';
import { newestFirst, nothingRuns, type KnownSandbox, type PodRuntimeStatus } from './runtime-status.ts';

/** `past`: what it answers is older than what is known by now. */
interface Inspection { past: boolean }
interface PodEntry { readonly sandboxes: Map<string, KnownSandbox>; readonly containers: Map<string, ContainerStatus>; status: PodRuntimeStatus | undefined }

/** When it ended is told last. */
const toldEnd = ({ state, finishedAt }: ContainerStatus): boolean => state === 'exited' && finishedAt > 0;

/** Inspections that run at once during a list. */
const parallel = 8;

export class RuntimeCache {
  readonly #runtime: Runtime;
  readonly #pods = new Map<string, PodEntry>();
  readonly #podOf = new Map<string, string>();
  /** Inspections under way, by id. */
  readonly #asking = new Map<string, Set<Inspection>>();

  /** Among them those of containers that have ended. */
  readonly #ends = new Map<string, Promise<unknown>>();

  readonly #describe: (status: ContainerStatus) => Promise<ContainerStatus>;

  readonly #released: (ip: string) => void;
  readonly #logs: Pick<LogLinks, 'add' | 'remove'> | undefined;

  /**
   * `describe` completes the status of a container that has ended with what it left behind. `released` is told the address of a
   * sandbox that went behind the kubelet's back: nobody else can give that back. `logs` hears of each container, and of its end.
   */
  constructor(runtime: Runtime, describe: (status: ContainerStatus) => Promise<ContainerStatus> = (s) => Promise.resolve(s), released: (ip: string) => void = () => undefined, logs?: Pick<LogLinks, 'add' | 'remove'>) {
    this.#runtime = runtime;
    this.#describe = describe;
    this.#released = released;
    this.#logs = logs;
  }

  get(uid: string): PodRuntimeStatus {
    const pod = this.#pods.get(uid);
    if (!pod) return nothingRuns;
    return (pod.status ??= {
      sandboxes: [...pod.sandboxes.values()].sort((a, b) => b.metadata.attempt - a.metadata.attempt || b.createdAt - a.createdAt),
      containers: [...pod.containers.values()].sort(newestFirst),
    });
  }
  /** Whether anything of the Pod is there, dead or alive. */
  hasBegun(uid: string): boolean {
    const { containers, sandboxes } = this.get(uid);
    return containers.length > 0 || sandboxes.length > 0;
  }
  uids(): string[] { return [...this.#pods.keys()]; }
  podOf(containerId: string): string | undefined { return this.#podOf.get(containerId); }

  putSandbox(sandbox: KnownSandbox): void {
    const entry = this.#entry(sandbox.metadata.uid);
    // A dead sandbox tells no address any more, but the one it had is still to be released.
    const ip = sandbox.ip || (entry.sandboxes.get(sandbox.id)?.ip ?? '');
    entry.sandboxes.set(sandbox.id, { ...sandbox, ip });
    entry.status = undefined;
    this.#podOf.set(sandbox.id, sandbox.metadata.uid);
  }
  /** The sandbox has stopped and its address was given back. */
  sandboxStopped(id: string): void {
    const uid = this.#podOf.get(id);
    const entry = uid === undefined ? undefined : this.#pods.get(uid);
    const known = entry?.sandboxes.get(id);
    this.#outdate(id);
    if (!entry || !known) return;
    entry.sandboxes.set(id, { ...known, state: 'notReady', ip: '' });
    entry.status = undefined;
  }
  putContainer(status: ContainerStatus): void {
    const entry = this.#entry(status.pod.uid);
    // It was started as whom it was first seen as, whoever it has become.
    const { user } = entry.containers.get(status.id) ?? status;
    entry.containers.set(status.id, user ? { ...status, user } : status);
    entry.status = undefined;
    this.#podOf.set(status.id, status.pod.uid);
    this.#logs?.add(status);
  }
  /** The id (of a container or sandbox) is gone. */
  forget(id: string): void {
    const uid = this.#podOf.get(id);
    this.#podOf.delete(id);
    this.#outdate(id);
    this.#logs?.remove(id);
    const entry = uid === undefined ? undefined : this.#pods.get(uid);
    if (!entry || uid === undefined) return;
    const sandbox = entry.sandboxes.get(id);
    if (sandbox?.ip && !sandbox.hostNetwork) this.#released(sandbox.ip);
    entry.containers.delete(id);
    entry.sandboxes.delete(id);
    entry.status = undefined;
    if (entry.containers.size === 0 && entry.sandboxes.size === 0) this.#pods.delete(uid);
  }

  /** Asks how a container ended, unless that is known or being asked: its end is told by an event and by whoever stopped it. */
  async containerEnded(id: string): Promise<void> {
    const known = this.#pods.get(this.#podOf.get(id) ?? '')?.containers.get(id);
    if (known && toldEnd(known)) return;
    let asked = this.#ends.get(id);
    if (!asked) {
      asked = this.refreshContainer(id).finally(() => this.#ends.delete(id));
      this.#ends.set(id, asked);
    }
    await asked;
  }
  /** Asks the engine for one container; undefined when it is gone. */
  async refreshContainer(id: string): Promise<ContainerStatus | undefined> {
    const { answer, past } = await this.#inspect(id, this.#runtime.containerStatus(id).then(this.#describe));
    if (past) return this.#pods.get(this.#podOf.get(id) ?? '')?.containers.get(id);
    if (!answer) this.forget(id);
    else this.putContainer(answer);
    return answer;
  }
  async refreshSandbox(id: string): Promise<KnownSandbox | undefined> {
    const { answer, past } = await this.#inspect(id, this.#runtime.podSandboxStatus(id));
    if (past) return this.#pods.get(this.#podOf.get(id) ?? '')?.sandboxes.get(id);
    if (!answer) {
      this.forget(id);
      return undefined;
    }
    const known = { ...answer, hostNetwork: answer.network === 'host' };
    this.putSandbox(known);
    return known;
  }
  /** An answer that was asked for earlier never overwrites a later one, and never brings back what has gone meanwhile. */
  async #inspect<T>(id: string, asked: Promise<T>): Promise<{ answer: T | undefined; past: boolean }> {
    const inspection = { past: false };
    const all = this.#asking.get(id) ?? new Set();
    this.#asking.set(id, all.add(inspection));
    try {
      const answer = await this.#orGone(asked);
      if (!inspection.past) for (const other of all) {
        if (other === inspection) break;
        other.past = true;
      }
      return { answer, past: inspection.past };
    } finally {
      all.delete(inspection);
      if (all.size === 0) this.#asking.delete(id);
    }
  }
  #outdate(id: string): void { for (const inspection of this.#asking.get(id) ?? []) inspection.past = true; }

  /** Takes one event in; the UID of the Pod when something changed. */
  async handle(event: RuntimeEvent): Promise<string | undefined> {
    const { containerId: id, podUid, type, sandbox } = event;
    const entry = this.#pods.get(podUid);
    if (type === 'removed') {
      if (!this.#podOf.has(id)) return undefined;
      this.forget(id);
      return podUid;
    }
    if (type === 'updated') {
      const before = entry?.containers.get(id);
      const after = before && await this.refreshContainer(id);
      return before && !equalJson(before.resources, after?.resources) ? podUid : undefined;
    }
    if (type !== 'started' && type !== 'exited') return undefined;
    if (sandbox) {
      const known = entry?.sandboxes.get(id);
      if (known && (known.state === 'ready') === (type === 'started')) return undefined;
      // A sandbox this agent is just making is put here by its maker.
      if (!known && type === 'started') return undefined;
      await this.refreshSandbox(id);
      return podUid;
    }
    const known = entry?.containers.get(id);
    if (type === 'started' && known?.state === 'running') return undefined;
    if (type === 'started' && !known) return undefined;
    if (type === 'exited' && known && toldEnd(known)) return undefined;
    await (type === 'exited' ? this.containerEnded(id) : this.refreshContainer(id));
    return podUid;
  }

  /** Lists everything and inspects what differs from what is known; ids of what someone has paused. */
  async relist(): Promise<string[]> {
    // What is made while the list is on its way must not be forgotten for not being in it.
    const before = [...this.#podOf.keys()];
    const [sandboxes, containers] = await Promise.all([this.#runtime.listPodSandbox(), this.#runtime.listContainers()]);
    const seen = new Set([...sandboxes, ...containers].map((c) => c.id));
    for (const id of before) if (!seen.has(id)) this.forget(id);
    const stale: (() => Promise<unknown>)[] = [];
    for (const sandbox of sandboxes) {
      const known = this.#pods.get(sandbox.metadata.uid)?.sandboxes.get(sandbox.id);
      // A dead sandbox that nobody knew has no address to ask for.
      if (!known && sandbox.state !== 'ready') this.putSandbox({ ...sandbox, ip: '', hostNetwork: false });
      else if (known?.state !== sandbox.state) stale.push(() => this.refreshSandbox(sandbox.id));
    }
    for (const container of containers) {
      if (this.#pods.get(container.pod.uid)?.containers.get(container.id)?.state !== container.state) stale.push(() => this.refreshContainer(container.id));
    }
    await Promise.all(Array.from({ length: parallel }, async () => { for (let next = stale.shift(); next; next = stale.shift()) await next(); }));
    return [...sandboxes, ...containers].filter((c) => c.paused).map((c) => c.id);
  }

  async #orGone<T>(asked: Promise<T>): Promise<T | undefined> {
    return asked.catch((error: unknown) => {
      if (error instanceof RuntimeNotFound) return undefined;
      throw error;
    });
  }
  #entry(uid: string): PodEntry {
    let entry = this.#pods.get(uid);
    if (!entry) this.#pods.set(uid, (entry = { sandboxes: new Map(), containers: new Map(), status: undefined }));
    return entry;
  }
}
