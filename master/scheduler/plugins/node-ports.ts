// NodePorts: a host port serves one Pod of a node. (upstream: pkg/scheduler/framework/plugins/nodeports)
import type { Plugin } from '../framework.ts';
import { hostPortsOf, type HostPort } from '../node-info.ts';

/** 0.0.0.0 stands for every address. */
const clash = (a: HostPort, b: HostPort): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0');

export const nodePorts: Plugin = {
  name: 'NodePorts',
  curedBy: ['Pod/delete', 'Node/add'],
  check: (pod) => {
    const wanted = hostPortsOf(pod);
    if (!wanted.length) return {};
    return { filter: ({ hostPorts }) => (hostPorts.some((used) => wanted.some((port) => clash(port, used))) ? { reasons: ["node(s) didn't have free ports for the requested pod ports"] } : undefined) };
  },
};
