// The third back end: keeps the kernel's tables in line with the rules, by the difference to what was put there last, and puts all of
// it there again when someone else took something away.
import { Backoff } from '../../../src/util/backoff.ts';
import { mustParseCIDR } from '../../../src/util/cidr.ts';
import type { Clock } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import { paced } from '../../../src/util/paced.ts';
import { CommandError, type Commands } from '../../../src/util/run.ts';
import { listChange } from '../keyed-list.ts';
import { idOf, type ProxyRules, type ServicePortRule } from '../rules.ts';
import { clientLines, stickyClients } from './affinity.ts';
import { Flows } from './flows.ts';
import { Guard, stands } from './guard.ts';
import { KernelPlan, type KernelChange } from './plan.ts';
import { changes, textOf, wholeTables, type KernelNames } from './script.ts';

export interface KernelRulesOptions extends KernelNames {
  /** The pod bridge. */
  readonly bridge: string;
  readonly commands: Commands;
  readonly clock: Clock;
  readonly log: Log;
  /** Installs the package of the `conntrack` program, on the first need of it. */
  readonly installConntrack?: () => Promise<void>;
}

const clientsLost = 'clients of Services with ClientIP affinity could not be kept, they choose anew';

export class KernelRules {
  readonly #options: KernelRulesOptions;
  readonly #backoff = new Backoff<'nft'>(100, 10_000);
  readonly #plan: KernelPlan;
  readonly #flows: Flows;
  readonly #guard: Guard;
  #onChange: () => void = () => undefined;
  #rules: ProxyRules | undefined;
  #held: ReadonlySet<string> = new Set();
  /** What the plan was made of. */
  #planned: readonly ServicePortRule[] = [];
  /** The script that made the tables. */
  #whole = '';
  /** How often all was to be written, and at which of these times it was: the kernel holds what was planned while they are the same. */
  #resyncs = 1;
  #written = 0;
  /** Flows to forget as soon as nothing leads there any more. */
  #ended: (readonly string[])[] = [];
  #sequence = 0;
  #acknowledged = 0;
  #inForce = 0;
  #behindSince: number | undefined;
  #dirty = false;
  #look = false;
  #working: Promise<void> | undefined;
  #closed = false;

  constructor(options: KernelRulesOptions) {
    this.#options = options;
    this.#plan = new KernelPlan(mustParseCIDR(options.podCIDR));
    this.#flows = new Flows(options.commands.run, options.log, options.installConntrack);
    this.#guard = new Guard(options);
  }

