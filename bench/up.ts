// `dray up --detach` with a cold data directory while the engine runs: until the node is Ready, and until the first Pod runs.
import { Pods } from '../src/api/core/pod.ts';
import { BenchCluster, podOf } from './cluster.ts';
import type { Benchmark } from './context.ts';
import { median } from './report.ts';

export const up: Benchmark = {
  name: 'up',
  async run({ cluster, image, runs, say }) {
    const ready: number[] = [];
    const running: number[] = [];
    for (let i = 0; i < runs; i++) {
      const fresh = await BenchCluster.up(cluster.dockerHost);
      try {
        const returned = performance.now();
        await fresh.client.create(Pods, podOf(image, 'first') as never);
        await fresh.until(Pods, { namespace: 'default', name: 'first' }, (pod) => pod.status?.phase === 'Running');
        ready.push(fresh.upMs / 1000);
        running.push((fresh.upMs + performance.now() - returned) / 1000);
      } finally {
        await fresh.down();
      }
      say(`up ${i + 1}/${runs}: Ready ${ready.at(-1)!.toFixed(2)} s, Running ${running.at(-1)!.toFixed(2)} s`);
    }
    return [
      { what: 'dray up --detach, cold: to Ready', value: median(ready), unit: 's', aim: { of: 'value', bound: 'at most', limit: 3 } },
      { what: 'dray up --detach, cold: to the first Pod Running', value: median(running), unit: 's', aim: { of: 'value', bound: 'at most', limit: 4 } },
    ];
  },
};
