// TaintToleration: keeps Pods off nodes with taints they do not tolerate; soft taints only cost points.
// upstream: pkg/scheduler/framework/plugins/tainttoleration
import { scaleToMax, type Plugin } from '../framework.ts';
import { findUntolerated, tolerates } from '../../../src/apimachinery/tolerations.ts';

export const taintToleration: Plugin = {
  name: 'TaintToleration',
  curedBy: ['Node/add', 'Node/update'],
  weight: 3,
  check: ({ spec: { tolerations = [] } }) => {
    const soft = tolerations.filter((t) => !t.effect || t.effect === 'PreferNoSchedule');
    return {
      filter: ({ node }) => {
        if (!node.spec.taints?.length) return undefined;
        const hard = node.spec.taints.filter((t) => t.effect === 'NoSchedule' || t.effect === 'NoExecute');
        const taint = findUntolerated(hard, tolerations);
        return taint && { reasons: [`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`], unresolvable: true };
      },
      score: ({ node }) => (node.spec.taints ?? []).filter((taint) => taint.effect === 'PreferNoSchedule' && !soft.some((t) => tolerates(t, taint))).length,
      normalize: (scores) => scaleToMax(scores, true),
    };
  },
};
