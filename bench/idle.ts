// An idle cluster: memory and processor time of master and agent over half a minute without any request.
import { readFileSync } from 'node:fs';
import type { Benchmark } from './context.ts';
import type { Figure } from './report.ts';

const settleMs = 10_000;
const windowMs = 30_000;
/** Linux counts processor time in hundredths of a second for user space, on every architecture. */
const ticksPerSecond = 100;
const residentMB = { master: 170, agent: 80 } as const;
const roles = ['master', 'agent'] as const;

/** Seconds of processor time a process has used. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
const rss = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export const idle: Benchmark = {
  name: 'idle',
  async run({ cluster, say }) {
    say(`idle: ${(settleMs + windowMs) / 1000} s of silence`);
    await wait(settleMs);
    const before = roles.map((role) => cpuSeconds(cluster.pid(role)));
    const start = performance.now();
    await wait(windowMs);
    const seconds = (performance.now() - start) / 1000;
    return roles.flatMap((role, index): Figure[] => [
      { what: `idle ${role}: RSS`, value: rss(cluster.pid(role)), unit: 'MB', aim: { of: 'value', bound: 'at most', limit: residentMB[role] } },
      { what: `idle ${role}: of one core over ${windowMs / 1000} s`, value: ((cpuSeconds(cluster.pid(role)) - before[index]!) / seconds) * 100, unit: '%', aim: { of: 'value', bound: 'at most', limit: 1 } },
    ]);
  },
};
