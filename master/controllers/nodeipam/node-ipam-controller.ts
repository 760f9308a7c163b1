// Node IPAM: gives each node its own subnet of the cluster's Pod range.
// upstream: pkg/controller/nodeipam/ipam/range_allocator.go, cidrset/cidr_set.go
import { Nodes, type Node } from '../../../src/api/core/node.ts';
import type { Controller, ControllerContext } from '../../../src/controller/controller.ts';
import { formatCIDR, mustParseCIDR, overlaps, parseCIDR, subnetAt, type CIDR } from '../../../src/util/cidr.ts';

export interface NodeIpamOptions { readonly clusterCIDR: string; /** Length of a node's prefix; default 24. */ readonly nodeMask?: number }

/** The first free subnet from `start` on, round the range; undefined when all are taken. */
export function nextSubnet(cluster: CIDR, mask: number, used: readonly CIDR[], start: number): { subnet: CIDR; index: number } | undefined {
  const count = 2 ** (mask - cluster.prefix);
  for (let i = 0; i < count; i++) {
    const index = (start + i) % count;
    const subnet = subnetAt(cluster, mask, index)!;
    if (!used.some((taken) => overlaps(taken, subnet))) return { subnet, index };
  }
  return undefined;
}

export function createNodeIpamController({ clusterCIDR, nodeMask = 24 }: NodeIpamOptions): Controller {
  const cluster = mustParseCIDR(clusterCIDR);
  // A range smaller than one node's subnet serves one node.
  const mask = Math.max(nodeMask, cluster.prefix);
  // A subnet that was given back is the last to be used again: routes to its old node may linger.
  let next = 0;
  return {
    name: 'node-ipam-controller',
    for: Nodes,
    // One at a time: two nodes must not get the same subnet.
    workers: 1,
    async reconcile(context: ControllerContext, name: string): Promise<void> {
      const nodes = context.cached(Nodes);
      const node = nodes.get(name);
      if (!node || node.spec.podCIDR || node.metadata.deletionTimestamp) return;
      const used = nodes.list().flatMap((n: Node) => parseCIDR(n.spec.podCIDR ?? '') ?? []);
      const found = nextSubnet(cluster, mask, used, next);
      if (!found) {
        context.events.normal(node, 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`);
        throw new Error(`no subnet of ${clusterCIDR} is left for node ${name}`);
      }
      const podCIDR = formatCIDR(found.subnet);
      await context.client.patch(Nodes, { name }, { metadata: { resourceVersion: node.metadata.resourceVersion }, spec: { podCIDR, podCIDRs: [podCIDR] } });
      next = found.index + 1;
    },
  };
}
