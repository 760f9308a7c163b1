// One Pod after another: from its creation to Running, against the same two containers started by bare calls.
import { Pods } from '../src/api/core/pod.ts';
import { podOf } from './cluster.ts';
import type { Benchmark, BenchContext } from './context.ts';
import { median } from './report.ts';

const podsPerRun = 5;

/** Milliseconds each took; a Pod and a bare pair in turn, so that both meet the same noise. */
export async function inTurn({ cluster, engine, image, say }: BenchContext, count: number): Promise<{ pods: number[]; pairs: number[] }> {
  const pods: number[] = [];
  const pairs: number[] = [];
  for (let i = 0; i < count; i++) {
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
  say(`${count} Pods and ${count} bare pairs, in turn`);
  return { pods, pairs };
}

export const podStart: Benchmark = {
  name: 'pod-start',
  async run(context) {
    const { pods, pairs } = await inTurn(context, context.runs * podsPerRun);
    return [{ what: 'Pod create → Running, one after another, p50', value: median(pods), unit: 'ms', yardstick: { what: 'bare pause + container', value: median(pairs) }, aim: { of: 'ratio', bound: 'at most', limit: 1.25 } }];
  },
};
