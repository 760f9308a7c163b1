// The host's interfaces, addresses and rules as `ip -json` prints them, reduced to what the network code asks about.
import { CommandError, type Run } from '../../src/util/run.ts';

export interface Link {
  readonly ifname: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  /** Bridge it is a port of. */
  readonly master?: string;
  readonly addr_info?: readonly { readonly family: string; readonly local: string; readonly prefixlen: number; readonly scope: string }[];
}
export interface Route {
  /** `default`, an address or a range. */
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly protocol?: string;
  readonly prefsrc?: string;
  readonly metric?: number;
}

/** iproute2 prints nothing at all for some empty lists. */
const parse = <T>(json: string): T[] => (json.trim() === '' ? [] : (JSON.parse(json) as T[]));

export const listLinks = async (run: Run): Promise<Link[]> => parse<Link>(await run('ip', ['-4', '-j', 'address', 'show']));

/** Undefined when there is no interface of that name. */
export async function showLink(run: Run, name: string): Promise<Link | undefined> {
  try {
    return parse<Link>(await run('ip', ['-j', 'link', 'show', 'dev', name]))[0];
  } catch (error) {
    if (error instanceof CommandError && /does not exist|Cannot find device/.test(error.stderr)) return undefined;
    throw error;
  }
}

export const listRoutes = async (run: Run, ...filter: string[]): Promise<Route[]> => parse<Route>(await run('ip', ['-4', '-j', 'route', 'show', ...filter]));

/** Several `ip` commands in one process; it stops at the first that fails. */
export const ipBatch = async (run: Run, lines: readonly string[]): Promise<void> => {
  if (lines.length > 0) await run('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
};
