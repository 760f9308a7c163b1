// HTTP load for a fixed time: wrk where it is installed, else a client of our own (which tires before the servers do: its
// figures compare with each other only).
import { execFile } from 'node:child_process';
import { Agent, get } from 'node:http';
import { promisify } from 'node:util';
import { percentile } from './report.ts';

const execute = promisify(execFile);
export interface LoadFigures { readonly perSecond: number; readonly p99Ms: number; /** Answers other than 2xx and 3xx, and errors. */ readonly failed: number }
/** `perConnection`: each request on a connection of its own. */
export interface LoadOptions { readonly perConnection?: boolean }
export interface Load { readonly name: string; run(url: string, options?: LoadOptions): Promise<LoadFigures> }

const connections = 32;
const seconds = 5;

export async function chooseLoad(): Promise<Load> {
  try {
    // wrk prints its version with an exit code of 1.
    await execute('wrk', ['--version']).catch((error: { code?: number | string }) => { if (typeof error.code !== 'number') throw error; });
    return { name: `wrk, ${connections} connections, ${seconds} s`, run: wrk };
  } catch {
    return { name: `built-in client, ${connections} connections, ${seconds} s`, run: builtIn };
  }
}

const milliseconds: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

async function wrk(url: string, { perConnection }: LoadOptions = {}): Promise<LoadFigures> {
  const { stdout } = await execute('wrk', ['-t', '2', '-c', String(connections), '-d', `${seconds}s`, '--latency', ...(perConnection ? ['-H', 'Connection: close'] : []), url]);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  const [, p99, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? [];
  const answers = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout)?.slice(1).reduce((sum, n) => sum + Number(n), 0) ?? 0;
  if (!(perSecond > 0) || p99 === undefined) throw new Error(`wrk ${url}: ${stdout}`);
  return { perSecond, p99Ms: Number(p99) * milliseconds[unit!]!, failed: answers + errors };
}

async function builtIn(url: string, { perConnection }: LoadOptions = {}): Promise<LoadFigures> {
  const times: number[] = [];
  let failed = 0;
  const start = performance.now();
  await Promise.all(Array.from({ length: connections }, async () => {
    const agent = new Agent({ keepAlive: !perConnection, maxSockets: 1 });
    while (performance.now() - start < seconds * 1000) {
      const sent = performance.now();
      if (await once(url, agent)) times.push(performance.now() - sent);
      else failed++;
    }
    agent.destroy();
  }));
  return { perSecond: times.length / ((performance.now() - start) / 1000), p99Ms: percentile(times, 99), failed };
}

const once = (url: string, agent: Agent): Promise<boolean> => new Promise((resolve) => {
  const request = get(url, { agent, timeout: 10_000 }, (response) => {
    response.on('error', () => resolve(false)).on('end', () => resolve(response.complete && response.statusCode! < 400)).resume();
  });
  request.on('timeout', () => request.destroy(new Error('timeout'))).on('error', () => resolve(false));
});
