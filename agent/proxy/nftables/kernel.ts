// The third back end: keeps the kernel's tables in line with the rules, by the difference to what was put there last, and puts all of
// it there again when someone else took something away.
import { Backoff } from '../../../src/util/backoff.ts';
import type { Clock } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import { CommandError, type Commands } from '../../../src/util/run.ts';
import type { ProxyRules } from '../rules.ts';
import { changes, noTables, wholeTables, type KernelNames } from './script.ts';
import { emptyState, kernelState, type KernelState } from './state.ts';

export interface KernelRulesOptions extends KernelNames {
  /** The pod bridge. */
  readonly bridge: string;
  readonly commands: Commands;
  readonly clock: Clock;
  readonly log: Log;
  /** Installs the package of the `conntrack` program, on the first need of it. */
  readonly installConntrack?: () => Promise<void>;
}

const checkMs = 30_000;
/** What goes before the kernel is listened to is found by an early look. */
const firstCheckMs = 1_000;
/** The deletions of one command come together. */
const settleMs = 50;

/** Undefined when kernel and nft know all that the tables need, else what they said. Leaves nothing behind. */
export async function kernelFault({ run }: Pick<Commands, 'run'>): Promise<string | undefined> {
  const names: KernelNames = { table: `dray-probe-${process.pid}`, podCIDR: '192.0.2.0/25', clusterPodCIDR: '192.0.2.0/24', serviceAddress: '192.0.2.2' };
  const end = { pod: '', nodeName: '', address: '192.0.2.3', port: 1 };
  const rule = { id: '', protocol: 'TCP', mode: 'nftables', clusterIPs: ['198.51.100.1'], externalIPs: [], port: 1, nodePort: 1, loadBalancer: false, internal: [end], external: [end] } as const;
  const options = { ...names, held: new Set(['TCP/1']) };
  const state = kernelState({ revision: 1, ports: [{ ...rule, affinitySeconds: 0 }, { ...rule, id: '1', port: 2, affinitySeconds: 1 }] }, options);
  try {
    // In two steps: some versions of nft write what they cannot read back.
    await run('nft', ['-f', '-'], { input: wholeTables(names, '02:00:00:00:00:01', state.largest) + changes(names.table, emptyState, state) });
    await run('nft', ['-f', '-'], { input: changes(names.table, state, kernelState({ revision: 2, ports: [{ ...rule, id: '2', port: 3, affinitySeconds: 1 }] }, options)) + noTables(names.table) });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    // What the first step left; where nft itself does not work there is nothing.
    await removeKernelRules({ run }, names.table).catch(() => undefined);
    return error.message;
  }
}

/** Takes away both tables; idempotent. */
export const removeKernelRules = ({ run }: Pick<Commands, 'run'>, table: string): Promise<string> => run('nft', ['-f', '-'], { input: noTables(table) });

export class KernelRules {
  readonly #options: KernelRulesOptions;
  readonly #backoff = new Backoff<'nft'>(100, 10_000);
  #onChange: () => void = () => undefined;
  #rules: ProxyRules | undefined;
  #held: ReadonlySet<string> = new Set();
  /** What the kernel holds; undefined when that is not known. */
  #state: KernelState | undefined;
  #sequence = 0;
  #acknowledged = 0;
  #inForce = 0;
  #behindSince: number | undefined;
  #dirty = false;
  #working: Promise<void> | undefined;
  #closed = false;
  /** Whether there is a program that ends flows; looked for, and installed, at the first UDP port. */
  #conntrack: Promise<boolean> | undefined;
  #installing = false;

  constructor(options: KernelRulesOptions) { this.#options = options; }

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
    this.#state = undefined;
    if (this.#rules) this.#wake();
  }

  #wake(): void {
    this.#dirty = true;
    this.#working ??= this.#work().finally(() => { this.#working = undefined; });
  }

