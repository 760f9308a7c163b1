// Finds out that somebody took away what the kernel holds for Services: told by the kernel at once, else by a look on a slow timer.
import type { Clock } from '../../../src/util/clock.ts';
import type { Log } from '../../../src/util/log.ts';
import { CommandError, type Commands, type Run } from '../../../src/util/run.ts';
import { clientsPrefix, elementNames } from './parts.ts';
import type { KernelChange, KernelPlan } from './plan.ts';

/** While the kernel is listened to, and otherwise: a look starts two programs that read all tables. */
const checkMs = 300_000;
const deafCheckMs = 30_000;
/** What goes before the kernel is listened to is found by a look so soon after. */
const firstCheckMs = 1_000;
/** The deletions of one command come together. */
const settleMs = 50;
/** A look asks for so many elements of each map, others each time. */
const sample = 32;

export interface GuardOptions { readonly table: string; readonly commands: Commands; readonly clock: Clock; readonly log: Log }

export class Guard {
  readonly #options: GuardOptions;
  /** Elements that are about to go by our own hand, as the kernel will tell of them; undefined while nobody listens. */
  #expected: Set<string> | undefined;
  /** When the program that listens was started: it may not do so at once. */
  #begunAt = -Infinity;

  constructor(options: GuardOptions) { this.#options = options; }

  /** To be called before the change is carried out. */
  expect({ elements }: KernelChange): void {
    if (this.#expected) for (const name of elementNames) for (const [key] of elements[name].gone) this.#expected.add(`${name} ${key}`);
  }

  /** Until the signal aborts, calls `look` whenever something may be gone. */
  async run(signal: AbortSignal, look: () => Promise<void>): Promise<void> {
    const { clock } = this.#options;
    // What is told during a look is looked for after it.
    let told = false;
    let wake: () => void = () => undefined;
    void this.#listen(signal, () => { told = true; wake(); });
    while (!signal.aborted) {
      const waitMs = clock.monotonic() - this.#begunAt < firstCheckMs ? firstCheckMs : this.#expected ? checkMs : deafCheckMs;
      await new Promise<void>((resolve) => {
        const done = (): void => { cancel(); signal.removeEventListener('abort', done); resolve(); };
        const cancel = clock.after(waitMs, done);
        wake = done;
        signal.addEventListener('abort', done, { once: true });
        if (told) done();
      });
      await clock.sleep(settleMs, signal).catch(() => undefined); // aborted: the loop ends
      if (signal.aborted) return;
      told = false;
      await look();
      // What the kernel did not tell of until now it does not tell any more.
      this.#expected?.clear();
    }
  }

  async #listen(signal: AbortSignal, tell: () => void): Promise<void> {
    const { clock, commands, log } = this.#options;
    while (!signal.aborted) {
      this.#expected = new Set();
      this.#begunAt = clock.monotonic();
      try {
        for await (const line of commands.follow('nft', ['monitor', 'destroy'], signal)) if (this.#foreign(line)) tell();
      } catch (error) {
        log.warn({ error }, 'nft monitor ended, a loss of rules is found by the timer until it runs again');
        this.#expected = undefined;
        tell();
        await clock.sleep(deafCheckMs, signal).catch(() => undefined); // aborted: the loop ends
        tell();
      }
    }
    this.#expected = undefined;
  }

  /** Whether a line tells of a loss that is none of our own doing, or that the kernel had more to tell than could be heard. Clients are forgotten all the time. */
  #foreign(line: string): boolean {
    if (line.startsWith('# ERROR')) return true;
    const words = line.split(' ');
    if (!words.includes(this.#options.table)) return false;
    if (words[1] !== 'element') return true;
    if (words[4]?.startsWith(clientsPrefix)) return false;
    const key = line.slice(line.indexOf('{') + 1, line.lastIndexOf('}')).split(' : ')[0]!.trim();
    return !this.#expected?.delete(`${words[4]} ${key}`);
  }
}

/** How many lines each chain of a listing has, by family and name; of nft's own output as of the scripts it is given. */
function chainsOf(listing: string, table: string): Map<string, number> {
  const found = new Map<string, number>();
  let family = '';
  let chain: string | undefined;
  for (const line of listing.split('\n')) {
    const [word, name = '', third, end] = line.trim().split(' ');
    if (word === 'table') family = third === table && end === '{' ? name : '';
    else if (family === '') continue;
    else if (word === 'chain') found.set(chain = `${family} ${name}`, 0);
    else if (word === '}') chain = undefined;
    else if (chain !== undefined && word !== '') found.set(chain, found.get(chain)! + 1);
  }
  return found;
}

/**
 * Whether the kernel has every chain of the tables (`whole` is the script that made them) and of the plan, with as many rules, and a
 * sample of the elements. Costs little however many elements there are: those are asked for by a deletion that is not carried out.
 * @throws CommandError when nft does not run at all
 */
export async function stands(run: Run, table: string, whole: string, plan: KernelPlan): Promise<boolean> {
  const expected = chainsOf(whole, table);
  for (const name of plan.chains.keys()) expected.set(`ip ${name}`, plan.chains.get(name)!.length);
  const found = chainsOf(await run('nft', ['-t', 'list', 'ruleset']), table);
  for (const [chain, lines] of expected) if (found.get(chain) !== lines) return false;
  const asked = elementNames.flatMap((name) => {
    const keys = [...plan.elements[name].keys()];
    const from = Math.floor(Math.random() * Math.max(1, keys.length - sample + 1));
    return keys.length > 0 ? [`delete element ip ${table} ${name} { ${keys.slice(from, from + sample).join(', ')} }\n`] : [];
  });
  if (asked.length === 0) return true;
  try {
    await run('nft', ['-c', '-f', '-'], { input: asked.join('') });
    return true;
  } catch (error) {
    if (error instanceof CommandError && error.exitCode !== undefined) return false;
    throw error;
  }
}
