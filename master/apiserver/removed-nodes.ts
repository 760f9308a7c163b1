// Nodes that were taken out of the cluster: the certificates they had until then are refused, those signed later are not, so that a host may
// join again under its name. Kept in a ConfigMap, looked up at each request in memory.
import { nodeOf } from '../registry/node-identity.ts';
import type { Registry } from '../registry/registry.ts';
import type { User } from '../registry/request-context.ts';

export const removedNodes = { namespace: 'kube-system', name: 'dray-removed-nodes' } as const;
/** No certificate lives longer; a note as old as this refuses nothing that is valid. */
const longestLifeMs = 366 * 24 * 3600 * 1000;

type Notes = Readonly<Record<string, string>>;

/** The notes (node → RFC 3339) with this node in them, without those that are of no more use. */
export const noted = (notes: Notes, node: string, now: number): Record<string, string> =>
  ({ ...Object.fromEntries(Object.entries(notes).filter(([, time]) => Date.parse(time) > now - longestLifeMs)), [node]: new Date(now).toISOString() });

/** Whether a certificate that was issued then (ms since the epoch) is refused. */
export const refuses = (notes: Notes | undefined, user: User, issuedAt: number): boolean => {
  const time = notes?.[nodeOf(user) ?? ''];
  return time !== undefined && issuedAt <= Date.parse(time);
};

export const refusedByRegistry = (registry: Registry) => (user: User, issuedAt: number): boolean =>
  nodeOf(user) !== undefined && refuses(registry.find('', 'v1', 'configmaps')?.find(removedNodes.namespace, removedNodes.name)?.object['data'] as Notes | undefined, user, issuedAt);
