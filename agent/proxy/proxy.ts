// The agent's side of the proxy: finds or starts the worker processes, keeps them alive, sends them rules and tells which
// revision they have applied.
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import { asksHost } from '../dns/host-resolvers.ts';
import type { KernelRules } from './nftables/kernel.ts';
import { listensOf, type ListenError, type ProxyRules, type WorkerRole } from './rules.ts';
import { lateMs, WorkerLink } from './worker-link.ts';

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
  /** Carries what the rules give to the kernel. */
  readonly kernel?: KernelRules;
  readonly onErrors?: (errors: readonly ListenError[]) => void;
  /** Told each time a newer revision is in force. */
  readonly onApplied?: (revision: number) => void;
}

/** Whoever is handed rules: the workers, and the kernel. */
type Carrier = Pick<WorkerLink, 'connected' | 'sequence' | 'acknowledged'>;

const roles: readonly WorkerRole[] = ['service', 'node'];

export class Proxy {
  readonly #options: ProxyOptions;
  readonly #links: Readonly<Record<WorkerRole, WorkerLink>>;
  readonly #errors: Record<WorkerRole, readonly ListenError[]> = { service: [], node: [] };
  #rules: ProxyRules | undefined;
  /** Ports of the node, as the rules say. */
  #nodePorts: readonly { readonly id: string; readonly port: string }[] = [];
  #applied = 0;
  #cancelLate: (() => void) | undefined;
  readonly #waiters = new Set<{ readonly ready: () => boolean; readonly resolve: () => void }>();

  constructor(options: ProxyOptions) {
    this.#options = options;
    const link = (role: WorkerRole): WorkerLink => new WorkerLink(role, options, (errors) => this.#onErrors(role, errors), () => this.#settle());
    this.#links = { service: link('service'), node: link('node') };
    if (options.kernel) options.kernel.onChange = () => this.#settle();
  }

  /** The newest revision in force in every worker that runs; one that owes an answer for more than 2 s is left out. */
  get applied(): number { return this.#applied; }

  /** Since when (monotonic) a carrier owes rules it was given; undefined when all are in force. */
  get behindSince(): number | undefined {
    const { kernel } = this.#options;
    const since = [...roles.map((role) => this.#links[role]), ...(kernel ? [kernel] : [])].flatMap((link) => (link.wanted && link.behindSince !== undefined ? [link.behindSince] : []));
    return since.length > 0 ? Math.min(...since) : undefined;
  }

  /** Takes over workers that run already, e.g. after a restart of the agent. */
  async start(): Promise<void> { await Promise.all(roles.map((role) => this.#links[role].adopt())); }

  /**
   * Gives the rules to the workers, each at its own pace: one that is dead or slow holds up no other. Resolves when the first of them
   * has these in force, which is when newer ones are worth making; at once when none runs.
   */
  async send(rules: ProxyRules): Promise<void> {
    const present = this.#hand(rules).filter(({ link }) => link.connected);
    const ready = (): boolean => present.length === 0 || present.some(({ link, sequence }) => link.acknowledged >= sequence || !link.connected);
    await this.#until(ready, lateMs);
  }

  /** Resolves with the revision once every worker concerned has these rules, or newer ones, in force. */
  async apply(rules: ProxyRules): Promise<number> {
    const handed = this.#hand(rules);
    await this.#until(() => handed.every(({ link, sequence }) => link.acknowledged >= sequence), Infinity);
    return rules.revision;
  }

  #hand(rules: ProxyRules): { readonly link: Carrier; readonly sequence: number }[] {
    const { service, node } = this.#links;
    const { kernel } = this.#options;
    if (rules.ports !== this.#rules?.ports) {
      const onNode = rules.ports.filter((rule) => rule.nodePort !== 0 || rule.loadBalancer);
      this.#nodePorts = onNode.flatMap((rule) => listensOf(rule, 'node').map(({ protocol, port }) => ({ id: `${rule.id} ${port}`, port: `${protocol}/${port}` })));
    }
    this.#rules = rules;
    kernel?.send(rules);
    service.send(rules);
    // A worker in the host's namespace is started for the first node port, or for resolvers only it can ask, and then kept.
    const concerned = this.#nodePorts.length > 0 || node.wanted || (rules.dns !== undefined && asksHost(rules.dns));
    if (concerned) node.send({ revision: rules.revision, ports: rules.ports });
    this.#cancelLate?.();
    this.#cancelLate = this.#options.clock.after(lateMs + 1, () => this.#settle());
    this.#settle();
    return [service, ...(concerned ? [node] : []), ...(kernel ? [kernel] : [])].map((link) => ({ link, sequence: link.sequence }));
  }

  /** Looks what is in force, and tells whoever waits for it. */
  #settle(): void {
    const now = this.#options.clock.monotonic();
    const { kernel } = this.#options;
    const { node } = this.#links;
    if (kernel && node.wanted && node.acknowledged === node.sequence) kernel.hold(this.#held());
    const counted = [...roles.map((role) => this.#links[role]), ...(kernel ? [kernel] : [])].filter((link) => link.wanted && !(now - (link.behindSince ?? now) > lateMs));
    // With none left there is nothing in force to be told of.
    const applied = counted.length === 0 ? 0 : Math.min(...counted.map((link) => link.inForce));
    if (applied > this.#applied) {
      this.#applied = applied;
      this.#options.onApplied?.(applied);
    }
    for (const waiter of this.#waiters) if (waiter.ready()) waiter.resolve();
  }

  /** Ports of the node the worker has open: the kernel takes no other, they may be somebody else's. */
  #held(): Set<string> {
    const failed = new Set(this.#errors.node.map(({ id, port }) => `${id} ${port}`));
    return new Set(this.#nodePorts.filter(({ id }) => !failed.has(id)).map(({ port }) => port));
  }

  /** Resolves with true when `ready` says so, with false after `timeoutMs`. */
  #until(ready: () => boolean, timeoutMs: number): Promise<boolean> {
    if (ready()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (reached: boolean): void => {
        cancel();
        this.#waiters.delete(waiter);
        resolve(reached);
      };
      const waiter = { ready, resolve: () => end(true) };
      const cancel = timeoutMs === Infinity ? (): void => undefined : this.#options.clock.after(timeoutMs, () => end(false));
      this.#waiters.add(waiter);
    });
  }

  /** Resolves when `revision` or a newer one is applied, or after `timeoutMs`; true in the first case. */
  waitFor(revision: number, timeoutMs: number): Promise<boolean> {
    return this.#until(() => this.#applied >= revision, timeoutMs);
  }

  #onErrors(role: WorkerRole, errors: readonly ListenError[]): void {
    if (JSON.stringify(this.#errors[role]) === JSON.stringify(errors)) return;
    this.#errors[role] = errors;
    this.#settle();
    this.#options.onErrors?.([...this.#errors.service, ...this.#errors.node]);
  }

  /** Lets go of the workers: they go on. */
  close(): void {
    this.#cancelLate?.();
    for (const role of roles) this.#links[role].close();
    this.#options.kernel?.close();
  }

  /** The service namespace was made anew: the worker must listen in the new one. */
  restartService(): void { this.#links.service.restart(); }

  /** Ends the workers and removes their files. */
  async stopWorkers(): Promise<void> { await Promise.all(roles.map((role) => this.#links[role].stop())); }
}
