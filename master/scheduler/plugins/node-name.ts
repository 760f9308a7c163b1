// NodeName: a Pod that names its node goes nowhere else. (upstream: pkg/scheduler/framework/plugins/nodename)
import type { Plugin } from '../framework.ts';

export const nodeName: Plugin = {
  name: 'NodeName',
  curedBy: ['Node/add'],
  check: ({ spec }) => (spec.nodeName
    ? { filter: (node) => (node.name === spec.nodeName ? undefined : { reasons: ["node(s) didn't match the requested node name"], unresolvable: true }) }
    : {}),
};
