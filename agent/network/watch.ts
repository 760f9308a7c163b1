// Tells when the kernel lost a route or interface of ours, from `ip monitor`; without it the slow timer alone finds out.
import type { Clock } from '../../src/util/clock.ts';
import type { Log } from '../../src/util/log.ts';
import type { Commands } from '../../src/util/run.ts';
import { routeProtocol, type NetworkIdentity, type NetworkNames } from './names.ts';

/**
 * Whether a line of `ip -o monitor` speaks of a loss that concerns us: a route of ours, our own interfaces or their addresses, or a
 * device that was switched off (its routes go without a word). Containers' interfaces come and go all the time and do not.
 */
export function isLoss(line: string, identity: NetworkIdentity, names: NetworkNames): boolean {
  const deleted = line.startsWith('Deleted ');
  const device = /^(?:Deleted )?\d+: ([^\s:@]+)/.exec(line)?.[1];
  if (device === undefined) return deleted && (line.includes(identity.serviceCIDR) || line.includes(` proto ${routeProtocol}`) || line.includes(` src ${names.gateway} `));
  if (deleted) return device === names.bridge || device === names.veth || device === names.vxlan;
  const flags = /<([^>]*)>/.exec(line)?.[1];
  return flags !== undefined && !device.startsWith('veth') && !flags.split(',').includes('UP');
}

export interface Losses {
  /** Resolves at the next loss, or after `ms`, or when the signal aborts. */
  next(ms: number): Promise<void>;
}

export function lostRoutes(commands: Commands, identity: NetworkIdentity, names: NetworkNames, clock: Clock, log: Log, signal: AbortSignal): Losses {
  let pending = false;
  let wake: () => void = () => undefined;
  const tell = (): void => { pending = true; wake(); };
  signal.addEventListener('abort', tell, { once: true });
  void (async () => {
    while (!signal.aborted) {
      try {
        for await (const line of commands.follow('ip', ['-4', '-o', 'monitor', 'route', 'link', 'address'], signal)) if (isLoss(line, identity, names)) tell();
      } catch (error) {
        log.warn({ error }, 'ip monitor ended, losses are found by the timer until it runs again');
        await clock.sleep(60_000, signal).catch(() => undefined);
      }
    }
  })();
  return {
    next: (ms) => new Promise((resolve) => {
      const done = (): void => { pending = false; wake = () => undefined; cancel(); resolve(); };
      const cancel = clock.after(ms, done);
      wake = done;
      if (pending) done();
    }),
  };
}
