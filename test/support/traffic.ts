// What many checkers saw of the network, and by which cause each lost request was lost: by a host that was cut off or powered off just
// then, or by nothing a network may lose one by.
import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './cluster.ts';

export interface Target {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** What the body of every right answer matches: the Service whose Pod answers. */
  readonly expect: string;
  /** The kernel carries its connections, or nothing stands between: they end when the Pod ends them. */
  readonly kernel?: boolean;
  /** Name server that is asked for `host`. */
  readonly lookup?: string;
  /** Name of the host it leads to or through. */
  readonly at?: string;
  /** One Pod and no other answers. */
  readonly alone?: boolean;
}
/** `at` is when it was sent, in milliseconds of the epoch. */
interface Lost { readonly at: number; readonly afterMs: number; readonly target: string; readonly way: 'new' | 'kept'; readonly cause: string }
interface Tally { readonly sent: number; readonly lost: number; readonly reopened: number; readonly slowestMs: number }
/** A time during which a host was away, or was not yet reached by all again. */
export interface Outage { readonly host: string; readonly from: number; to: number }

export type LossKind = 'of a client on the host that was away' | 'to the host that was away' | 'to a Service with a Pod on the host that was away' | 'without a cause';

/** Pure. `place` is the host the client is on, '' for one that is outside of the cluster. */
export function kindOf(lost: Pick<Lost, 'at' | 'afterMs'>, place: string, target: Pick<Target, 'at' | 'alone'>, outages: readonly Outage[]): LossKind {
  const during = outages.filter(({ from, to }) => lost.at <= to && lost.at + lost.afterMs >= from).map(({ host }) => host);
  if (during.includes(place)) return 'of a client on the host that was away';
  if (target.at !== undefined && during.includes(target.at)) return 'to the host that was away';
  return during.length > 0 && !target.alone ? 'to a Service with a Pod on the host that was away' : 'without a cause';
}

export interface Summary { readonly sent: number; readonly reopened: number; readonly slowestMs: number; readonly lost: Readonly<Partial<Record<LossKind, number>>>; /** Those without a cause, and every wrong answer. */ readonly faults: readonly string[]; /** Service, way and cause of the others, with how many there were. */ readonly causes: Readonly<Record<string, number>> }

/** One place that asks: a process in a network namespace. */
class Checker {
  readonly name: string;
  readonly place: string;
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #answers: ((answer: unknown) => void)[] = [];
  #errors = '';
  lost: Lost[] = [];
  targets: readonly Target[] = [];

