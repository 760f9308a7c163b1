// NodeAffinity: node selector and node affinity, required and preferred. (upstream: pkg/scheduler/framework/plugins/nodeaffinity)
import { scaleToMax, type Plugin, type PodCheck } from '../framework.ts';
import { matchTerm, requiredNodes } from '../../../src/api/core/node-selector.ts';

export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  curedBy: ['Node/add', 'Node/update'],
  weight: 2,
  check: (pod) => {
    const check: PodCheck = {};
    const suits = requiredNodes(pod);
    if (suits) check.filter = (node) => (suits(node) ? undefined : { reasons: ["node(s) didn't match Pod's node affinity/selector"], unresolvable: true });
    const preferred = (pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ weight, preference }) => ({ weight, matches: matchTerm(preference) }));
    if (preferred.length) {
      check.score = (node) => preferred.reduce((sum, { weight, matches }) => sum + (matches(node) ? weight : 0), 0);
      check.normalize = (scores) => scaleToMax(scores);
    }
    return check;
  },
};
