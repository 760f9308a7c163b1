// Runs the independent load client inside a host's network namespace and reads what it counted.
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root, type TestCluster } from './cluster.ts';

export interface Tally {
  readonly phase: string;
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  readonly posts: number;
  /** Requests on a connection that had been idle. */
  readonly idleUses: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly samples: readonly object[];
  readonly slowestMs: number;
  readonly answers: Readonly<Record<string, number>>;
}
export interface LoadOptions {
  readonly targets: readonly { host: string; port: number }[];
  /** What the body of every right answer matches. */
  readonly expect: string;
  readonly path?: string;
  readonly keepAlive?: number;
  readonly perRequest?: number;
  readonly idleSeconds?: readonly number[];
  readonly timeoutMs?: number;
  readonly pauseMs?: number;
}
export interface TestLoad {
  /** Ends the phase so far and names the next; resolves with what the ended one counted. */
  phase(name: string): Promise<Tally>;
  /** Ends the load: every request is waited for. The phases after each other, and the total. */
  stop(): Promise<{ phases: readonly Tally[]; total: Tally }>;
}

export function startLoad(cluster: Pick<TestCluster, 'spawn'>, options: LoadOptions): TestLoad {
  const child = cluster.spawn(process.execPath, [join(root, 'test/support/load-client.js'), JSON.stringify(options)]);
  const tallies: Tally[] = [];
  let errors = '';
  let arrived: (() => void) | undefined;
  child.stderr!.on('data', (chunk: Buffer) => { errors += chunk.toString(); });
  createInterface({ input: child.stdout! }).on('line', (line) => { tallies.push(JSON.parse(line) as Tally); arrived?.(); });
  const closed = once(child, 'close');
  return {
    async phase(name) {
      const before = tallies.length;
      const printed = new Promise<void>((resolve) => { arrived = resolve; });
      child.stdin!.write(`phase ${name}\n`);
      await Promise.race([printed, closed]);
      if (tallies.length === before) throw new Error(`the load client ended: ${errors}`);
      return tallies.at(-1)!;
    },
    async stop() {
      child.stdin!.end();
      const [code] = (await closed) as [number | null];
      if (code !== 0) throw new Error(`the load client ended with ${code}: ${errors}`);
      return { phases: tallies.slice(0, -1), total: tallies.at(-1)! };
    },
  };
}

/** What a failed expectation shows. */
export const verdict = ({ failed, faults, samples }: Tally): object => ({ failed, faults, samples: samples.slice(0, 8) });
export const faultless = { failed: 0, faults: {}, samples: [] };
