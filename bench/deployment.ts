// Thirty replicas at once: until all are Ready, against thirty bare pairs with as many under way as the agent allows itself.
import { Deployments } from '../src/api/apps/deployment.ts';
import { atOnce } from './bare-engine.ts';
import { podOf } from './cluster.ts';
import type { Benchmark } from './context.ts';
import { median } from './report.ts';

const replicas = 30;
const key = { namespace: 'default', name: 'many' };

export const deployment: Benchmark = {
  name: 'deployment',
  async run({ cluster, engine, image, runs, say }) {
    // The agent's own limit for starts that are under way.
    const concurrency = Math.max(2, (await engine.cpus()) * 2);
    const deployments: number[] = [];
    const pairs: number[] = [];
    for (let i = 0; i < runs; i++) {
      const labels = { app: 'many' };
      let start = performance.now();
      await cluster.client.create(Deployments, { metadata: key, spec: { replicas, selector: { matchLabels: labels }, template: { ...podOf(image, '', labels), metadata: { labels } } } } as never);
      await cluster.until(Deployments, key, (d) => d.status?.readyReplicas === replicas);
      deployments.push((performance.now() - start) / 1000);
      await cluster.client.delete(Deployments, key, { propagationPolicy: 'Background' });
      await cluster.untilNoPods('default');
      start = performance.now();
      await atOnce(replicas, concurrency, () => engine.startPair(image));
      pairs.push((performance.now() - start) / 1000);
      await engine.removeAll();
      say(`deployment ${i + 1}/${runs}: ${deployments.at(-1)!.toFixed(1)} s, bare ${pairs.at(-1)!.toFixed(1)} s`);
    }
    return [{ what: `Deployment of ${replicas} to all Ready`, value: median(deployments), unit: 's', yardstick: { what: `${replicas} bare pairs, ${concurrency} at once`, value: median(pairs) }, aim: { of: 'ratio', bound: 'at most', limit: 1.25 } }];
  },
};
