// An idle cluster: memory and processor time of master and agent over half a minute without any request.
import type { BenchCluster } from './cluster.ts';
import type { Benchmark } from './context.ts';
import { cpuSeconds, residentMB } from './process.ts';
import type { Figure } from './report.ts';

const settleMs = 10_000;
const windowMs = 30_000;
const limitsMB = { master: 170, agent: 80 } as const;
type Role = keyof typeof limitsMB;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What the processes hold and use while nothing is asked of them; `limits` bounds that in MB. Takes 40 s. */
export async function idleFigures(cluster: BenchCluster, what: string, limits: Partial<Record<Role, number>>): Promise<Figure[]> {
  const roles = Object.keys(limits) as Role[];
  await wait(settleMs);
  const before = roles.map((role) => cpuSeconds(cluster.pid(role)));
  const start = performance.now();
  await wait(windowMs);
  const seconds = (performance.now() - start) / 1000;
  return roles.flatMap((role, index): Figure[] => [
    { what: `${what} ${role}: RSS`, value: residentMB(cluster.pid(role)), unit: 'MB', aim: { of: 'value', bound: 'at most', limit: limits[role]! } },
    { what: `${what} ${role}: of one core over ${windowMs / 1000} s`, value: ((cpuSeconds(cluster.pid(role)) - before[index]!) / seconds) * 100, unit: '%', aim: { of: 'value', bound: 'at most', limit: 1 } },
  ]);
}

export const idle: Benchmark = {
  name: 'idle',
  async run({ cluster, say }) {
    say(`idle: ${(settleMs + windowMs) / 1000} s of silence`);
    return idleFigures(cluster, 'idle', limitsMB);
  },
};
