// Graceful node shutdown: before the machine goes down its Pods are ended, the less important first, each group in its part of the
// time, and no further ones are taken in. Who tells of the shutdown is the agent's signal, in the place of systemd's inhibitor.
// upstream: pkg/kubelet/nodeshutdown/nodeshutdown_manager.go
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatDuration, parseDuration } from '../../src/apimachinery/duration.ts';
import { timestamp, within, type Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import { replaceFileSync } from '../../src/util/replace-file.ts';
import { systemCriticalPriority, type Pod } from './pod.ts';
import type { PodFailure } from './pod-status.ts';

/** Pods of this priority up to that of the next period have so many seconds to end. */
export interface ShutdownPeriod { readonly priority: number; readonly graceSeconds: number }
export interface ShutdownGroup extends ShutdownPeriod { readonly pods: readonly Pod[] }

/** Go durations, as the kubelet's configuration has them: of the whole, and of it for critical Pods. */
export interface ShutdownFlags { readonly shutdownGracePeriod?: string; readonly shutdownGracePeriodCriticalPods?: string }

/** From the least important on; none when graceful shutdown is off. @throws Error with upstream's words */
export function parseShutdown({ shutdownGracePeriod = '0s', shutdownGracePeriodCriticalPods = '0s' }: ShutdownFlags): ShutdownPeriod[] {
  const [total, critical] = [parseDuration(shutdownGracePeriod), parseDuration(shutdownGracePeriodCriticalPods)];
  for (const [name, value] of [['shutdownGracePeriod', total], ['shutdownGracePeriodCriticalPods', critical]] as const) {
    if (value < 0 || (value > 0 && value < 1000)) throw new Error(`invalid configuration: ${name} ${formatDuration(value)} must be either zero or otherwise >= 1 sec`);
  }
  if (total < critical) throw new Error(`invalid configuration: shutdownGracePeriod ${formatDuration(total)} must be >= shutdownGracePeriodCriticalPods ${formatDuration(critical)}`);
  if (total === 0) return [];
  return [{ priority: 0, graceSeconds: Math.trunc((total - critical) / 1000) }, { priority: systemCriticalPriority, graceSeconds: Math.trunc(critical / 1000) }];
}

/** Each Pod with the last period that begins at its priority or below, or with the first; `periods` rise. */
export function groupByPriority(periods: readonly ShutdownPeriod[], pods: readonly Pod[]): ShutdownGroup[] {
  const of = (pod: Pod): ShutdownPeriod | undefined => periods.findLast(({ priority }) => priority <= (pod.spec.priority ?? 0)) ?? periods[0];
  return periods.map((period) => ({ ...period, pods: pods.filter((pod) => of(pod) === period) })).filter(({ pods: members }) => members.length > 0);
}

/** Of the last shutdown of this node, in the file upstream keeps it in; the agent's pid tells whose it was. */
export interface ShutdownState { readonly pid: number; readonly startTime: string; readonly endTime?: string; readonly pods: number }
const stateFile = (dataDir: string): string => join(dataDir, 'graceful_node_shutdown_state');
/** Undefined when there was none. */
export function readShutdownState(dataDir: string): ShutdownState | undefined {
  try {
    return JSON.parse(readFileSync(stateFile(dataDir), 'utf8')) as ShutdownState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
const writeShutdownState = (dataDir: string, state: ShutdownState): void => replaceFileSync(stateFile(dataDir), `${JSON.stringify(state)}\n`);

const failure: PodFailure = { reason: 'Terminated', message: 'Pod was terminated in response to imminent node shutdown.', disrupted: true };
const refusal: PodFailure = { reason: 'NodeShutdown', message: 'Pod was rejected as the node is shutting down.' };
/** A server that does not answer keeps no machine from going down longer than this. */
const tellMs = 5000;

export interface NodeShutdownOptions {
  readonly periods: readonly ShutdownPeriod[];
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly active: () => Pod[];
  /** Ends a Pod within so many seconds; resolves when nothing of it is left but its status. */
  readonly fail: (uid: string, failure: PodFailure, graceSeconds: number) => Promise<void>;
  /** Resolves when the API has the Pod's status. */
  readonly told: (uid: string) => Promise<void>;
  readonly noteNode: (reason: string, message: string) => void;
  /** Has the node's status written. */
  readonly report: () => Promise<void>;
}

export class NodeShutdown {
  readonly #options: NodeShutdownOptions;
  #running: Promise<void> | undefined;
  #underWay = false;
  constructor(options: NodeShutdownOptions) { this.#options = options; }

  /** Whether Pods are being ended, or have been. */
  get underWay(): boolean { return this.#underWay; }
  refuse(): PodFailure | undefined { return this.underWay ? refusal : undefined; }

  /** Ends the Pods; resolves when they have ended or their time is over. Once: who asks again waits for the same. */
  run(): Promise<void> { return (this.#running ??= this.#run()); }

  async #run(): Promise<void> {
    const { periods, clock, log, active, dataDir, noteNode, report, told } = this.#options;
    const pods = periods.length ? active() : [];
    const state: ShutdownState = { pid: process.pid, startTime: timestamp(clock.now()), pods: pods.length };
    writeShutdownState(dataDir, state);
    if (periods.length === 0) {
      log.warn({}, 'the machine goes down, and graceful shutdown is off: Pods are left as they are');
      return writeShutdownState(dataDir, { ...state, endTime: state.startTime });
    }
    this.#underWay = true;
    log.info({ pods: pods.length }, 'the machine goes down: Pods are ended');
    noteNode('Shutdown', 'Shutdown manager detected shutdown event');
    const reported = report();
    for (const group of groupByPriority(periods, pods)) await this.#end(group);
    await within<unknown>(clock, tellMs, Promise.all([reported, ...pods.map(({ metadata }) => told(metadata.uid))]), () => log.warn({}, 'the end of some Pods could not be told before the machine goes down'));
    writeShutdownState(dataDir, { ...state, endTime: timestamp(clock.now()) });
  }

  async #end({ pods, priority, graceSeconds }: ShutdownGroup): Promise<void> {
    const { clock, log, fail } = this.#options;
    await within<unknown>(clock, graceSeconds * 1000, Promise.all(pods.map((pod) => fail(pod.metadata.uid, failure, graceSeconds))), () => log.warn({ priority, graceSeconds }, 'some Pods have not ended in the time the shutdown gives them'));
  }
}