  constructor(name: string, place: string, namespace: string | undefined, options: { pauseMs: number; timeoutMs: number }) {
    this.name = name;
    this.place = place;
    const words = [process.execPath, join(root, 'test/support/traffic-checker.js'), JSON.stringify(options)];
    const [command, ...args] = (namespace === undefined ? words : ['nsenter', `--net=${namespace}`, ...words]) as [string, ...string[]];
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stdin!.on('error', () => undefined);
    this.#child.stderr!.on('data', (chunk: Buffer) => { this.#errors += chunk.toString(); });
    this.#closed = once(this.#child, 'close');
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      const said = JSON.parse(line) as { lost?: Lost; answer?: unknown };
      if (said.lost) this.lost.push(said.lost);
      else this.#answers.shift()!(said.answer);
    });
  }

  async ask<T>(line: string): Promise<T> {
    const answer = new Promise((resolve) => { this.#answers.push(resolve); });
    this.#child.stdin!.write(`${line}\n`);
    const ended = Symbol('ended');
    const first = await Promise.race([answer, this.#closed.then(() => ended)]);
    if (first === ended) throw new Error(`the checker in ${this.name} ended: ${this.#errors}`);
    return first as T;
  }
  aim(targets: readonly Target[]): Promise<unknown> {
    // What is under way may still be lost, and is then judged by what it was aimed at.
    this.targets = [...targets, ...this.targets.filter((old) => !targets.some(({ name }) => name === old.name))];
    return this.ask(`targets ${JSON.stringify(targets)}`);
  }
  kill(): void { this.#child.kill('SIGKILL'); }
  async end(): Promise<void> {
    this.#child.stdin!.end();
    await this.#closed;
  }
}

export class Traffic {
  readonly #options: { readonly pauseMs: number; readonly timeoutMs: number };
  readonly #checkers = new Map<string, Checker>();
  readonly outages: Outage[] = [];

  constructor(options: { readonly pauseMs: number; readonly timeoutMs: number }) { this.#options = options; }

  /** `namespace` is the path of a network namespace, undefined for the machine's own; one of the same name is replaced. */
  async from(name: string, place: string, namespace: string | undefined, targets: readonly Target[]): Promise<void> {
    const checker = new Checker(name, place, namespace, this.#options);
    this.#checkers.get(name)?.kill();
    this.#checkers.set(name, checker);
    await checker.aim(targets);
  }
  async aim(targets: readonly Target[], only: (name: string) => boolean = () => true): Promise<void> {
    await Promise.all([...this.#checkers.values()].filter(({ name }) => only(name)).map((checker) => checker.aim(targets)));
  }
  /** Those of a host that is powered off end with it. */
  forget(place: string): void {
    for (const [name, checker] of this.#checkers) if (checker.place === place) { checker.kill(); this.#checkers.delete(name); }
  }

  /** Every place asks each target once, by a new connection: what was not reached. */
  async unreachable(): Promise<string[]> {
    const all = await Promise.all([...this.#checkers.values()].map(async (checker) => (await checker.ask<{ unreachable: string[] }>('check')).unreachable.map((line) => `${checker.name} to ${line}`)));
    return all.flat();
  }

  /** What was counted since the last one. */
  async summary(): Promise<Summary> {
    const sum = { sent: 0, reopened: 0, slowestMs: 0, lost: {} as Partial<Record<LossKind, number>>, faults: [] as string[], causes: {} as Record<string, number> };
    for (const checker of this.#checkers.values()) {
      const { sent, reopened, slowestMs } = await checker.ask<Tally>('tally');
      sum.sent += sent;
      sum.reopened += reopened;
      sum.slowestMs = Math.max(sum.slowestMs, slowestMs);
      for (const lost of checker.lost.splice(0)) {
        const kind = kindOf(lost, checker.place, checker.targets.find(({ name }) => name === lost.target) ?? {}, this.outages);
        sum.lost[kind] = (sum.lost[kind] ?? 0) + 1;
        if (kind === 'without a cause' || lost.cause.startsWith('wrong answer')) sum.faults.push(`${new Date(lost.at).toISOString()} from ${checker.name} to ${lost.target}, ${lost.way}, after ${lost.afterMs} ms: ${lost.cause}`);
        else if (kind === 'to a Service with a Pod on the host that was away') {
          const cause = `${lost.target.replace(/ by .*/, '')}, ${lost.way}: ${lost.cause}`;
          sum.causes[cause] = (sum.causes[cause] ?? 0) + 1;
        }
      }
    }
    return sum;
  }

  async stop(): Promise<void> { await Promise.all([...this.#checkers.values()].map((checker) => checker.end())); }
  kill(): void { for (const checker of this.#checkers.values()) checker.kill(); }
}

/** For whoever reads the run. */
export function inWords({ sent, reopened, slowestMs, lost, causes }: Summary): string {
  const kinds = Object.entries(lost).map(([kind, count]) => `${count} lost ${kind}`);
  const why = Object.entries(causes).map(([cause, count]) => `${count} ${cause}`);
  return `${sent} sent, ${kinds.join(', ') || '0 lost'}${why.length ? ` (${why.join('; ')})` : ''}; ${reopened} reopened, slowest ${slowestMs} ms`;
}
