// Ports of the host that a Pod wants, and whether two Pods can have theirs on one node.
// upstream: pkg/scheduler/framework/plugins/nodeports, pkg/scheduler/framework/types.go (HostPortInfo)
import type { Pod } from './pod.ts';

export interface HostPort { readonly ip: string; readonly protocol: string; readonly port: number }

export function hostPortsOf({ spec }: Pick<Pod, 'spec'>): HostPort[] {
  const restartable = (spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always');
  return [...spec.containers, ...restartable].flatMap((c) => (c.ports ?? []).filter((p) => (p.hostPort ?? 0) > 0)
    .map((p) => ({ ip: p.hostIP || '0.0.0.0', protocol: p.protocol || 'TCP', port: p.hostPort! })));
}

/** 0.0.0.0 stands for every address. */
export const hostPortsClash = (a: HostPort, b: HostPort): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0');
