// What a worker keeps on disk: the last rules, so that one that starts again serves before an agent has spoken to it, and its traces.
import { existsSync, readdirSync } from 'node:fs';
import { open, readFile, rename, writeFile, type FileHandle } from 'node:fs/promises';
import type { ProxyRules, WorkerRole } from '../rules.ts';
import { changesTo, rulesOf, type RulesChange } from '../rules-change.ts';

export const rulesFile = (dataDir: string, role: WorkerRole): string => `${dataDir}/proxy-${role}.rules.jsonl`;
/** What a worker that ended in the middle of a write leaves. */
export const unfinished = (rulesPath: string): string => `${rulesPath}.new`;
export const socketFile = (dataDir: string, role: WorkerRole): string => `${dataDir}/proxy-${role}.sock`;
/** Where the worker for node ports asks the resolvers of the host's loopback for the other. */
export const hostResolversFile = (dataDir: string): string => `${dataDir}/proxy-resolvers.sock`;
/** Present while a worker that handed over finishes what it carries. */
export const drainingFile = (dataDir: string, role: WorkerRole, pid: number): string => `${dataDir}/proxy-${role}.draining-${pid}`;
export const logFile = (dataDir: string, role: WorkerRole): string => `${dataDir}/proxy-${role}.log`;

/** Processes that handed over and may still carry connections. */
export function drainingPids(dataDir: string, role: WorkerRole): number[] {
  const names = existsSync(dataDir) ? readdirSync(dataDir) : [];
  return names.flatMap((name) => { const pid = new RegExp(`^proxy-${role}\\.draining-(\\d+)$`).exec(name)?.[1]; return pid ? [Number(pid)] : []; });
}

/** How many lines after it make all rules; each later one is a change. */
interface Head { readonly lines: number }

/** Undefined when there are none, or when they cannot be read: the agent will send them. What a worker that was killed left unfinished counts for nothing. */
export async function loadRules(path: string): Promise<ProxyRules | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  // What follows the last end of a line is none.
  const [head, ...changes] = readable(text.split('\n').slice(0, -1)) as [Head | undefined, ...RulesChange[]];
  return head && changes.length >= head.lines ? rulesOf(changes) : undefined;
}

/** The values of the lines up to the first that is no JSON. */
function readable(lines: readonly string[]): unknown[] {
  const values: unknown[] = [];
  try {
    for (const line of lines) values.push(JSON.parse(line));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return values;
}

/** Changes may take this much room, or as much as all rules do, before all are written anew. */
const leastRoom = 1 << 16;
/** Items that are put together in one turn. */
const batch = 100;

/** Writes down the rules it is given: what changed, where it has written what was before; one write at a time. */
export class RulesWriter {
  readonly #path: string;
  #newest: ProxyRules | undefined;
  /** Changes that are still to be written. */
  #lines: string[] = [];
  /** The file leads to no rules the changes could start from. */
  #all = true;
  #file: FileHandle | undefined;
  #room = 0;
  #writing: Promise<void> | undefined;

  constructor(path: string) { this.#path = path; }

  /** `step` says how the rules came from others. Resolves when these rules, or newer ones, are written. */
  write(rules: ProxyRules, step?: { readonly from: ProxyRules; readonly change: RulesChange }): Promise<void> {
    if (step && step.from === this.#newest) this.#lines.push(`${JSON.stringify(step.change)}\n`);
    else this.#all = true;
    this.#newest = rules;
    this.#writing ??= this.#run().finally(() => { this.#writing = undefined; });
    return this.#writing;
  }

  /** Resolves when nothing is being written; what failed is told to whoever wrote it. */
  async settled(): Promise<void> { await this.#writing?.catch(() => undefined); }
  async close(): Promise<void> {
    await this.settled();
    await this.#file?.close();
  }

  async #run(): Promise<void> {
    try {
      while (this.#all || this.#lines.length > 0) await (this.#all ? this.#writeAll(this.#newest!) : this.#append());
    } catch (error) {
      // How far it came nobody knows: whatever comes next is written whole.
      this.#all = true;
      throw error;
    }
  }

  /** The file is there with all rules, or as it was. */
  async #writeAll(rules: ProxyRules): Promise<void> {
    this.#all = false;
    this.#lines = [];
    const path = unfinished(this.#path);
    await writeFile(path, wholeText(rules), { mode: 0o600, flush: true });
    await rename(path, this.#path);
    await this.#file?.close();
    this.#file = await open(this.#path, 'a');
    this.#room = Math.max(leastRoom, (await this.#file.stat()).size);
  }

  async #append(): Promise<void> {
    const text = this.#lines.join('');
    this.#lines = [];
    await this.#file!.appendFile(text);
    this.#room -= text.length;
    if (this.#room < 0) this.#all = true;
  }
}

/** A line at a time: traffic goes on between them. */
function* wholeText(rules: ProxyRules): Generator<string> {
  const { ports, dns } = rules;
  yield `${JSON.stringify({ lines: 1 + Math.ceil(ports.length / batch) + Math.ceil((dns?.services.length ?? 0) / batch) } satisfies Head)}\n`;
  for (const change of changesTo(rules, batch)) yield `${JSON.stringify(change)}\n`;
}
