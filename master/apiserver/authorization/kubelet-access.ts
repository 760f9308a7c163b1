// The finer rights below nodes/proxy: who may not call all of a kubelet may still read its metrics, statistics, Pods, … where a role
// names that subresource. Agents have no port of their own, so what upstream's kubelets ask of whoever calls them directly is asked here.
// upstream: pkg/kubelet/server/auth.go (GetRequestAttributes, with KubeletFineGrainedAuthz)
import type { RequestInfo } from '../request-info.ts';

const subresourceOf: Readonly<Record<string, string>> = { stats: 'stats', metrics: 'metrics', logs: 'log', checkpoint: 'checkpoint', pods: 'pods', runningpods: 'pods', healthz: 'healthz', configz: 'configz' };
/** Names that mean themselves however a URL is read: nothing that leads to another page. */
const plain = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

/** The request as one for the subresource its page belongs to; undefined where only nodes/proxy will do. */
export function kubeletAccess(info: RequestInfo): RequestInfo | undefined {
  if (info.group !== '' || info.resource !== 'nodes' || info.subresource !== 'proxy') return undefined;
  const [first = ''] = info.rest;
  const subresource = Object.hasOwn(subresourceOf, first) ? subresourceOf[first] : undefined;
  return subresource !== undefined && info.rest.every((part) => plain.test(part)) ? { ...info, subresource, rest: [] } : undefined;
}
