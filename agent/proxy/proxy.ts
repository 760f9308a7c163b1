// The agent's side of the proxy: finds or starts the worker processes, keeps them alive, sends them rules and tells which
// revision they have applied.
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import { listensOf, type ListenError, type ProxyRules, type WorkerRole } from './rules.ts';
import { WorkerLink } from './worker-link.ts';

export interface ProxyOptions {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The command each worker is started through, e.g. `['nsenter', '--net=/run/netns/x', '--']`. */
  readonly launch: Readonly<Record<WorkerRole, readonly string[]>>;
  /** The worker program; by default the compiled one beside this file. */
  readonly program?: readonly string[];
  /** Version of the program; a worker of another one hands over. */
  readonly version: string;
  readonly onErrors?: (errors: readonly ListenError[]) => void;
}

const roles: readonly WorkerRole[] = ['service', 'node'];

export class Proxy {
  readonly #options: ProxyOptions;
  readonly #links: Readonly<Record<WorkerRole, WorkerLink>>;
  readonly #errors: Record<WorkerRole, readonly ListenError[]> = { service: [], node: [] };
  #applied = 0;
  readonly #waiters = new Set<{ readonly revision: number; readonly resolve: () => void }>();

  constructor(options: ProxyOptions) {
    this.#options = options;
    const link = (role: WorkerRole): WorkerLink => new WorkerLink(role, options, (errors) => this.#onErrors(role, errors));
    this.#links = { service: link('service'), node: link('node') };
  }

  /** The newest revision that every worker has in force. */
  get applied(): number { return this.#applied; }

  /** Takes over workers that run already, e.g. after a restart of the agent. */
  async start(): Promise<void> { await Promise.all(roles.map((role) => this.#links[role].adopt())); }

  /** Resolves with the revision once every worker concerned has it in force; calls may overlap, the newest rules win. */
  async apply(rules: ProxyRules): Promise<number> {
    const node = rules.ports.some((rule) => listensOf(rule, 'node').length > 0);
    await Promise.all([
      this.#links.service.send(rules),
      // A worker for node ports is started for the first of them and then kept.
      ...(node || this.#links.node.wanted ? [this.#links.node.send({ revision: rules.revision, ports: rules.ports })] : []),
    ]);
    this.#applied = Math.max(this.#applied, rules.revision);
    for (const waiter of this.#waiters) {
      if (waiter.revision > this.#applied) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
    return rules.revision;
  }

  /** Resolves when `revision` or a newer one is applied, or after `timeoutMs`; true in the first case. */
  async waitFor(revision: number, timeoutMs: number): Promise<boolean> {
    if (this.#applied >= revision) return true;
    return new Promise((resolve) => {
      const waiter = { revision, resolve: () => { cancel(); resolve(true); } };
      const cancel = this.#options.clock.after(timeoutMs, () => {
        this.#waiters.delete(waiter);
        resolve(false);
      });
      this.#waiters.add(waiter);
    });
  }

  #onErrors(role: WorkerRole, errors: readonly ListenError[]): void {
    if (JSON.stringify(this.#errors[role]) === JSON.stringify(errors)) return;
    this.#errors[role] = errors;
    this.#options.onErrors?.([...this.#errors.service, ...this.#errors.node]);
  }

  /** Lets go of the workers: they go on. */
  close(): void { for (const role of roles) this.#links[role].close(); }

  /** The service namespace was made anew: the worker must listen in the new one. */
  restartService(): void { this.#links.service.restart(); }

  /** Ends the workers and removes their files. */
  async stopWorkers(): Promise<void> { await Promise.all(roles.map((role) => this.#links[role].stop())); }
}
