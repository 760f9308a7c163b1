// What a worker keeps on disk: the last rules, so that one that starts again serves before an agent has spoken to it, and its traces.
import { existsSync, readdirSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { ProxyRules, WorkerRole } from '../rules.ts';

export const rulesFile = (dataDir: string, role: WorkerRole): string => `${dataDir}/proxy-${role}.rules.json`;
/** What a worker that ended in the middle of a write leaves. */
export const unfinished = (rulesPath: string): string => `${rulesPath}.new`;
export const socketFile = (dataDir: string, role: WorkerRole): string => `${dataDir}/proxy-${role}.sock`;
/** Present while a worker that handed over finishes what it carries. */
export const drainingFile = (dataDir: string, role: WorkerRole, pid: number): string => `${dataDir}/proxy-${role}.draining-${pid}`;
export const logFile = (dataDir: string, role: WorkerRole): string => `${dataDir}/proxy-${role}.log`;

/** Processes that handed over and may still carry connections. */
export function drainingPids(dataDir: string, role: WorkerRole): number[] {
  const names = existsSync(dataDir) ? readdirSync(dataDir) : [];
  return names.flatMap((name) => { const pid = new RegExp(`^proxy-${role}\\.draining-(\\d+)$`).exec(name)?.[1]; return pid ? [Number(pid)] : []; });
}

/** Undefined when there are none, or when they cannot be read: the agent will send them. */
export async function loadRules(path: string): Promise<ProxyRules | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as ProxyRules;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Writes the newest of the rules it is given, one write at a time. */
export class RulesWriter {
  readonly #path: string;
  #next: ProxyRules | undefined;
  #writing: Promise<void> | undefined;

  constructor(path: string) { this.#path = path; }

  write(rules: ProxyRules): Promise<void> {
    this.#next = rules;
    this.#writing ??= this.#run().finally(() => { this.#writing = undefined; });
    return this.#writing;
  }

  async #run(): Promise<void> {
    while (this.#next) {
      const rules = this.#next;
      this.#next = undefined;
      await writeFile(unfinished(this.#path), pieces(rules), { mode: 0o600 });
      await rename(unfinished(this.#path), this.#path);
    }
  }
}

/** Items that are put together in one turn. */
const batch = 100;

/** The rules as JSON: traffic goes on between the pieces. */
function* pieces({ ports, dns, ...rest }: ProxyRules): Generator<string> {
  yield `${JSON.stringify(rest).slice(0, -1)},"ports":[`;
  yield* items(ports);
  if (dns) {
    const { services, ...table } = dns;
    yield `],"dns":${JSON.stringify(table).slice(0, -1)},"services":[`;
    yield* items(services);
  }
  yield dns ? ']}}' : ']}';
}

function* items(list: readonly unknown[]): Generator<string> {
  for (let i = 0; i < list.length; i += batch) yield (i > 0 ? ',' : '') + JSON.stringify(list.slice(i, i + batch)).slice(1, -1);
}