  async #work(): Promise<void> {
    const { clock, log } = this.#options;
    // Later in this turn, when what comes together is complete.
    await Promise.resolve();
    while (this.#dirty && !this.#closed) {
      this.#dirty = false;
      const [sequence, rules] = [this.#sequence, this.#rules!];
      try {
        await this.#put(rules);
      } catch (error) {
        log.error({ error }, 'the rules of Services could not be given to the kernel, trying again');
        this.#state = undefined;
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
    const { table, log } = this.#options;
    const before = this.#state;
    const next = kernelState(rules, { podCIDR: this.#options.podCIDR, held: this.#held }, before);
    if (before && before.largest === next.largest) {
      const text = changes(table, before, next);
      try {
        if (text !== '') await this.#nft(text);
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        log.warn({ error }, 'the tables of Services are not what they were, all of it is written again');
        await this.#putAll(next);
      }
    } else {
      await this.#putAll(next);
    }
    this.#state = next;
    if (next.flows.size > 0) await this.#findConntrack();
    const forgotten = before ? this.#forget([...before.flows].filter(([flow]) => !next.flows.has(flow)).map(([, words]) => words)) : undefined;
    // An installation may take its time: traffic does not wait for it.
    if (!this.#installing) await forgotten;
    if (!before || [...next.elements.hairpin.keys()].some((key) => !before.elements.hairpin.has(key))) await this.#hairpin();
  }

  async #putAll(state: KernelState): Promise<void> {
    const [link] = JSON.parse(await this.#options.commands.run('ip', ['-j', 'link', 'show', 'dev', this.#options.bridge])) as { address: string }[];
    await this.#nft(wholeTables(this.#options, link!.address, state.largest) + changes(this.#options.table, emptyState, state));
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

  /** A UDP client that goes on sending keeps its flow alive: what led to an endpoint that is gone must be forgotten. */
  async #forget(flows: readonly (readonly string[])[]): Promise<void> {
    const { commands: { run }, log } = this.#options;
    if (flows.length === 0 || !(await this.#conntrack)) return;
    for (const flow of flows) {
      await run('conntrack', ['--delete', ...flow]).catch((error: unknown) => {
        if (error instanceof CommandError && error.stderr.includes('0 flow entries')) return;
        log.warn({ error }, 'flows to an endpoint that is gone could not be ended');
      });
    }
  }

  readonly #hasConntrack = (): Promise<boolean> => this.#options.commands.run('conntrack', ['--version']).then(() => true, () => false);

  async #findConntrack(): Promise<void> {
    if (this.#conntrack !== undefined) return;
    const { installConntrack, log } = this.#options;
    const there = await this.#hasConntrack();
    this.#conntrack = Promise.resolve(there);
    if (there || !installConntrack) return;
    this.#installing = true;
    this.#conntrack = installConntrack().catch((error: unknown) => log.warn({ error }, 'conntrack could not be installed')).then(async () => {
      this.#installing = false;
      const found = await this.#hasConntrack();
      if (!found) log.warn({}, 'there is no program conntrack: UDP clients of an endpoint that is gone are moved only after they were silent');
      return found;
    });
  }

  /** Until the signal aborts, looks whether the tables stand: when the kernel tells of rules that went, and on a slow timer. */
  async keep(signal: AbortSignal): Promise<void> {
    const { clock, commands, log, table } = this.#options;
    let tell: () => void = () => undefined;
    void (async () => {
      while (!signal.aborted) {
        try {
          for await (const line of commands.follow('nft', ['monitor', 'destroy', 'rules'], signal)) if (line.includes(` ${table} `)) tell();
        } catch (error) {
          log.warn({ error }, 'nft monitor ended, a loss of rules is found by the timer until it runs again');
          await clock.sleep(checkMs, signal).catch(() => undefined);
        }
      }
    })();
    for (let waitMs = firstCheckMs; !signal.aborted; waitMs = checkMs) {
      await new Promise<void>((resolve) => {
        const done = (): void => { cancel(); signal.removeEventListener('abort', done); resolve(); };
        const cancel = clock.after(waitMs, done);
        tell = done;
        signal.addEventListener('abort', done, { once: true });
      });
      await clock.sleep(settleMs, signal).catch(() => undefined);
      if (!signal.aborted && this.#state && !(await this.#stands())) {
        log.warn({ table }, 'the tables of Services were changed by someone else, they are written again');
        this.resync();
      }
    }
  }

  async #stands(): Promise<boolean> {
    await this.#working;
    const { commands: { run }, table } = this.#options;
    try {
      for (const [family, chain, words] of [['ip', 'nat-prerouting', 'jump any'], ['ip', 'any', '@services'], ['bridge', 'prerouting', 'pkttype']] as const) {
        if (!(await run('nft', ['list', 'chain', family, table, chain])).includes(words)) return false;
      }
      return true;
    } catch (error) {
      if (error instanceof CommandError) return false;
      throw error;
    }
  }

  close(): void { this.#closed = true; }
}
