// One Pod after another: from its creation to Running, against the same two containers started by bare calls.
import { Pods } from '../src/api/core/pod.ts';
import { podOf } from './cluster.ts';
import type { Benchmark } from './context.ts';
import { median } from './report.ts';

const podsPerRun = 5;

export const podStart: Benchmark = {
  name: 'pod-start',
  async run({ cluster, engine, image, runs, say }) {
    const pods: number[] = [];
    const pairs: number[] = [];
    for (let i = 0; i < runs * podsPerRun; i++) {
      // In turn, so that both meet the same noise.
      const name = `start-${i}`;
      let start = performance.now();
      await cluster.client.create(Pods, podOf(image, name) as never);
      await cluster.until(Pods, { namespace: 'default', name }, (pod) => pod.status?.phase === 'Running');
      pods.push(performance.now() - start);
      await cluster.client.delete(Pods, { namespace: 'default', name });
      await cluster.untilNoPods('default');
      start = performance.now();
      await engine.startPair(image);
      pairs.push(performance.now() - start);
      await engine.removeAll();
    }
    say(`pod-start: ${pods.length} Pods and ${pairs.length} bare pairs, in turn`);
    return [{ what: 'Pod create → Running, one after another, p50', value: median(pods), unit: 'ms', yardstick: { what: 'bare pause + container', value: median(pairs) }, aim: { of: 'ratio', bound: 'at most', limit: 1.25 } }];
  },
};
