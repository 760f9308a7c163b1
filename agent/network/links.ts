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

export interface VxlanLink {
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  /** MAC address. */
  readonly address: string;
  readonly linkinfo: { readonly info_kind: string; readonly info_data: { readonly id: number; readonly port: number; readonly learning?: boolean } };
}
/** An entry of a VXLAN device's forwarding table: frames to `mac` go to the host `dst`. */
export interface Forward { readonly mac: string; readonly dst?: string }
export interface Neighbour { readonly dst: string; readonly lladdr?: string; readonly state: readonly string[] }

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

export const listVxlans = async (run: Run): Promise<VxlanLink[]> =>
  parse<VxlanLink>(await run('ip', ['-d', '-j', 'link', 'show', 'type', 'vxlan'])).filter((link) => link.linkinfo?.info_kind === 'vxlan');
export const listForwards = async (run: Run, device: string): Promise<Forward[]> => parse<Forward>(await run('bridge', ['-j', 'fdb', 'show', 'dev', device]));

/** What leads to other nodes. */
export interface Ways { readonly links: readonly Link[]; readonly vxlans: readonly VxlanLink[]; readonly routes: readonly Route[]; /** Permanent ones of all devices. */ readonly neighbours: readonly (Neighbour & { readonly dev: string })[] }

/** All of it from one program. `protocol` is that of the routes. */
export async function listWays(run: Run, protocol: number): Promise<Ways> {
  const shows = ['address show', 'link show type vxlan', `route show protocol ${protocol}`, 'neigh show nud permanent'];
  const items = (await run('ip', ['-4', '-d', '-j', '-batch', '-'], { input: `${shows.join('\n')}\n` })).split('\n').flatMap((line) => parse<object>(line));
  // Which list an item is of only its fields tell: of an empty one there may be no line.
  const ofLinks = items.filter((item) => 'ifname' in item);
  return {
    links: ofLinks.filter((item) => 'addr_info' in item) as unknown as Link[],
    vxlans: ofLinks.filter((item) => !('addr_info' in item) && (item as Partial<VxlanLink>).linkinfo?.info_kind === 'vxlan') as unknown as VxlanLink[],
    routes: items.filter((item) => 'dst' in item && !('state' in item)) as Route[],
    neighbours: items.filter((item) => 'dst' in item && 'state' in item) as (Neighbour & { dev: string })[],
  };
}

/** Several commands of iproute2 in one process; it stops at the first that fails. */
const batch = (program: 'ip' | 'bridge') => async (run: Run, lines: readonly string[]): Promise<void> => {
  if (lines.length > 0) await run(program, ['-batch', '-'], { input: `${lines.join('\n')}\n` });
};
export const ipBatch = batch('ip');
export const bridgeBatch = batch('bridge');
