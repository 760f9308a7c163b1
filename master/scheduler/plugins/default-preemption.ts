// DefaultPreemption: when no node suits, finds the node where removing less important Pods would make room at the least cost.
// upstream: pkg/scheduler/framework/plugins/defaultpreemption
import { nodesMessage } from '../fit-error.ts';
import type { Plugin, Rejection } from '../framework.ts';
import { cheapest, findCandidates, whyNotPreempt, type DefaultPreemptionArgs } from '../preemption.ts';

const notHelpful: Rejection = { reasons: ['Preemption is not helpful for scheduling'] };

export const defaultPreemptionWith = (args: DefaultPreemptionArgs): Plugin => ({
  name: 'DefaultPreemption',
  curedBy: [],
  postFilter(trial, rejections, { nodes, related }, random) {
    const { pod } = trial;
    const before = pod.status?.nominatedNodeName;
    const nominated = before ? nodes.find((node) => node.name === before) : undefined;
    const why = whyNotPreempt(pod, nominated, rejections.get(before ?? '')?.unresolvable ?? false);
    if (why !== undefined) return { message: `preemption: ${why}` };
    const hopeful = nodes.filter((node) => !rejections.get(node.name)?.unresolvable);
    const { candidates, rejections: still } = findCandidates(trial, hopeful, related.budgets(), Math.floor(random() * hopeful.length), args);
    const best = cheapest(candidates);
    if (best) return { message: '', nominated: best };
    return { message: `preemption: ${nodesMessage(nodes.map((node) => still.get(node.name) ?? notHelpful), nodes.length)}`, clear: true };
  },
});

export const defaultPreemptionDefaults: DefaultPreemptionArgs = { minCandidateNodesPercentage: 10, minCandidateNodesAbsolute: 100 };
