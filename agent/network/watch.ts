// Tells when the kernel lost a route, an interface or a packet rule of ours, from `ip monitor` and `nft monitor`; without them the
// slow timer alone finds out.
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import type { Commands } from '../../src/util/run.ts';
import { routeProtocol, type NetworkIdentity, type NetworkNames } from './names.ts';

/**
 * Whether a line of `ip -o monitor` speaks of a loss that concerns us: a route of ours, our own interfaces or their addresses, a
 * device that was switched off (its routes go without a word), forwarding that was. Containers' interfaces come and go all the time and do not.
 */
export function isLoss(line: string, identity: NetworkIdentity, names: NetworkNames): boolean {
  if (line.startsWith('inet all forwarding off')) return true;
  const deleted = line.startsWith('Deleted ');
  const device = /^(?:Deleted )?\d+: ([^\s:@]+)/.exec(line)?.[1];
  if (device === undefined) return deleted && (line.includes(identity.serviceCIDR) || line.includes(` proto ${routeProtocol}`) || line.includes(` src ${names.gateway} `));
  if (deleted) return device === names.bridge || device === names.veth || device === names.vxlan;
  const flags = /<([^>]*)>/.exec(line)?.[1];
  return flags !== undefined && !device.startsWith('veth') && !flags.split(',').includes('UP');
}

/**
 * The same of a line of `nft monitor destroy`: our own table, the chains of iptables' filter table that accepts stand in, or losses
 * the kernel could not tell of one by one. A rule is named by its number only.
 */
export function isRuleLoss(line: string, names: NetworkNames): boolean {
  if (line.startsWith('# ERROR')) return true;
  const [verb, what = '', family, table, chain] = line.split(' ');
  if (verb !== 'delete' || family !== 'ip' || !['table', 'chain', 'rule'].includes(what)) return false;
  return table === names.table || (table === 'filter' && (what === 'table' || ['DOCKER-USER', 'FORWARD', 'INPUT'].includes(chain ?? '')));
}

export interface Losses {
  /** Resolves with true at the next loss, with false after `ms`, or when the signal aborts. */
  next(ms: number): Promise<boolean>;
  /** Whether, since this was asked last, something may have gone without a word: one of the programs did not run, or has only just begun to. */
  missed(): boolean;
}

/** How long without one of the programs before it is started again. */
const restartMs = 60_000;

export function losses(commands: Commands, identity: NetworkIdentity, names: NetworkNames, clock: Clock, log: Log, signal: AbortSignal): Losses {
  let pending = false;
  let silent = 0;
  let begun = true;
  let wake: (lost: boolean) => void = () => undefined;
  const tell = (): void => { pending = true; wake(true); };
  signal.addEventListener('abort', tell, { once: true });
  const listen = async (command: string, args: readonly string[], concerns: (line: string) => boolean): Promise<void> => {
    while (!signal.aborted) {
      begun = true;
      try {
        for await (const line of commands.follow(command, args, signal)) if (concerns(line)) tell();
      } catch (error) {
        log.warn({ error }, `${command} monitor ended, losses are found by the timer until it runs again`);
        silent++;
        await clock.sleep(restartMs, signal).catch(() => undefined); // aborted: the loop ends
        silent--;
      }
    }
  };
  void listen('ip', ['-4', '-o', 'monitor', 'route', 'link', 'address', 'netconf'], (line) => isLoss(line, identity, names));
  void listen('nft', ['monitor', 'destroy'], (line) => isRuleLoss(line, names));
  return {
    missed() {
      const may = begun || silent > 0;
      begun = false;
      return may;
    },
    next: (ms) => new Promise((resolve) => {
      const done = (lost: boolean): void => { pending = false; wake = () => undefined; cancel(); resolve(lost); };
      const cancel = clock.after(ms, () => done(false));
      wake = done;
      if (pending) done(true);
    }),
  };
}
