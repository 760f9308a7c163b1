// Which client sticks to which endpoint, read from the kernel: what would be lost when its tables are made anew.
import type { Run } from '../../../src/util/run.ts';
import { clientsPrefix } from './parts.ts';

/** Clients in the form elements are added in, by the set they are in. */
export type StickyClients = ReadonlyMap<string, readonly string[]>;

/** So many clients stand in one command at most. */
const batch = 500;

interface Listing { readonly nftables: readonly { readonly set?: { readonly table: string; readonly name: string; readonly elem?: readonly Element[] } }[] }
type Element = string | { readonly elem: { readonly val: string; readonly timeout?: number; readonly expires?: number } };

/** What of the wanted sets the kernel holds; empty where there is no table. @throws CommandError when nft cannot say */
export async function stickyClients(run: Run, table: string, wanted: { has(set: string): boolean }): Promise<StickyClients> {
  const found = new Map<string, readonly string[]>();
  // All sets at once: nft 1.0.6 reads only one of several that are named.
  for (const { set } of (JSON.parse(await run('nft', ['-j', 'list', 'sets', 'ip'])) as Listing).nftables) {
    if (set?.table === table && set.name.startsWith(clientsPrefix) && wanted.has(set.name)) found.set(set.name, (set.elem ?? []).flatMap(client));
  }
  return found;
}

function client(element: Element): string[] {
  if (typeof element === 'string') return [element];
  const { val, timeout, expires } = element.elem;
  // What has less than a second left is gone by the time it is written.
  return expires === 0 ? [] : [`${val}${timeout === undefined ? '' : ` timeout ${timeout}s`}${expires === undefined ? '' : ` expires ${expires}s`}`];
}

/** The lines that put clients back into the sets of new tables. */
export function* clientLines(table: string, clients: StickyClients): Generator<string> {
  for (const [set, elements] of clients) {
    for (let i = 0; i < elements.length; i += batch) yield `add element ip ${table} ${set} { ${elements.slice(i, i + batch).join(', ')} }\n`;
  }
}
