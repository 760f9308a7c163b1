// Pods one by one and many at once, beside the same containers by bare calls in the same run: how long starts and stops take, the processor
// time the starts cost, and what an agent with a hundred idle Pods holds and uses.
import { Pods, type Pod } from '../src/api/core/pod.ts';
import { atOnce } from './bare-engine.ts';
import { podOf } from './cluster.ts';
import type { Benchmark, BenchContext } from './context.ts';
import { idleFigures } from './idle.ts';
import { inTurn } from './pod-start.ts';
import { cpuSeconds, EngineProcesses } from './process.ts';
import { median, percentile, type Figure } from './report.ts';

const podsInTurn = 10;
const counts = [2, 8, 30, 100] as const;
const agentMB = 110;
const wallLimit = 1.15;
const cpuLimit = 1.25;

/** What starting and stopping a number of them took. */
interface Took {
  /** Milliseconds from the first call until each ran. */
  readonly starts: readonly number[];
  /** Milliseconds from the first call until the last was gone. */
  readonly stop: number;
  /** Seconds of processor time of the engine's processes and of whoever asked them, while they started. */
  readonly cpu: number;
}

/** `between` runs when all are up. */
async function pods({ cluster, image }: BenchContext, count: number, engine: EngineProcesses | undefined, between?: () => Promise<void>): Promise<Took> {
  const names = Array.from({ length: count }, (_, i) => `many-${i}`);
  const cpu = (): number => (engine?.cpuSeconds() ?? NaN) + cpuSeconds(cluster.pid('agent'), { withChildren: true });
  const before = cpu();
  const start = performance.now();
  const starts: number[] = [];
  const running = cluster.untilEach<Pod>(Pods, 'default', count, (pod) => pod.status?.phase === 'Running', () => starts.push(performance.now() - start));
  await Promise.all(names.map((name) => cluster.client.create(Pods, podOf(image, name) as never)));
  await running;
  const used = cpu() - before;
  await between?.();
  const from = performance.now();
  await Promise.all(names.map((name) => cluster.client.delete(Pods, { namespace: 'default', name })));
  await cluster.untilNoPods('default');
  return { starts, stop: performance.now() - from, cpu: used };
}

/** As many under way at once as the agent allows itself. */
async function pairs({ engine, image }: BenchContext, count: number, processes: EngineProcesses | undefined): Promise<Took> {
  const concurrency = Math.max(2, (await engine.cpus()) * 2);
  const cpu = (): number => (processes?.cpuSeconds() ?? NaN) + cpuSeconds(process.pid);
  const before = cpu();
  const start = performance.now();
  const starts: number[] = [];
  await atOnce(count, concurrency, async () => {
    await engine.startPair(image);
    starts.push(performance.now() - start);
  });
  const used = cpu() - before;
  const from = performance.now();
  await engine.stopAll(concurrency);
  return { starts, stop: performance.now() - from, cpu: used };
}

export const podsBenchmark: Benchmark = {
  name: 'pods',
  async run(context) {
    const { cluster, runs, say } = context;
    const processes = EngineProcesses.find(cluster.dockerHost);
    if (!processes) say('pods: the engine is not a process of this host: its processor time is not counted');
    say('pods: 40 s of silence');
    const figures = await idleFigures(cluster, '0 Pods, idle', { agent: agentMB });
    const single = await inTurn(context, runs * podsInTurn);
    for (const percent of [50, 99]) figures.push(beside(`Pod start one by one, p${percent}`, 'ms', percentile(single.pods, percent), percentile(single.pairs, percent), percent === 50 ? wallLimit : undefined));
    for (const count of counts) {
      const took: { readonly pods: Took; readonly bare: Took }[] = [];
      for (let i = 0; i < runs; i++) {
        const looksIdle = count === counts.at(-1) && i === 0;
        const idle = async (): Promise<void> => { figures.push(...(await idleFigures(cluster, `${count} Pods, idle`, { agent: agentMB }))); };
        took.push({ pods: await pods(context, count, processes, looksIdle ? idle : undefined), bare: await pairs(context, count, processes) });
        say(`pods ${count}, ${i + 1}/${runs}: ${seconds(Math.max(...took.at(-1)!.pods.starts))} s, bare ${seconds(Math.max(...took.at(-1)!.bare.starts))} s`);
      }
      figures.push(...figuresOf(count, took));
    }
    return figures;
  },
};

const seconds = (ms: number): string => (ms / 1000).toFixed(1);

/** Medians of the runs. */
function figuresOf(count: number, took: readonly { readonly pods: Took; readonly bare: Took }[]): Figure[] {
  const figure = (what: string, unit: Figure['unit'], of: (took: Took) => number, limit?: number): Figure =>
    beside(`${count} Pods at once: ${what}`, unit, median(took.map((t) => of(t.pods))), median(took.map((t) => of(t.bare))), limit);
  return [
    figure('all run', 's', (t) => Math.max(...t.starts) / 1000, wallLimit),
    figure('each runs, p50', 'ms', (t) => percentile(t.starts, 50)),
    figure('each runs, p99', 'ms', (t) => percentile(t.starts, 99)),
    figure('processor time of engine and caller', 's', (t) => t.cpu, cpuLimit),
    figure('stop, until the last is gone', 's', (t) => t.stop / 1000, wallLimit),
  ].filter((f) => !Number.isNaN(f.value));
}
const beside = (what: string, unit: Figure['unit'], value: number, bare: number, limit?: number): Figure => ({
  what, value, unit, yardstick: { what: 'bare pause + container', value: bare }, ...(limit === undefined ? {} : { aim: { of: 'ratio', bound: 'at most', limit } }),
});