  set onChange(listener: () => void) { this.#onChange = listener; }
  get wanted(): boolean { return this.#rules !== undefined; }
  get connected(): boolean { return !this.#closed; }
  get sequence(): number { return this.#sequence; }
  get acknowledged(): number { return this.#acknowledged; }
  get inForce(): number { return this.#inForce; }
  get behindSince(): number | undefined { return this.#behindSince; }

  send(rules: ProxyRules): void {
    this.#rules = rules;
    this.#sequence++;
    this.#behindSince ??= this.#options.clock.monotonic();
    this.#wake();
  }

  /** The node's ports that are ours to take: `TCP/30080`. */
  hold(ports: ReadonlySet<string>): void {
    if (ports.size === this.#held.size && [...ports].every((port) => this.#held.has(port))) return;
    this.#held = ports;
    if (this.#rules) this.#wake();
  }

  /** Writes everything anew: the pod bridge is another one, or the tables are not what they were. */
  resync(): void {
    this.#resyncs++;
    if (this.#rules) this.#wake();
  }

  #wake(): void {
    this.#dirty = true;
    this.#run();
  }
  #run(): void {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
      // What came after the last look of the loop.
      if (this.#dirty && !this.#closed) this.#run();
    });
  }

  async #work(): Promise<void> {
    const { clock, log } = this.#options;
    // Later in this turn, when what comes together is complete.
    await Promise.resolve();
    while ((this.#dirty || this.#look) && !this.#closed) {
      let [sequence, rules] = [this.#sequence, this.#rules!];
      try {
        if (this.#look) await this.#check();
        if (!this.#dirty) continue;
        this.#dirty = false;
        // Only now: what came during the look is not told of again.
        [sequence, rules] = [this.#sequence, this.#rules!];
        await this.#put(rules);
      } catch (error) {
        log.error({ error }, 'the rules of Services could not be given to the kernel, trying again');
        this.#resyncs++;
        this.#dirty = true;
        await clock.sleep(this.#backoff.next('nft'));
        continue;
      }
      this.#backoff.forget('nft');
      this.#acknowledged = sequence;
      this.#inForce = Math.max(this.#inForce, rules.revision);
      this.#behindSince = this.#acknowledged < this.#sequence ? clock.monotonic() : undefined;
      this.#onChange();
    }
  }

  async #put(rules: ProxyRules): Promise<void> {
    const { clock, table, log } = this.#options;
    const plan = this.#plan;
    const { largest } = plan;
    const change = await paced(clock, this.#settle(rules.ports));
    for (const [, words] of change.flows.gone) this.#ended.push(words);
    let whole = this.#written !== this.#resyncs || plan.largest !== largest;
    if (!whole) {
      const text = await paced(clock, textOf(changes(table, change)));
      try {
        this.#guard.expect(change);
        if (text !== '') await this.#nft(text);
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        log.warn({ error }, 'the tables of Services are not what they were, all of it is written again');
        whole = true;
      }
    }
    if (whole) await this.#putAll();
    if (plan.flows.size > 0) await this.#flows.expect();
    await this.#flows.forget(this.#ended.splice(0));
    if (whole || change.elements.hairpin.come.length > 0) await this.#hairpin();
  }

  /** The plan follows the rules; a step for each that changed. */
  *#settle(ports: readonly ServicePortRule[]): Generator<undefined, KernelChange> {
    const { put, removed } = listChange(this.#planned, ports, idOf);
    for (const id of removed) this.#plan.remove(id);
    for (const rule of put) {
      this.#plan.put(rule);
      yield;
    }
    this.#planned = ports;
    this.#plan.hold(this.#held);
    return yield* this.#plan.settle();
  }

  async #putAll(): Promise<void> {
    const { bridge, clock, commands: { run }, log, table } = this.#options;
    const [plan, at] = [this.#plan, this.#resyncs];
    const [link] = JSON.parse(await run('ip', ['-j', 'link', 'show', 'dev', bridge])) as { address: string }[];
    const whole = wholeTables(this.#options, link!.address, plan.largest);
    const text = await paced(clock, textOf(changes(table, plan.whole())));
    // As late as possible: whoever comes between this and the new tables is forgotten.
    const clients = plan.clients.size === 0 ? '' : await this.#clientsText();
    try {
      await this.#nft(whole + text + clients);
    } catch (error) {
      if (!(error instanceof CommandError) || clients === '') throw error;
      log.warn({ error }, clientsLost);
      await this.#nft(whole + text);
    }
    [this.#whole, this.#written] = [whole, at];
  }

  async #clientsText(): Promise<string> {
    const { clock, commands: { run }, log, table } = this.#options;
    try {
      return await paced(clock, textOf(clientLines(table, await stickyClients(run, table, this.#plan.clients))));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      log.warn({ error }, clientsLost);
      return '';
    }
  }

  #nft(input: string): Promise<string> { return this.#options.commands.run('nft', ['-f', '-'], { input }); }

  /** Where bridges ask the packet rules, a Pod that is sent back to itself must be let out at the port it came in by. */
  async #hairpin(): Promise<void> {
    const { bridge, commands: { run } } = this.#options;
    const ports = JSON.parse((await run('ip', ['-j', '-d', 'link', 'show', 'master', bridge])).trim() || '[]') as { ifname?: string; linkinfo?: { info_slave_data?: { hairpin?: boolean } } }[];
    const lines = ports.filter((port) => port.ifname !== undefined && port.linkinfo?.info_slave_data?.hairpin === false).map(({ ifname }) => `link set dev ${ifname} type bridge_slave hairpin on`);
    // A port may go meanwhile, with its Pod.
    if (lines.length > 0) await run('ip', ['-force', '-batch', '-'], { input: `${lines.join('\n')}\n` }).catch((error: unknown) => this.#options.log.debug({ error }, 'a port of the bridge went'));
  }

  /** Until the signal aborts, looks whether the tables stand: when the kernel tells of something that went, and on a slow timer. */
  keep(signal: AbortSignal): Promise<void> {
    return this.#guard.run(signal, async () => {
      this.#look = true;
      this.#run();
      await this.#working;
    });
  }

  /** Between two changes, so that what is looked for is what was written. */
  async #check(): Promise<void> {
    const { commands: { run }, log, table } = this.#options;
    this.#look = false;
    if (this.#written !== this.#resyncs || (await stands(run, table, this.#whole, this.#plan))) return;
    log.warn({ table }, 'the tables of Services were changed by someone else, they are written again');
    this.resync();
  }

  close(): void { this.#closed = true; }
}
