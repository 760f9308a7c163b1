// `npm run bench [-- NAME …]`: starts a cluster, runs the benchmarks one after another and prints one table, each figure beside its
// yardstick from the same run. Exit code 0 when everything could be measured, whatever the figures say.
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { DEMO_NGINX, ensureDemoImages } from '../src/cli/demo-images.ts';
import { api } from './api/api.ts';
import { BareEngine } from './bare-engine.ts';
import { BenchCluster } from './cluster.ts';
import type { Benchmark } from './context.ts';
import { deployment } from './deployment.ts';
import { dns } from './dns.ts';
import { idle } from './idle.ts';
import { network } from './network/network.ts';
import { podStart } from './pod-start.ts';
import { podsBenchmark } from './pods.ts';
import { table, type Figure } from './report.ts';
import { scheduler } from './scheduler/scheduler.ts';
import { serviceTraffic } from './service-traffic.ts';
import { swarm } from './swarm/swarm.ts';
import { up } from './up.ts';

/** In this order: what is measured idle has not been busy before, and what leaves thousands of Services comes last. */
const benchmarks: readonly Benchmark[] = [idle, podStart, deployment, serviceTraffic, up, podsBenchmark, network];

/** Need no cluster, or make hosts and clusters of their own. */
const apiName = 'api';
const dnsName = 'dns';
/** Take long: only when they are named. */
const schedulerName = 'scheduler';
const swarmName = 'swarm';
const onlyNamed = [podsBenchmark.name, network.name, schedulerName, swarmName];
const onTheirOwn = [apiName, dnsName, schedulerName, swarmName];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, runs: { type: 'string', default: '3' }, 'docker-host': { type: 'string' }, image: { type: 'string' }, defaults: { type: 'boolean', default: false }, path: { type: 'string', default: '/' }, nodes: { type: 'string', default: '1000' }, pods: { type: 'string', default: '10000' } },
});
const runs = Number(values.runs);
const names = benchmarks.map((b) => b.name);
const wanted = positionals.length ? positionals : (values.only?.split(',') ?? [...names, apiName, dnsName].filter((name) => !onlyNamed.includes(name)));
const unknown = wanted.filter((name) => !onTheirOwn.includes(name) && !names.includes(name));
if (unknown.length || !Number.isInteger(runs) || runs < 1) {
  process.stderr.write(unknown.length ? `bench: no benchmark ${unknown.join(', ')}; there are ${[...names, ...onTheirOwn].join(', ')}\n` : 'bench: --runs must be a whole number from 1\n');
  process.exit(2);
}

const say = (text: string): void => { process.stderr.write(`${text}\n`); };

async function onDocker(): Promise<Figure[]> {
  const cluster = await BenchCluster.up(values['docker-host']);
  try {
    const figures: Figure[] = [];
    const { dockerHost } = cluster;
    if (!values.image) await ensureDemoImages({ dockerHost, progress: say });
    const engine = new BareEngine(dockerHost);
    await engine.open();
    try {
      const context = { cluster, engine, image: values.image ?? DEMO_NGINX[0], path: values.image ? values.path : '/version', runs, say };
      for (const benchmark of benchmarks) if (wanted.includes(benchmark.name)) figures.push(...(await benchmark.run(context)));
      return figures;
    } finally {
      await engine.close();
    }
  } finally {
    await cluster.down();
  }
}

const figures: Figure[] = [];
if (wanted.some((name) => !onTheirOwn.includes(name))) figures.push(...(await onDocker()));
if (wanted.includes(apiName)) figures.push(...(await api(runs, say)));
if (wanted.includes(dnsName)) figures.push(...(await dns(runs, say)));
if (wanted.includes(schedulerName)) figures.push(...(await scheduler(Number(values.nodes), Number(values.pods), say)));
if (wanted.includes(swarmName)) figures.push(...(await swarm(runs, values.defaults, say)));
const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}; load ${loadavg()[0]!.toFixed(1)}`;
process.stdout.write(`\n${machine}; medians of ${runs} runs\n\n${table(figures)}\n`);
