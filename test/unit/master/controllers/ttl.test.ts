// How long kubelets may keep what they read, by the number of nodes.
import { nextStep } from '../../../../master/controllers/ttl/ttl-controller.ts';

it.each([[0, 0, 0], [0, 100, 0], [0, 101, 1], [1, 90, 1], [1, 89, 0], [0, 5000, 4], [4, 1, 0], [4, 1800, 4], [4, 1799, 3]])('from step %i, %i nodes are step %i', (current, nodes, step) => {
  expect(nextStep(current, nodes)).toBe(step);
});
