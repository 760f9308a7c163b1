// Tells each node how long its kubelet may keep Secrets and ConfigMaps it has read: longer the more nodes there are.
// upstream: pkg/controller/ttl/ttl_controller.go
import { Nodes } from '../../../src/api/core/node.ts';
import type { Controller } from '../../../src/controller/controller.ts';

const ttlAnnotation = 'node.alpha.kubernetes.io/ttl';
/** The steps overlap, so that a cluster at a border does not rewrite all its nodes at every turn. */
const steps = [
  { from: 0, to: 100, seconds: 0 }, { from: 90, to: 500, seconds: 15 }, { from: 450, to: 1000, seconds: 30 },
  { from: 900, to: 2000, seconds: 60 }, { from: 1800, to: Infinity, seconds: 300 },
];

/** The step for this many nodes, coming from step `current`. */
export function nextStep(current: number, nodes: number): number {
  let step = current;
  while (nodes > steps[step]!.to) step++;
  while (nodes < steps[step]!.from) step--;
  return step;
}

export function createTtlController(): Controller {
  let step = 0;
  return {
    name: 'ttl-controller',
    for: Nodes,
    async reconcile(context, name): Promise<void> {
      const nodes = context.cached(Nodes);
      step = nextStep(step, nodes.list().length);
      const seconds = String(steps[step]!.seconds);
      const node = nodes.get(name);
      if (!node || node.metadata.annotations?.[ttlAnnotation] === seconds) return;
      await context.client.patch(Nodes, { name }, { metadata: { annotations: { [ttlAnnotation]: seconds } } });
    },
  };
}
