// Carries out the host's packet rules: the nftables table in one transaction, the iptables rules in another.
import { CommandError, type Run } from '../../src/util/run.ts';
import { acceptChain, acceptRules, dropsInput, natTable, planAccepts, planRemoval, tunnelRules } from './firewall.ts';
import type { NetworkIdentity, NetworkNames } from './names.ts';

/** One command, or undefined when its program is not installed. */
async function ifInstalled(result: Promise<string>): Promise<string | undefined> {
  try {
    return await result;
  } catch (error) {
    // nsenter reports a missing program itself, with exit code 127.
    if (error instanceof CommandError && (error.code === 'ENOENT' || error.exitCode === 127)) return undefined;
    throw error;
  }
}

interface Variant { readonly restore: string; readonly listing: string }

/** Whether the kernel has a filter table of the legacy kind: it tells nobody of changes to that. */
async function hasLegacyTable(run: Run): Promise<boolean> {
  const names = await run('cat', ['/proc/net/ip_tables_names']).catch((error: unknown) => {
    if (error instanceof CommandError) return '';
    throw error;
  });
  return names.split('\n').includes('filter');
}

/** The iptables programs whose filter table is in use; the legacy one is asked only where there is such a table, because asking makes one. */
async function variants(run: Run, legacy: boolean): Promise<Variant[]> {
  const programs = ['iptables', 'iptables-nft', ...(legacy ? ['iptables-legacy'] : [])];
  const found: Variant[] = [];
  for (const program of programs) {
    const listing = await ifInstalled(run(program, ['-w', '-S']));
    if (listing === undefined || found.some((variant) => variant.listing === listing)) continue;
    found.push({ restore: `${program}-restore`, listing });
    if (acceptChain(listing) === 'DOCKER-USER') break;
  }
  return found;
}

const restore = (run: Run, program: string, lines: readonly string[]): Promise<string> =>
  run(program, ['--noflush', '--wait'], { input: `*filter\n${lines.join('\n')}\nCOMMIT\n` });

export interface Accepts {
  /** What had to be done, in words for the log; undefined when all stood. */
  readonly did?: string;
  /** The kernel does not tell when they go. */
  readonly legacy: boolean;
}

/** Makes the accepts stand, where something could drop. `tunnel`: addresses of nodes whose tunnels come to its UDP port. */
export async function ensureAccepts(run: Run, identity: NetworkIdentity, names: NetworkNames, tunnel: { readonly port: number; readonly from: readonly string[] }): Promise<Accepts> {
  const legacy = await hasLegacyTable(run);
  const all = await variants(run, legacy);
  const best = all.find((v) => acceptChain(v.listing) === 'DOCKER-USER') ?? all.find((v) => acceptChain(v.listing) === 'FORWARD');
  const changed: string[] = [];
  for (const variant of all) {
    const input = tunnel.from.length > 0 && dropsInput(variant.listing, names.comment) ? [{ chain: 'INPUT', rules: tunnelRules(names, tunnel.port, tunnel.from) }] : [];
    const forwarding = variant === best ? [{ chain: acceptChain(best.listing)!, rules: acceptRules(identity, names) }] : [];
    const accepts = [...input, ...forwarding];
    const lines = planAccepts(variant.listing, accepts, names.comment);
    if (lines.length === 0) continue;
    await restore(run, variant.restore, lines);
    changed.push(`accept rules in ${accepts.map(({ chain }) => chain).join(' and ') || 'no chain any more'}`);
  }
  return { legacy, ...(changed.length > 0 ? { did: changed.join(', ') } : {}) };
}

export async function removeAccepts(run: Run, comment: string): Promise<void> {
  for (const variant of await variants(run, await hasLegacyTable(run))) {
    const lines = planRemoval(variant.listing, comment);
    if (lines.length > 0) await restore(run, variant.restore, lines);
  }
}

/** Names of the tables of family ip. */
async function tables(run: Run): Promise<string[]> {
  return (await run('nft', ['list', 'tables', 'ip'])).split('\n').map((line) => line.replace(/^table ip /, '')).filter((line) => line !== '');
}

export async function ensureNatTable(run: Run, identity: NetworkIdentity, names: NetworkNames): Promise<boolean> {
  const { text, mark } = natTable(identity, names);
  if ((await tables(run)).includes(names.table) && (await run('nft', ['list', 'table', 'ip', names.table])).includes(mark)) return false;
  await run('nft', ['-f', '-'], { input: text });
  return true;
}

/** The tables of Services too, where there are such. */
export async function removeTables(run: Run, { table, servicesTable }: NetworkNames): Promise<void> {
  const present = (await run('nft', ['list', 'tables'])).split('\n').map((line) => line.replace(/^table /, ''));
  const ours = [`ip ${table}`, `ip ${servicesTable}`, `bridge ${servicesTable}`].filter((name) => present.includes(name));
  if (ours.length > 0) await run('nft', ['-f', '-'], { input: ours.map((name) => `table ${name}\ndelete table ${name}\n`).join('') });
}

/** Whether another cluster's node lives in this network namespace. */
export const otherClusterHere = async (run: Run, { table, servicesTable }: NetworkNames): Promise<boolean> =>
  (await tables(run)).some((name) => name.startsWith('dray-') && name !== table && name !== servicesTable);
