// NodeUnschedulable: keeps Pods off cordoned nodes, unless they tolerate the taint that says the same.
// upstream: pkg/scheduler/framework/plugins/nodeunschedulable
import { findUntolerated } from '../../../src/apimachinery/tolerations.ts';
import type { Plugin } from '../framework.ts';

const cordoned = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  curedBy: ['Node/add', 'Node/update'],
  check: ({ spec }) => {
    const tolerated = findUntolerated([cordoned], spec.tolerations) === undefined;
    return tolerated ? {} : { filter: ({ node }) => (node.spec.unschedulable ? { reasons: ['node(s) were unschedulable'], unresolvable: true } : undefined) };
  },
};
