// NodePorts: a host port serves one Pod of a node. (upstream: pkg/scheduler/framework/plugins/nodeports)
import type { Plugin } from '../framework.ts';
import { hostPortsClash, hostPortsOf } from '../../../src/api/core/host-ports.ts';

export const nodePorts: Plugin = {
  name: 'NodePorts',
  curedBy: ['Pod/delete', 'Node/add'],
  check: (pod) => {
    const wanted = hostPortsOf(pod);
    if (!wanted.length) return {};
    return { filter: ({ hostPorts }) => (hostPorts.some((used) => wanted.some((port) => hostPortsClash(port, used))) ? { reasons: ["node(s) didn't have free ports for the requested pod ports"] } : undefined) };
  },
};
